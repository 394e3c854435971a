"""Where in a file the frames cease to be where they are read: one was lost there, or is one too many.

From there on every raw stack begins some frames too early or too late, so that it holds frames of two; its stripes do
not fit, and fit again if the same number of frames is read from a little before or behind. A reading of the whole file
that slips from the beginning is another thing: see `srredsim.inspection.readings`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from srredsim.acquisition import Position, RawStack
from srredsim.hot_pixels import as_recorded
from srredsim.inspection.fits import Fits, places
from srredsim.inspection.frame_order import BETTER, Fit
from srredsim.io.raw import Frames


@dataclass(frozen=True)
class Slip:
    """Where it begins, in words, the raw stack before, and the frames by which all lie behind, or before if < 0."""

    where: str
    before: str
    frames: int

    @property
    def evidence(self) -> str:
        by = f"{_frames(self.frames)} {self._way('later', 'earlier')}"
        return f"from {self.where} on, raw stacks begin {by} in the file"

    @property
    def advice(self) -> str:
        of = dict.fromkeys([self.before, self.where])
        what = f"{_frames(self.frames)} {self._way('too many', 'lost')} in {' or '.join(of)}"
        return f"look for {what}, and reconstruct the frames before and behind as files of their own"

    def _way(self, late: str, early: str) -> str:
        return late if self.frames > 0 else early


def _frames(number: int) -> str:
    return f"{abs(number)} frame{'s' * (abs(number) > 1)}"


def slip(fits: Fits, stack: RawStack) -> Slip | None:
    """The place from which on a file is read some frames too early or too late, if that is clear.

    Parameters
    ----------
    fits : Fits
        Of the file, as far as it is known.
    stack : RawStack
        Read from a file in which the frames of each raw stack lie beside one another; of others nothing is said.
    """
    every, numbers = _one_after_another(stack)
    if len(every) < 2 or not _may_slip(fits, stack):
        return None
    by = _shift(fits, stack, numbers)
    if by == 0:
        return None
    right, wrong = -1, len(every) - 1
    while wrong - right > 1:
        between = (right + wrong) // 2
        right, wrong = (right, between) if _better(fits, stack, numbers, between, by) else (between, wrong)
    return Slip(stack.which(every[wrong]), stack.which(every[max(wrong - 1, 0)]), by)


def _one_after_another(stack: RawStack) -> tuple[list[Position], np.ndarray]:
    """Raw stacks as they follow in the file, and the numbers of their frames (n, angles, phases); else none."""
    array = as_recorded(stack.array)
    if not isinstance(array, Frames):
        return [], np.empty(0)
    every = sorted(stack.positions(), key=lambda at: array.numbers[at].min())
    numbers = np.stack([array.numbers[at] for at in every])
    first, last = numbers.min(axis=(1, 2)), numbers.max(axis=(1, 2))
    steps = np.diff(first)
    even = bool(np.all(steps == steps[0])) if len(steps) else False
    return (every, numbers) if even and np.all(last[:-1] < first[1:]) else ([], numbers)


def _may_slip(fits: Fits, stack: RawStack) -> bool:
    """Whether the frames fit clearly worse at one of the `places` than at the best of them, or nowhere."""
    seen = [fits.at(stack, at) for channel in range(stack.sizes["C"]) for at in places(stack, channel)]
    best = max(seen, key=lambda each: each.explained)
    return not best.clear or min(each.explained for each in seen) < best.explained - BETTER


def _shift(fits: Fits, stack: RawStack, numbers: np.ndarray) -> int:
    """Frames by which the last raw stack lies behind where it is read, or before; 0 if that is not clear.

    One that lies a frame late in its group lies also, but for a frame, a group early, and what lies late by all frames
    of an angle fits nearly as well: of those that fit alike the smallest counts.
    """
    period = int(numbers[1].min() - numbers[0].min())
    last = len(numbers) - 1
    tried = sorted((by for by in range(1 - period, period) if by), key=abs)

    def moved(by: int) -> Fit | None:
        """Fit of the last, or where the file ends too early for that, of the one before it."""
        ways = (_moved(fits, stack, numbers[number], by) for number in (last, last - 1))
        return next(filter(None, ways), None)

    found = {by: fit for by in tried if (fit := moved(by))}
    best = max((fit.explained for fit in found.values()), default=0.0)
    by = next((each for each, fit in found.items() if fit.explained > best - BETTER), 0)
    if not by or not _better(fits, stack, numbers, last, by):
        return 0
    return min(by, by - period if by > 0 else by + period, key=abs)


def _better(fits: Fits, stack: RawStack, numbers: np.ndarray, number: int, by: int) -> bool:
    """Whether a raw stack fits clearly better if it is read so many frames behind; else so many of its neighbour."""
    period = int(numbers[1].min() - numbers[0].min())
    ways = (by, by - period if by > 0 else by + period)
    moved = next((fit for each in ways if (fit := _moved(fits, stack, numbers[number], each))), None)
    return bool(moved and moved.clearly_better_than(fits.at_planes(stack, numbers[number])))


def _moved(fits: Fits, stack: RawStack, numbers: np.ndarray, by: int) -> Fit | None:
    """Fit of so many frames behind; none, where the file has none there."""
    there = numbers + by
    source = as_recorded(stack.array).source
    inside = there.min() >= 0 and there.max() < prod(source.shape) and not np.isin(there, source.missing).any()
    return fits.at_planes(stack, there) if inside else None
