"""How else the frames of a file could be read: other orders, other counts of angles and phases."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from srredsim.acquisition import Pattern, RawStack
from srredsim.errors import InputError
from srredsim.io.orders import KNOWN, ORDERS, Wanted, arrange
from srredsim.io.raw import Frames

EXCHANGED = "angle and phase exchanged"


def alternatives(stack: RawStack, *, trailing_widefield: bool = False) -> dict[str, RawStack]:
    """The same file under each other order, and with angles and phases swapped, as far as its frames allow.

    Parameters
    ----------
    stack : RawStack
        As it was read from a file; of a montage of tiles there is no other way to read it.
    trailing_widefield : bool
        As it was given to `srredsim.io.read`.

    Returns
    -------
    dict
        The arguments of `srredsim.io.read`, as messages name them, with what comes of them; under `EXCHANGED` what no
        arguments can do, because the file itself says which of its axes is which.
    """
    if not isinstance(stack.array, Frames):
        return {}
    source = stack.array.source
    angles, phases = stack.pattern.angles, stack.pattern.phases
    counts = dict.fromkeys([(angles, phases), (phases, angles), *((p, a) for a, p in KNOWN), *KNOWN])
    found: dict[str, RawStack] = {}
    for (a, p), order in product(counts, (order for order in ORDERS if order != "tiled")):
        try:
            numbers, _ = arrange(source.letters, source.shape, Wanted(order, a, p, trailing_widefield))
        except InputError:  # the frames do not make these counts, or the file names its axes
            continue
        _add(found, f'`order="{order}", angles={a}, phases={p}`', numbers, stack)
    _add(found, EXCHANGED, stack.array.numbers.swapaxes(3, 4), stack)
    return found


def _add(found: dict[str, RawStack], name: str, numbers: np.ndarray, stack: RawStack) -> None:
    """Unless it puts the same frames into the same places as another one."""
    angles, phases = (int(n) for n in numbers.shape[3:])
    known = [each.array.numbers for each in (stack, *found.values())]
    if angles > 1 and phases > 2 and not any(np.array_equal(numbers, other) for other in known):
        found[name] = replace(stack, array=Frames(stack.array.source, numbers), pattern=Pattern(angles, phases))
