"""Classical denoisers: every file here is one, and its name is the file's name.

Each has a function of its own name, ``(image, noise=None, limits=None, ...) -> image``: float32 (y, x) in the units of
the image, whatever these are. It measures the noise if nobody gives it. Further arguments, with defaults, are settings
of its own, as ``prior`` of vst_epll.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING

from srredsim.members import Members

if TYPE_CHECKING:
    import numpy as np

    from srredsim.noise.line import NoiseLine

OF_NOISE = ("noise/one_image.py", "noise/line.py")
SOURCES = ("denoising", "denoising/patch_prior.npz", "denoising/methods", *OF_NOISE)  # see `srredsim.resources.sources`
_members = Members("denoiser", __name__, __path__)
names = _members.names


def named(method: str) -> Callable[..., np.ndarray]:
    """The function of a denoiser; InputError if there is none of this name."""
    from srredsim import checks  # and with it NumPy, which the names alone do not need

    return getattr(_members.module(checks.one_of("method", method, names())), method)


def takers(setting: str) -> list[str]:
    """Names of the denoisers that have a setting, such as ``noise`` (all of them) or ``prior``."""
    return [name for name in names() if setting in inspect.signature(named(name)).parameters]


def denoise(
    image, method: str, noise: NoiseLine | None = None, limits: tuple[float, float] | None = None, **settings
) -> np.ndarray:
    """Denoised image; float32 (y, x) in the units of the image.

    Parameters
    ----------
    image : (y, x) array_like
        With photon noise and read-out noise, in any unit.
    method : str
        One of `names`.
    noise : NoiseLine, optional
        Variance ``a x + b`` at brightness x, in units of the image. Left out: measured in the image.
    limits : (low, high), optional
        Values at which the camera cuts off, for the measurement.
    **settings
        Further arguments of the method: ``prior`` of vst_epll.

    Raises
    ------
    InputError
        If there is no such method, or it cannot be used on this image.
    """
    return named(method)(image, noise, limits, **settings)
