"""Structural similarity."""

from keras import ops

from srredsim.metrics._pair import float32_pair

SSIM_SIZE, SSIM_SIGMA, SSIM_K1, SSIM_K2 = 11, 1.5, 0.01, 0.03  # Wang et al., IEEE TIP 13, 600 (2004)


def ssim(y_true, y_pred, data_range):
    """Structural similarity (Wang et al., 2004), the mean over the pixels whose 11 x 11 window lies inside the image.

    Gaussian window with sigma 1.5 pixels, K1 = 0.01, K2 = 0.03, weighted (not sample) variances; with several
    channels the mean over them. 1 for a perfect image. Images need at least 11 x 11 pixels.
    """
    y_true, y_pred = float32_pair(y_true, y_pred)
    if any(isinstance(side, int) and side < SSIM_SIZE for side in y_true.shape[1:3]):
        raise ValueError(f"SSIM needs images of at least {SSIM_SIZE} x {SSIM_SIZE} pixels; got {tuple(y_true.shape)}")
    data_range = ops.reshape(ops.cast(data_range, "float32"), (-1, 1, 1, 1))
    c1, c2 = ops.square(SSIM_K1 * data_range), ops.square(SSIM_K2 * data_range)
    offset_a, offset_b = (ops.mean(image, axis=(1, 2, 3), keepdims=True) for image in (y_true, y_pred))
    a, b = y_true - offset_a, y_pred - offset_b  # the variances stay the same, but keep more digits
    maps = _gaussian_mean(ops.concatenate([a, b, a * a, b * b, a * b], axis=-1))
    mean_a, mean_b, mean_aa, mean_bb, mean_ab = ops.split(maps, 5, axis=-1)
    variances = ops.relu(mean_aa - mean_a * mean_a) + ops.relu(mean_bb - mean_b * mean_b)
    covariance = ops.clip(mean_ab - mean_a * mean_b, -variances / 2.0, variances / 2.0)  # true but for rounding
    mean_a, mean_b = mean_a + offset_a, mean_b + offset_b
    luminance = (2.0 * mean_a * mean_b + c1) / (mean_a * mean_a + mean_b * mean_b + c1)
    structure = (2.0 * covariance + c2) / (variances + c2)
    return ops.mean(luminance * structure, axis=(1, 2, 3))


def _gaussian_mean(image):
    """Weighted mean under the SSIM window, where the window lies inside the image."""
    weights = _ssim_weights()
    for axis in (1, 2):
        kernel = ops.reshape(weights, (-1, 1, 1, 1) if axis == 1 else (1, -1, 1, 1))
        image = ops.depthwise_conv(image, ops.tile(kernel, (1, 1, image.shape[-1], 1)), padding="valid")
    return image


def _ssim_weights():
    """One axis of the Gaussian window; they sum to 1."""
    pixels = ops.arange(SSIM_SIZE, dtype="float32") - SSIM_SIZE // 2
    weights = ops.exp(-0.5 * ops.square(pixels / SSIM_SIGMA))
    return weights / ops.sum(weights)
