r"""What band 0 counts in a reconstruction where it shows light from out of focus.

Band 0 shows the whole of the sample, the other bands what the stripes have lit: light in focus. Where both show the
same coarse structures, band 0 may be left to count less. Given as a number a, it counts

.. math:: g(v) = 1 - a \, e^{-v^2 / 2 \cdot 0.3^2}

of what it counts otherwise, v in units of the cut-off. Measured, with haze of power :math:`Z(v)` in the mean of all
bands 0 (`srredsim.stripes.haze`) and noise of power N, it is

.. math:: g(v) = \frac{N}{N + Z(v)}:

haze is noise that only band 0 has, so that the estimate remains that of least squared error, and the less the other
bands can tell, the more of band 0 stays. Where no haze is sure, g is 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from srredsim.arrays import Array, lowered
from srredsim.optics.transfer import Transfer
from srredsim.stripes.haze import Haze

AUTO = "auto"  # by the haze that is measured
WIDTH = 0.3  # times the cut-off
RINGS = 40  # up to the cut-off: of the power of band 0
SAMPLES = 2048  # values up to the cut-off


class Kept:
    """g as a radial table, up to the cut-off; beyond it there is no band 0."""

    def __init__(self, values: np.ndarray):
        self._values = values.astype(np.float32)

    def __call__(self, fy: np.ndarray, fx: np.ndarray, xp: Any = np) -> Array:
        """On the grid of the frequencies fy (rows) and fx (columns), as multiples of the cut-off."""
        down, across = (xp.asarray(np.square(each, dtype=np.float32)) for each in (fy, fx))
        relative = xp.sqrt(down[:, None] + across)
        return xp.asarray(self._values)[lowered(relative * SAMPLES + 0.5, SAMPLES).astype(xp.int32)]


def kept(attenuation: float | Haze, zero: np.ndarray, noise: float, transfer: Transfer) -> Kept | None:
    """None: all of it.

    Parameters
    ----------
    attenuation : float or Haze
        a, or what was measured.
    zero : (y, x) ndarray
        Spectrum of the mean of all bands 0.
    noise : float
        Mean power of its noise at one frequency.
    """
    relative = np.linspace(0.0, 1.0, SAMPLES + 1)
    if not isinstance(attenuation, Haze):
        return Kept(1.0 - attenuation * np.exp(-(relative**2) / (2 * WIDTH**2))) if attenuation else None
    if not attenuation.share:
        return None
    out_of_focus = attenuation.at(relative) * np.maximum(_power(zero, transfer, relative) - noise, 0.0)
    return Kept(noise / (noise + out_of_focus))


def _power(zero: np.ndarray, transfer: Transfer, relative: np.ndarray) -> np.ndarray:
    """Mean power of a spectrum in rings, as a curve; in the middle, where the mean brightness is, as in the first."""
    fy, fx = (np.fft.fftfreq(n, transfer.pixel_size_um) / transfer.cutoff_per_um for n in zero.shape)
    ring = np.minimum(np.hypot(fy[:, None], fx) * RINGS, RINGS).astype(int).ravel()
    ring[0] = RINGS
    count = np.bincount(ring, minlength=RINGS + 1)[:RINGS]
    power = np.bincount(ring, np.abs(zero).ravel() ** 2, RINGS + 1)[:RINGS]
    seen = count > 0
    middle = (np.arange(RINGS) + 0.5) / RINGS
    return np.exp(np.interp(relative, middle[seen], np.log(np.maximum(power[seen] / count[seen], 1e-30))))
