"""Structural similarity."""

from keras import ops

from srredsim.errors import InputError
from srredsim.metrics._pair import float32_pair
from srredsim.metrics._ssim import SSIM_SIZE, constants, moments, ssim_map


def ssim(y_true, y_pred, data_range):
    """Structural similarity (Wang et al., 2004), the mean over the pixels whose 11 x 11 window lies inside the image.

    Gaussian window with sigma 1.5 pixels, K1 = 0.01, K2 = 0.03, weighted (not sample) variances; with several
    channels the mean over them. 1 for a perfect image. Images need at least 11 x 11 pixels.
    """
    return ops.mean(ssim_map(y_true, y_pred, data_range), axis=(1, 2, 3))


def ssim_zero_padded(y_true, y_pred, data_range, window: int = SSIM_SIZE):
    """Structural similarity, the mean over all pixels of the images continued by zeros: biased at the border.

    As `ssim` otherwise, with a Gaussian window of sigma 1.5 pixels cut off at ``window`` pixels, an odd number.
    """
    y_true, y_pred = float32_pair(y_true, y_pred)
    if window % 2 != 1:
        raise InputError(f"a window of SSIM has an odd number of pixels; got {window}")
    c1, c2 = constants(data_range)
    over = [(0, 0), (window // 2, window // 2), (window // 2, window // 2), (0, 0)]
    offset = ops.mean(y_true + y_pred, axis=(1, 2, 3), keepdims=True) / 2.0  # without it, variances keep more digits
    a, b = ops.pad(y_true, over) - offset, ops.pad(y_pred, over) - offset
    mean_a, mean_b, mean_aa, mean_bb, mean_ab = moments(a, b, window, "valid")
    variances, covariance = mean_aa + mean_bb - mean_a * mean_a - mean_b * mean_b, mean_ab - mean_a * mean_b
    mean_a, mean_b = mean_a + offset, mean_b + offset
    luminance = (2.0 * mean_a * mean_b + c1) / (mean_a * mean_a + mean_b * mean_b + c1)
    return ops.mean(luminance * (2.0 * covariance + c2) / (variances + c2), axis=(1, 2, 3))
