"""A file as it lies on the disk: planes in the file's order, the names of its axes, what it says of the optics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np

from srredsim.acquisition import Optics
from srredsim.errors import InputError

UNKNOWN = Optics()


@dataclass(frozen=True)
class BarePlanes:
    """Planes that lie one after the other in a file, as they are in memory: ``planes(number)`` reads one of them.

    Reading, other than mapping, leaves no file open and no page of it in the process's memory.
    """

    path: Path
    dtype: np.dtype
    offset: int
    size: tuple[int, int]

    def __call__(self, number: int) -> np.ndarray:
        pixels = self.size[0] * self.size[1]
        start = self.offset + number * pixels * self.dtype.itemsize
        try:
            plane = np.fromfile(self.path, self.dtype, pixels, offset=start)
        except OSError as error:
            raise InputError(f"frame {number + 1} cannot be read: {error.strerror or error}") from error
        if plane.size < pixels:
            raise InputError(f"frame {number + 1} cannot be read: the file has become shorter")
        return plane.reshape(self.size)


@dataclass(frozen=True)
class Source:
    """``plane(number)`` reads one plane (y, x) and nothing else; ``letters`` and ``shape`` are the axes before y, x."""

    letters: str
    shape: tuple[int, ...]
    size: tuple[int, int]
    dtype: np.dtype
    plane: Callable[[int], np.ndarray]
    optics: Optics = UNKNOWN
    channel_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self):
        if self.dtype.kind == "c":
            raise InputError("the pixels are complex numbers; save their magnitude or real part")
        if self.dtype.kind not in "uif":
            raise InputError(f"the pixels are {self.dtype}, not numbers; save them as uint16 or float32")
        if not all(n > 0 for n in (*self.shape, *self.size)):
            raise InputError(f"there are no pixels: the shape is {(*self.shape, *self.size)}")

    @property
    def planes(self) -> int:
        return prod(self.shape)
