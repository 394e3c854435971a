"""How well the stripes of a file fit the ways to read it; what frames have in common is computed once."""

from __future__ import annotations

import numpy as np

from srredsim.acquisition import Position, RawStack
from srredsim.hot_pixels import as_recorded
from srredsim.inspection.frame_order import ANGLE_BETTER, BETTER, Fit, fit, in_common
from srredsim.io import memory
from srredsim.io.alternatives import one_of_many
from srredsim.io.raw import Frames

SIDE = 512  # raw pixels of the middle of the field that is looked at, at most
SMALLEST = 32  # raw pixels
ONE_OF_MANY = 0.7  # explained by one of many ways that is believed
PROMISING = 0.2  # explained half way through, without which no more is looked at


def middle(raw: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The last two axes, cropped around the centre to so many pixels at most."""
    return memory.middle(raw, side)


def places(stack: RawStack, channel: int) -> list[Position]:
    """The first and the last of all times and z-planes, and those at a quarter, a half and three quarters."""
    every = [position for position in stack.positions() if position[1] == channel]
    return [every[n] for n in sorted({min(len(every) * quarter // 4, len(every) - 1) for quarter in range(5)})]


def channels_alike(other: RawStack, stack: RawStack, channel: int) -> list[int]:
    """Channels of another reading of a stack that are compared with one of its own: all, if there are more or less."""
    return [channel] if other.sizes["C"] == stack.sizes["C"] else list(range(other.sizes["C"]))


def may_be_wrong(as_read: Fit) -> bool:
    """Whether another reading could be clearly better."""
    return as_read.explained < 1 - BETTER or min(as_read.of_angles, default=1.0) < 1 - ANGLE_BETTER


class Fits:
    """Fits of readings of one file."""

    def __init__(self) -> None:
        self._known: dict[bytes, np.ndarray] = {}

    def of(self, stack: RawStack, *channels: int) -> Fit:
        """Fit of some channels at all their `places` together."""
        return self._together(stack, [position for channel in channels for position in places(stack, channel)])

    def at(self, stack: RawStack, position: Position) -> Fit:
        """Fit of one raw stack by itself."""
        return self._together(stack, [position])

    def at_planes(self, stack: RawStack, planes: np.ndarray) -> Fit:
        """Fit of planes (angles, phases) of the file, by their numbers, wherever the reading has them."""
        if not _can_be_told(stack):
            return Fit(0.0, np.inf)
        numbers, order = planes.ravel(), np.argsort(planes.ravel())
        if numbers[order].tobytes() not in self._known:
            source = as_recorded(stack.array).source
            self._keep(numbers[order], np.stack([middle(source.pixels(int(number))) for number in numbers[order]]))
        return fit(self._in_order(numbers, order), stack.pattern.angles, stack.pattern.phases)

    def better(self, others: dict[str, RawStack], stack: RawStack, channel: int) -> tuple[Fit, dict[str, Fit]]:
        """Fit of the stack as it was read, and of those of its other readings that may be clearly better."""
        as_read = self.of(stack, channel)
        found = {}
        for name, other in others.items() if may_be_wrong(as_read) else ():
            alike = channels_alike(other, stack, channel)
            every = places(other, alike[0])
            fit_of = self.at(other, every[len(every) // 2])
            if fit_of.explained >= PROMISING:
                fit_of = fit_of if len(every) == len(alike) == 1 else self.of(other, *alike)
                found[name] = fit_of.wanting(ONE_OF_MANY if one_of_many(name) else 0.0)
        return as_read, found

    def add(self, stack: RawStack, position: Position, raw: np.ndarray) -> None:
        """Keep what the frames (angles, phases, y, x) of a place have in common."""
        numbers, order = _numbers(stack, position)
        if numbers[order].tobytes() not in self._known:
            self._keep(numbers[order], middle(raw).reshape(-1, *middle(raw).shape[2:])[order])

    def _keep(self, numbers: np.ndarray, frames: np.ndarray) -> None:
        usable = min(frames.shape[1:]) >= SMALLEST and np.isfinite(frames).all()
        nothing = np.zeros((len(frames), len(frames)))
        self._known[numbers.tobytes()] = in_common(frames.astype(np.float32)) if usable else nothing

    def _together(self, stack: RawStack, positions: list[Position]) -> Fit:
        if not _can_be_told(stack):
            return Fit(0.0, np.inf)
        products = sum(self._products(stack, position) for position in positions)
        return fit(products, stack.pattern.angles, stack.pattern.phases)

    def _products(self, stack: RawStack, position: Position) -> np.ndarray:
        numbers, order = _numbers(stack, position)
        if numbers[order].tobytes() not in self._known:
            self.add(stack, position, stack.raw(*position))
        return self._in_order(numbers, order)

    def _in_order(self, numbers: np.ndarray, order: np.ndarray) -> np.ndarray:
        place = np.argsort(order)  # where each frame is among the sorted ones
        return self._known[numbers[order].tobytes()][np.ix_(place, place)]


def _can_be_told(stack: RawStack) -> bool:
    return stack.pattern.angles > 1 and stack.pattern.phases > 2


def _numbers(stack: RawStack, position: Position) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the frames in the file, and what sorts them; of an array that is no file, of its raw stacks."""
    array = as_recorded(stack.array)
    if isinstance(array, Frames):
        numbers = array.numbers[position].ravel()
    else:
        first = np.ravel_multi_index(position, tuple(stack.array.shape[:3])) * stack.pattern.frames
        numbers = first + np.arange(stack.pattern.frames)
    return numbers, np.argsort(numbers)
