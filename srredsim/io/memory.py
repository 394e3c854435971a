"""Raw stacks that remember what they read, so that nothing is read from the disk twice while memory allows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from typing import Any

import numpy as np

from srredsim.acquisition import RawStack, Through, digest
from srredsim.io.source import Source

LIMIT_BYTES = 256 * 2**20  # bytes: the frames of one t, c and z are 126 MB where 15 have 2048 x 2048 pixels of 16 bits


def remembering(stack: RawStack, limit: int | None = None) -> RawStack:
    """The same stack, whose latest frames stay in memory up to so many bytes, `LIMIT_BYTES` if left out.

    What it gives is read-only: whoever asks next is given the same array. A stack that remembers stays as it is.
    """
    if isinstance(stack.array, Remembered):
        return stack
    return replace(stack, array=Remembered(stack.array, LIMIT_BYTES if limit is None else limit))


def read_anew(array: Any) -> Any:
    """The array of a stack without its memory, if it has one."""
    return array.array if isinstance(array, Remembered) else array


class Remembered(Through):
    """``array[t, c, z]`` as of a raw stack, the latest kept; those that were not asked for longest go first.

    At most ``limit`` bytes are kept. What alone has more is never kept, but given and forgotten. ``digests`` are those
    of the first raw stack of each channel, once it was forgotten.
    """

    def __init__(self, array: Any, limit: int):
        self.array, self._limit = array, limit
        self._kept: OrderedDict[tuple[int, int, int], np.ndarray] = OrderedDict()
        self.digests: dict[tuple[int, int, int], bytes] = {}

    def __getitem__(self, position: tuple[int, int, int]) -> np.ndarray:
        if position in self._kept:
            self._kept.move_to_end(position)
            return self._kept[position]
        size = self.dtype.itemsize * int(np.prod(self.shape[3:], dtype=np.int64))
        while self._kept and (len(self._kept) + 1) * size > self._limit:  # before reading: the limit holds always
            self._forget(*self._kept.popitem(last=False))
        frames = np.asarray(self.array[position]).view()
        frames.flags.writeable = False
        if size <= self._limit:
            self._kept[position] = frames
        else:
            self._forget(position, frames)
        return frames

    def _forget(self, position: tuple[int, int, int], frames: np.ndarray) -> None:
        if position[::2] == (0, 0) and position not in self.digests:
            self.digests[position] = digest(frames)


class Planes:
    """Planes of a file that two stacks read: one the whole planes, the other the middle of each.

    Of the whole planes, those that are ``pinned`` stay in memory, and of the others the latest, up to so many bytes,
    `LIMIT_BYTES` if left out. Of each plane whose middle was asked for, the middle stays. So what is asked for whole
    once and then, as often as one likes, for its middle, is read twice at most, and once if the file is small.
    """

    def __init__(self, source: Source, side: int, pinned: Iterable[int] = (), limit: int | None = None):
        self._read, self._side, self._pinned = source.plane, side, frozenset(pinned)
        self._limit = LIMIT_BYTES if limit is None else limit
        self._kept: dict[int, np.ndarray] = {}
        self._latest: OrderedDict[int, np.ndarray] = OrderedDict()
        self._middles: dict[int, np.ndarray] = {}
        self.whole = replace(source, plane=self._whole)
        self.middle = Middle.of(source, side, self._middle)

    def _whole(self, number: int) -> np.ndarray:
        for kept in (self._kept, self._latest):
            if number in kept:
                return kept[number]
        plane = np.asarray(self._read(number)).view()
        plane.flags.writeable = False
        if number in self._pinned:
            self._kept[number] = plane
        elif plane.nbytes <= self._limit:
            while (len(self._latest) + 1) * plane.nbytes > self._limit:
                self._latest.popitem(last=False)
            self._latest[number] = plane
        return plane

    def _middle(self, number: int) -> np.ndarray:
        if number not in self._middles:
            self._middles[number] = middle(self.whole.pixels(number), self._side).copy()
        return self._middles[number]


class Passing:
    """Planes of a file on their way to who reads them whole and remembers them; what is glanced at are their middles.

    Of the planes that are ``wanted`` the middle stays when they pass. One whose middle is asked for before it has
    passed is read, and stays until it is read whole, up to so many bytes, `LIMIT_BYTES` if left out. So a plane is read
    once more for its middle than it is read whole only where memory is short, or nobody wants it whole. A thread may
    read ahead.
    """

    def __init__(self, source: Source, side: int, limit: int | None = None):
        self._source, self._side, self._limit = source, side, LIMIT_BYTES if limit is None else limit
        self._wanted: frozenset[int] = frozenset()
        self._middles: dict[int, np.ndarray] = {}
        self._early: dict[int, np.ndarray] = {}
        self.whole = replace(source, plane=self._whole)
        self.middle = Middle.of(source, side, self._middle)

    def want(self, numbers: Iterable[int]) -> None:
        """From now on the middles of these planes stay, and no others."""
        self._wanted = frozenset(numbers)
        self._middles = {number: kept for number, kept in dict(self._middles).items() if number in self._wanted}

    def _whole(self, number: int) -> np.ndarray:
        plane = self._early.pop(number, None)
        plane = self._source.plane(number) if plane is None else plane
        if number in self._wanted and number not in self._middles:
            self._middles[number] = middle(np.asarray(plane), self._side).copy()
        return plane

    def _middle(self, number: int) -> np.ndarray:
        if number not in self._middles:
            plane = np.asarray(self._source.pixels(number))
            if (len(self._early) + 1) * plane.nbytes <= self._limit:
                self._early[number] = plane
            self._middles[number] = middle(plane, self._side).copy()
        return self._middles[number]


class Middle(Source):
    """Middles of planes that were read whole before."""

    @classmethod
    def of(cls, source: Source, side: int, plane: Callable[[int], np.ndarray]) -> Middle:
        """The same file with ``plane(number)`` for its planes, which have so many pixels along y and x at most."""
        told = {each.name: getattr(source, each.name) for each in fields(source)}
        return cls(**told | {"plane": plane, "size": tuple(min(n, side) for n in source.size)})

    def pixels(self, number: int) -> np.ndarray:
        """As of a `Source`, whose pixels were looked at when they were read whole."""
        return self.plane(number)


def middle(raw: np.ndarray, side: int) -> np.ndarray:
    """The last two axes, cropped around the centre to so many pixels at most."""
    y, x = raw.shape[-2:]
    top, left = (max(0, (n - side) // 2) for n in (y, x))
    return raw[..., top : top + side, left : left + side]
