r"""What band 0 counts in a reconstruction where it shows light from out of focus.

Band 0 shows the whole of the sample, the other bands what the stripes have lit: light in focus. Where both show the
same coarse structures, band 0 may be left to count less. Given as a number a, it counts

.. math:: g(v) = 1 - a \, e^{-v^2 / 2 \cdot 0.3^2}

of what it counts otherwise, v in units of the cut-off. Measured, with haze of power :math:`Z = h P` in the mean of all
bands 0, whose power is P above the noise N (`srredsim.stripes.haze`), it is

.. math:: g(v) = \max \left( \frac{N}{N + Z(v)}, \frac{\epsilon (1 - h(v))}{h(v)} \frac{W_1(v)}{W_0(v)} \right) \le 1:

haze is noise that only band 0 has, so that the estimate remains that of least squared error, and the less the other
bands can tell, the more of band 0 stays. They have an error of their own, the share :math:`\epsilon` of the power in
focus, as contrasts and phases are a little wrong, and more so where stripes are hardly seen: the second quotient sets
the two errors against each other, in plenty of light, with the weights :math:`W_1` of all of them and :math:`W_0` of
band 0. Where stripes are faint and light is little, what is in focus would fade: the :math:`w^2` of the regularisation
stands in it for :math:`W_1` then, by at most as much as there is in focus. Some haze there always is, too little to be
sure of it: h is at least `ALWAYS`, of the width `WIDTH`. Where nothing was measured, band 0 has at least three quarters
of the weight then.

The stripes of three beams that are half as fine vary along the axis, too, and light the planes above and below: their
band shows haze of the same share, at the frequencies that the camera sees it at. It counts N / (N + h P) likewise, P
being its own power, but at least `LEAST_OF_ORDER`: structures of these sizes have no other bands that show them as
well.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter1d

from srredsim.arrays import Array, lowered
from srredsim.optics.transfer import Transfer
from srredsim.stripes.haze import Haze
from srredsim.stripes.parameters import Order, Parameters

if TYPE_CHECKING:
    from srredsim.reconstruction.wiener import Regularisation

AUTO = "auto"  # by the haze that is measured
WIDTH = 0.3  # times the cut-off
ALWAYS = 0.03  # h at frequency 0, at least
SIDE_ERROR = 0.1  # epsilon, of sure stripes
UNSURE = 5.0  # over the square of z of an order: what is added to it, as the vector is the less exact
OVER_PRIOR = 0.3  # the same as a multiple of w^2: where other bands say nothing, what band 0 shows would fade else
LEAST_OF_ORDER = 0.3  # of the first order of three beams
SMOOTH = 0.05  # times the cut-off: standard deviation over which the power of an order is looked at
RINGS = 40  # up to the cut-off: of powers and weights
SAMPLES = 2048  # values up to the cut-off


def takes_away(attenuation: float | Haze) -> bool:
    """Whether coarse structures come from other bands than 0, too: a border must not darken these then."""
    return isinstance(attenuation, Haze) or attenuation > 0


class Kept:
    """g as a radial table, up to the cut-off; beyond it there is no band 0."""

    def __init__(self, values: np.ndarray):
        self._values = values.astype(np.float32)

    def __call__(self, fy: np.ndarray, fx: np.ndarray, xp: Any = np) -> Array:
        """On the grid of the frequencies fy (rows) and fx (columns), as multiples of the cut-off."""
        down, across = (xp.asarray(np.square(each, dtype=np.float32)) for each in (fy, fx))
        relative = xp.sqrt(down[:, None] + across)
        return xp.asarray(self._values)[lowered(relative * SAMPLES + 0.5, SAMPLES).astype(xp.int32)]


def kept(
    attenuation: float | Haze,
    zero: np.ndarray,
    noise: float,
    transfer: Transfer,
    parameters: Parameters,
    regularisation: Regularisation,
) -> Kept | None:
    """None: all of it, as where there is no other band.

    Parameters
    ----------
    attenuation : float or Haze
        a, or what was measured.
    zero : (y, x) ndarray
        Spectrum of the mean of all bands 0.
    noise : float
        Mean power of its noise at one frequency.
    transfer : Transfer
        With the lens of the parameters.
    """
    relative = np.linspace(0.0, 1.0, SAMPLES + 1)
    if not isinstance(attenuation, Haze):
        return Kept(1.0 - attenuation * np.exp(-(relative**2) / (2 * WIDTH**2))) if attenuation else None
    if parameters.failed:
        return None
    haze = np.maximum(attenuation.at(relative), ALWAYS * np.exp(-(relative**2) / (2 * WIDTH**2)))
    out_of_focus = haze * np.maximum(_power(zero, transfer, relative) - noise, 0.0)
    whole, others = _weights(parameters, transfer, relative)
    focus = 1.0 - haze
    prior = np.minimum(focus, OVER_PRIOR) * regularisation.squared(relative)
    least = np.maximum(focus * others, prior) / (haze * whole)
    return Kept(np.maximum(noise / (noise + out_of_focus), np.minimum(least, 1.0)))


def kept_of_order(
    attenuation: float | Haze, order: Order, beside: Iterable[Order], band: np.ndarray, noise: float, transfer: Transfer
) -> Kept | None:
    """What a band counts at each frequency of the frames; None: all of it, as of all but first orders of three beams.

    Parameters
    ----------
    attenuation : float or Haze
        Haze as it was measured; a number says nothing of it.
    beside : iterable of Order
        All orders of the frames.
    band : (y, x) ndarray
        Spectrum of the band, as the frames have it.
    noise : float
        Mean power of its noise at one frequency.
    transfer : Transfer
        With the lens of the parameters.
    """
    of_three = order.order == 1 and any(other.order > 1 and other.amplitude != 0 for other in beside)
    if not isinstance(attenuation, Haze) or not of_three:
        return None
    relative = np.linspace(0.0, 1.0, SAMPLES + 1)
    haze = attenuation.at(relative)
    power = gaussian_filter1d(_power(band, transfer, relative), SMOOTH * SAMPLES, mode="nearest")
    return Kept(np.maximum(noise / (noise + haze * np.maximum(power - noise, 0.0)), LEAST_OF_ORDER))


def _weights(parameters: Parameters, transfer: Transfer, relative: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weight of all bands 0, and of all others times their errors, in rings, as curves."""
    along = np.linspace(-1.0, 1.0, 2 * RINGS + 1)
    ring = np.minimum(np.hypot(along[:, None], along) * RINGS, RINGS).astype(int).ravel()

    def weight(ky: float, kx: float) -> np.ndarray:
        f = along * transfer.cutoff_per_um
        return np.bincount(ring, transfer(f + ky, f + kx).ravel().astype(float) ** 2, RINGS + 1)[:RINGS]

    orders = [order for angle in parameters.angles for order in angle.orders if order.amplitude != 0]
    errors = [SIDE_ERROR + UNSURE / max(order.z, 1.0) ** 2 for order in orders]
    each = [2 * abs(order.amplitude) ** 2 * weight(*order.k_per_um) for order in orders]  # on either side
    others = sum(error * one for error, one in zip(errors, each, strict=True))
    count, middle = np.bincount(ring, minlength=RINGS + 1)[:RINGS], (np.arange(RINGS) + 0.5) / RINGS
    zero = np.maximum(len(parameters.groups) * weight(0.0, 0.0), 1e-12)
    return tuple(np.interp(relative, middle, each / count) for each in (zero, others))


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
