"""Which way of making the image suits the light: `AUTO` is Richardson-Lucy in dim frames, and Wiener in others.

It is then given few updates, `srredsim.reconstruction.richardson_lucy.ITERATIONS`: of simulated stacks of all kinds
with 10 to 30 photons in a bright pixel, four in five are nearer to the truth after three. As many as predict held-out
light best do more for filaments and dots, and harm to dense textures.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from srredsim.noise.camera import noise_of_frames
from srredsim.optics.transfer import Transfer
from srredsim.stripes.preprocess import Prepared

AUTO, WIENER, RICHARDSON_LUCY, MAP = METHODS = ("auto", "wiener", "richardson-lucy", "map")
DIM = 30.0  # photons of a bright pixel in a frame, below which frames are dim
BRIGHT_PERCENT = 99.9
MOST_PIXELS = 1 << 20  # that tell the gain to less than one in a hundred


def photons_of(prepared: Prepared, transfer: Transfer) -> float:
    """Photons of a bright pixel in the mean frame; infinite where noise does not grow with the light."""
    frames = prepared.frames.reshape(-1, *prepared.frames.shape[2:])
    gain = noise_of_frames(frames[:: max(1, frames.size // MOST_PIXELS)], transfer.cutoff_per_pixel).gain_adu
    bright = float(np.percentile(prepared.frames.mean(axis=(0, 1)), BRIGHT_PERCENT))
    return bright / gain if gain > 0 else np.inf


def by_light(photons: float) -> str:
    """The method that suits so many photons, see `photons_of`."""
    return RICHARDSON_LUCY if photons < DIM else WIENER


def possible(method: str) -> tuple[str, ...]:
    """What the images of a stack may be made with, and its result be called, see `called`."""
    return (WIENER, RICHARDSON_LUCY, AUTO) if method == AUTO else (method,)


def called(ways: Iterable[str]) -> str:
    """Name of a result whose channels were made so: that of the one method; `AUTO` of several."""
    different = set(ways)
    return different.pop() if len(different) == 1 else AUTO
