"""Planes that were read as z-planes although nothing says that they are: the times of a series look the same."""

from __future__ import annotations

from srredsim.acquisition import RawStack
from srredsim.errors import InputError
from srredsim.hot_pixels import as_recorded
from srredsim.io.raw import Frames


def refuse_slices(argument: str, stack: RawStack) -> None:
    """InputError if a stack for which this argument is given has several z-planes: it is for times of one."""
    if (slices := stack.sizes["Z"]) > 1:
        order = order_of_times(stack)
        times = f'; they were read as z-planes: if they are times, give `order="{order}"`' if order else ""
        raise InputError(
            f"`{argument}` is for time series of one slice, this stack has {slices}{times or '; leave it out'}"
        )


def order_of_times(stack: RawStack) -> str | None:
    """The order that reads the z-planes of a stack as times; None where the file itself tells them from times."""
    array = as_recorded(stack.array)
    if not isinstance(array, Frames) or stack.sizes["T"] > 1:
        return None
    named = dict(zip(array.source.letters, array.source.shape, strict=True)).get("Z")
    return None if named == stack.sizes["Z"] else (array.wanted.order or "PAZ").replace("Z", "T")
