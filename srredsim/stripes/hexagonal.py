"""Seven frames of a hexagonal pattern: three directions at once, which step by 1, 2 and 3 sevenths of a period."""

from __future__ import annotations

import numpy as np

FRAMES = 7
SAME = 0.2  # power of the third harmonic over that of the strongest: stripes leave noise there
SURE = 1.0  # the same over that of the noise
COARSE, FINE = 0.25, 0.5  # cycles/pixel: what a lens passes, and what is noise only


def hexagonal_steps(phases: int) -> np.ndarray:
    """Phases (directions, phases) of a hexagonal pattern: those of its directions step once, twice, three times as far.

    Which direction is which, and which way its phase runs, does not matter: that with -k runs the other way.
    """
    return np.outer((1, 2, 3), 2 * np.pi * np.arange(phases) / phases)


def hexagonal(frames: np.ndarray) -> bool:
    r"""Whether frames (angles, phases, y, x) are seven of a hexagonal pattern.

    The harmonics :math:`\sum_p D_p e^{-2 \pi i h p / 7}` of stripes have their orders at h = 1 and 2, and noise at 3;
    those of a hexagonal pattern one direction each.
    """
    if frames.shape[:2] != (1, FRAMES):
        return False
    y, x = frames.shape[2:]
    window = np.hanning(y + 2)[1:-1, None] * np.hanning(x + 2)[1:-1]
    waves = np.exp(-2j * np.pi * np.outer((1, 2, 3), np.arange(FRAMES)) / FRAMES)
    power = np.abs(np.fft.fft2(np.tensordot(waves, np.asarray(frames[0], float), axes=1) * window)) ** 2
    frequency = np.hypot(np.fft.fftfreq(y)[:, None], np.fft.fftfreq(x))
    signal = power[:, frequency < COARSE].mean(axis=1) - power[:, frequency > FINE].mean(axis=1)
    noise = power[2, frequency > FINE].mean()
    return bool(np.isfinite(signal).all() and signal[2] > max(SAME * signal.max(), SURE * noise))
