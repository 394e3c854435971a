"""Scores of images from 0 to 1 after rounding to 8 bits, in regions of interest or the whole image: SR-CACO-2.

The definitions are those of `srredsim.metrics.eight_bit`, here in NumPy and float64 for images (y, x).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from scipy import ndimage

GREY_LEVELS = 255
THRESHOLDS = (4, 5, 6, 7, 8, 9, 10)
LEAST_MSE = 1e-45
SSIM_REACH, SSIM_SIGMA, SSIM_K1, SSIM_K2 = 5, 1.5, 0.01, 0.03
LUMA_DB = 20 * math.log10(GREY_LEVELS / 219)  # grey levels of an image become 16 to 235 of its luma
NAMES = ("mse", "psnr", "nrmse", "ssim")
NOTHING = {"mse": 0.0, "psnr": 20 * math.log10(GREY_LEVELS / math.sqrt(LEAST_MSE)), "nrmse": 0.0, "ssim": 0.0}


def quantised(image: np.ndarray, border: int = 0) -> np.ndarray:
    """Grey levels 0 to 255, rounded half to even, without ``border`` pixels on every side."""
    levels = np.rint(np.clip(np.asarray(image, np.float32), 0, 1) * np.float32(GREY_LEVELS)).astype(np.float64)
    return levels[border : levels.shape[0] - border, border : levels.shape[1] - border]


def scores(truth: np.ndarray, image: np.ndarray, border: int) -> dict[str, float]:
    """``mse``, ``psnr`` (dB), ``nrmse`` and ``ssim`` of the whole image, and ``psnr_y`` of its luma."""
    truth, image = quantised(truth, border), quantised(image, border)
    found = _in_region(truth, image, np.ones(truth.shape, bool), ssim_map(truth, image))
    return found | {"psnr_y": found["psnr"] + LUMA_DB}


def roi_scores(
    truth: np.ndarray,
    image: np.ndarray,
    border: int,
    thresholds: Iterable[int] = THRESHOLDS,
    empty_counts: bool = False,
) -> dict[str, float]:
    """The same where the truth has at least a threshold of grey levels, each the mean over the thresholds.

    Parameters
    ----------
    empty_counts : bool
        A region without a pixel has a PSNR of 498.13 dB, and 0 of all else, as published (reference). Otherwise it is
        left out of the mean; NaN if all are.
    """
    truth, image = quantised(truth, border), quantised(image, border)
    similarity = ssim_map(truth, image)
    rows = [_in_region(truth, image, truth >= threshold, similarity) for threshold in thresholds]
    means = {}
    for name in NAMES:
        values = [row[name] for row in rows]
        values = [NOTHING[name] if empty_counts and math.isnan(value) else value for value in values]
        values = [value for value in values if not math.isnan(value)]
        means[name] = float(np.mean(values)) if values else math.nan
    return means | {"psnr_y": means["psnr"] + LUMA_DB}


def ssim_map(truth: np.ndarray, image: np.ndarray) -> np.ndarray:
    """(y - 10, x - 10): structural similarity of grey levels where the Gaussian window of 11 pixels lies inside."""
    pixels = np.arange(-SSIM_REACH, SSIM_REACH + 1)
    weights = np.exp(-0.5 * (pixels / SSIM_SIGMA) ** 2)
    weights /= weights.sum()

    def mean(one: np.ndarray) -> np.ndarray:
        both = ndimage.correlate1d(ndimage.correlate1d(one, weights, axis=0), weights, axis=1)
        return both[SSIM_REACH:-SSIM_REACH, SSIM_REACH:-SSIM_REACH]

    a, b = truth / GREY_LEVELS, image / GREY_LEVELS
    mean_a, mean_b = mean(a), mean(b)
    variances, covariance = mean(a * a) - mean_a**2 + mean(b * b) - mean_b**2, mean(a * b) - mean_a * mean_b
    c1, c2 = SSIM_K1**2, SSIM_K2**2
    similar = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return similar / ((mean_a**2 + mean_b**2 + c1) * (variances + c2))


def _in_region(truth: np.ndarray, image: np.ndarray, region: np.ndarray, similarity: np.ndarray) -> dict[str, float]:
    """NaN for what has no pixel."""
    inner = region[SSIM_REACH:-SSIM_REACH, SSIM_REACH:-SSIM_REACH]
    ssim = float(similarity[inner].mean()) if inner.any() else math.nan
    if not region.any():
        return dict.fromkeys(NAMES, math.nan)
    mse = float(np.mean((image[region] - truth[region]) ** 2))
    span = float(truth[region].max() - truth.min())
    psnr = 20 * math.log10(GREY_LEVELS / math.sqrt(max(mse, LEAST_MSE)))
    return {"mse": mse, "psnr": psnr, "nrmse": math.sqrt(mse) / (span or 1.0), "ssim": ssim}
