"""LR computed from HR instead of scanned: reduced, with noise where there is something, as the SR-CACO-2 code can.

What a network learns from it is not what a microscope does with few pixels: this has the light of nine scans.
"""

from __future__ import annotations

import numpy as np

from srredsim.reconstruction.bicubic import enlarged

WHITE = 255
LEAST = 7.0  # grey levels: below, no noise is added


def reduced(high: np.ndarray, scale: int, seed: int, sigma: float = 6.0) -> np.ndarray:
    """HR (y, x) uint8 in 1/scale of the pixels a side, uint8.

    Bicubic as PyTorch has it, without smoothing (`enlarged`); noise of ``sigma`` grey levels where there are `LEAST`
    at least, another for each ``seed``. Both times what is beyond 0 ... 255 is cut off, and fractions of levels.
    """
    levels = np.trunc(np.clip(enlarged(high, 1 / scale).astype(np.float32), 0, WHITE))
    noisy = np.clip(np.random.default_rng(seed).normal(levels, sigma), 0, WHITE)
    return np.where(levels >= LEAST, noisy, levels).astype(np.uint8)
