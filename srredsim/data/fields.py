"""Fields of view, each with widefield images at several noise levels and one image of more pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import numpy as np

from srredsim.data.stored import Progress
from srredsim.normalise import Scaling


class Field(Protocol):
    """One field of view in one channel; images are read when they are asked for."""

    @property
    def name(self) -> str:
        """001_0: field of view and channel"""

    @property
    def facts(self) -> Mapping:
        """What else is known, such as the optics."""

    def average(self, level: int) -> np.ndarray:
        """(y, x) float32, in counts of the camera: the mean of as many captures as the noise level says."""

    def sim(self) -> np.ndarray:
        """(scale*y, scale*x) float32, in the units of the SIM image."""


class Fields(Protocol):
    """Fields with the constants that make z-scores of their images.

    Attributes
    ----------
    levels : tuple of int
        Noise levels, by the number of captures that are averaged.
    scale : int
        Pixels of the SIM image per pixel of a widefield image.
    reference : int
        That of them which counts as free of noise.
    widefield, sim : Scaling
        Mean and standard deviation of the averages and of the SIM images, as offset and gain.
    calibrated : bool
        The SIM image is in counts of the widefield image above background.
    made_by : str, optional
        Digest of the simulator and of what it was asked for; None: the fields were measured.
    """

    levels: tuple[int, ...]
    scale: int
    reference: int
    widefield: Scaling
    sim: Scaling
    calibrated: bool
    made_by: str | None

    def identity(self) -> str:
        """As of `srredsim.data.pairs.Pairs`."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Field: ...

    def missing(self, indices: Iterable[int]) -> list[int]:
        """Fields that are not there yet; of files, none."""

    def task(self, missing: int) -> str:
        """What `generate` will do."""

    def generate(self, indices: Iterable[int], progress: Progress | None = None) -> int:
        """Make what is missing; returns how many."""


def noisy(fields: Fields) -> tuple[int, ...]:
    """The noise levels that can be an input of the denoiser: all but the reference."""
    return tuple(level for level in fields.levels if level != fields.reference)
