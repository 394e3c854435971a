"""A file as it lies on the disk: planes in the file's order, the names of its axes, what it says of the optics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod

import numpy as np

from srredsim.acquisition import Optics
from srredsim.errors import InputError

UNKNOWN = Optics()


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
            raise InputError(f"the file holds no pixels: its shape is {(*self.shape, *self.size)}")

    @property
    def planes(self) -> int:
        return prod(self.shape)
