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
from srredsim.inspection.fits import SIDE, Fits, channels_alike, may_be_wrong, places
from srredsim.inspection.frame_order import Fit, a_possible_one, the_best
from srredsim.inspection.slips import slip
from srredsim.io.alternatives import alternatives, by_arguments
from srredsim.io.memory import Passing, Remembered
from srredsim.io.raw import Frames
from srredsim.quality.report import WRONG_ORDER

KEPT = 256 * 2**20  # bytes of the middles of frames that other readings need, at most


class Watched:
    """The array of a stack, of which `doubts` sees the frames that it needs when somebody else reads them."""

    def __init__(self, stack: RawStack):
        self.stack, self.fits = stack, Fits()
        self._others: dict[str, RawStack] = {}
        self._planes: Passing | None = None
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
        """What was found in the frames: hot pixels, channels that clearly fit another reading.

        What is to be said of the ``noise`` comes behind, but is not believed of frames that were read wrongly: it was
        measured in what differs between their angles.
        """
        return list(dict.fromkeys([*remarks(self.stack.array), *self.doubts_of_reading(noise)]))

    def doubts_of_reading(self, noise: Sequence[str] = ()) -> list[str]:
        """The same without the hot pixels, which each frame may add to; nothing else changes once it was asked for."""
        wrong, possible = self._orders
        return list(dict.fromkeys([*wrong, *possible, *(() if wrong else noise)]))

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
    def _orders(self) -> tuple[list[str], list[str]]:
        """Wrong orders of channels, and those that may be wrong, in words; then no middle is needed any more."""
        found = [self.fits.better(self._others, self._middles, channel) for channel in self._unsure]
        best = [the_best(others, as_read) for as_read, others in found]
        wrong = [f"{WRONG_ORDER}{_evidence(name, *both)}" for name, both in zip(best, found, strict=True) if name]
        possible = [line for as_read, others in found if (line := _possible(others, as_read))]
        unclear = self._planes and not possible and not any(name and by_arguments(name) for name in best)
        if unclear and (slipped := slip(self.fits, self._middles)):  # says where
            wrong = [f"{WRONG_ORDER}{slipped.evidence}: {slipped.advice}"]
        self._unsure, self._wanted = [], frozenset()
        self._keep_middles()
        return wrong, possible

    def _settle(self, channel: int) -> None:
        """Once the frames of a channel have been seen, and are right as they are read, keep no middles for it."""
        seen = all(c != channel for _, c, _ in self._wanted)
        if seen and not may_be_wrong(self.fits.of(self._middles, channel)):
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
            for alike in channels_alike(other, self.stack, channel)
            for place in places(other, alike)
            for number in as_recorded(other.array).numbers[place].ravel()
        )
        if self._planes:
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


def _possible(others: dict[str, Fit], as_read: Fit) -> str | None:
    name = a_possible_one(others, as_read)
    needed = f"{100 * others[name].needed:.0f} % would be sure" if name else ""
    return name and f"warning: perhaps a wrong frame order: {_evidence(name, as_read, others)}; {needed}"


def _evidence(name: str, as_read: Fit, others: dict[str, Fit]) -> str:
    share = f"{others[name].percent:.0f} % of what frames share, {as_read.percent:.0f} % as read"
    if not by_arguments(name):
        return f"with {name}, stripes explain {share}"
    return f"read the file with {name}, with which stripes explain {share}"
