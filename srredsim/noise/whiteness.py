"""Whether the noise of frames is still that of a camera: the same at all frequencies."""

from __future__ import annotations

import numpy as np
from scipy import fft

from srredsim.optics.borders import WIDE_FADE, WORKERS, fading

CORNER, RING = 0.64, (0.515, 0.58)  # cycles/pixel: the finest frequencies, and those just beyond the finest of the axes


def whiteness(frames: np.ndarray) -> float:
    """Power of the finest frequencies over that of coarser noise: 1 for a camera, less after filtering or enlarging.

    Parameters
    ----------
    frames : (..., y, x) ndarray
        Wherever pixels sample the image, there is nothing but noise in the corners of the spectrum.
    """
    y, x = frames.shape[-2:]
    frequency = np.hypot(fft.fftfreq(y)[:, None], fft.rfftfreq(x))
    window = fading(y, WIDE_FADE)[:, None] * fading(x, WIDE_FADE)
    power = np.zeros(frequency.shape)
    for frame in frames.reshape(-1, y, x):
        level = frame.mean(dtype=np.float64).astype(np.float32)
        power += np.abs(fft.rfft2((frame - level) * window, workers=WORKERS)) ** 2
    coarser = power[(frequency > RING[0]) & (frequency < RING[1])]
    return float(power[frequency > CORNER].mean() / max(float(coarser.mean()), 1e-30))
