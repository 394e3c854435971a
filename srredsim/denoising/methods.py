"""The classical denoisers by name: each takes an image of any unit, and measures its noise if nobody gives it."""

from __future__ import annotations

import difflib
from collections.abc import Callable

import numpy as np

from srredsim.denoising.pure_let import pure_let
from srredsim.denoising.vst_bm3d import vst_bm3d
from srredsim.denoising.vst_epll import vst_epll
from srredsim.errors import InputError
from srredsim.noise.line import NoiseLine

METHODS: dict[str, Callable[..., np.ndarray]] = {
    "pure_let": pure_let,
    "vst_bm3d": vst_bm3d,
    "vst_epll": vst_epll,
}


def denoise(
    image, method: str, noise: NoiseLine | None = None, limits: tuple[float, float] | None = None, **settings
) -> np.ndarray:
    """Denoised image; float32 (y, x) in the units of the image.

    Parameters
    ----------
    image : (y, x) array_like
        With photon noise and read-out noise, in any unit.
    method : str
        One of `METHODS`.
    noise : NoiseLine, optional
        Variance ``a x + b`` at brightness x, in units of the image. Left out: measured in the image.
    limits : (low, high), optional
        Values at which the camera cuts off, for the measurement.
    **settings
        Of the method: ``prior`` of vst_epll.

    Raises
    ------
    InputError
        If there is no such method, or it cannot be used on this image.
    """
    return named(method)(image, noise, limits, **settings)


def named(method: str) -> Callable[..., np.ndarray]:
    if method in METHODS:
        return METHODS[method]
    near = difflib.get_close_matches(method, METHODS, n=1, cutoff=0.5)
    meant = f"; did you mean {near[0]}?" if near else ""
    raise InputError(f"no denoiser called {method!r}; there are: {', '.join(METHODS)}{meant}")
