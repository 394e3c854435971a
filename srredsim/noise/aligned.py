"""Angles that are brought to the same place, where the sample has moved between them.

The means of the frames of each angle show the same widefield image, where it was then. Stripes move with the frames,
and are measured where they have come to lie.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import fft

from srredsim.noise.camera import FINEST
from srredsim.optics.borders import WIDE_FADE, WORKERS, extended, fading, margins

MIDDLE_PX, SMALLEST_PX = 256, 32  # raw pixels of the middle of the frames that is looked at, and the least
OUTSIDE = 1.03  # times the cut-off: from there on there is nothing but noise
NEWTON, FARTHEST_STEP, EXACT = 8, 0.5, 1e-4  # steps at most; pixels
MOVED_PX, CERTAIN = 0.3, 4.0  # by which angles lie apart that are brought together, and standard deviations more
COARSEST = 0.02  # cycles/pixel: what is coarser tells no movement
RINGS = 32  # up to the finest
FARTHEST = 32  # pixels that a field is looked for to have moved by at most
BEST_SNR = 100.0  # what frames differ in besides noise: no frequency is believed more than this
BLOCK_PX = 32  # side of the blocks that are asked whether they have moved
SURE = 7.0  # standard deviations of the peak above chance


@dataclass(frozen=True)
class Places:
    """Where (y, x) each angle of a raw stack lies, in pixels from the middle of them all."""

    pixels: np.ndarray
    most: bool = True  # of what is seen lies there; else a bright part of it, which has moved by itself

    @property
    def farthest_pixels(self) -> float:
        """Largest distance between two angles."""
        return float(np.max(np.hypot(*(self.pixels[:, None] - self.pixels).T)))

    @property
    def words(self) -> str:
        if not self.most:
            return (
                f"something bright moved by up to {self.farthest_pixels:.1f} pixels from angle to angle, and the rest"
                " of the field did not: what is seen at that place, and around it, is not to be believed"
            )
        return (
            f"angles lay up to {self.farthest_pixels:.1f} pixels apart: the sample moved between them; they were"
            " brought together before all else"
        )

    def aligned(self, frames: np.ndarray) -> np.ndarray:
        """Frames (angles, phases, y, x) in the middle; float32, their noise and their means stay.

        The frames themselves, if most of what they show has not moved.
        """
        return self._aligned(frames) if self.most else frames

    def _aligned(self, frames: np.ndarray) -> np.ndarray:
        shape = frames.shape[-2:]
        sides = [margins(n) for n in shape]
        grid = tuple(n + sum(side) for n, side in zip(shape, sides, strict=True))
        fy, fx = fft.fftfreq(grid[0])[:, None], fft.rfftfreq(grid[1])
        inside = tuple(slice(before, before + n) for (before, _), n in zip(sides, shape, strict=True))
        result = np.empty(frames.shape, np.float32)
        for place in np.ndindex(*frames.shape[:-2]):
            y, x = self.pixels[place[0]]
            frame = frames[place].astype(np.float32)
            mean = frame.mean(dtype=np.float64).astype(np.float32)
            spectrum = fft.rfft2(extended(frame - mean), workers=WORKERS)
            spectrum *= np.exp(2j * np.pi * (fy * y + fx * x)).astype(np.complex64)
            result[place] = fft.irfft2(spectrum, s=grid, workers=WORKERS)[inside] + mean
        return result


def aligned(raw: np.ndarray, cutoff_per_pixel: float) -> np.ndarray:
    """Frames (angles, phases, y, x) whose angles lie at the same place; themselves, where they do."""
    places = places_of(raw, cutoff_per_pixel)
    return raw if places is None else places.aligned(raw)


def places_of(raw: np.ndarray, cutoff_per_pixel: float) -> Places | None:
    """None where it is not sure that angles (angles, phases, y, x) lie apart."""
    starts = [max(0, (n - MIDDLE_PX) // 2) for n in raw.shape[2:]]
    field = raw[:, :, starts[0] : starts[0] + MIDDLE_PX, starts[1] : starts[1] + MIDDLE_PX]
    y, x = field.shape[2:]
    averages = field.mean(axis=1, dtype=np.float32)
    if len(averages) < 2 or min(y, x) < SMALLEST_PX or not np.isfinite(averages).all():
        return None
    averages -= averages.mean(axis=(1, 2), keepdims=True)
    light = np.sqrt(np.mean(averages**2, axis=(1, 2), keepdims=True))
    if not light.min() > 0:
        return None
    window = fading(y, WIDE_FADE)[:, None] * fading(x, WIDE_FADE)
    spectra = fft.fft2(averages / light * window, workers=WORKERS)
    outside = np.hypot(fft.fftfreq(y)[:, None], fft.fftfreq(x)) > OUTSIDE * cutoff_per_pixel
    if not outside.any():
        return None
    noise = np.mean(np.abs(spectra[:, outside]) ** 2, axis=1, dtype=float)
    passed = float(np.sum(window**2, dtype=float))
    independent = passed**2 / (window.size * float(np.sum(window**4, dtype=float)))
    places, error = [(0.0, 0.0)], 0.0
    for other, its_noise in zip(spectra[1:], noise[1:], strict=True):
        shift, here = shift_between(spectra[0], other, float(noise[0] + its_noise) / 2, independent)
        if shift is None:
            return None
        places.append(shift)
        error = max(error, here)
    found = Places(np.array(places) - np.mean(places, axis=0))
    if not found.farthest_pixels - CERTAIN * error > MOVED_PX:
        return None
    return replace(found, most=_most_moved(averages / light, found, float(noise.mean()) / passed))


def _most_moved(averages: np.ndarray, places: Places, noise: float) -> bool:
    """Whether most of the field (angles, y, x) is more alike when it is brought together.

    Blocks count as far as they show more than noise, whose variance is ``noise`` in a pixel: what is the camera's own
    stays where it is, and is all that there is where a field is empty.

    A bright object that moves by itself shines through the power of the whole field, but not through blocks that all
    count the same.
    """
    apart, together = (
        _block_sums(np.var(each, axis=0)) for each in (averages, places.aligned(averages[:, None])[:, 0])
    )
    mean = averages.mean(axis=0)
    pixels = _block_sums(np.ones_like(mean))
    shown = _block_sums(mean**2) / pixels - (_block_sums(mean) / pixels) ** 2
    weights = np.clip(shown / max(noise, 1e-30) - 1, 0, 1)
    weights = weights if weights.any() else np.ones_like(weights)
    return bool(np.sum(weights * (apart - together) / (apart + together)) > 0)


def _block_sums(image: np.ndarray) -> np.ndarray:
    """Sums over the blocks (rows, columns) that fit into an image."""
    rows, columns = (max(1, n // BLOCK_PX) for n in image.shape)
    side = tuple(min(BLOCK_PX, n) for n in image.shape)
    part = image[: rows * side[0], : columns * side[1]]
    return part.reshape(rows, side[0], columns, side[1]).sum(axis=(1, 3))


def shift_between(
    first: np.ndarray, second: np.ndarray, noise: float, independent: float
) -> tuple[tuple[float, float] | None, float]:
    r"""Shift (y, x) in pixels of the second spectrum's image from the first's, and its standard deviation.

    Phase correlation in which each frequency counts by the coherence :math:`\gamma` that the noise leaves to those of
    its length, :math:`\gamma^2 / (1 - \gamma^2)`, the inverse variance of its phase: the likeliest shift.

    Parameters
    ----------
    noise : float
        Power of the noise at each frequency, mean of both.
    independent : float
        Share of the frequencies that are, under the window.

    References
    ----------
    .. [1] C. H. Knapp, G. C. Carter, IEEE Trans. ASSP 24, 320 (1976).
    """
    shape = first.shape
    fy, fx = fft.fftfreq(shape[0])[:, None], fft.fftfreq(shape[1])
    frequency = np.hypot(fy, fx)
    ring = np.minimum(frequency / FINEST * RINGS, RINGS).astype(int)
    power = (np.abs(first) ** 2 + np.abs(second) ** 2) / 2
    mean = np.bincount(ring.ravel(), power.ravel()) / np.maximum(np.bincount(ring.ravel()), 1)
    snr = np.clip(mean / max(noise, 1e-30) - 1.0, 0.0, BEST_SNR)[ring] * ((frequency > COARSEST) & (frequency < FINEST))
    weighted = second * first.conj() * (snr / (1.0 + 2.0 * snr)).astype(np.float32)
    peak = fft.ifft2(weighted, workers=WORKERS).real * weighted.size
    reach = [np.arange(-min(FARTHEST, n // 4), min(FARTHEST, n // 4) + 1) for n in shape]
    near = peak[np.ix_(*reach)]
    chance = float(np.sqrt(np.sum(np.square(np.abs(weighted), dtype=np.float64))))
    if not near.max() > SURE * chance:
        return None, np.inf
    i, j = np.unravel_index(np.argmax(near), near.shape)
    shift = _climbed(weighted, np.array([reach[0][i], reach[1][j]], float))
    information = min(float(np.sum((2 * np.pi * f) ** 2 * snr**2 / (1.0 + 2.0 * snr))) for f in (fy, fx))
    return tuple(shift.tolist()), float(1.0 / np.sqrt(max(independent * information, 1e-12)))


def _climbed(weighted: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Top of the peak of a correlation, between the pixels, by Newton's steps from the highest pixel.

    Frequencies f and -f say the same, and beyond `FINEST` there are none.
    """
    (rows, fy), (columns, fx) = (_within(n) for n in weighted.shape)
    half = weighted[np.ix_(rows[fy >= 0], columns)].astype(complex)
    fy = fy[fy >= 0]
    half[fy == 0] /= 2
    ky, kx = 2j * np.pi * fy, 2j * np.pi * fx
    for _ in range(NEWTON):
        down, across = np.exp(ky * shift[0]), np.exp(kx * shift[1])
        right = half @ np.stack([across, kx * across, kx**2 * across], axis=1)
        (_, x, xx), (y, xy, _), (yy, _, _) = (np.stack([down, ky * down, ky**2 * down]) @ right).real
        step = np.linalg.solve([[yy, xy], [xy, xx]], [-y, -x]) if yy * xx > xy**2 and yy < 0 else np.zeros(2)
        shift = shift + np.clip(step, -FARTHEST_STEP, FARTHEST_STEP)
        if np.abs(step).max() < EXACT:
            break
    return shift


def _within(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the frequencies along an axis that are not beyond `FINEST`, and these."""
    f = fft.fftfreq(n)
    rows = np.flatnonzero(np.abs(f) < FINEST)
    return rows, f[rows]
