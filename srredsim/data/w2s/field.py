"""What W2S is made of: fields, each with averages of widefield captures and the SIM image of twice the pixels.

References
----------
.. [1] R. Zhou, M. El Helou, D. Sage, T. Laroche, A. Seitz, S. Suesstrunk, ECCV Workshops 2020 (arXiv 2003.05961).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

CAPTURES = {  # 0-based numbers of the captures that each noise level averages
    1: range(249, 250),
    2: range(2),
    4: range(4),
    8: range(8),
    16: range(16),
    400: range(400),
}
LEVELS = tuple(CAPTURES)
NOISY_LEVELS = LEVELS[:-1]
REFERENCE = 400  # the average that counts as free of noise


@dataclass(frozen=True)
class Zscore:
    """``(value - mean) / std`` with one mean and one standard deviation for a whole data set."""

    mean: float
    std: float

    def apply(self, image: np.ndarray) -> np.ndarray:
        return (np.asarray(image, np.float32) - np.float32(self.mean)) / np.float32(self.std)

    def undo(self, image: np.ndarray) -> np.ndarray:
        return np.asarray(image, np.float32) * np.float32(self.std) + np.float32(self.mean)


WIDEFIELD = Zscore(154.535390853, 66.02846351802853)  # published: counts of all captures, train and test


class Field(Protocol):
    """One field of view in one channel; images are read when they are asked for."""

    name: str  # 001_0: field of view and channel
    facts: Mapping  # what else is known, such as the optics

    def average(self, level: int) -> np.ndarray:
        """(y, x) float32, in counts of the camera: the mean of as many captures as the noise level says."""

    def sim(self) -> np.ndarray:
        """(2y, 2x) float32, in the units of the SIM image."""


class Fields(Protocol):
    """Fields with the constants that make z-scores of their images."""

    widefield: Zscore
    sim: Zscore
    calibrated: bool  # the SIM image is in counts of the widefield image above background

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Field: ...
