"""How else the frames of a file could be read: other orders and counts, a widefield frame in each group, colours.

And how else they could lie in it, where no argument reads them so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

import numpy as np

from srredsim.acquisition import Pattern, RawStack
from srredsim.errors import InputError
from srredsim.hot_pixels import as_recorded, repaired_as
from srredsim.io.incomplete import whole_stacks
from srredsim.io.only import places
from srredsim.io.orders import arrange
from srredsim.io.raw import Frames
from srredsim.io.reordered import crossed, exchanged, moved, sorted_as_text
from srredsim.io.rolling import rolled
from srredsim.io.wanted import KNOWN, OF_T, OF_Z, WIDEFIELD_FRAMES, Wanted

EXCHANGED = "angle and phase exchanged"  # of a file that says itself which of its axes is which
COLOURS = (2, 3, 4)  # channels that may alternate frame by frame in a file that does not say so


def alternatives(stack: RawStack) -> dict[str, RawStack]:
    """The same file read in each other way that its frames allow.

    These are other orders, angles and phases swapped, a widefield frame before, after or not in each group, colours
    that alternate, and any of these together; and what no arguments can do: angle and phase exchanged in a file that
    names them, frames sorted by their numbers as text, all frames some places on, two frames exchanged.

    Parameters
    ----------
    stack : RawStack
        As it was read from a file; of a montage of tiles there is no other way to read it.

    Returns
    -------
    dict
        The arguments of `srredsim.io.read`, as messages name them, with what comes of them, what differs least first;
        behind them, in words, what no arguments can do: see `by_arguments`.
    """
    frames = as_recorded(stack.array)
    if not isinstance(frames, Frames):
        return {}
    source = frames.source
    found = _Found(stack)
    for name, numbers in _readings(source.letters, tuple(source.shape), source.missing, stack.pattern, frames.wanted):
        with suppress(InputError):  # a reading without times is none of rolling images, nor has every one such planes
            every = rolled(numbers) if frames.rolling else numbers
            found.add(name, every[places(every.shape, frames.only)] if frames.only else every)
    found.add(EXCHANGED, frames.numbers.swapaxes(3, 4))
    for name, order in sorted_as_text(prod(source.shape)):
        found.add(name, order[frames.numbers])
    pattern = stack.pattern.angles, stack.pattern.phases
    for name, order in (*(() if frames.rolling else moved(*pattern)), *exchanged(*pattern), *crossed(*pattern)):
        within = frames.numbers.reshape(*frames.numbers.shape[:3], -1)[..., order]
        found.add(name, within.reshape(frames.numbers.shape))
    return found.stacks


def by_arguments(name: str) -> bool:
    """Whether a file can be read so: the name of the reading is the arguments that do it."""
    return name.startswith("`")


def one_of_many(name: str) -> bool:
    """Whether it is one of so many ways, frames of two angles exchanged, that one of them may fit by chance."""
    return name.count(" of angle ") == 2


@lru_cache(maxsize=2)  # files of a batch are alike
def _readings(
    letters: str, shape: tuple[int, ...], missing: tuple[int, ...], pattern: Pattern, asked: Wanted
) -> list[tuple[str, np.ndarray]]:
    """The ways that the frames allow, each with the frames of its places; the first of those that are the same."""
    found: list[tuple[str, np.ndarray]] = []
    for name, wanted in _ways(pattern, asked):
        try:
            numbers, _ = whole_stacks(arrange(letters, shape, wanted)[0], missing)
        except InputError:  # the frames do not make these counts, or the file names its axes
            continue
        if not any(np.array_equal(numbers, other) for _, other in found):
            found.append((name, numbers))
    return found


def _ways(pattern: Pattern, asked: Wanted) -> Iterator[tuple[str, Wanted]]:
    """Other orders, widefield frames and colours, with each of the counts; what changes least comes first."""
    angles, phases = pattern.angles, pattern.phases
    counts = list(dict.fromkeys([(angles, phases), (phases, angles), *((p, a) for a, p in KNOWN), *KNOWN]))
    changes = product(_other_orders(asked), _other_places(asked), _other_colours(asked))
    for changed in sorted(({**order, **place, **colours} for order, place, colours in changes), key=len):
        for a, p in counts:
            named = changed or {"order": asked.order or "PAZ"}
            told: dict[str, Any] = {**named, "angles": a, "phases": p}
            yield f"`{', '.join(map(_told, told.items()))}`", replace(asked, **told)


def _told(argument: tuple[str, str | int]) -> str:
    name, value = argument
    return f'{name}="{value}"' if isinstance(value, str) else f"{name}={value}"


def _other_orders(asked: Wanted) -> list[dict[str, str]]:
    """Nothing, and each other order, of times if these were asked for."""
    orders = OF_T if asked.order in OF_T else OF_Z
    return [{}, *({"order": order} for order in orders if order != (asked.order or "PAZ"))]


def _other_places(asked: Wanted) -> list[dict[str, str]]:
    places = (place for place in WIDEFIELD_FRAMES if place != (asked.widefield or "none"))
    return [{}, *({"widefield_frame": place} for place in places)]


def _other_colours(asked: Wanted) -> list[dict[str, int]]:
    return [{}, *({"channels": colours} for colours in COLOURS if asked.channels is None)]


class _Found:
    """Readings of a stack; the first of those that put the same frames into the same places."""

    def __init__(self, stack: RawStack):
        self.stacks: dict[str, RawStack] = {}
        self._stack = stack
        self._known = {_key(as_recorded(stack.array).numbers)}

    def add(self, name: str, numbers: np.ndarray) -> None:
        angles, phases = (int(n) for n in numbers.shape[3:])
        if angles < 2 or phases < 3 or _key(numbers) in self._known:
            return
        self._known.add(_key(numbers))
        stack = self._stack
        array = repaired_as(stack.array, replace(as_recorded(stack.array), numbers=numbers))
        names = stack.channel_names if numbers.shape[1] == stack.sizes["C"] else None
        self.stacks[name] = replace(stack, array=array, pattern=Pattern(angles, phases), channel_names=names)


def _key(numbers: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    return numbers.shape, np.ascontiguousarray(numbers, np.int64).tobytes()
