"""Where patches are cut from to train on: anywhere, or rather where there is something to see.

The samplers look at LR enlarged to the pixels of HR, in grey levels. Its region of interest is where it has a threshold
of grey levels or more. The centre of the crop is drawn with a probability proportional to a weight at every pixel:

``roi``
    exp(5) + 1 inside the region, 2 outside.
``edt``
    D + 1, where D is the distance to the nearest pixel outside; 0 if there is none.
``edt*roi``
    The product of exp(D) + 1 and of that of ``roi``.

``uniform`` draws the corner of the crop, every place alike. A place is a function of the random generator alone: of
seed and step, whoever asks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from srredsim import schema
from srredsim.errors import InputError
from srredsim.reconstruction.bicubic import enlarged_8bit

KINDS = ("uniform", "roi", "edt", "edt*roi")
OTSU = "otsu"  # a threshold of each image's own
LEVELS = 256


@dataclass(frozen=True)
class Sampler:
    """Draws the corners of crops.

    Parameters
    ----------
    kind : {"uniform", "roi", "edt", "edt*roi"}
    threshold : float or "otsu"
        Grey levels from which a pixel is of the region of interest.
    snap : bool
        HR and LR crops show the same field: corners are moved up and to the left to a multiple of the scale. Published
        code does not (reference, ``False``): its HR crop lies up to scale - 1 pixels beside its LR crop.
    """

    kind: str = "uniform"
    threshold: float | str = 4.0
    snap: bool = True

    def __post_init__(self):
        schema.choice("data.sampler", self.kind, KINDS)
        levels = self.threshold == OTSU or (not isinstance(self.threshold, str) and 0 <= self.threshold < LEVELS)
        if not levels:
            raise InputError(f"data.threshold is a number of grey levels, 0 to 255, or {OTSU}; got {self.threshold!r}")

    def corner(self, low: np.ndarray, scale: int, side: int, rng: np.random.Generator) -> tuple[int, int]:
        """Row and column in HR of a crop of ``side`` HR pixels, for LR (y, x) in grey levels."""
        height, width = (scale * n for n in low.shape)
        if self.kind == "uniform":
            corner = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        else:
            corner = _drawn(self.weights(enlarged_8bit(low, scale), side), rng)
        return (corner[0] - corner[0] % scale, corner[1] - corner[1] % scale) if self.snap else corner

    def weights(self, image: np.ndarray, side: int) -> np.ndarray:
        """Weight of each corner of a crop of ``side`` pixels, (y - side, x - side); one at least."""
        region = image >= (otsu(image) if self.threshold == OTSU else self.threshold)
        roi = _normalised(np.where(region, np.exp(5.0), 1.0) + 1, side)
        if self.kind == "roi":
            return roi
        distance = np.zeros(region.shape) if region.all() else ndimage.distance_transform_edt(region)
        if self.kind == "edt":
            return _normalised(distance + 1, side)
        weights = roi * _normalised(np.exp(distance - distance.max()) + np.exp(-distance.max()), side)
        return weights / weights.sum()


def _normalised(weights: np.ndarray, side: int) -> np.ndarray:
    """Those of the centres of crops inside the image, of sum 1; the centre is the pixel after the middle."""
    before = side // 2
    rows, columns = (max(n - side, 1) for n in weights.shape)
    inside = weights[before : before + rows, before : before + columns]
    return inside / inside.sum()


def _drawn(weights: np.ndarray, rng: np.random.Generator) -> tuple[int, int]:
    """A place with a probability proportional to its weight."""
    upto = np.cumsum(weights)
    place = int(np.searchsorted(upto, rng.random() * upto[-1], side="right"))
    row, column = divmod(min(place, upto.size - 1), weights.shape[1])
    return row, column


def otsu(image: np.ndarray) -> float:
    """The grey level that parts an 8-bit image into two classes of the least variance (Otsu, 1979)."""
    counts = np.bincount(np.asarray(image, np.uint8).ravel(), minlength=LEVELS)
    sums = counts * np.arange(LEVELS)
    below, above = np.cumsum(counts)[:-1], np.cumsum(counts[::-1])[-2::-1]
    mean_below = np.cumsum(sums)[:-1] / np.maximum(below, 1)
    mean_above = np.cumsum(sums[::-1])[-2::-1] / np.maximum(above, 1)
    return float(np.argmax(below * above * (mean_below - mean_above) ** 2))
