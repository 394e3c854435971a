"""Scores of W2S under names that say which definition: several have been published, and they do not agree.

Every score takes the reference first, then the image, both (y, x), and returns one number an image. A table holds the
mean over the test images; for decibels, the mean of the decibels.

References
----------
.. [1] R. Zhou, M. El Helou, D. Sage, T. Laroche, A. Seitz, S. Suesstrunk, ECCV Workshops 2020 (arXiv 2003.05961).
.. [2] Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, IEEE Trans. Image Process. 13, 600 (2004).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage.metrics import structural_similarity

WINDOW = 7  # pixels, of the uniform window
SIGMA, RADIUS = 1.5, 5  # pixels, of the Gaussian window of 11 x 11
K1, K2 = 0.01, 0.03


def rmse_z(reference, image) -> float:
    """Root of the mean squared difference of two z-scored images: so we read the RMSE of the paper's tables."""
    reference, image = _planes(reference, image)
    return float(np.sqrt(np.mean((image - reference) ** 2)))


def ssim_reference_range(reference, image) -> float:
    """SSIM of a 7 x 7 uniform window; the data range is that of the reference, from its darkest to its brightest pixel.

    Sample moments; the outer 3 pixels, where the window is cut, do not count.

    Not stated in the paper, which gives no range; this one makes the score independent of the
    unit, though not of an offset.

    Raises
    ------
    ValueError
        If the reference is constant: it has no range.
    """
    reference, image = _planes(reference, image)
    data_range = float(reference.max() - reference.min())
    if data_range == 0:
        raise ValueError("the reference is constant, so that it has no range for SSIM")
    return float(structural_similarity(reference, image, win_size=WINDOW, data_range=data_range))


def ssim_gaussian_map(reference, image) -> np.ndarray:
    """SSIM (y, x) of an 11 x 11 Gaussian window on images in [0, 1], as in the published code of classical denoisers.

    Population moments, borders continued by their own value; the figure is the mean over the whole map.
    """
    reference, image = _planes(reference, image)

    def mean(plane):
        return ndimage.gaussian_filter(plane, SIGMA, mode="nearest", radius=RADIUS)

    mean_r, mean_i = mean(reference), mean(image)
    variance_r, variance_i = mean(reference**2) - mean_r**2, mean(image**2) - mean_i**2
    covariance = mean(reference * image) - mean_r * mean_i
    c1, c2 = K1**2, K2**2  # data range 1
    brightness = (2 * mean_r * mean_i + c1) / (mean_r**2 + mean_i**2 + c1)
    structure = (2 * covariance + c2) / (variance_r + variance_i + c2)
    return brightness * structure


def _planes(reference, image) -> tuple[np.ndarray, np.ndarray]:
    reference, image = np.asarray(reference, float), np.asarray(image, float)
    if reference.ndim != 2 or reference.shape != image.shape:
        raise ValueError(f"two images (y, x) of the same size are compared; got {reference.shape} and {image.shape}")
    return reference, image
