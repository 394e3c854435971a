"""Losses of the structure of images."""

from srredsim.metrics import structure


def ssim(y_true, y_pred, data_range):
    """1 - SSIM, from 0 for a perfect image to 2."""
    return 1.0 - structure.ssim(y_true, y_pred, data_range)
