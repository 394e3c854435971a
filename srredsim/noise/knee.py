r"""Where the spectrum of band 0 ends: the cut-off of a lens of which nothing is known, in cycles per pixel.

The angles of a stack show the same object in band 0, each with noise of its own. In a ring of frequencies f, what
differs between them is noise, :math:`N(f)`, white or not, and the power of their mean is

.. math:: E |\bar D_0|^2 = \Phi(f) H^2(f; f_c, a) P^2(f) + N(f) / A

with the OTF of cut-off :math:`f_c` and damping a, the pixel P and the power :math:`\Phi` of an object, whose logarithm
is a parabola in log f, close to a straight line. Powers of spectra have exponential distributions, so that the
logarithm of the likelihood is :math:`-\sum n (\log v + p / v)` over rings of n frequencies of expected power v and mean
power p. Nothing needs to be known of the noise: frames that were resampled have their knee where the signal ends, not
where the resampling does and the noise with it. Beyond that they say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srredsim.errors import InputError
from srredsim.optics.borders import WIDE_FADE, faded_spectrum
from srredsim.optics.otf import otf
from srredsim.optics.sampling import pixel_transfer

RING = 1 / 96  # cycles per pixel
LOWEST = 1.5 * RING  # below, out-of-focus light and uneven illumination
CUTOFFS = np.exp(np.arange(np.log(0.06), np.log(0.6), 0.05))  # cycles per pixel, that are tried
DAMPINGS = (0.2, 0.3, 0.45, 0.6, 0.8, 1.0)  # that are tried
SLOPE, SPREAD_OF_SLOPE, SPREAD_OF_BEND = -3.0, 1.0, 0.5  # of log power of objects along log f
INDEPENDENT = 0.4  # share of the frequencies of a field with fading borders that have values of their own
EXACT = 0.04  # relative: stacks of known cut-off are met with, however much light there is
FAINT = 0.03  # times the noise at lower frequencies
LARGEST_LOGARITHM = 80.0
TINY = 1e-30
CERTAIN = 3.0  # standard deviations
HIGHEST = 0.5  # cycles per pixel: where a lens cuts off that passes more, pixels do not show


@dataclass(frozen=True)
class Knee:
    """The logarithm of a cut-off in cycles per pixel, and its standard deviation."""

    logarithm: float
    deviation: float

    @property
    def per_pixel(self) -> float:
        return float(np.exp(self.logarithm))

    def above(self, cutoff_per_pixel: float, factor: float) -> bool:
        """Whether it surely is above another cut-off, by a factor."""
        return self.per_pixel <= HIGHEST and self._away(cutoff_per_pixel) > self._least(factor)

    def contradicts(self, cutoff_per_pixel: float, factor: float) -> bool:
        """Whether it surely is another cut-off, by a factor either way."""
        return self.per_pixel <= HIGHEST and abs(self._away(cutoff_per_pixel)) > self._least(factor)

    def _away(self, cutoff_per_pixel: float) -> float:
        return self.logarithm - float(np.log(cutoff_per_pixel))

    def _least(self, factor: float) -> float:
        return max(float(np.log(factor)), CERTAIN * self.deviation)


@dataclass(frozen=True)
class Noise:
    """Power of the noise of one band at frequencies in cycles per pixel."""

    frequencies: np.ndarray
    power: np.ndarray

    def __call__(self, frequency: np.ndarray) -> np.ndarray:
        return np.interp(frequency, self.frequencies, self.power)

    @property
    def limit(self) -> float:
        """Frequency from which on there is next to none: resampled frames have copies of lower frequencies there."""
        below = [np.median(self.power[: n + 1]) for n in range(len(self.power))]
        faint = (self.power < FAINT * np.array(below)) & (self.frequencies > LOWEST)
        return float(self.frequencies[np.argmax(faint)]) if faint.any() else np.inf


def zeros_of(frames: np.ndarray) -> np.ndarray:
    """Spectra (angles, y, x) of band 0 of frames (angles, phases, y, x), whose borders fade.

    Raises
    ------
    InputError
        If there is one angle only: what is noise cannot be told from what is not.
    """
    if len(frames) < 2:
        raise InputError("a stack of one angle does not tell what of it is noise")
    images = frames.mean(axis=1, dtype=np.float32)
    images -= images.mean(axis=(1, 2), keepdims=True)  # of which the fading borders would show
    return np.stack([faded_spectrum(each, WIDE_FADE) for each in images])


def noise_of(zeros: np.ndarray) -> Noise:
    """Noise of one band from what differs between the bands 0 (angles, y, x) of all angles."""
    frequencies, _, (power,) = _rings(np.sum(np.abs(zeros - zeros.mean(axis=0)) ** 2, axis=0) / (len(zeros) - 1))
    return Noise(frequencies, power)


def knee_of(zeros: np.ndarray) -> Knee:
    """Where the mean of the bands 0 (angles, y, x) of all angles falls to its noise, over all dampings of the lens."""
    noise = noise_of(zeros)
    frequencies, counts, (power,) = _rings(np.abs(zeros.mean(axis=0)) ** 2)
    inside = (frequencies > LOWEST) & (frequencies < noise.limit)
    frequencies, counts, power = frequencies[inside], INDEPENDENT * counts[inside], power[inside]
    floor = noise(frequencies) / len(zeros)
    passed = np.array([[_passed(frequencies, cutoff, damping) for damping in DAMPINGS] for cutoff in CUTOFFS])
    fitted = ObjectPower(frequencies).fitted(passed, floor, power, counts).max(axis=1)
    weights = np.exp(fitted - fitted.max())
    weights /= weights.sum()
    mean = float(np.sum(weights * np.log(CUTOFFS)))
    deviation = float(np.sqrt(np.sum(weights * (np.log(CUTOFFS) - mean) ** 2)))
    return Knee(mean, float(np.hypot(deviation, EXACT)))


class ObjectPower:
    """Power of an object along the frequencies: its logarithm is a parabola in their logarithm.

    Of one object, or of several at once: with gains (..., frequencies) the powers have the same shape.
    """

    def __init__(self, frequencies: np.ndarray):
        x = np.log(frequencies) - np.mean(np.log(frequencies))
        self._powers = np.stack([np.ones_like(x), x, x * x], axis=1)
        self._usual = np.array([0.0, SLOPE, 0.0])
        self._certain = np.array([0.0, SPREAD_OF_SLOPE**-2, SPREAD_OF_BEND**-2])
        self._fit: np.ndarray | None = None

    def __call__(self) -> np.ndarray:
        return np.exp(np.clip(self._fit @ self._powers.T, -LARGEST_LOGARITHM, LARGEST_LOGARITHM))

    def fitted(
        self,
        gain: np.ndarray,
        noise: np.ndarray | float,
        power: np.ndarray,
        counts: np.ndarray | float,
        rounds: int = 8,
    ) -> np.ndarray:
        """Fit power = object times gain + noise, from the last fit on; the logarithm of its likelihood, one a gain.

        Fisher's scoring; slope and bend are drawn to what objects have.
        """
        if self._fit is None:
            shape = np.exp(self._powers @ self._usual)
            passed = np.maximum(np.sum(counts * shape * gain, axis=-1), TINY)  # 0 of fields of a few pixels
            level = np.sum(counts * np.maximum(power - noise, 0)) / passed
            self._fit = np.broadcast_to(self._usual, (*level.shape, 3)).copy()
            self._fit[..., 0] = np.log(np.maximum(level, np.exp(-LARGEST_LOGARITHM)))
        for _ in range(rounds):
            signal = self() * gain
            expected = signal + noise
            slopes = self._powers.T * (signal / expected)[..., None, :]
            off = self._usual - self._fit
            score = (slopes @ (counts * (power / expected - 1))[..., None])[..., 0] + self._certain * off
            information = (slopes * counts) @ np.swapaxes(slopes, -1, -2) + np.diag(self._certain) + 1e-6 * np.eye(3)
            self._fit = self._fit + np.clip(np.linalg.solve(information, score[..., None])[..., 0], -2, 2)
        expected = self() * gain + noise
        prior = np.sum(self._certain * (self._usual - self._fit) ** 2, axis=-1) / 2
        return -np.sum(counts * (np.log(expected) + power / expected), axis=-1) - prior


def _passed(frequencies: np.ndarray, cutoff: float, damping: float) -> np.ndarray:
    """Power that lens and pixel pass, on average over directions."""
    return (otf(frequencies, cutoff, damping) * pixel_transfer(frequencies)) ** 2


def _rings(*powers: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Mean frequency of rings up to the corner, independent frequencies in them, and mean powers (y, x) there."""
    y, x = powers[0].shape
    radius = np.hypot(np.fft.fftfreq(y)[:, None], np.fft.fftfreq(x)).ravel()
    ring = (radius / RING).astype(int)
    counts = np.bincount(ring)
    there = counts > 0
    frequencies, *means = (np.bincount(ring, each.ravel())[there] / counts[there] for each in (radius, *powers))
    return frequencies, counts[there] / 2, means  # f and -f are one
