"""Frames whose bright places count less: stripes on faint structures beside a very bright one are seen in them.

All frames are multiplied by one weight, 1 where it is dark and less the brighter it is around. As it varies slowly,
that is as if the object had been fainter there: its stripes have the same vectors, phases and contrasts.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from srredsim.stripes.preprocess import Prepared

AROUND_PX = 4.0  # standard deviation of what is around a place


def evened(prepared: Prepared) -> tuple[Prepared, float]:
    """Frames in which the brightest place is hardly brighter than usual, and how much brighter it was.

    Usual is the median of the brighter half of the field.
    """
    mean = np.maximum(prepared.frames.mean(axis=(0, 1)), 0)
    around = ndimage.gaussian_filter(mean, AROUND_PX, mode="reflect")
    usual = float(np.median(around[around >= np.median(around)]))
    weight = 1 / (1 + around / usual) if usual > 0 else np.ones_like(around)
    uneven = float(around.max()) / usual if usual > 0 else np.inf
    return replace(prepared, frames=prepared.frames * weight.astype(np.float32)), uneven
