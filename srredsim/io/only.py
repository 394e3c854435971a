"""Some of the times, channels and z-planes of a file: ``only="t=0-2,c=1"``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from srredsim.acquisition import RawStack
from srredsim.errors import InputError, shown

LETTERS = "tcz"  # numbered from 0, as reports name them
SPAN = re.compile(r"\s*([tcz])\s*=\s*(\d{1,9})(?:\s*-\s*(\d{1,9}))?\s*", re.IGNORECASE)

Spans = dict[str, tuple[int, int]]  # first and last of each axis that is told of


def spans(only: Any) -> Spans:
    """First and last of each axis.

    >>> spans("t=0-2,c=1")
    {'t': (0, 2), 'c': (1, 1)}

    Raises
    ------
    InputError
        If it is not of this form, or an axis comes twice.
    """
    parts = only.split(",") if isinstance(only, str) else [""]
    found: Spans = {}
    for part in map(SPAN.fullmatch, parts):
        axis, first, last = (part[1].lower(), int(part[2]), int(part[3] or part[2])) if part else ("", 1, 0)
        if first > last or axis in found:
            words = "`only` names times, channels or z-planes, numbered from 0 as in reports, each once"
            raise InputError(f"{words}: t=0-2, or t=0-2,c=1,z=5; got {shown(only)}")
        found[axis] = first, last
    return found


def named(only: str) -> str:
    """What names of results say of it: ``t0-2_c1``."""
    return "_".join(f"{axis}{_span(*ends)}" for axis, ends in spans(only).items())


def places(shape: Sequence[int], only: str) -> tuple[slice, slice, slice]:
    """Where they are among so many times, channels and z-planes.

    Raises
    ------
    InputError
        If there are not so many.
    """
    found = {}
    for axis, size in zip(LETTERS, shape, strict=False):
        first, last = spans(only).get(axis, (0, size - 1))
        if last >= size:
            raise InputError(f"`only` {shown(only)}: there are {size}, the last is {axis}={size - 1}")
        found[axis] = slice(first, last + 1)
    return found["t"], found["c"], found["z"]


def taken(stack: RawStack, only: str | None) -> RawStack:
    """The stack with these alone, which are then numbered from 0 again; all of it for None.

    Its array is one that `srredsim.io.raw` made of a file, whose frames are read when they are asked for.
    """
    if only is None:
        return stack
    sizes, part = dict(zip(LETTERS, stack.array.shape, strict=False)), places(stack.array.shape, only)
    told = ", ".join(f"{axis}={_span(*ends)} of {sizes[axis]}" for axis, ends in spans(only).items())
    waves, names = stack.optics.wavelength_em_um, stack.channel_names
    return replace(
        stack,
        array=replace(stack.array, numbers=stack.array.numbers[part], only=only),
        optics=replace(stack.optics, wavelength_em_um=of_part(waves, only) if isinstance(waves, tuple) else waves),
        channel_names=names and names[part[1]],
        notes=(*stack.notes, f"{told}: these alone, from here on numbered from 0"),
    )


def _span(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}-{last}"


def of_part(waves: tuple[float, ...], only: str) -> float | tuple[float, ...]:
    """Wavelengths of its channels, of those of all channels; a number of one."""
    kept = waves[places((1, len(waves), 1), f"c={_span(*spans(only).get('c', (0, len(waves) - 1)))}")[1]]
    return kept if len(kept) > 1 else kept[0]
