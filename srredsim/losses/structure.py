"""Losses of the structure of images."""

from srredsim.metrics import structure


def ssim(y_true, y_pred, data_range):
    """1 - SSIM, from 0 for a perfect image to 2."""
    return 1.0 - structure.ssim(y_true, y_pred, data_range)


def ssim_zero_padded(y_true, y_pred, data_range, window: int = structure.SSIM_SIZE):
    """1 - SSIM with the images continued by zeros, as SR-CACO-2 trains with a ``window`` of 19 pixels.

    Published code has its negative, -SSIM, which is one less and has the same gradient.
    """
    return 1.0 - structure.ssim_zero_padded(y_true, y_pred, data_range, window)
