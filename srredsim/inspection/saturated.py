"""Saturation, told from all frames of a channel: of the raw stack that has the most of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srredsim.inspection import verdicts
from srredsim.inspection.verdicts import Check
from srredsim.noise.clipped import clipped_pixels


@dataclass(frozen=True)
class Saturated:
    """Pixels of one raw stack that are as bright as can be, and where it is."""

    pixels: int
    of: int
    top: float
    place: str

    @classmethod
    def of_values(cls, values: np.ndarray, place: str) -> Saturated:
        return cls(clipped_pixels(values), values.size, float(values.max()), place)

    @property
    def order(self) -> tuple[float, float]:
        """The more of it, the greater; where there is none, by how bright it is."""
        return self.pixels / max(self.of, 1), self.top

    def check(self) -> Check:
        return verdicts.saturation(self.pixels, max(self.of, 1), self.top, self.place)


NOTHING = Saturated(0, 0, -np.inf, "")
