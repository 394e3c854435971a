"""One offset and one gain for a whole raw stack.

The differences between the frames of a stack are the signal: scaling frame by frame would destroy them. Offset and
gain are two percentiles of the widefield image (the mean of all frames), so that they hardly depend on the noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srredsim.errors import InputError

LOW_PERCENT, HIGH_PERCENT = 1.0, 99.9


@dataclass(frozen=True)
class Scaling:
    """``(value - offset) / gain``: about 0 in the background, about 1 in the brightest structures."""

    offset: float
    gain: float

    def apply(self, frames: np.ndarray) -> np.ndarray:
        return (np.asarray(frames, np.float32) - np.float32(self.offset)) / np.float32(self.gain)

    def undo_gain(self, image: np.ndarray) -> np.ndarray:
        """A network's image in the units of the raw frames, above background."""
        return np.asarray(image, np.float32) * np.float32(self.gain)


def scaling_of(frames: np.ndarray) -> Scaling:
    """Scaling of frames (y, x, frames).

    Raises
    ------
    InputError
        If a value is not finite, or if the widefield image is constant.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        widefield = np.mean(frames, axis=-1, dtype=np.float32)
    if not np.all(np.isfinite(widefield)):
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, too
            bad = np.size(frames) - int(np.count_nonzero(np.isfinite(np.asarray(frames, np.float32))))
        raise InputError(f"{bad} pixels are NaN or infinite; every pixel must be finite: mask or replace them first")
    low, high = np.percentile(widefield, [LOW_PERCENT, HIGH_PERCENT])
    if not high > low:
        raise InputError(f"the image is constant ({low:g} in nearly all pixels): there is nothing to reconstruct")
    return Scaling(float(low), float(high - low))
