"""Which of the ways to read a file its stripes speak for: a few raw stacks of a channel, looked at together.

A reading that slips by some frames from plane to plane, as one that takes a widefield frame for one of the stripes,
may be right in the first plane and in the middle; one that looks for widefield frames at the wrong end of the file is
wrong in the first or the last plane alone. So these are looked at, and those at a quarter, a half and three quarters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from itertools import chain
from math import prod
from typing import Any

import numpy as np

from srredsim.acquisition import Position, RawStack
from srredsim.errors import InputError
from srredsim.hot_pixels import as_recorded, remarks, with_array
from srredsim.inspection.frame_order import BETTER, Fit, a_possible_one, fit, in_common, the_best
from srredsim.io import memory
from srredsim.io.alternatives import EXCHANGED, alternatives
from srredsim.io.memory import Passing, Remembered
from srredsim.io.raw import Frames
from srredsim.stripes.hexagonal import FRAMES, WORDS, hexagonal

SIDE = 512  # raw pixels of the middle of the field that is looked at, at most
SMALLEST = 32  # raw pixels
KEPT = 256 * 2**20  # bytes of the middles of frames that other readings need, at most
PROMISING = 0.2  # explained half way through, without which no more is looked at


def middle(raw: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The last two axes, cropped around the centre to so many pixels at most."""
    return memory.middle(raw, side)


def places(stack: RawStack, channel: int) -> list[Position]:
    """The first and the last of all times and z-planes, and those at a quarter, a half and three quarters."""
    every = [position for position in stack.positions() if position[1] == channel]
    return [every[n] for n in sorted({min(len(every) * quarter // 4, len(every) - 1) for quarter in range(5)})]


class Fits:
    """Fits of readings of one file; what frames have in common is computed once, whatever their order."""

    def __init__(self) -> None:
        self._known: dict[bytes, np.ndarray] = {}

    def of(self, stack: RawStack, *channels: int) -> Fit:
        return self._at(stack, [position for channel in channels for position in places(stack, channel)])

    def better(self, others: dict[str, RawStack], stack: RawStack, channel: int) -> tuple[Fit, dict[str, Fit]]:
        """Fit of the stack as it was read, and of those of its other readings that may be clearly better."""
        as_read = self.of(stack, channel)
        found = {}
        for name, other in others.items() if _may_be_wrong(as_read) else ():
            alike = _alike(other, stack, channel)
            every = places(other, alike[0])
            if self._at(other, [every[len(every) // 2]]).explained >= PROMISING:
                found[name] = self.of(other, *alike)
        return as_read, found

    def _at(self, stack: RawStack, positions: list[Position]) -> Fit:
        angles, phases = stack.pattern.angles, stack.pattern.phases
        if angles < 2 or phases < 3:
            return Fit(0.0, np.inf)
        return fit(sum(self._products(stack, position) for position in positions), angles, phases)

    def add(self, stack: RawStack, position: Position, raw: np.ndarray) -> None:
        """Keep what the frames (angles, phases, y, x) of a place have in common."""
        numbers, order = _numbers(stack, position)
        if numbers[order].tobytes() not in self._known:
            frames = middle(raw).reshape(-1, *middle(raw).shape[2:])[order].astype(np.float32)
            usable = min(frames.shape[1:]) >= SMALLEST and np.isfinite(frames).all()
            self._known[numbers[order].tobytes()] = in_common(frames) if usable else np.zeros((len(order),) * 2)

    def _products(self, stack: RawStack, position: Position) -> np.ndarray:
        numbers, order = _numbers(stack, position)
        if numbers[order].tobytes() not in self._known:
            self.add(stack, position, stack.raw(*position))
        place = np.argsort(order)  # where each frame is among the sorted ones
        return self._known[numbers[order].tobytes()][np.ix_(place, place)]


def _numbers(stack: RawStack, position: Position) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the frames in the file, and what sorts them; of an array that is no file, of its raw stacks."""
    array = as_recorded(stack.array)
    if isinstance(array, Frames):
        numbers = array.numbers[position].ravel()
    else:
        first = np.ravel_multi_index(position, tuple(stack.array.shape[:3])) * stack.pattern.frames
        numbers = first + np.arange(stack.pattern.frames)
    return numbers, np.argsort(numbers)


class Watched:
    """The array of a stack, of which `doubts` sees the frames that it needs when somebody else reads them."""

    def __init__(self, stack: RawStack):
        self.stack, self.fits = stack, Fits()
        self._others: dict[str, RawStack] = {}
        frames = as_recorded(stack.array)
        if isinstance(frames, Frames) and stack.pattern.angles > 1 and stack.pattern.phases > 2:
            self._planes = Passing(frames.source, SIDE)
            self.stack = with_array(stack, replace(frames, source=self._planes.whole))
            self._middles = with_array(stack, replace(frames, source=self._planes.middle))
            self._others = alternatives(self._middles)
        self._unsure = list(range(stack.sizes["C"])) if self._others else []
        self._wanted = frozenset(place for channel in self._unsure for place in places(stack, channel))
        self._keep_middles()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.stack.array.shape

    @property
    def dtype(self) -> np.dtype:
        return self.stack.array.dtype

    def __getitem__(self, position: Position) -> np.ndarray:
        raw = np.asarray(self.stack.array[position])
        if position in self._wanted:
            self.fits.add(self.stack, position, raw)
            self._wanted -= {position}
            self._settle(position[1])
        return raw

    def doubts(self, noise: Sequence[str] = ()) -> list[str]:
        """What was found in the frames: hot pixels, channels that clearly fit another reading, hexagonal patterns.

        What is to be said of the ``noise`` comes behind, but is not believed of frames that were read wrongly: it was
        measured in what differs between their angles.
        """
        return list(dict.fromkeys([*remarks(self.stack.array), *self.doubts_of_reading(noise)]))

    def doubts_of_reading(self, noise: Sequence[str] = ()) -> list[str]:
        """The same without the hot pixels, which each frame may add to; nothing else changes once it was asked for."""
        wrong, possible = self._orders
        return list(dict.fromkeys([*wrong, *possible, *self._hexagons, *(() if wrong else noise)]))

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Within, what refuses a plane also says which other reading the file clearly fits: it may be why."""
        try:
            yield
        except InputError as problem:
            with suppress(InputError):  # frames that cannot be read tell nothing
                others = [line.removeprefix("warning: ") for line in dict.fromkeys(chain(*self._orders))]
                problem = InputError("; ".join([str(problem), *others]))
            raise problem from None

    @cached_property
    def _hexagons(self) -> list[str]:
        pattern = self.stack.pattern
        if (pattern.angles, pattern.phases) != (1, FRAMES):
            return []
        seen = (self.stack.raw(0, c, self.stack.sizes["Z"] // 2) for c in range(self.stack.sizes["C"]))
        return [f"warning: {WORDS}"] if any(map(hexagonal, seen)) else []

    @cached_property
    def _orders(self) -> tuple[list[str], list[str]]:
        """Wrong orders of channels, and those that may be wrong, in words; then no middle is needed any more."""
        wrong, possible = [], []
        for channel in self._unsure:
            as_read, others = self.fits.better(self._others, self._middles, channel)
            wrong.append(_best(others, as_read))
            possible.append(_possible(others, as_read))
        self._unsure, self._wanted = [], frozenset()
        self._keep_middles()
        return [line for line in wrong if line], [line for line in possible if line]

    def _settle(self, channel: int) -> None:
        """Once the frames of a channel have been seen, and are right as they are read, keep no middles for it."""
        seen = all(c != channel for _, c, _ in self._wanted)
        if seen and not _may_be_wrong(self.fits.of(self._middles, channel)):
            self._unsure = [each for each in self._unsure if each != channel]
            self._keep_middles()

    def _keep_middles(self) -> None:
        """Those that the other readings of the channels need of which it is not known whether they are right; where
        these are too many for the memory, the first.
        """
        looked_at = dict.fromkeys(
            int(number)
            for other in self._others.values()
            for channel in self._unsure
            for alike in _alike(other, self.stack, channel)
            for place in places(other, alike)
            for number in as_recorded(other.array).numbers[place].ravel()
        )
        if self._others:
            each = self._middles.array.dtype.itemsize * prod(self._middles.array.shape[-2:])
            self._planes.want(list(looked_at)[: KEPT // each])


def watched(stack: RawStack) -> tuple[RawStack, Watched]:
    """The same stack, and what sees its frames; one that is watched already stays as it is.

    What a stack remembers, it has read unseen, and reads again.
    """
    inner = stack.array.array if isinstance(stack.array, Remembered) else stack.array
    if isinstance(inner, Watched):
        return stack, inner
    array: Any = Watched(replace(stack, array=inner))
    return replace(stack, array=array), array


def _alike(other: RawStack, stack: RawStack, channel: int) -> list[int]:
    """Channels of another reading of a stack that are compared with one of its own: all, if there are more or less."""
    return [channel] if other.sizes["C"] == stack.sizes["C"] else list(range(other.sizes["C"]))


def _may_be_wrong(as_read: Fit) -> bool:
    """Whether another reading could be clearly better."""
    return as_read.explained < 1 - BETTER


def _best(others: dict[str, Fit], as_read: Fit) -> str | None:
    name = the_best(others, as_read)
    return name and f"warning: wrong frame order: {_evidence(name, others, as_read)}"


def _possible(others: dict[str, Fit], as_read: Fit) -> str | None:
    name = a_possible_one(others, as_read)
    needed = f"{100 * others[name].needed:.0f} % would be sure" if name else ""
    return name and f"warning: perhaps a wrong frame order: {_evidence(name, others, as_read)}; {needed}"


def _evidence(name: str, others: dict[str, Fit], as_read: Fit) -> str:
    share = f"{100 * others[name].explained:.0f} % of what frames share, {100 * as_read.explained:.0f} % as read"
    if name == EXCHANGED:
        return f"with the file's angle and phase exchanged, stripes explain {share}"
    return f"read the file with {name}, with which stripes explain {share}"
