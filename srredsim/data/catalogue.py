"""Data sets by name or folder, opened: each by the reader that its description names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from srredsim import resources
from srredsim.data import description
from srredsim.data.description import Description
from srredsim.data.fields import Fields
from srredsim.data.pairs import Pairs
from srredsim.data.readers import Wanted
from srredsim.data.reconstructed import Joined
from srredsim.errors import InputError
from srredsim.reconstruction.lit import channels_for, slots_of

Opened = TypeVar("Opened")

KINDS = {  # what a reader may have: in words, and who else has it
    "stacks": "raw stacks",
    "images": "single images with their truth",
    "fields": "widefield images at noise levels",
}


@dataclass(frozen=True)
class DataSet:
    """One split of a data set, opened."""

    pairs: Pairs

    @property
    def augmentation(self) -> str:
        """What is right for these pairs, see `srredsim.data.augment`."""
        return self.pairs.augmentation


def of_one_pattern(
    folder: str | Path, patterns: Iterable[tuple[int, int]], opened: Callable[[int, int], Opened], how: str
) -> tuple[str, Opened]:
    """The one of these patterns that the stacks of a folder can have, as ``3x5``, and what is opened of them as such.

    ``how`` is what a user can do who has to say which it is.

    Raises
    ------
    InputError
        Where they can be of none, as it is refused for the first, or of several.
    """
    found, refusal = {}, None
    for angles, phases in patterns:
        try:
            found[f"{angles}x{phases}"] = opened(angles, phases)
        except InputError as problem:
            refusal = refusal or problem
    if refusal and not found:
        raise refusal
    if len(found) > 1:
        raise InputError(f"the stacks in {folder} can be of {' and of '.join(found)} frames; {how}")
    return next(iter(found.items()))


def open_split(
    name_or_folder: str | Path,
    split: str,
    angles: int,
    phases: int,
    count: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> DataSet:
    """Raw stacks of a split of a data set; ``count`` overrides the number of those that are simulated.

    Raises
    ------
    InputError
        If there is no such data set or split, or if its files are not pairs.
    """
    wanted = Wanted(count=count, options=options or {})
    data = _described(name_or_folder, split, wanted)
    return DataSet(_function(data, "stacks")(data, split, (angles, phases), wanted))


def open_reconstructed(
    name_or_folder: str | Path,
    split: str,
    patterns: list[tuple[int, int]],
    count: int | None = None,
    options: Mapping[str, Any] | None = None,
    kind: str = "wiener",
) -> DataSet:
    """The same as Wiener images, or their ``bands``; of stacks of any pattern those of several, in turn.

    A Wiener image may be turned as one likes: the stripes are gone.
    """

    def made(pairs: Pairs, pattern: tuple[int, int]) -> Pairs:
        return pairs.reconstructed(pattern, kind)

    return _each(name_or_folder, split, patterns, count, options, made)


def open_lit(
    name_or_folder: str | Path,
    split: str,
    patterns: list[tuple[int, int]],
    count: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> DataSet:
    """The same as raw frames with the light on each, see `srredsim.reconstruction.lit`; all have as many slots."""
    slots = slots_of(channels_for(max(angles * phases for angles, phases in patterns)))
    return _each(name_or_folder, split, patterns, count, options, lambda pairs, pattern: pairs.lit(pattern, slots))


def _each(
    name_or_folder: str | Path,
    split: str,
    patterns: list[tuple[int, int]],
    count: int | None,
    options: Mapping[str, Any] | None,
    made: Callable[[Pairs, tuple[int, int]], Pairs],
) -> DataSet:
    """What is made of the stacks of every pattern, in turn."""
    data = _described(name_or_folder, split, Wanted(options=options or {}))
    if len(patterns) > 1 and not data.reader.ANY_PATTERN:
        raise InputError(f"{data.name} holds one pattern; name it, as in `set` data.patterns=[3x5]")
    parts: list[Pairs] = []
    for pattern in patterns:
        parts.append(made(open_split(name_or_folder, split, *pattern, count, options).pairs, pattern))
    return DataSet(parts[0] if len(parts) == 1 else Joined(parts))


def open_images(name_or_folder: str | Path, split: str, wanted: Wanted) -> DataSet:
    """Single images, such as widefield ones, with what they should become.

    Raises
    ------
    InputError
        If the data set holds none, or not those that are wanted.
    """
    data = _described(name_or_folder, split, wanted)
    return DataSet(_function(data, "images")(data, split, wanted))


def open_fields(name_or_folder: str | Path, split: str, count: int | None = None) -> Fields:
    """The fields of a data set with noise levels, as W2S; ``count`` as in `open_split`, of the training split.

    Raises
    ------
    InputError
        If the data set holds none.
    """
    wanted = Wanted(count=count if split == "train" else None)
    data = _described(name_or_folder, split, wanted)
    return _function(data, "fields")(data, split, wanted)


def _described(name_or_folder: str | Path, split: str, wanted: Wanted) -> Description:
    data = description.of(name_or_folder)
    if split not in data.splits:
        raise InputError(f"no split {split!r}; there are: {', '.join(data.splits)}")
    known = data.reader.CHOICES
    for key, value in wanted.options.items():
        if key not in known and value is not None:
            can = f"it has {', '.join(known)}" if known else "leave it out"
            raise InputError(f"nothing in {data.name} is chosen by data.{key}; {can}")
    return data


def _function(data: Description, kind: str):
    """The function of its reader that opens this kind; InputError if there is none."""
    function = getattr(data.reader, kind)
    if function is None:
        have = [known for known in KINDS if getattr(data.reader, known)]
        others = [name for name in resources.entries("data") if getattr(description.of_entry(name).reader, kind)]
        hint = "; set data.input=widefield for them" if kind == "stacks" and "images" in have else ""
        raise InputError(
            f"{data.name} holds {KINDS[have[0]] if have else 'nothing that can be opened'}, no {KINDS[kind]}{hint};"
            f" these have some: {', '.join(others)}"
        )
    return function
