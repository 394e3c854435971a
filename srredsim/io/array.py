"""An array in memory as a source, understood as the same array in a .npy file would be, unless its axes are told."""

from __future__ import annotations

from typing import Any

import numpy as np

from srredsim import checks
from srredsim.acquisition import AXES
from srredsim.errors import InputError
from srredsim.io.calibration import Calibration
from srredsim.io.source import Source


def array_source(array: Any, axes: str | None = None, pixel_size_um: float | None = None) -> Source:
    """Planes of an array (..., y, x).

    Parameters
    ----------
    axes : str, optional
        A letter of `AXES` for each axis, the slowest first, the last two Y and X: ``ZAPYX``. Left out, the axes
        before y and x have no names, and the last of them are the frames.

    Raises
    ------
    InputError
        If it is no array of numbers with y and x, or the axes do not fit it.
    """
    array = checks.plain_array(array)
    if array.ndim < 2:
        raise InputError(f"an array of the shape {array.shape} is no image; (y, x) is one, (frames, y, x) a raw stack")
    if axes is not None:
        _check(axes, array.shape)
    shape, size = array.shape[:-2], array.shape[-2:]
    letters = "I" * len(shape) if axes is None else axes[:-2]
    optics, notes = Calibration().optics(pixel_size_um)
    dtype = array.dtype.newbyteorder("=")
    return Source(
        letters, shape, size, dtype, lambda number: array[np.unravel_index(number, shape)], optics, notes=tuple(notes)
    )


def _check(axes: Any, shape: tuple[int, ...]) -> None:
    known = isinstance(axes, str) and len(set(axes)) == len(axes) and set(axes) <= set(AXES) and axes.endswith("YX")
    if not known:
        raise InputError(f"`axes` are different letters of {AXES}, the last two YX, as ZAPYX; got {axes!r}")
    if len(axes) != len(shape):
        raise InputError(f"`axes` names {len(axes)} axes ({axes}), but the shape of the array is {shape}")
