"""How else the frames of a file could be read: other orders and counts, a widefield frame in each group, colours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from srredsim.acquisition import Pattern, RawStack
from srredsim.errors import InputError
from srredsim.hot_pixels import as_recorded, repaired_as
from srredsim.io.incomplete import whole_stacks
from srredsim.io.orders import KNOWN, ORDERS, WIDEFIELD_FRAMES, Wanted, arrange
from srredsim.io.raw import Frames

EXCHANGED = "angle and phase exchanged"
COLOURS = (2, 3, 4)  # channels that may alternate frame by frame in a file that does not say so


def alternatives(stack: RawStack) -> dict[str, RawStack]:
    """The same file read in each other way that its frames allow.

    These are other orders, angles and phases swapped, a widefield frame before, after or not in each group, colours
    that alternate.

    Parameters
    ----------
    stack : RawStack
        As it was read from a file; of a montage of tiles there is no other way to read it.

    Returns
    -------
    dict
        The arguments of `srredsim.io.read`, as messages name them, with what comes of them; under `EXCHANGED` what no
        arguments can do, because the file itself says which of its axes is which.
    """
    frames = as_recorded(stack.array)
    if not isinstance(frames, Frames):
        return {}
    source = frames.source
    found: dict[str, RawStack] = {}
    for name, wanted in _ways(stack, frames.wanted):
        try:
            numbers, _ = whole_stacks(arrange(source.letters, source.shape, wanted)[0], source.missing)
        except InputError:  # the frames do not make these counts, or the file names its axes
            continue
        _add(found, name, numbers, stack)
    _add(found, EXCHANGED, frames.numbers.swapaxes(3, 4), stack)
    return found


def _ways(stack: RawStack, asked: Wanted) -> Iterator[tuple[str, Wanted]]:
    """Other orders and counts; then, in groups as most software has them, other widefield frames and colours."""
    angles, phases = stack.pattern.angles, stack.pattern.phases
    counts = list(dict.fromkeys([(angles, phases), (phases, angles), *((p, a) for a, p in KNOWN), *KNOWN]))
    for (a, p), order in product(counts, (order for order in ORDERS if order != "tiled")):
        yield f'`order="{order}", angles={a}, phases={p}`', replace(asked, order=order, angles=a, phases=p)
    for place, (a, p) in product(WIDEFIELD_FRAMES, counts):
        if place != (asked.widefield or "none"):
            name = f'`widefield_frame="{place}", angles={a}, phases={p}`'
            yield name, replace(asked, widefield_frame=place, angles=a, phases=p)
    if asked.channels is None:
        for channels, (a, p) in product(COLOURS, counts):
            name = f"`channels={channels}, angles={a}, phases={p}`"
            yield name, replace(asked, channels=channels, angles=a, phases=p)


def _add(found: dict[str, RawStack], name: str, numbers: np.ndarray, stack: RawStack) -> None:
    """Unless it puts the same frames into the same places as another one."""
    angles, phases = (int(n) for n in numbers.shape[3:])
    known = [each.array.numbers for each in (stack, *found.values())]
    if angles > 1 and phases > 2 and not any(np.array_equal(numbers, other) for other in known):
        array = repaired_as(stack.array, replace(as_recorded(stack.array), numbers=numbers))
        names = stack.channel_names if numbers.shape[1] == stack.sizes["C"] else None
        found[name] = replace(stack, array=array, pattern=Pattern(angles, phases), channel_names=names)
