r"""The spectrum of the noise of frames, and frames whose noise is white again.

A camera's noise is the same at all frequencies. Where frames were resampled, smoothed or denoised before they were
stored it is not, and what is seen beyond the cut-off of the lens says nothing about the noise inside. But all angles
of a stack show the same object in the mean of their frames, :math:`B_d`, so that

.. math:: N(f) = \tfrac{P}{2} \langle |B_d(f) - B_{d'}(f)|^2 \rangle

over all pairs of angles and the frequencies of a ring, for frames of P phases. What pairs differ in besides noise is
fitted and taken off: gain, a shift, a gradient of the light, and the bands that leak into the mean where phases or the
light of the frames are uneven. On frames of a camera it is right to 10 % in each ring, from 20 to 1000 photons.

A filter shows outside the cut-off, too, where an object that moved while its frames were taken does not: where noise
is white there, and inside there is more of it but less and less towards the cut-off, it is the object, and noise is
white. Nor is it noise where all angles show the same well beyond the cut-off: it is not that of the lens then.

Frames are brought back to white noise by the filter :math:`\sqrt{N(0) / N(f)}`. Resampling and smoothing do the same
to noise and object, and are thereby undone; where the object was treated better than the noise, as denoising means to,
the lens seems sharper than it is, which its damping, measured later, takes up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
from scipy import fft

from srredsim.acquisition import percent
from srredsim.noise.clipped import MANY, WORDS, clipped_pixels
from srredsim.noise.knee import knee_of, zeros_of
from srredsim.optics.borders import WIDE_FADE, WORKERS, extended, fading, margins

SMALLEST_SIDE_PX = 32  # raw pixels of a side
MOST_PHOTONS = 1e5  # that a pixel of a camera can hold
LEAST_POWER = 1e-8  # share of the power at low frequencies that the spectrum goes down to
MIDDLE_PX = 256  # raw pixels of the middle of the frames that is looked at
INSIDE = np.linspace(0.3, 1.0, 8)  # fractions of the cut-off: borders of the rings in which angles are compared
JUST_OUTSIDE = (1.03, 1.25)
FITTED = 0.2  # fraction of the cut-off from which on differences of the angles are fitted
LEVELS = 24  # rings up to the cut-off, in which these count alike
RING = 0.04  # cycles per pixel: width of the rings further outside
HALFWAY = 0.6  # fraction of the cut-off
FEWEST_OF_A_RING = 24  # frequencies of a ring
EFFECTIVE = 0.8  # share of them that are independent, as borders fade
DARK_PERCENT, BRIGHT_PERCENT = 1.0, 99.0  # percentiles of a mean frame that are taken for background and structures
UNFITTED = 0.01  # share of the power of a ring, above which what angles differ in is noise and not what is left of them
COLOURED = 0.25  # logarithm of the ratio to white noise, at which ...
CERTAIN = 4.0  # ... and so many standard deviations, noise is coloured
WHITE_OUTSIDE, SURELY = 0.03, 3.0  # by which rings beyond the cut-off differ, and standard deviations, of white noise
ALIKE = 0.1  # logarithm of a power that is called another
SHARPER = 1.25  # factor by which the object is seen beyond a cut-off that is not that of the lens: not noise
FADED = 0.3  # share of the most that angles differ in beyond noise, that is left of it at the cut-off
STRONGEST = 50.0  # by which a frequency is amplified at most
RISE = 8.0  # times, that noise grows at most towards frequencies where it cannot be seen


@dataclass(frozen=True)
class NoiseSpectrum:
    """Power of the noise at frequencies in cycles per pixel, ascending, over that at the lowest; empty if it is white.

    ``photons`` is how many a bright pixel would have, were the light all that makes noise; ``clipped`` the share of
    pixels that are as bright as can be, where they are many: noise counts as white then, as it cannot be told.
    """

    cutoff_per_pixel: float
    photons: float
    frequencies: tuple[float, ...] = ()
    power: tuple[float, ...] = ()
    clipped: float = 0.0

    @property
    def white(self) -> bool:
        return not self.frequencies

    @property
    def weak(self) -> bool:
        """Weaker than light allows, in what a camera can hold."""
        return self.photons > MOST_PHOTONS and not self.clipped

    def at(self, frequency: np.ndarray) -> np.ndarray:
        if self.white:
            return np.ones(np.shape(frequency))
        return np.exp(np.interp(frequency, self.frequencies, np.log(self.power)))

    @property
    def at_cutoff(self) -> float:
        return float(self.at(np.array(self.cutoff_per_pixel)))

    @property
    def _most_unlike(self) -> tuple[float, float]:
        """A frequency and the power there: at the cut-off, unless it is there as at low frequencies."""
        if abs(np.log(self.at_cutoff)) > ALIKE:
            return self.cutoff_per_pixel, self.at_cutoff
        return max(zip(self.frequencies, self.power, strict=True), key=lambda each: abs(np.log(each[1])))

    @property
    def number(self) -> str:
        """What is wrong with it, for a camera's; empty if nothing is."""
        if not self.white:
            where, power = self._most_unlike
            share = f"{100 * power:.0f} % of" if power < 1 else f"{power:.1f} times"
            relative = where / self.cutoff_per_pixel
            place = "the cut-off" if relative == 1 else f"{relative:.1f} of the cut-off"
            return f"at {place} of the lens it has {share} its power at low frequencies"
        if self.weak:
            return f"it is weaker than that of {MOST_PHOTONS:,.0f} photons in a bright pixel"
        return ""

    @property
    def words(self) -> str:
        """What to say of it, one sentence; empty if it may be a camera's."""
        if self.clipped:
            return f"{percent(self.clipped)} % {WORDS}"
        if not self.number:
            return ""
        if self.white:
            meaning = "a simulation without noise, or means of many frames; how certain the image is cannot be told"
        elif self.at_cutoff > 1:
            meaning = (
                "sharpened or resampled, or pixels coarser than given, onto which finer structures fold; it was made"
                " white again before all else, better give the frames as the camera delivered them"
            )
        else:
            meaning = (
                "resampled, smoothed, denoised or compressed with losses; it was made white again before all else,"
                " better give the frames as the camera delivered them"
            )
        return f"the noise is not a camera's: {self.number}; {meaning}"

    def whitened(self, frames: np.ndarray) -> np.ndarray:
        """Frames (..., y, x) whose noise is white, as strong as it is at low frequencies; float32, their means stay."""
        if self.white:
            return frames
        shape = frames.shape[-2:]
        sides = [margins(n) for n in shape]
        grid = tuple(n + sum(side) for n, side in zip(shape, sides, strict=True))
        gain = 1 / np.sqrt(self.at(np.hypot(fft.fftfreq(grid[0])[:, None], fft.rfftfreq(grid[1]))))
        gain = np.minimum(gain, STRONGEST).astype(np.float32)
        place = tuple(slice(before, before + n) for (before, _), n in zip(sides, shape, strict=True))
        result = np.empty(frames.shape, np.float32)
        for number in np.ndindex(*frames.shape[:-2]):
            frame = frames[number].astype(np.float32)
            mean = frame.mean(dtype=np.float64).astype(np.float32)
            spectrum = fft.rfft2(extended(frame - mean), workers=WORKERS)
            result[number] = fft.irfft2(spectrum * gain, s=grid, workers=WORKERS)[place] + mean
        return result


def noise_spectrum(raw: np.ndarray, cutoff_per_pixel: float) -> NoiseSpectrum | None:
    """Spectrum of the noise of frames (angles, phases, y, x); None where it cannot be told.

    It is white where nothing speaks surely against it, so of many clipped pixels, and of one angle, with which no other
    can be compared.
    """
    angles, phases, y, x = raw.shape
    starts = [max(0, (n - MIDDLE_PX) // 2) for n in (y, x)]
    middle = raw[:, :, starts[0] : starts[0] + MIDDLE_PX, starts[1] : starts[1] + MIDDLE_PX]
    if min(middle.shape[2:]) < SMALLEST_SIDE_PX or not np.isfinite(middle).all():
        return None
    seen = _Seen(_equally_bright(middle), cutoff_per_pixel)
    outside = seen.outside()
    if not outside or not outside[0].power > 0:
        return None
    level = outside[0].power
    clipped = clipped_pixels(raw) / raw.size
    white = NoiseSpectrum(cutoff_per_pixel, seen.photons(level), clipped=clipped if clipped > MANY else 0.0)
    if white.clipped:
        return white
    inside = seen.inside() if angles > 1 and phases > 2 else []
    if len(inside) < 2:
        return white
    groups = [ring for ring in inside if ring.middle < HALFWAY], [ring for ring in inside if ring.middle > HALFWAY]
    if not any(_differs(group, level) for group in (*groups, outside[len(outside) // 2 :])):
        return white
    if _of_the_object(inside, outside) or knee_of(zeros_of(seen.frames)).above(cutoff_per_pixel, SHARPER):
        return white
    table = [(0.0, _towards_zero(inside)), *((ring.middle, ring.power) for ring in (*inside, *outside))]
    middles, power = np.transpose(table)
    power = np.maximum(power / power[0], LEAST_POWER)
    return replace(white, frequencies=tuple((middles * cutoff_per_pixel).tolist()), power=tuple(power.tolist()))


@dataclass(frozen=True)
class Ring:
    """Power of the noise of a frame in a ring, its relative standard deviation, and the middle, over the cut-off."""

    middle: float
    power: float
    error: float


class _Seen:
    """What the spectra of equally bright frames show."""

    def __init__(self, frames: np.ndarray, cutoff_per_pixel: float):
        self.frames, self.cutoff = frames, cutoff_per_pixel
        y, x = frames.shape[2:]
        self.window = np.multiply.outer(fading(y, WIDE_FADE), fading(x, WIDE_FADE))
        self.unit = float(np.sum(self.window**2, dtype=float))  # power of white noise of variance 1
        mean = frames.mean(axis=(0, 1))
        low, high = np.percentile(mean, [DARK_PERCENT, BRIGHT_PERCENT])
        self.bright = float(high - low)
        self.light = max(float(np.sum((mean - low) * self.window**2, dtype=float)) / self.unit, 0.0)
        self.fy, self.fx = np.broadcast_arrays(fft.fftfreq(y)[:, None], fft.fftfreq(x))
        self.relative = np.hypot(self.fy, self.fx) / cutoff_per_pixel
        self.half = (self.fy > 0) | ((self.fy == 0) & (self.fx > 0))
        power = np.zeros((y, x // 2 + 1))
        for frame in frames.reshape(-1, y, x):
            power += np.abs(fft.rfft2((frame - frame.mean()) * self.window, workers=WORKERS)) ** 2
        count = frames.shape[0] * frames.shape[1] * self.unit
        self.power = np.concatenate([power, power[:, 1 : (x + 1) // 2][:, ::-1][_mirrored(y)]], axis=1) / count

    def photons(self, level: float) -> float:
        """Those of a bright pixel, where noise of this power is that of the mean light in the window."""
        return self.bright * self.light / level

    def outside(self) -> list[Ring]:
        """Rings beyond the cut-off, where there is nothing but noise."""
        last = float(np.sqrt(0.5)) / self.cutoff
        borders = np.append(JUST_OUTSIDE, np.arange(JUST_OUTSIDE[1], last, RING / self.cutoff)[1:])
        if borders[-1] < last:
            borders = np.append(borders, last)
        found = []
        for low, high in pairwise(borders):
            values = self.power[(self.relative >= low) & (self.relative < high) & self.half]
            if values.size >= FEWEST_OF_A_RING:
                error = 1 / np.sqrt(EFFECTIVE * values.size * self.frames.shape[0] * self.frames.shape[1])
                found.append(Ring((low + high) / 2, float(values.mean()), float(error)))
        return found

    def inside(self) -> list[Ring]:
        """Rings in which angles differ in little but noise, the lowest first."""
        angles = self.frames.shape[0]
        at = np.flatnonzero((self.relative >= FITTED) & (self.relative < INSIDE[-1]) & self.half)
        bands = [_Angle(each, self, at) for each in self.frames]
        relative, whole = self.relative.ravel()[at], self.power.ravel()[at]
        differences = np.mean(
            [_difference(one, other, relative) for one, other in combinations(bands, 2)], axis=0, dtype=float
        )
        found = []
        for low, high in pairwise(INSIDE):
            ring = (relative >= low) & (relative < high)
            if np.count_nonzero(ring) < FEWEST_OF_A_RING:
                continue
            power = float(differences[ring].mean()) * self.frames.shape[1] / 2 / self.unit
            error = 1 / np.sqrt(EFFECTIVE * np.count_nonzero(ring) * (angles - 1))
            if power > UNFITTED * float(whole[ring].mean()):
                found.append(Ring((low + high) / 2, power, float(error)))
        return found


class _Angle:
    """The bands of an angle, and what a gradient of the light makes of its mean, at some frequencies."""

    def __init__(self, frames: np.ndarray, seen: _Seen, at: np.ndarray):
        phases, y, x = frames.shape
        orders = 2 if phases >= 5 else 1
        mean = frames.mean(axis=0)
        faded = (mean - mean.mean()) * seen.window

        def spectrum(image: np.ndarray) -> np.ndarray:
            return fft.fft2(image, workers=WORKERS)

        def picked(values: np.ndarray) -> np.ndarray:
            return values.ravel()[at]

        self.zero = picked(spectrum(faded))
        gradients = np.linspace(-1, 1, y, dtype=np.float32)[:, None], np.linspace(-1, 1, x, dtype=np.float32)
        slow = [picked(spectrum(faded * gradient)) for gradient in gradients]
        self.common = np.stack([self.zero, *(1j * picked(f) * self.zero for f in (seen.fy, seen.fx)), *slow])
        self.others = []
        for order in range(1, orders + 1):
            waves = np.exp(-2j * np.pi * order * np.arange(phases) / phases).astype(np.complex64) / phases
            band = spectrum(np.tensordot(waves, frames, axes=1) * seen.window)
            self.others += [picked(band), picked(band[_mirrored(y)][:, _mirrored(x)]).conj()]


def _difference(one: _Angle, other: _Angle, relative: np.ndarray) -> np.ndarray:
    """|B - B'|^2 at each frequency, without what the two angles differ in besides noise.

    What both have in common is fitted with the mean of the two, whose noise has nothing to do with that of their
    difference.
    """
    difference = one.zero - other.zero
    known = np.concatenate([(one.common + other.common) / 2, one.others, other.others]).T
    ring = np.minimum(relative * LEVELS, LEVELS - 1).astype(int)
    rest, parts = difference, np.zeros(known.shape[1])
    for _ in range(2):
        count = np.maximum(np.bincount(ring, minlength=LEVELS), 1)
        weight = 1 / np.sqrt(np.bincount(ring, np.abs(rest) ** 2, LEVELS) / count + 1e-30)[ring]
        levelled = known * weight[:, None]
        parts = np.linalg.lstsq(levelled, difference * weight, rcond=None)[0]
        rest = difference - known @ parts
    added = np.sum(np.abs(parts[len(one.common) :]) ** 2) / 2  # noise of the bands that were taken off
    return np.abs(rest) ** 2 / (1 + added)


def _differs(rings: list[Ring], level: float) -> bool:
    """Whether the mean of rings is surely another than a level, and by much."""
    if not rings:
        return False
    weights = np.array([1 / ring.error**2 for ring in rings])
    ratio = float(np.average([ring.power / level for ring in rings], weights=weights))
    return abs(np.log(ratio)) > COLOURED + CERTAIN / np.sqrt(weights.sum())


def _of_the_object(inside: list[Ring], outside: list[Ring]) -> bool:
    """Whether angles differ in the object, as where it moves, and not in noise: that fades towards the cut-off."""
    level, *others = outside
    allowed = [WHITE_OUTSIDE + SURELY * np.hypot(ring.error, level.error) for ring in others]
    off = [abs(ring.power / level.power - 1) for ring in others]
    if not others or any(one > most for one, most in zip(off, allowed, strict=True)):
        return False
    least = [np.exp(-COLOURED) - SURELY * ring.error for ring in inside]
    more = all(ring.power / level.power > one for ring, one in zip(inside, least, strict=True))
    excess = [ring.power - level.power for ring in inside]
    return more and (excess[-1] < FADED * max(excess) or not _differs(inside[-1:], level.power))


def _towards_zero(rings: list[Ring]) -> float:
    """Power at frequency 0, as a Gaussian through the lowest rings has it; no less than in the lowest."""
    lowest = rings[:3]
    squares, logs = np.array([ring.middle**2 for ring in lowest]), np.log([ring.power for ring in lowest])
    slope = np.polyfit(squares, logs, 1)[0] if len(lowest) > 1 else 0.0
    return float(lowest[0].power * np.clip(np.exp(-slope * squares[0]), 1.0, RISE))


def _equally_bright(raw: np.ndarray) -> np.ndarray:
    """Frames above a background of each angle, with the light of their mean."""
    frames = raw.astype(np.float32)
    frames -= np.percentile(frames.mean(axis=1), DARK_PERCENT, axis=(1, 2)).astype(np.float32)[:, None, None, None]
    light = frames.mean(axis=(2, 3), dtype=np.float64)
    return frames / np.maximum(light / max(light.mean(), 1e-30), 1e-3)[:, :, None, None].astype(np.float32)


def _mirrored(n: int) -> np.ndarray:
    """Index of the frequency -f."""
    return -np.arange(n) % n
