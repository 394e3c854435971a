"""Raw frames made ready: background off, all equally bright, and borders that a Fourier transform can bear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from srredsim.errors import InputError

BACKGROUND_PERCENT = 1.0  # of the mean frame of an angle
FADE = 10  # raw pixels over which the border fades to nothing inside the frame
WIDE_FADE = 24  # the same where stripes are looked for: what a border leaves looks like stripes along an axis
MARGIN = 16  # raw pixels beyond the border over which the mirrored image fades, where images are made
WORKERS = 2  # threads of a Fourier transform


@dataclass(frozen=True)
class Prepared:
    """Frames (angles, phases, y, x) float32, background 0, equally bright; and what was done to them."""

    frames: np.ndarray
    backgrounds: tuple[float, ...]  # one an angle, subtracted
    intensities: tuple[tuple[float, ...], ...]  # one a frame, mean 1, divided by


def prepare(raw: np.ndarray) -> Prepared:
    """Subtract a background from each angle, then divide each frame by its share of the light.

    The mean of a frame hardly depends on the phase of the pattern, so that frames of unequal mean were lit unequally
    or have bleached. Each angle has a background of its own: angles may have been stored with different offsets.

    Raises
    ------
    InputError
        If a value is not finite or a frame is no brighter than the background.
    """
    frames = np.array(raw, np.float32)
    means = frames.mean(axis=1, dtype=np.float32)
    if not np.all(np.isfinite(means)):
        bad = frames.size - int(np.count_nonzero(np.isfinite(frames)))
        raise InputError(f"{bad} pixels are NaN or infinite; every pixel must be finite: mask or replace them first")
    backgrounds = np.percentile(means, BACKGROUND_PERCENT, axis=(1, 2)).astype(np.float32)
    frames -= backgrounds[:, None, None, None]
    light = frames.mean(axis=(2, 3), dtype=np.float64)
    if not np.all(light > 0):
        raise InputError("a frame is constant or darker than the background: there is nothing to reconstruct")
    intensities = light / light.mean()
    frames /= intensities[:, :, None, None].astype(np.float32)
    return Prepared(frames, tuple(backgrounds.tolist()), tuple(tuple(row) for row in intensities.tolist()))


def fading(pixels: int, over: int) -> np.ndarray:
    """A window that rises as sin^2 over the first pixels and falls over the last; never quite 0."""
    over = min(over, pixels // 4)
    rise = np.sin(np.pi / 2 * (np.arange(over) + 0.5) / max(over, 1)) ** 2
    return np.concatenate([rise, np.ones(pixels - 2 * over), rise[::-1]]).astype(np.float32)


def faded_spectrum(band: np.ndarray, fade: int = FADE) -> np.ndarray:
    """Spectrum of a band whose border fades to nothing, on a grid of a fast length at its end."""
    y, x = band.shape
    window = fading(y, fade)[:, None] * fading(x, fade)
    shape = (fft.next_fast_len(y), fft.next_fast_len(x))
    return fft.fft2(band * window, s=shape, workers=WORKERS).astype(np.complex64, copy=False)


def margins(pixels: int) -> tuple[int, int]:
    """Raw pixels added before and after an axis, so that its length is a fast one."""
    before = min(MARGIN, pixels)
    return before, min(fft.next_fast_len(pixels + 2 * before) - pixels - before, pixels)


def extended(band: np.ndarray) -> np.ndarray:
    """The band with its mirror image around it, which fades to nothing."""
    sides = [margins(n) for n in band.shape]
    padded = np.pad(band, sides, mode="symmetric")
    for axis, (before, after) in enumerate(sides):
        window = np.ones(padded.shape[axis], np.float32)
        window[:before] = np.sin(np.pi / 2 * (np.arange(before) + 0.5) / before) ** 2
        window[-after:] = np.cos(np.pi / 2 * (np.arange(after) + 0.5) / after) ** 2
        padded *= window[:, None] if axis == 0 else window
    return padded
