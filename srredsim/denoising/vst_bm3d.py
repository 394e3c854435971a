"""VST + BM3D: noise measured, stabilised, removed as white Gaussian noise, and the brightness brought back unbiased."""

from __future__ import annotations

import numpy as np

from srredsim.denoising.anscombe import stabilised, unbiased_inverse
from srredsim.denoising.bm3d import bm3d
from srredsim.denoising.noise import Noise, noise_parameters


def vst_bm3d(image, noise: Noise | None = None, limits: tuple[float, float] | None = None) -> np.ndarray:
    """Denoised image; float32 (y, x) in the units of the image.

    Noise that does not grow with brightness (a of 0 or less) is removed by BM3D alone. A b below 0 is a pedestal, which
    is taken off first and put back.

    Parameters
    ----------
    image : (y, x) array_like
        With photon noise and read-out noise, in any unit.
    noise : Noise, optional
        Left out: measured in the image.
    limits : (low, high), optional
        Values at which the camera cuts off, for the measurement.

    Raises
    ------
    InputError
        If the image is not a plane of finite numbers, or noise cannot be measured in it.

    References
    ----------
    .. [1] M. Makitalo, A. Foi, IEEE Trans. Image Process. 22, 91 (2013).
    """
    noisy = np.asarray(image, float)
    a, b = noise = noise_parameters(noisy, limits) if noise is None else Noise(*noise)
    if a <= 0:
        return bm3d(noisy, float(noise.std(noisy.mean())), float(np.ptp(noisy)))
    pedestal = max(-b / a, 0.0)
    b = max(b, 0.0)
    values = stabilised(noisy - pedestal, a, b)
    denoised = bm3d(values, 1.0, float(np.ptp(values)))
    return (unbiased_inverse(denoised, a, b) + pedestal).astype(np.float32)
