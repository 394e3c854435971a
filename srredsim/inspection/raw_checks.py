"""Numbers that say whether raw frames are good: contrast of the stripes, light, movement, saturation.

None of them needs to know the optics. What is good and what is not, `srredsim.inspection` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gamma

import numpy as np
from scipy import fft

from srredsim.noise.aligned import shift_between
from srredsim.noise.line import NoiseLine
from srredsim.optics.borders import WIDE_FADE, WORKERS, fading
from srredsim.stripes.preprocess import Prepared

DARK_PERCENT = 1.0  # percentile of the mean frame
OTSU_BINS = 256
UNKNOWN_PERCENT = 1e6  # error of a bleaching of which nothing can be said
NOISE_ERROR = 0.1  # to which the power of the noise is known


# --- contrast of the stripes ------------------------------------------------------------------------------------------


def contrast_to_noise(frames: np.ndarray, noise: NoiseLine, orders: int | None = None) -> np.ndarray:
    r"""Modulation contrast-to-noise ratio (MCNR) at each pixel, mean over the angles.

    .. math:: \mathrm{MCNR} = \sqrt{\tfrac{1}{P} \sum_b |A_b|^2}, \qquad A_b = \sum_p x_p e^{-2 \pi i b p / P}

    of the stabilised frames x, whose noise is 1, for order 1, or 1 and 2 from five phases on. Stripes of amplitude a
    (in standard deviations of the noise) read :math:`a \sqrt{P} / 2`, noise alone `noise_only`.

    Parameters
    ----------
    frames : (angles, phases, y, x) ndarray
        As recorded.
    orders : int, optional
        Of hexagonal patterns 3, as many as directions.

    References
    ----------
    .. [1] G. Ball et al., Sci. Rep. 5, 15915 (2015), SIMcheck; here with the noise of the camera in place of the
           highest phase frequency, which with a single slice is an order of the stripes itself.
    """
    phases = frames.shape[1]
    orders = orders or orders_of(phases)
    total = np.zeros(frames.shape[2:], np.float32)
    for angle in frames:
        stable = noise.stabilised(angle.astype(np.float32))
        means = stable.mean(axis=(1, 2), dtype=np.float64)
        stable = stable * np.divide(means.mean(), means, out=np.ones(phases), where=means > 0)[:, None, None]
        bands = np.tensordot(_waves(phases, orders), stable, axes=1)
        total += np.sqrt(np.sum(np.abs(bands) ** 2, axis=0) / phases).astype(np.float32)
    return total / np.float32(len(frames))


def orders_of(phases: int) -> int:
    """How many orders of stripes so many phases can tell."""
    return 2 if phases >= 5 else 1


def noise_only(phases: int, orders: int | None = None) -> float:
    r"""MCNR where there are no stripes: the mean of a chi distribution, :math:`\Gamma(B + 1/2) / \Gamma(B)`.

    0.886 for one order, 1.329 for two, 1.662 for three.
    """
    orders = orders or orders_of(phases)
    return gamma(orders + 0.5) / gamma(orders)


def _waves(phases: int, orders: int) -> np.ndarray:
    turns = np.outer(np.arange(1, orders + 1), np.arange(phases)) / phases
    return np.exp(-2j * np.pi * turns).astype(np.complex64)


def structures(widefield: np.ndarray) -> np.ndarray:
    """Pixels brighter than Otsu's threshold, which parts them from the rest with the least variance in both."""
    low, high = float(widefield.min()), float(widefield.max())
    if not high - low > 1e-6 * abs(high):
        return np.ones(widefield.shape, bool)
    counts, edges = np.histogram(widefield, OTSU_BINS, (low, high))
    middle = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    light = np.cumsum(counts * middle)
    mean_below, mean_above = light[:-1] / np.maximum(below, 1), (light[-1] - light[:-1]) / np.maximum(above, 1)
    between = below * above * (mean_below - mean_above) ** 2.0
    return widefield > middle[np.argmax(between)]


# --- light ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Light:
    """What the frames (angles, phases) got of it, mean 1, and how it changed."""

    frames: tuple[tuple[float, ...], ...]
    variation_percent: float  # 100 (highest - lowest) / highest
    angles_percent: float  # the same of the angles
    unbleached_percent: float  # the same of the frames, bleaching taken off
    decay_percent: tuple[float, ...]  # lost by each angle, from its first to its last frame; negative where it rose
    bleached_percent: float  # from the first frame of the stack to the last, as the decay within the angles has it
    bleached_error_percent: float  # standard deviation


def light_of(frames: np.ndarray, dark_adu: float, exposures: np.ndarray) -> Light:
    """Mean of each frame above the dark level, and a straight line through those of each angle.

    Angles may be lit unequally, so that bleaching shows within an angle only: one loss a frame is fitted to all.

    Parameters
    ----------
    frames : (angles, phases, y, x) ndarray
    dark_adu : float
        Recorded value without light.
    exposures : (angles, phases) ndarray
        When each frame was taken: its number.
    """
    light = np.maximum(frames.mean(axis=(2, 3), dtype=np.float64) - dark_adu, 1e-12)
    when = exposures - exposures.mean(axis=1, keepdims=True)
    spread = np.sum(when**2, axis=1)
    relative = light / light.mean(axis=1, keepdims=True)
    slopes = np.divide(np.sum(when * relative, axis=1), spread, out=np.zeros(len(light)), where=spread > 0)
    slope = float(np.sum(when * relative) / max(spread.sum(), 1e-12))
    first = 1.0 + slopes * when.min(axis=1)  # value of the line there
    rest = relative - 1.0 - slopes[:, None] * when
    free = light.size - 2 * len(light)
    known = free > 0 and spread.sum() > 0
    error = np.sqrt(np.sum(rest**2) / free / spread.sum()) if known else UNKNOWN_PERCENT
    span = float(np.ptp(exposures))
    kept = float(np.exp(np.clip(slope * span, -20, 20)))
    means = light.mean(axis=1)
    unbleached = light / np.exp(np.clip(slope * (exposures - exposures.min()), -20, 20))
    all_frames, angles, steady = (
        float(100 * (each.max() - each.min()) / each.max()) for each in (light, means, unbleached)
    )
    return Light(
        tuple(tuple(row) for row in (light / light.mean()).tolist()),
        all_frames,
        angles,
        steady,
        tuple((-100 * slopes * np.ptp(exposures, axis=1) / np.maximum(first, 1e-3)).tolist()),
        100 * (1.0 - kept),
        float(min(100 * kept * error * span, UNKNOWN_PERCENT)) if known else UNKNOWN_PERCENT,
    )


def dark_level(frames: np.ndarray, noise: NoiseLine) -> float:
    """Recorded value without light: where the line of the noise ends; else the darkest places of the mean frame.

    The line ends below the camera's offset by what the read noise adds to the variance, two or three electrons.
    """
    darkest = float(np.percentile(frames.mean(axis=(0, 1), dtype=np.float64), DARK_PERCENT))
    if noise.gain_adu > 10 * noise.gain_error_adu:
        return min(-noise.variance_at_zero_adu2 / noise.gain_adu, darkest)
    return darkest


# --- movement ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Movement:
    """How the phase averages of the angles, which should be the same widefield image, differ beyond the noise."""

    shifts_pixels: tuple[tuple[float, float] | None, ...]  # (y, x) of each angle from the first; None: not to be told
    errors_pixels: tuple[float, ...]  # standard deviation along one axis
    differences: tuple[float, ...]  # RMS of each angle from the mean of all, over the RMS of the mean's structures
    difference_by_noise: float  # what an error of `NOISE_ERROR` in the power of the noise would make of no difference

    @property
    def farthest_pixels(self) -> float | None:
        """Largest distance between two angles; None if it cannot be told of any."""
        known = [shift for shift in self.shifts_pixels if shift is not None]
        if len(known) < 2:
            return None
        return max(float(np.hypot(a[0] - b[0], a[1] - b[1])) for a in known for b in known)


def movement(prepared: Prepared, variance: np.ndarray) -> Movement:
    """Compare the phase averages of the angles.

    Parameters
    ----------
    prepared : Prepared
        Frames without background, equally bright.
    variance : (angles,) ndarray
        Of the noise of a pixel of each angle's phase average.
    """
    averages = prepared.frames.mean(axis=1)
    angles, y, x = averages.shape
    window = fading(y, WIDE_FADE)[:, None] * fading(x, WIDE_FADE)
    mean = averages.mean(axis=0)
    level = np.float32(mean.mean(dtype=np.float64))
    spectra = fft.fft2((averages - level) * window, workers=WORKERS)
    passed = float(np.sum(window**2, dtype=np.float64))
    noise = variance * passed
    independent = passed**2 / (window.size * float(np.sum(window**4, dtype=np.float64)))
    shifts, errors = [(0.0, 0.0)], [0.0]
    for angle in range(1, angles):
        shift, error = shift_between(spectra[0], spectra[angle], float(noise[0] + noise[angle]) / 2, independent)
        shifts.append(shift)
        errors.append(error)
    squares = np.mean((averages - mean) ** 2, axis=(1, 2), dtype=np.float64)
    by_chance = variance * (1 - 2 / angles) + variance.sum() / angles**2
    structure = float(np.var(mean, dtype=np.float64)) - float(variance.sum()) / angles**2
    structure = max(structure, 1e-12 * max(float(np.var(mean)), 1e-30))
    differences = np.sqrt(np.maximum(squares - by_chance, 0.0) / structure)
    by_noise = np.sqrt(NOISE_ERROR * by_chance.max() / structure)
    return Movement(tuple(shifts), tuple(errors), tuple(differences.tolist()), float(by_noise))
