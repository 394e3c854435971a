"""Images in the units of others."""

from __future__ import annotations

import numpy as np


def fit_intensity(image: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """``gain * image + offset`` nearest to the truth in the least-squares sense; the mean if the image is constant."""
    image = image.astype(np.float64)
    spread = image - image.mean()
    power = np.sum(spread**2)
    gain = np.sum(spread * truth) / power if power else 0.0
    return gain * spread + truth.mean()


def gained_db(truth: np.ndarray, image: np.ndarray, other: np.ndarray) -> float:
    r"""dB of PSNR by which an image is nearer to the truth than another, when gain and offset of both are fitted.

    An image of correlation :math:`r` leaves :math:`1 - r^2` of the variance of the truth unexplained; over one of
    correlation :math:`q` it gains :math:`10 \log_{10} (1 - q^2) / (1 - r^2)`.
    """
    left = [1 - np.corrcoef(truth.ravel(), one.ravel())[0, 1] ** 2 for one in (other, image)]
    return float(10 * np.log10(left[0] / max(left[1], 1e-12)))
