"""Borders that a Fourier transform can bear: images fade to nothing at them, or go on as their mirror image.

A mirror image of stripes is that of others, which run another way. So the coarse structures that a modulated band shows
get darker towards a border, which is seen where band 0, that shows them, too, is taken away (`continued`). What is as
fine as the stripes is better mirrored as it is (`extended`): the lens would not pass what `continued` makes of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import fft

from srredsim.arrays import WORKERS, Array, namespace

FADE = 10  # raw pixels over which the border fades to nothing inside the frame
WIDE_FADE = 24  # the same where stripes are looked for: what a border leaves looks like stripes along an axis
MARGIN = 16  # raw pixels beyond the border over which the mirrored image fades, where images are made


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


def extended(band: Array, sides: Sequence[tuple[int, int]] | None = None) -> Array:
    """The band with its mirror image around it, which fades to nothing; left out, as far as `margins` has it."""
    sides = sides or [margins(n) for n in band.shape]
    xp = namespace(band)
    padded = xp.pad(band, sides, mode="symmetric")
    for axis, (before, after) in enumerate(sides):
        window = np.ones(padded.shape[axis], np.float32)
        window[:before] = np.sin(np.pi / 2 * (np.arange(before) + 0.5) / before) ** 2
        window[-after:] = np.cos(np.pi / 2 * (np.arange(after) + 0.5) / after) ** 2
        padded *= xp.asarray(window[:, None] if axis == 0 else window)
    return padded


def continued(band: Array, carrier: Sequence[np.ndarray]) -> Array:
    """A band with its surroundings, where the object is mirrored and the stripes that carry it go on.

    Parameters
    ----------
    band : (y, x) complex array
        The object times the stripes of an order.
    carrier : sequence of ndarray
        What the stripes are divided out with along y and along x, see `carrier_of`.
    """
    xp = namespace(band)
    down, across = (xp.asarray(wave) for wave in carrier)
    inside = [slice(margins(n)[0], margins(n)[0] + n) for n in band.shape]
    around = extended(band * down[inside[0]][:, None] * across[inside[1]])
    around *= down.conj()[:, None]
    around *= across.conj()
    return around


def carrier_of(shape: tuple[int, int], k_per_um: tuple[float, float], pixel_size_um: float) -> list[np.ndarray]:
    """Waves along y and along x, on the pixels of a band and of its margins, that take stripes away."""
    waves = []
    for n, k in zip(shape, k_per_um, strict=True):
        before, after = margins(n)
        waves.append(np.exp(-2j * np.pi * k * pixel_size_um * np.arange(-before, n + after)).astype(np.complex64))
    return waves
