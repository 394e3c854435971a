r"""OTF of a circular pupil with spherical aberration, as of oil, cover glass or depth that the lens is not made for.

The pupil has the phase :math:`2 \pi W`, :math:`W = s \sqrt{5} (6 \rho^4 - 6 \rho^2 + 1)`: Zernike's polynomial of
unit root mean square, so that s is that of the wavefront in wavelengths, at best focus. The OTF is the autocorrelation
of the pupil (Goodman, Introduction to Fourier Optics, section 6.4),

.. math:: H(v) = \frac{2}{\pi} \int\!\!\int \cos 2 \pi [W(x + v, y) - W(x - v, y)] \, dx \, dy

over where both pupils are. The sign of s makes no difference.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from srredsim import checks

NODES = 48  # of Gauss and Legendre along x and y
SAMPLES = 129  # frequencies at which it is computed
LARGEST_WAVES = 0.2  # the OTF is positive up to here


def check(name: str, waves: Any) -> float:
    """The aberration; InputError if it is none for which the OTF is computed."""
    if not 0 <= checks.finite(name, waves) <= LARGEST_WAVES:
        raise checks.wanted(name, f"a number of waves from 0 to {LARGEST_WAVES:g}", waves)
    return waves


def spherical_otf(relative_frequency, waves: float) -> np.ndarray:
    """OTF of a lens with so much spherical aberration.

    Parameters
    ----------
    relative_frequency : array_like
        Frequency as a fraction of the cut-off, 0 or more.
    waves : float
        Root mean square of the wavefront in wavelengths, 0 to `LARGEST_WAVES`; 0 is the ideal OTF.
    """
    return np.interp(relative_frequency, np.linspace(0, 1, SAMPLES), _table(round(float(waves), 4)))


@lru_cache(maxsize=64)
def _table(waves: float) -> np.ndarray:
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    v = np.linspace(0, 1, SAMPLES)[:, None, None]
    highest = np.sqrt(1 - v * v)
    y = highest * (nodes[:, None] + 1) / 2
    widest = np.sqrt(1 - y * y) - v
    x = widest * nodes
    apart = wavefront((x + v) ** 2 + y * y) - wavefront((x - v) ** 2 + y * y)
    inside = np.cos(2 * np.pi * waves * apart) * widest * highest / 2
    return np.maximum(2 / np.pi * np.einsum("vyx,y,x->v", inside, weights, weights), 0.0)


def wavefront(square: np.ndarray) -> np.ndarray:
    """W / s at the square of the radius."""
    return np.sqrt(5.0) * (6 * square * square - 6 * square + 1)
