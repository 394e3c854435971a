"""Vectors that are known of another stack, where the frames of this one have their stripes a little beside them.

A microscope that was adjusted in between, or another one of its kind, has stripes turned by a degree. Under the vector
of the other stack they have half of their contrast, still measured, and an image behind the widefield image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from srredsim.stripes.bands import Bands
from srredsim.stripes.parameters import Angle
from srredsim.stripes.search import AROUND, climb, overlaps, refined

FEWER = 0.5  # share of the contrast that stripes had: below, the other sign is tried, and no vector beside believed
BY_CHANCE = 5.0  # times what chance explains: a vector nearby explains so much more in 1 of 6 stacks without stripes
CLEARLY = 0.01  # share of what the known vector explains, by which rounding and the lens differ


def followed(angle: Angle, bands: Bands) -> Angle:
    """The angle with the vector nearby that its bands show, if it is clearly another one.

    Parameters
    ----------
    bands : Bands
        Of its frames, separated with its steps.
    """
    compared = overlaps(bands, angle.k0_per_um, lowest=0.0)
    offset = climb(compared, AROUND)

    def explained(at: np.ndarray) -> float:
        return sum(float(each.explained(*(each.order * at[:, None]))[0, 0]) for each in compared)

    there, here = explained(offset), explained(np.zeros(2))
    if there - here <= max(BY_CHANCE * sum(each.explained_by_chance for each in compared), CLEARLY * here):
        return angle
    return replace(angle, k0_per_um=refined(bands, angle.k0_per_um))


def lost(before: Sequence[Angle], now: Sequence[Angle]) -> bool:
    """Whether most angles have less than half of their contrast left: as of another microscope, or another colour."""
    seen = [(known, here) for known, here in zip(before, now, strict=True) if known.status != "failed"]
    return sum(here.contrast < FEWER * known.contrast for known, here in seen) > len(seen) / 2
