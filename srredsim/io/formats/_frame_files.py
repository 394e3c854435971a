"""Folders of one raw stack, a file for each frame: ``cell_1.tif`` ... ``cell_15.tif``, as some software saves it.

Where several numbers of a name count, and each has the word before it that Micro-Manager writes, as in
``img_channel001_position000_time000000003_z002.tif``, they are channel, time and z.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np

from srredsim.errors import InputError
from srredsim.io.source import Source, lacking

FEWEST_FILES = 7  # files of a folder that may be the frames of one stack
AXES = {"channel": "C", "time": "T", "z": "Z"}  # by the words of Micro-Manager
POSITION = "position"
MOST_GONE = 1.0  # files that may be gone for each that is there, of numbers that count them


def in_order(paths: list[Path]) -> list[Path]:
    """Sorted by the numbers in their names, as people count: 9 before 10."""
    return sorted(paths, key=lambda path: _parts(path)[0])


def are_numbered(paths: list[Path]) -> bool:
    """Whether the names of files differ by their numbers alone, and there are as many as a raw stack has frames."""
    return len(paths) >= FEWEST_FILES and len({tuple(_parts(path)[0][::2]) for path in paths}) == 1


def open_frames(paths: list[Path], open_one: Callable[[Path], Source]) -> Source:
    """The only planes of the files, one after the other.

    Raises
    ------
    InputError
        If a file has no number and others have, if one holds several planes, or is of another size or type than the
        first, or if they are of several positions. Where the numbers of the names count the files, and one is left out,
        the file is ``incomplete``.
    """
    paths = in_order(paths)
    counted = [path for path in paths if _parts(path)[1]]
    if counted and (bare := next((path for path in paths if path not in counted), None)):
        raise InputError(f"{bare.name} has no number, as {counted[0].name} has: give it one, or put it elsewhere")
    sources = [_opened(path, open_one) for path in paths]
    first = sources[0]
    for path, source in zip(paths, sources, strict=True):
        if source.planes != 1:
            raise InputError(f"{path.name} holds {source.planes} frames: `stack` is for files of one frame each")
        if (source.size, source.dtype) != (first.size, first.dtype):
            (y, x), (first_y, first_x) = source.size, first.size
            raise InputError(
                f"{path.name} has {y} x {x} pixels of {source.dtype}, {paths[0].name} {first_y} x {first_x} of"
                f" {first.dtype}: the frames of a stack are alike"
            )
    letters, shape, places = _places(paths)
    held = dict(zip(places, sources, strict=True))

    def plane(number: int) -> np.ndarray:
        return held[number].pixels(0)

    count = prod(shape)
    gone = tuple(number for number in range(count) if number not in held)
    words = f"{len(paths)} files of one frame each, {paths[0].name} to {paths[-1].name}, are taken for one stack"
    whole = replace(first, letters=letters, shape=shape, plane=plane, notes=(words, *first.notes), channel_names=None)
    return replace(whole, incomplete=lacking(count, len(paths), min(gone)), missing=gone) if gone else whole


def _opened(path: Path, open_one: Callable[[Path], Source]) -> Source:
    try:
        return open_one(path)
    except InputError as problem:
        raise InputError(f"{path.name}: {problem}") from None


def _places(paths: list[Path]) -> tuple[str, tuple[int, ...], list[int]]:
    """Axes that the names of files count along, and the place of each file along them."""
    in_a_row = "I", (len(paths),), list(range(len(paths)))
    each = [_parts(path)[1] for path in paths]
    if len({len(one) for one in each}) > 1:
        return in_a_row
    counting = [n for n, column in enumerate(zip(*each, strict=True)) if len(set(column)) > 1]
    columns = [np.array([one[n] for one in each]) for n in counting]
    letters = "I" if len(counting) == 1 else _letters(paths[0], counting, columns)
    columns = [column - column.min() for column in columns]
    shape = tuple(int(column.max()) + 1 for column in columns)
    if len(letters) != len(counting) or not letters or prod(shape) > (1 + MOST_GONE) * len(paths):
        return in_a_row  # they count something else
    return letters, shape, [int(place) for place in np.ravel_multi_index(tuple(columns), shape)]


def _letters(path: Path, counting: list[int], columns: list[np.ndarray]) -> str:
    """Letters of the axes that several numbers of names count, in their order; "" if not all have a word for one."""
    words = [re.findall("[a-z]+", str(text))[-1:] for text in _parts(path)[0][::2]]
    named = ["".join(words[n]) for n in counting]
    if POSITION in named:
        several = len(set(columns[named.index(POSITION)].tolist()))
        raise InputError(f"the files are of {several} positions; put those of each into a folder of its own")
    letters = [AXES.get(word, "") for word in named]
    return "".join(letters) if all(letters) and len(set(letters)) == len(letters) else ""


def _parts(path: Path) -> tuple[list[str | int], list[int]]:
    """Text and numbers of a name by turns, and the numbers alone."""
    parts = re.split(r"(\d{1,15})", path.name.lower())
    mixed: list[str | int] = [int(part) if n % 2 else part for n, part in enumerate(parts)]
    return mixed, [part for part in mixed if isinstance(part, int)]
