r"""How much a real objective damps fine structure, measured where two bands show the same frequencies of the object.

Band 0 shows a frequency f of the object as :math:`D_0 = S H(f) + n_0`; band b shows it, at another place of the
transfer function, as :math:`D_b = c_b S H(f + b k) + n_b`. The object drops out of their ratio, which is left with the
shape of the transfer function, :math:`H(f) = H_i(f) a^{|f| / f_c}`. With noise of power N in both bands, of which the
share :math:`\rho` is common to them because photons are counted where the stripes are, and with every S unknown, the
damping a and the contrasts c minimise

.. math::

    \sum_f w \frac{|D_b H(f) - c_b D_0 H(f + b k)|^2}
                  {N [H^2(f) + |c_b|^2 H^2(f + b k) - 2 \rho |c_b| H(f) H(f + b k)]}, \quad
    w = \frac{\Phi}{\Phi + N}

over the frequencies f of all angles and orders, with one a for all. A frequency enters by the ratio of what the two
bands should show alone, :math:`c_b H(f + b k) / H(f)`, whose logarithm is linear in those of a and :math:`c_b`: slopes
and curvatures are exact, and all are found at once. Whatever the weights w, the right damping makes the expected sum
least; with the power :math:`\Phi` that the object has in band 0 around f, frequencies of mere noise count little. Those
near the middle of either band are left out: out-of-focus light is there, and what wrong phases leave of other bands.

The uncertainty is told by the frequencies themselves: by how much their own slopes of the sum scatter where the whole
sum has none (White). The curvature alone, which would do if noise were in one band only, tells half of it at 150
photons. Slopes of neighbours, and of f and -f, are not independent: they are added up first.

This is the one estimate of the lens: contrasts, images and comparisons with the frames have it. On simulated stacks of
112 x 112 pixels, whose dampings are 0.6 to 0.95, it is right to 1.5 % at 800 photons and 5 % at 100 with three beams,
to 5 % and 10 % with two, whose bands have less in common; larger fields say more.

References
----------
.. [1] W. A. Fuller, Measurement Error Models, section 1.3 (1987): a line through points, both coordinates in error.
.. [2] H. White, Econometrica 50, 1 (1982): how uncertain an estimate is whose likelihood is not the true one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.optimize import minimize

from srredsim.cached import cached_property
from srredsim.optics.aberration import LARGEST_WAVES, spherical_otf
from srredsim.optics.transfer import DAMPING
from srredsim.stripes.bands import Bands
from srredsim.stripes.overlap import TINY
from srredsim.stripes.parameters import Angle, Damping, Order

LOWEST, HIGHEST = 0.2, 0.9  # fractions of the cut-off, distance to the middle of either band
BEYOND = 1.03  # times the cut-off: nothing but noise
FEWEST_FREQUENCIES, MOST = 200, 8192  # that a number is taken from; of a large field, every second or third will do
RANGE = (0.1, 1.5)  # in which the damping is looked for
CONTRASTS = 1e-3, 2.0  # amplitude c: from none to twice what light can have
EXACT = 0.03  # that stacks of known damping are met with, however much light there is
IDEAL = 1.0  # no lens is better
TRIED, FINEST = (0.0, 0.04, 0.08, 0.12, 0.16, LARGEST_WAVES), 0.004  # waves of spherical aberration; how exactly
CLEARLY, NOTHING = 20.0, 1.0  # by which the sum of misfits falls where there is some, and by chance
UNDERSTOOD = 1.4  # times the noise, which bands differ by at most if nothing else is wrong with the frames ...
EXPLAINED = 0.6  # ... or share that is left of what else they differ by
DARK = 1e-3  # of an OTF: less is as good as nothing
SPREAD = 0.144  # that of the damping of objectives about `DAMPING`, standard deviation
BLOCK = 4  # frequency steps along a side of the blocks whose slopes are added up


@dataclass(frozen=True)
class Pairs:
    """What one order of an angle has to say: at each frequency two bands, and where in each of them it lies."""

    zero: np.ndarray  # |D_0|^2
    other: np.ndarray  # |D_b|^2
    common: np.ndarray  # Re(D_b D_0* exp(-i arg c))
    at: tuple[np.ndarray, np.ndarray]  # |f| / f_c and |f + b k| / f_c
    ratio: np.ndarray  # H(f + b k) / H(f) of an ideal lens
    noise: float
    shared: float  # rho
    weights: np.ndarray
    blocks: np.ndarray  # numbers of the blocks in which the frequencies lie: f and -f in the same

    @cached_property
    def apart(self) -> np.ndarray:
        """(|f + b k| - |f|) / f_c"""
        return self.at[1] - self.at[0]

    def through(self, waves: float) -> Pairs:
        """What the same would mean of a lens with so much spherical aberration."""
        ideal, aberrated = (np.maximum([spherical_otf(v, each) for v in self.at], DARK) for each in (0.0, waves))
        return replace(self, ratio=self.ratio * aberrated[1] / aberrated[0] * ideal[0] / ideal[1])

    @property
    def log_contrast(self) -> float:
        """log c under the usual damping, as if all noise were in band b."""
        expected = self.ratio * DAMPING**self.apart
        above, below = (
            float(np.sum(self.weights * each)) for each in (self.common * expected, self.zero * expected**2)
        )
        return float(np.log(np.clip(above / below, *CONTRASTS)))

    def misfits(self, log_damping: float, log_contrast: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What each frequency adds to the sum, and its first and second derivative by the log of the contrast."""
        q = self.ratio * np.exp(log_damping * self.apart + log_contrast)  # D_b / D_0, were there no noise
        above, below = self.other - 2 * self.common * q + self.zero * q * q, 1 - 2 * self.shared * q + q * q
        by_q, below_by_q = 2 * (self.zero * q - self.common), 2 * (q - self.shared)
        unit = self.weights / (self.noise * below)
        first = by_q - above * below_by_q / below
        second = 2 * self.zero - 2 * above / below - 2 * below_by_q * first / below
        return unit * above, unit * q * first, unit * q * (q * second + first)


def damping_of(bands: Sequence[Bands], angles: Sequence[Angle]) -> Damping:
    """The damping that the bands of all angles show, drawn to what is usual as far as they leave it uncertain.

    Parameters
    ----------
    bands : sequence of Bands
        Of every angle that is given, separated with its own steps. Their own damping plays no part.
    angles : sequence of Angle
        Vectors, phases, and which orders are seen.
    """
    everything = [
        [_pairs(each, order) for order in angle.orders if order.amplitude != 0]
        for each, angle in zip(bands, angles, strict=True)
    ]
    telling = [[pairs for pairs in angle if pairs.zero.size >= FEWEST_FREQUENCIES] for angle in everything]
    waves = aberration(telling)
    found = measure([[pairs.through(waves) for pairs in angle] for angle in telling] if waves else telling)
    if found is None:
        return Damping(DAMPING, "assumed")
    measured, uncertainty = found
    weights = 1 / (uncertainty**2 + EXACT**2), 1 / SPREAD**2
    likely = (measured * weights[0] + DAMPING * weights[1]) / sum(weights)
    return Damping(min(float(likely), IDEAL), "measured", measured, uncertainty, waves)


def aberration(angles: Sequence[Sequence[Pairs]]) -> float:
    """Spherical aberration of the lens in wavelengths (root mean square); 0 where the bands do not clearly show any.

    An aberrated lens passes little at middle frequencies and as much as another near the cut-off, as no damping does.
    In stacks of another simulator with 0.08 to 0.16 waves it is met to 0.01; 0.05 may pass as a damping above 1. In 88
    stacks of our own without any, the sum of misfits falls by 3 at most; in some 250 of another simulator by 8, by up
    to 14 where frames are lost, and by 33 in one whose wavelength was given wrongly. It falls by hundreds where frames
    are read in a wrong order: much of what bands differ by is not noise then, nor an aberration, and nothing is said of
    the lens.
    """
    everything = [pairs for angle in angles for pairs in angle]
    if not everything:
        return 0.0

    @cache
    def misfit(waves: float) -> float:
        return _fitted([pairs.through(waves) for pairs in everything] if waves else everything, (RANGE[0], IDEAL))[0]

    if misfit(TRIED[1]) > misfit(0.0) - NOTHING:  # as of most lenses
        return 0.0
    best = min(TRIED, key=misfit)
    step = TRIED[1] / 2
    while step > FINEST:
        best = min((best, *(best + way for way in (-step, step) if 0 < best + way <= TRIED[-1])), key=misfit)
        step /= 2
    sharpened = _fitted(everything, RANGE)[0]  # frames that were have a damping above 1, and no aberration
    noise = sum(float(np.sum(each.weights)) for each in everything)  # what it would leave of the sum
    understood = misfit(best) < max(UNDERSTOOD * noise, noise + EXPLAINED * (misfit(0.0) - noise))
    return best if understood and misfit(best) < min(misfit(0.0), sharpened) - CLEARLY else 0.0


def measure(angles: Sequence[Sequence[Pairs]]) -> tuple[float, float] | None:
    """The best damping and its standard deviation, from the orders of each angle; None where no order is seen."""
    everything = [pairs for angle in angles for pairs in angle]
    if not everything:
        return None
    _, logs = _fitted(everything, RANGE)
    log_contrasts = iter(logs[1:])
    told = [[_told(pairs, logs[0], next(log_contrasts)) for pairs in angle] for angle in angles if angle]
    curvature = sum(each for angle in told for _, each in angle)
    slopes = np.concatenate(
        [
            _added_up([pairs.blocks for pairs in angle], [each for each, _ in said])
            for angle, said in zip(filter(None, angles), told, strict=True)
        ]
    )
    scatter = float(np.sum(slopes**2)) * len(slopes) / max(len(slopes) - 1, 1)
    damping = float(np.exp(logs[0]))
    return damping, damping * float(np.sqrt(scatter)) / max(curvature, 1e-6)


def _fitted(everything: Sequence[Pairs], dampings: tuple[float, float]) -> tuple[float, np.ndarray]:
    """Least sum of misfits, with a damping between these, and the logarithms of it and of each contrast."""

    def total(logs: np.ndarray) -> tuple[float, np.ndarray]:
        value, slopes = 0.0, np.zeros(len(logs))
        for number, pairs in enumerate(everything, start=1):
            added, slope, _ = pairs.misfits(logs[0], logs[number])
            value += float(np.sum(added))
            slopes[0] += np.sum(pairs.apart * slope)
            slopes[number] = np.sum(slope)
        return value, slopes

    start = [np.log(DAMPING), *(pairs.log_contrast for pairs in everything)]
    limits = [np.log(dampings), *[np.log(CONTRASTS)] * len(everything)]
    found = minimize(total, start, jac=True, method="L-BFGS-B", bounds=limits)
    return float(found.fun), found.x


def _told(pairs: Pairs, log_damping: float, log_contrast: float) -> tuple[np.ndarray, float]:
    """Slope along log a of what each frequency adds, and the curvature of their sum, the contrast always the best."""
    _, slope, bend = pairs.misfits(log_damping, log_contrast)
    stiff = float(np.sum(bend))
    follows = -float(np.sum(pairs.apart * bend)) / stiff if stiff > 0 else 0.0
    return (pairs.apart + follows) * slope, float(np.sum(pairs.apart * (pairs.apart + follows) * bend))


def _added_up(blocks: Sequence[np.ndarray], slopes: Sequence[np.ndarray]) -> np.ndarray:
    """Slope of each block of frequencies: the orders of an angle have band 0 in common."""
    _, numbers = np.unique(np.concatenate(blocks), return_inverse=True)
    return np.bincount(numbers, np.concatenate(slopes))


def _blocks(inside: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Numbers of the blocks in which frequencies of a spectrum lie, given by their index."""
    rows, columns = ((index + n // 2) % n - n // 2 for index, n in zip(np.divmod(inside, shape[1]), shape, strict=True))
    mirrored = (rows < 0) | ((rows == 0) & (columns < 0))
    sign = np.where(mirrored, -1, 1)
    return (sign * rows) // BLOCK * (2 * shape[1]) + (sign * columns) // BLOCK


def _pairs(bands: Bands, order: Order) -> Pairs:
    ideal = replace(bands.transfer, damping=1.0, spherical_waves=0.0)
    (fy, fx), (ky, kx) = bands.frequencies_per_um, order.k_per_um
    v_zero, v_other = (np.hypot(fy[:, None] + y, fx + x) / ideal.cutoff_per_um for y, x in ((0.0, 0.0), (ky, kx)))
    other = bands.moved(order.order, order.k_per_um)
    common = (other * bands.spectra[0].conj() * np.exp(-1j * order.phase_rad)).real
    beyond = (v_zero > BEYOND) & (v_other > BEYOND)
    shared = float(np.mean(common[beyond])) / bands.noise if np.count_nonzero(beyond) >= FEWEST_FREQUENCIES else 0.0
    passed = [ideal(fy + y, fx + x) for y, x in ((0.0, 0.0), (ky, kx))]
    between = (np.minimum(v_zero, v_other) > LOWEST) & (np.maximum(v_zero, v_other) < HIGHEST)
    inside = np.flatnonzero(between & (np.minimum(*passed) > 0))  # coarse pixels pass less than the lens
    inside = inside[:: max(1, len(inside) // MOST)]
    ideal_zero, ideal_other = (each.ravel()[inside] for each in passed)
    return Pairs(
        np.abs(bands.spectra[0].ravel()[inside]) ** 2,
        np.abs(other.ravel()[inside]) ** 2,
        common.ravel()[inside],
        (v_zero.ravel()[inside], v_other.ravel()[inside]),
        ideal_other / ideal_zero,
        bands.noise,
        float(np.clip(shared, -0.9, 0.9)),
        (bands.power / (bands.power + np.float32(bands.noise) + TINY)).ravel()[inside],
        _blocks(inside, bands.power.shape),
    )
