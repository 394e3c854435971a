"""Seven frames of a hexagonal pattern: three directions at once, which step by 1, 2 and 3 sevenths of a period."""

from __future__ import annotations

import numpy as np

from srredsim.optics.illumination import HEXAGONAL_FRAMES, HEXAGONAL_STEPS

SAME = 0.2  # power of the third harmonic over that of the strongest: stripes leave noise there
SURE = 1.0  # the same over that of the noise
COARSE, FINE = 0.25, 0.5  # cycles/pixel: what a lens passes, and what is noise only


def hexagonal_steps(phases: int) -> np.ndarray:
    """Phases (directions, phases) of a hexagonal pattern: those of its directions step once, twice, three times as far.

    Which direction is which, and which way its phase runs, does not matter: that with -k runs the other way.
    """
    return np.outer(HEXAGONAL_STEPS, 2 * np.pi * np.arange(phases) / phases)


def may_be_hexagonal(frames: np.ndarray) -> bool:
    """Whether there are as many frames (groups, phases, y, x) as a hexagonal pattern has."""
    return frames.shape[:2] == (1, HEXAGONAL_FRAMES)


def hexagonal(frames: np.ndarray) -> bool:
    r"""Whether frames (groups, phases, y, x) are surely seven of a hexagonal pattern.

    The harmonics :math:`\sum_p D_p e^{-2 \pi i h p / 7}` of stripes have their orders at h = 1 and 2, and noise at 3;
    those of a hexagonal pattern one direction each.
    """
    if not may_be_hexagonal(frames):
        return False
    y, x = frames.shape[2:]
    window = np.hanning(y + 2)[1:-1, None] * np.hanning(x + 2)[1:-1]
    waves = np.exp(-1j * hexagonal_steps(HEXAGONAL_FRAMES))
    power = np.abs(np.fft.fft2(np.tensordot(waves, np.asarray(frames[0], float), axes=1) * window)) ** 2
    frequency = np.hypot(np.fft.fftfreq(y)[:, None], np.fft.fftfreq(x))
    signal = power[:, frequency < COARSE].mean(axis=1) - power[:, frequency > FINE].mean(axis=1)
    noise = power[2, frequency > FINE].mean()
    return bool(np.isfinite(signal).all() and signal[2] > max(SAME * signal.max(), SURE * noise))
