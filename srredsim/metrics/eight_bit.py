"""Metrics of images from 0 to 1 after rounding to 8 bits, with a region of interest or without: those of SR-CACO-2.

Both images are clipped to 0 ... 1, multiplied by 255 and rounded, half to even; ``border`` pixels are cut off on every
side (SR-CACO-2: as many as the scale). One channel. `srredsim.quality.eight_bit` has the same in NumPy.

A region of interest is where the truth has at least a threshold of 4, 5 ... 10 grey levels; a metric that begins with
``roi_`` is the mean over these seven. An image may have no such pixel. Published code then counts a PSNR of 498.13 dB
and an NRMSE and SSIM of 0 like any others: ``empty_counts`` (reference). Left out, such a threshold is left out of the
mean, and of an image that has none the value is NaN: `srredsim.metrics.ImageMetric` leaves it out.

References
----------
.. [1] S. Belharbi et al., SR-CACO-2: a dataset for confocal fluorescence microscopy image super-resolution, 2024.
"""

import math

from keras import ops

from srredsim.metrics._pair import float32_pair
from srredsim.metrics._ssim import SSIM_SIZE, ssim_map

GREY_LEVELS = 255.0
THRESHOLDS = (4, 5, 6, 7, 8, 9, 10)
LEAST_MSE = 1e-45
PERFECT_DB = 20.0 * math.log10(GREY_LEVELS / math.sqrt(LEAST_MSE))  # 498.13: where nothing differs


def mse_8bit(y_true, y_pred, border: int = 0):
    """Mean squared difference in grey levels."""
    truth, image = _pair(y_true, y_pred, border)
    return _mean_squared_error(truth, image, ops.ones_like(truth))


def psnr_8bit(y_true, y_pred, border: int = 0):
    """20 log10(255 / RMSE), dB; 498.13 for a perfect image."""
    return _decibel(mse_8bit(y_true, y_pred, border))


def nrmse_8bit(y_true, y_pred, border: int = 0):
    """RMSE divided by the range of the truth, by 1 if that is constant."""
    truth, image = _pair(y_true, y_pred, border)
    everywhere = ops.ones_like(truth)
    return _normalised(_mean_squared_error(truth, image, everywhere), truth, everywhere)


def ssim_8bit(y_true, y_pred, border: int = 0):
    """Structural similarity with a data range of 255, as `srredsim.metrics.structure.ssim`."""
    truth, image = _pair(y_true, y_pred, border)
    return ops.mean(ssim_map(truth, image, GREY_LEVELS), axis=(1, 2, 3))


def roi_mse(y_true, y_pred, border: int = 0, empty_counts: bool = False):
    """`mse_8bit` in the region of interest."""
    truth, image = _pair(y_true, y_pred, border)
    return _over_thresholds(truth, lambda mask: (_mean_squared_error(truth, image, mask), mask), 0.0, empty_counts)


def roi_psnr(y_true, y_pred, border: int = 0, empty_counts: bool = False):
    """`psnr_8bit` in the region of interest."""
    truth, image = _pair(y_true, y_pred, border)
    return _over_thresholds(
        truth, lambda mask: (_decibel(_mean_squared_error(truth, image, mask)), mask), PERFECT_DB, empty_counts
    )


def roi_nrmse(y_true, y_pred, border: int = 0, empty_counts: bool = False):
    """RMSE in the region, divided by the maximum of the truth there minus its minimum in the whole image."""
    truth, image = _pair(y_true, y_pred, border)

    def value(mask):
        return _normalised(_mean_squared_error(truth, image, mask), truth, mask), mask

    return _over_thresholds(truth, value, 0.0, empty_counts)


def roi_ssim(y_true, y_pred, border: int = 0, empty_counts: bool = False):
    """Mean of the map of `ssim_8bit` at the pixels of the region whose window lies inside the image."""
    truth, image = _pair(y_true, y_pred, border)
    similarity, reach = ssim_map(truth, image, GREY_LEVELS), SSIM_SIZE // 2

    def value(mask):
        mask = mask[:, reach:-reach, reach:-reach]
        return ops.sum(similarity * mask, axis=(1, 2, 3)) / ops.maximum(_count(mask), 1.0), mask

    return _over_thresholds(truth, value, 0.0, empty_counts)


def _pair(y_true, y_pred, border: int) -> list:
    y_true, y_pred = float32_pair(y_true, y_pred)
    inside = slice(border, -border or None)
    return [ops.round(ops.clip(one, 0.0, 1.0) * GREY_LEVELS)[:, inside, inside] for one in (y_true, y_pred)]


def _mean_squared_error(truth, image, mask):
    return ops.sum(mask * ops.square(image - truth), axis=(1, 2, 3)) / ops.maximum(_count(mask), 1.0)


def _decibel(mse):
    perfect = mse <= 0.0  # 1e-45 is zero in float32
    return ops.where(
        perfect, PERFECT_DB, 20.0 * math.log10(GREY_LEVELS) - 10.0 * ops.log10(ops.where(perfect, 1.0, mse))
    )


def _normalised(mse, truth, mask):
    span = ops.max(truth * mask, axis=(1, 2, 3)) - ops.min(truth, axis=(1, 2, 3))
    return ops.sqrt(mse) / ops.where(span > 0.0, span, 1.0)


def _over_thresholds(truth, value, if_empty: float, empty_counts: bool):
    """Mean of ``value(mask) -> (value, mask)`` over the thresholds."""
    total = counted = 0.0
    for threshold in THRESHOLDS:
        found, mask = value(ops.cast(truth >= threshold, "float32"))
        some = _count(mask) > 0.0
        total = total + ops.where(some, found, if_empty if empty_counts else 0.0)
        counted = counted + (1.0 if empty_counts else ops.cast(some, "float32"))
    return total / counted  # 0 / 0 is NaN: there was nothing


def _count(mask):
    return ops.sum(mask, axis=(1, 2, 3))
