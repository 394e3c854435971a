"""Whether the noise of frames is still that of a camera: the same at all frequencies."""

from __future__ import annotations

import numpy as np
from scipy import fft

from srredsim.noise.line import QUANTISATION
from srredsim.optics.borders import WIDE_FADE, WORKERS, fading

CORNER, RING = 0.64, (0.515, 0.58)  # cycles/pixel: the finest frequencies, and those just beyond the finest of the axes
ROUNDED = 1.5  # variance of the finest frequencies of whole numbers over that of rounding, up to which it is that alone


def whiteness(frames: np.ndarray) -> float:
    """Power of the finest frequencies over that of coarser noise: 1 for a camera, less after filtering or enlarging.

    Parameters
    ----------
    frames : (..., y, x) ndarray
        Wherever pixels sample the image, there is nothing but noise in the corners of the spectrum.
    """
    frequency, power, _ = _spectrum(frames)
    coarser = power[(frequency > RING[0]) & (frequency < RING[1])]
    return float(power[frequency > CORNER].mean() / max(float(coarser.mean()), 1e-30))


def only_rounding(image: np.ndarray) -> bool:
    """Whether the finest frequencies of an image of whole numbers have only the noise of rounding, which is white."""
    if not np.array_equal(image, np.rint(image)):
        return False
    frequency, power, squares = _spectrum(image)
    return float(power[frequency > CORNER].mean()) < ROUNDED * QUANTISATION * squares


def _spectrum(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Length of the frequency in cycles per pixel, power summed over the frames, and that of noise of variance 1."""
    y, x = frames.shape[-2:]
    frequency = np.hypot(fft.fftfreq(y)[:, None], fft.rfftfreq(x))
    window = fading(y, WIDE_FADE)[:, None] * fading(x, WIDE_FADE)
    frames, power = frames.reshape(-1, y, x), np.zeros(frequency.shape)
    for frame in frames:
        level = frame.mean(dtype=np.float64).astype(np.float32)
        power += np.abs(fft.rfft2((frame - level) * window, workers=WORKERS)) ** 2
    return frequency, power, len(frames) * float(np.sum(window**2))
