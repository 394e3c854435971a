"""Frames whose bright places count less: stripes on faint structures beside a very bright one are seen in them.

All frames are multiplied by one weight, 1 where it is dark and less the brighter it is around. As it varies slowly,
that is as if the object had been fainter there: its stripes have the same vectors, phases and contrasts.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from srredsim.optics.sampling import bin_pixels
from srredsim.stripes.preprocess import Prepared

AROUND_PX = 4.0  # standard deviation of what is around a place
BINNED = 4  # pixels a side, for a first look


def unevenness(frames: np.ndarray) -> float:
    """How many times as bright as usual the brightest place of frames (angles, phases, y, x) is, roughly.

    Usual is the median of the brighter half of the field.
    """
    y, x = (n // BINNED * BINNED for n in frames.shape[2:])
    mean = bin_pixels(np.maximum(frames.mean(axis=(0, 1))[:y, :x], 0), BINNED)
    around, usual = _around(mean, AROUND_PX / BINNED)
    return float(around.max()) / usual if usual > 0 else np.inf


def evened(prepared: Prepared) -> Prepared:
    """Frames in which the brightest place is hardly brighter than usual."""
    around, usual = _around(np.maximum(prepared.frames.mean(axis=(0, 1)), 0), AROUND_PX)
    weight = 1 / (1 + around / usual) if usual > 0 else np.ones_like(around)
    return replace(prepared, frames=prepared.frames * weight.astype(np.float32))


def _around(mean: np.ndarray, deviation_px: float) -> tuple[np.ndarray, float]:
    around = ndimage.gaussian_filter(mean, deviation_px, mode="reflect")
    return around, float(np.median(around[around >= np.median(around)]))
