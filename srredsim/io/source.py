"""A file as it lies on the disk: planes in the file's order, the names of its axes, what it says of the optics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path

import numpy as np

from srredsim.acquisition import Optics
from srredsim.errors import InputError

UNKNOWN = Optics()
LARGEST_PLANE = 4 * 2**30  # bytes: 46,000 x 46,000 pixels of 16 bits
SMALLEST_PEAK, LARGEST_PEAK = 1e-12, 1e12  # the largest pixel of a frame: its fourth power still has a place in float64


def lacking(count: int, there: int, first_gone: int | None = None) -> str:
    """What is wrong with a file of ``there`` frames in which ``count`` are promised; ``first_gone`` counts from 0."""
    first = "" if first_gone is None else f", the first that is not, or not whole, is {first_gone + 1}"
    return f"the file is incomplete: {count} frames are promised, {there} are there{first}"


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
    incomplete: str | None = None  # what the file promises and does not hold, in words
    missing: tuple[int, ...] = ()  # planes that are not there, of those that the shape has
    order: str | None = None  # in which the frames of such files usually run, where neither it nor the caller says

    def __post_init__(self):
        if self.dtype.kind == "c":
            raise InputError("the pixels are complex numbers; save their magnitude or real part")
        if self.dtype.kind not in "uif":
            raise InputError(f"the pixels are {self.dtype}, not numbers; save them as uint16 or float32")
        if not all(n > 0 for n in (*self.shape, *self.size)):
            raise InputError(f"there are no pixels: the shape is {(*self.shape, *self.size)}")
        (y, x), per_plane = self.size, prod(self.size) * self.dtype.itemsize
        if per_plane >= LARGEST_PLANE:
            raise InputError(
                f"the planes are {y} x {x} pixels, {per_plane / 2**30:.3g} GiB each; less than 4 GiB can be worked on:"
                " cut them into parts"
            )

    def pixels(self, number: int) -> np.ndarray:
        """Plane `number`, whose pixels are of a size that can be squared and divided by.

        Raises
        ------
        InputError
            If they are not; what is NaN or infinite is left to whoever works on them.
        """
        if number in self.missing:
            raise InputError(f"frame {number + 1} is not in the file")
        plane = self.plane(number)
        if self.dtype.kind == "f" or self.dtype.itemsize == 8:  # integers of fewer bytes are
            largest = float(max(np.max(plane, initial=0), -float(np.min(plane, initial=0))))
            if np.isfinite(largest) and (largest > LARGEST_PEAK or 0 < largest < SMALLEST_PEAK):
                raise InputError(
                    f"the largest pixel of frame {number + 1} is {largest:.3g}, wanted between {SMALLEST_PEAK:g} and"
                    f" {LARGEST_PEAK:g}; multiply the whole stack by one number"
                )
        return plane

    def accepted(self) -> Source:
        """The same, with a note of what is missing."""
        return self if self.incomplete is None else replace(self, notes=(*self.notes, self.incomplete), incomplete=None)

    @property
    def planes(self) -> int:
        return prod(self.shape)
