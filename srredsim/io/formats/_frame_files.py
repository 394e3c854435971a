"""Folders of one raw stack, a file for each frame: ``cell_1.tif`` ... ``cell_15.tif``, as some software saves it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from srredsim.errors import InputError
from srredsim.io.source import Source, lacking

FEWEST_FILES = 7  # files of a folder that may be the frames of one stack


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
        If a file holds several planes, or is of another size or type than the first. Where one number of the names
        counts, and one is left out, the file is ``incomplete``.
    """
    paths = in_order(paths)
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
    gone = _left_out(paths)
    places = [n for n in range(len(paths) + len(gone)) if n not in gone]
    held = dict(zip(places, sources, strict=True))

    def plane(number: int) -> np.ndarray:
        return held[number].pixels(0)

    count = len(paths) + len(gone)
    words = f"{len(paths)} files of one frame each, {paths[0].name} to {paths[-1].name}, are taken for one stack"
    whole = replace(first, letters="I", shape=(count,), plane=plane, notes=(words, *first.notes), channel_names=None)
    return replace(whole, incomplete=lacking(count, len(paths), min(gone)), missing=gone) if gone else whole


def _opened(path: Path, open_one: Callable[[Path], Source]) -> Source:
    try:
        return open_one(path)
    except InputError as problem:
        raise InputError(f"{path.name}: {problem}") from None


def _left_out(paths: list[Path]) -> tuple[int, ...]:
    """Places that lack a file, if a single number in the names counts them."""
    numbers = np.array([_parts(path)[1] for path in paths])
    counting = [column for column in numbers.T if len(set(column)) > 1] if numbers.size else []
    if len(counting) != 1:
        return ()
    first, last = int(counting[0][0]), int(counting[0][-1])
    if last - first + 1 > 2 * len(paths):  # they count something else
        return ()
    there = {int(number) for number in counting[0]}
    return tuple(number - first for number in range(first, last + 1) if number not in there)


def _parts(path: Path) -> tuple[list[str | int], list[int]]:
    """Text and numbers of a name by turns, and the numbers alone."""
    parts = re.split(r"(\d{1,15})", path.name.lower())
    mixed: list[str | int] = [int(part) if n % 2 else part for n, part in enumerate(parts)]
    return mixed, [part for part in mixed if isinstance(part, int)]
