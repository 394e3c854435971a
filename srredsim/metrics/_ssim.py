"""Structural similarity at every pixel (Wang et al., IEEE TIP 13, 600, 2004)."""

from keras import ops

from srredsim.errors import InputError
from srredsim.metrics._pair import float32_pair

SSIM_SIZE, SSIM_SIGMA, SSIM_K1, SSIM_K2 = 11, 1.5, 0.01, 0.03


def ssim_map(y_true, y_pred, data_range):
    """(batch, y - 10, x - 10, channels): what the metric `ssim` is the mean of, where the window lies inside."""
    y_true, y_pred = float32_pair(y_true, y_pred)
    if any(isinstance(side, int) and side < SSIM_SIZE for side in y_true.shape[1:3]):
        raise InputError(f"SSIM needs images of at least {SSIM_SIZE} x {SSIM_SIZE} pixels; got {tuple(y_true.shape)}")
    c1, c2 = constants(data_range)
    offset_a, offset_b = (ops.mean(image, axis=(1, 2, 3), keepdims=True) for image in (y_true, y_pred))
    a, b = y_true - offset_a, y_pred - offset_b  # the variances stay the same, but keep more digits
    mean_a, mean_b, mean_aa, mean_bb, mean_ab = moments(a, b, SSIM_SIZE, "valid")
    variances = ops.relu(mean_aa - mean_a * mean_a) + ops.relu(mean_bb - mean_b * mean_b)
    covariance = ops.clip(mean_ab - mean_a * mean_b, -variances / 2.0, variances / 2.0)  # true but for rounding
    mean_a, mean_b = mean_a + offset_a, mean_b + offset_b
    luminance = (2.0 * mean_a * mean_b + c1) / (mean_a * mean_a + mean_b * mean_b + c1)
    structure = (2.0 * covariance + c2) / (variances + c2)
    return luminance * structure


def constants(data_range):
    data_range = ops.reshape(ops.cast(data_range, "float32"), (-1, 1, 1, 1))
    return ops.square(SSIM_K1 * data_range), ops.square(SSIM_K2 * data_range)


def moments(a, b, window: int, padding: str) -> list:
    """Weighted means of a, b, a^2, b^2 and ab under the window."""
    image = ops.concatenate([a, b, a * a, b * b, a * b], axis=-1)
    weights = _ssim_weights(window)
    for axis in (1, 2):
        kernel = ops.reshape(weights, (-1, 1, 1, 1) if axis == 1 else (1, -1, 1, 1))
        image = ops.depthwise_conv(image, ops.tile(kernel, (1, 1, image.shape[-1], 1)), padding=padding)
    return ops.split(image, 5, axis=-1)


def _ssim_weights(window: int):
    """One axis of the Gaussian window; they sum to 1."""
    pixels = ops.arange(window, dtype="float32") - window // 2
    weights = ops.exp(-0.5 * ops.square(pixels / SSIM_SIGMA))
    return weights / ops.sum(weights)
