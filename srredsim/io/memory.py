"""Raw stacks that remember what they read, so that nothing is read from the disk twice while memory allows."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Any

import numpy as np

from srredsim.acquisition import RawStack

LIMIT = 256 * 2**20  # bytes: the frames of one t, c and z are 126 MB where 15 have 2048 x 2048 pixels of 16 bits


def remembering(stack: RawStack, limit: int | None = None) -> RawStack:
    """The same stack, whose latest frames stay in memory up to so many bytes, `LIMIT` if left out.

    What it gives is read-only: whoever asks next is given the same array. A stack that remembers stays as it is.
    """
    if isinstance(stack.array, Remembered):
        return stack
    return replace(stack, array=Remembered(stack.array, LIMIT if limit is None else limit))


class Remembered:
    """``array[t, c, z]`` as of a raw stack, the latest kept; those that were not asked for longest go first.

    At most ``limit`` bytes are kept. What alone has more is never kept, but given and forgotten.
    """

    def __init__(self, array: Any, limit: int):
        self.array, self._limit = array, limit
        self._kept: OrderedDict[tuple[int, int, int], np.ndarray] = OrderedDict()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype

    def __getitem__(self, position: tuple[int, int, int]) -> np.ndarray:
        if position in self._kept:
            self._kept.move_to_end(position)
            return self._kept[position]
        size = self.dtype.itemsize * int(np.prod(self.shape[3:], dtype=np.int64))
        while self._kept and (len(self._kept) + 1) * size > self._limit:  # before reading: the limit holds always
            self._kept.popitem(last=False)
        frames = np.asarray(self.array[position]).view()
        frames.flags.writeable = False
        if size <= self._limit:
            self._kept[position] = frames
        return frames
