"""One offset and one gain for a whole raw stack.

The differences between the frames of a stack are the signal: scaling frame by frame would destroy them. Offset and
gain are two percentiles of the widefield image (the mean of all frames), so that they hardly depend on the noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srredsim.errors import InputError, not_finite

LOW_PERCENT, HIGH_PERCENT = 1.0, 99.9
NORMAL_MEDIAN = 0.6745  # median of the modulus of a standard normal variable
NOISE, LARGEST_RANGE = 0.1, 20.0  # standard deviation, and brightness at most, after scaling by the noise


@dataclass(frozen=True)
class Scaling:
    """``(value - offset) / gain``: about 0 in the background, about 1 in the brightest structures.

    With a mean as offset and a standard deviation as gain, a z-score.
    """

    offset: float
    gain: float

    def apply(self, frames: np.ndarray) -> np.ndarray:
        return (np.asarray(frames, np.float32) - np.float32(self.offset)) / np.float32(self.gain)

    def undo(self, image: np.ndarray) -> np.ndarray:
        """The inverse of `apply`."""
        return np.asarray(image, np.float32) * np.float32(self.gain) + np.float32(self.offset)

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
        raise InputError(not_finite(bad))
    low, high = np.percentile(widefield, [LOW_PERCENT, HIGH_PERCENT])
    if not high > low:
        raise InputError(f"the image is constant ({low:g} in nearly all pixels): there is nothing to reconstruct")
    return Scaling(float(low), float(high - low))


def noise_scaling_of(image: np.ndarray) -> Scaling:
    r"""Scaling of an image (y, x, 1) by its noise, whose standard deviation becomes `NOISE`.

    .. math:: \sigma = \mathrm{median} |z_{ij} - z_{i,j+1} - z_{i+1,j} + z_{i+1,j+1}| / (2 \cdot 0.6745)

    which is the deviation of white noise: half of the sum of four pixels of alternating sign has that of one. A network
    then knows how much noise there is, however many captures were averaged. Of an image with hardly any noise, the
    range of brightness decides: it becomes `LARGEST_RANGE` at most.

    Raises
    ------
    InputError
        As `scaling_of`.
    """
    scaling = scaling_of(image)
    plane = np.asarray(image[..., 0], np.float32)
    details = plane[:-1, :-1] - plane[:-1, 1:] - plane[1:, :-1] + plane[1:, 1:]
    noise = float(np.median(np.abs(details))) / (2 * NORMAL_MEDIAN)
    return Scaling(scaling.offset, max(noise / NOISE, scaling.gain / LARGEST_RANGE))


SCALINGS = {"image": scaling_of, "noise": noise_scaling_of}  # for one image by itself
