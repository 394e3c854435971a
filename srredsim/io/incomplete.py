"""Files that hold fewer frames than they promise: what is left that is whole."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from math import prod

import numpy as np

from srredsim.errors import InputError
from srredsim.io.orders import arrange
from srredsim.io.source import Source
from srredsim.io.wanted import Wanted

MOST_LACKING = 200  # frames of which a last stack may lack some


def filled_up(source: Source, wanted: Wanted) -> Source:
    """The same file with so many more frames, all missing, as make its last raw stack a whole one.

    A file whose frames lie along several axes, or make whole stacks already, or none of this number of angles and
    phases, stays as it is.
    """
    along = [axis for axis, n in enumerate(source.shape) if n > 1]
    count = prod(source.shape)
    if len(along) != 1 or not (wanted.angles and wanted.phases) or wanted.order == "tiled":
        return source
    for more in range(MOST_LACKING):
        shape = tuple(n + more if axis == along[0] else n for axis, n in enumerate(source.shape))
        with suppress(InputError):
            arrange(source.letters, shape, wanted)
            return replace(source, shape=shape, missing=(*source.missing, *range(count, count + more)))
    return source


def whole_stacks(numbers: np.ndarray, missing: tuple[int, ...]) -> tuple[np.ndarray, list[str]]:
    """Numbers (t, c, z, ...) without the times of which a frame is missing; of a single time, without such z-planes.

    Raises
    ------
    InputError
        If nothing is whole.
    """
    if not missing:
        return numbers, []
    lacking = np.isin(numbers, missing).reshape(*numbers.shape[:3], -1).any(axis=3)
    times, planes = ~lacking.any(axis=(1, 2)), ~lacking.any(axis=(0, 1))
    if times.any():
        return numbers[times], [f"of {len(times)} times {np.count_nonzero(times)} are whole, and taken"]
    if len(times) == 1 and planes.any():
        return numbers[:, :, planes], [f"of {len(planes)} z-planes {np.count_nonzero(planes)} are whole, and taken"]
    raise InputError(f"frames missing in the file: {len(missing)}; no stack is whole without them")
