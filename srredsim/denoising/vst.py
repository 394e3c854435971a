"""Noise that grows with brightness is made the same everywhere, taken out as such, and the brightness brought back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from srredsim.denoising.anscombe import stabilised, unbiased_inverse
from srredsim.noise.line import NoiseLine
from srredsim.noise.one_image import noise_of_image

White = Callable[[np.ndarray, float, float], np.ndarray]


def denoised_stabilised(
    image, white: White, noise: NoiseLine | None = None, limits: tuple[float, float] | None = None
) -> np.ndarray:
    """Image denoised by a method for white Gaussian noise; float32 (y, x) in the units of the image.

    Noise that does not grow with brightness (a of 0 or less) is given to the method as it is. Else no light is where
    there would be no noise, -b / a, above 0 or below it: this is taken off first and put back, so that what is made of
    ``g x + o`` is g times what is made of x, plus o.

    Parameters
    ----------
    image : (y, x) array_like
        With photon noise and read-out noise, in any unit.
    white : callable
        ``white(image, noise_std, data_range) -> image``
    noise : NoiseLine, optional
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
    noise = noise or noise_of_image(noisy, limits)
    a, b = noise.coefficients
    if a <= 0:
        return white(noisy, float(noise.std(noisy.mean())), float(np.ptp(noisy)))
    dark = -b / a
    values = stabilised(noisy - dark, a, 0.0)
    denoised = white(values, 1.0, float(np.ptp(values)))
    return (unbiased_inverse(denoised, a, 0.0) + dark).astype(np.float32)
