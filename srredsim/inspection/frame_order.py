r"""Whether frames are where they belong: frames of one angle share their stripes, frames of different angles do not.

What a frame has beyond the mean of all frames is the object under the stripes alone. Frames of one angle, whose phases
:math:`\phi` are those of a wave that travels by even steps, have in common

.. math:: \langle E_i, E_j \rangle = s_1 \cos(\phi_i - \phi_j) + s_2 \cos 2 (\phi_i - \phi_j), \quad s_1, s_2 \ge 0

and frames of different angles nothing. So the products of all pairs of frames have to be blocks of that form, one an
angle. An order of the frames that is not the true one tears the blocks apart. Neither the optics nor the direction of
the stripes need to be known, and the products are computed once for all the orders of the same frames.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy import fft
from scipy.optimize import nnls
from scipy.special import betaincinv

from srredsim.optics.borders import WIDE_FADE, WORKERS, fading

LOWEST = 0.05  # cycles/pixel: below are out-of-focus light and shading
FINEST = 0.5  # cycles/pixel: what is finer, in the corners of the spectrum, is noise wherever pixels sample the image
RINGS = 24  # up to the finest
CLEAR = 0.45  # explained by an order that is believed; in simulated stacks a wrong one explains 0.35 at most
BETTER = 0.2  # by which it has to beat the order that was read
ANGLE_CLEAR, ANGLE_BETTER = 0.9, 0.4  # the same of a single angle; true orders are 0.26 behind another one at most
AS_GOOD = 0.01  # of two orders that explain as much to within this, the one that changes less is believed
CHANCE = 1e-6  # that noise explains what is believed
POSSIBLE_CHANCE = 1e-4  # that noise explains what is named as a possibility
AHEAD = 0.1  # by which what is named as a possibility has to beat every other


@dataclass(frozen=True)
class Fit:
    """``explained`` is the share, 0 to 1, of what pairs of frames have in common that stripes account for."""

    explained: float
    needed: float  # to be believed
    worth_a_try: float = np.inf  # explained by what may be named, but not claimed
    of_angles: tuple[float, ...] = ()  # the same share of the pairs of each angle alone

    @property
    def percent(self) -> float:
        """What is explained, as it is said: noise takes it below 0, where nothing is."""
        return 100 * max(self.explained, 0.0)

    @property
    def clear(self) -> bool:
        return self.explained >= self.needed

    @property
    def possible(self) -> bool:
        return self.explained >= self.worth_a_try

    def wanting(self, share: float) -> Fit:
        """The same, believed or named only if so much is explained."""
        return replace(self, needed=max(self.needed, share), worth_a_try=max(self.worth_a_try, share))

    def clearly_better_than(self, other: Fit) -> bool:
        return self.clear and (self.explained >= other.explained + BETTER or self._mends_one(other))

    def _mends_one(self, other: Fit) -> bool:
        """Whether one angle fits clearly better and all others the same: what differs is the order within that one."""
        differing = [pair for pair in zip(self.of_angles, other.of_angles, strict=False) if not np.isclose(*pair)]
        if len(self.of_angles) != len(other.of_angles) or len(differing) != 1:
            return False
        here, there = differing[0]
        return here >= max(ANGLE_CLEAR, there + ANGLE_BETTER)


def in_common(frames: np.ndarray) -> np.ndarray:
    """Weighted scalar products (n, n) of what the frames (n, y, x) have beyond their mean.

    Frames may have any offset and gain of their own. Each frequency counts by the power beyond that of the noise over
    the square of the whole, as it has to for the smallest scatter.
    """
    n, y, x = frames.shape
    window = fading(y, WIDE_FADE)[:, None] * fading(x, WIDE_FADE)
    level = frames.mean(axis=(1, 2), dtype=np.float64).astype(np.float32)
    spectra = fft.rfft2((frames - level[:, None, None]) * window, workers=WORKERS).reshape(n, -1)
    frequency = np.hypot(fft.fftfreq(y)[:, None], fft.rfftfreq(x)).ravel()
    _equalise(spectra, frequency)
    spectra -= spectra.mean(axis=0)
    twice = np.broadcast_to(np.where(fft.rfftfreq(x) % 0.5 == 0, 1.0, 2.0), (y, x // 2 + 1)).ravel()
    weight = _weight(np.mean(np.abs(spectra) ** 2, axis=0), frequency) * twice
    spectra *= np.sqrt(weight).astype(np.float32)
    return (spectra.real @ spectra.real.T + spectra.imag @ spectra.imag.T).astype(float)


def _equalise(spectra: np.ndarray, frequency: np.ndarray) -> None:
    """Divide each frame by its gain, as its coarse structures have it."""
    coarse = frequency < 2 * LOWEST
    mean = spectra[:, coarse].mean(axis=0)
    power = float(np.sum(np.abs(mean) ** 2))
    if power > 0:
        gains = np.real(spectra[:, coarse] @ mean.conj()) / power
        spectra /= np.clip(gains, 0.2, 5.0)[:, None].astype(np.float32)


def _weight(power: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    ring = np.minimum(frequency / FINEST * RINGS, RINGS).astype(int)
    mean = np.bincount(ring, power, RINGS + 1) / np.maximum(np.bincount(ring, minlength=RINGS + 1), 1)
    beyond_noise = np.maximum(mean - 1.02 * mean[RINGS], 0.0)
    weight = np.divide(beyond_noise, mean**2, out=np.zeros_like(mean), where=mean > 0)
    return weight[ring] * (frequency >= LOWEST)


def fit(products: np.ndarray, angles: int, phases: int) -> Fit:
    """How well the products of angle-major frames are those of so many angles of so many phases.

    Parameters
    ----------
    products : (angles * phases, angles * phases) ndarray
    angles, phases : int
        With less than three phases, or less than six frames, nothing can be said: 0 is explained.
    """
    first, second = _pairs(angles * phases)
    found = products[first, second]
    total = float(np.sum(found**2))
    if phases < 3 or angles < 2 or not 0 < total < np.inf:
        return Fit(0.0, np.inf)
    of_angle = _pairs(phases)
    blocks = [products[a : a + phases, a : a + phases][of_angle] for a in range(0, angles * phases, phases)]
    explained, of_each = [], []
    for block in blocks:
        whole = float(np.sum(block**2))
        _, rest = nnls(_shapes(phases), block)
        explained.append(whole - rest**2)
        of_each.append(1.0 - rest**2 / max(whole, 1e-30))
    needed, worth_a_try = _beyond_chance(found.size, len(blocks) * _shapes(phases).shape[1])
    return Fit(sum(explained) / total, needed, worth_a_try, tuple(of_each))


@cache
def _pairs(frames: int) -> tuple[np.ndarray, np.ndarray]:
    return np.triu_indices(frames, 1)


@cache
def _shapes(phases: int) -> np.ndarray:
    """What pairs of frames of an angle have in common, of each order of its stripes: (pairs, orders)."""
    first, second = _pairs(phases)
    turn = 2 * np.pi * (second - first) / phases
    return np.stack([np.cos(order * turn) for order in range(1, min(2, (phases - 1) // 2) + 1)], axis=1)


@cache
def _beyond_chance(pairs: int, free: int) -> tuple[float, float]:
    """Shares explained from which on a fit of so many free numbers is believed, and may be named."""
    needed, worth_a_try = (
        max(CLEAR, 1.0 - float(betaincinv((pairs - free) / 2, free / 2, chance)))  # noise is fitted, too
        for chance in (CHANCE, POSSIBLE_CHANCE)
    )
    return needed, worth_a_try


def the_best(others: dict[str, Fit], as_read: Fit) -> str | None:
    """Name of the order to be believed in place of that which was read, if there is one.

    Parameters
    ----------
    others : dict of Fit
        What changes least comes first.
    """
    clear = {name: each for name, each in others.items() if each.clearly_better_than(as_read)}
    most = max((each.explained for each in clear.values()), default=0.0)
    return next((name for name, each in clear.items() if each.explained >= most - AS_GOOD), None)


def a_possible_one(others: dict[str, Fit], as_read: Fit) -> str | None:
    """Name of the only order that may be the true one where none is to be believed, for want of light or pixels.

    Parameters
    ----------
    others : dict of Fit
    """
    if the_best(others, as_read) or not others:
        return None
    first, *rest = sorted(others, key=lambda name: -others[name].explained)
    behind = max(as_read.explained + BETTER, *(others[name].explained + AHEAD for name in rest[:1]), 0.0)
    return first if others[first].possible and others[first].explained >= behind else None
