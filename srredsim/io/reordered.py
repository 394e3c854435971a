"""Orders that no argument names: frames sorted as text, all some places on, two frames exchanged."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

FARTHEST = 2  # places that a trigger starts too early or too late, at most

Pairs = frozenset[tuple[int, int]]


def sorted_as_text(total: int) -> Iterator[tuple[str, np.ndarray]]:
    """Where the frames of a file lie that were put in the order of their numbers as text: name and places (total,)."""
    for first in (0, 1):
        numbers = range(first, first + total)
        shown = ", ".join(sorted(map(str, numbers))[:4])
        places = np.argsort(sorted(numbers, key=str))
        yield f"frames in the order of their numbers, not of these as text ({shown}, ...)", places


def moved(angles: int, phases: int) -> Iterator[tuple[str, np.ndarray]]:
    """What all frames are when they begin some places on, the last ones being the first: name and order (frames,)."""
    frames = np.arange(angles * phases)
    for places in range(1, min(FARTHEST, phases - 1) + 1):
        by = f"{places} place{'s' * (places > 1)}"
        yield f"the first frames behind the last, by {by}", np.roll(frames, -places)
        yield f"the last frames before the first, by {by}", np.roll(frames, places)


def exchanged(angles: int, phases: int) -> Iterator[tuple[str, np.ndarray]]:
    """What the frames are with two phases exchanged, of every angle or of one: name and order (frames,)."""
    for which, exchange in exchanges(phases):
        for angle in (None, *range(angles)):
            order = np.arange(angles * phases).reshape(angles, phases)
            these = slice(None) if angle is None else angle
            order[these] = order[these][..., exchange]
            of = "every angle" if angle is None else f"angle {angle + 1}"
            yield f"{which} of {of} exchanged", order.ravel()


def crossed(angles: int, phases: int) -> Iterator[tuple[str, np.ndarray]]:
    """What the frames are with one of an angle and one of another exchanged: name and order (frames,)."""
    for first, second in combinations(range(angles * phases), 2):
        if first // phases != second // phases:
            named = (f"{frame % phases + 1} of angle {frame // phases + 1}" for frame in (first, second))
            yield f"frames {' and '.join(named)} exchanged", _with(np.arange(angles * phases), first, second)


def exchanges(phases: int) -> Iterator[tuple[str, np.ndarray]]:
    """Which frames of an angle may be exchanged, in words, and their order (phases,) then.

    Those that no stripes tell apart have one name: of five phases, frames 2 and 3 or 1 and 4. Of three phases an
    exchange is but a turn of the other sense.
    """
    alike: dict[frozenset[Pairs], list[tuple[int, int]]] = {}
    for two in combinations(range(phases), 2):
        alike.setdefault(_neighbours(_with(np.arange(phases), *two)), []).append(two)
    alike.pop(_neighbours(np.arange(phases)), None)
    for several in alike.values():
        which = ", or ".join(f"{i + 1} and {j + 1}" for i, j in several)
        yield f"frames {which}{',' * (len(several) > 1)}", _with(np.arange(phases), *several[0])


def _with(order: np.ndarray, first: int, second: int) -> np.ndarray:
    """A copy in which two have changed places."""
    order = order.copy()
    order[[first, second]] = order[[second, first]]
    return order


def _neighbours(phases: np.ndarray) -> frozenset[Pairs]:
    """Pairs of frames that lie equally far apart in phase, whether by one step or two: that is how orders differ."""
    count = len(phases)
    sets: dict[int, set[tuple[int, int]]] = {}
    for i, j in combinations(range(count), 2):
        step = int(phases[i] - phases[j]) % count
        sets.setdefault(min(step, count - step), set()).add((i, j))
    return frozenset(frozenset(pairs) for pairs in sets.values())
