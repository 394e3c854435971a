"""Files of plain images, without a pattern: every plane is one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from srredsim.acquisition import Pattern, RawStack
from srredsim.errors import InputError
from srredsim.io import orders
from srredsim.io.asked import Reading
from srredsim.io.colours import with_channels
from srredsim.io.incomplete import whole_stacks
from srredsim.io.only import taken
from srredsim.io.raw import Frames, for_channels
from srredsim.io.source import Source

RAW_COUNTS = (9, 15, 25)  # frames of one raw stack of structured illumination


def plain_images(source: Source, path: str | Path | None, reading: Reading, smallest: int = 1) -> RawStack:
    """Every plane of an open file as a stack of its own, of one angle and one phase.

    ``smallest`` is the number of pixels that a side must have. The planes of a file that does not name its only axis
    are z-planes, or times where the order of the reading is T.

    Raises
    ------
    InputError
        If angles, optics or the like are told, or the file names angles and phases, or if its axes are more than time,
        channel and z.
    """
    reading.refuse_of_stacks("these are widefield images")
    named_axes = dict(zip(source.letters, source.shape, strict=True))
    if max(named_axes.get("A", 1), named_axes.get("P", 1)) > 1:
        raise InputError(
            "this is a raw stack of structured illumination, with angles and phases, not a widefield image; "
            "reconstruct takes it, and predict without a `model`"
        )
    y, x = source.size
    if min(y, x) < smallest:
        colour = "; is the last axis the colour? Give planes of grey values" if x in (3, 4) else ""
        raise InputError(f"the planes are {y} x {x} pixels; {smallest} x {smallest} is the least{colour}")
    letters, shape = with_channels(source.letters, source.shape, reading.channels)
    numbers = orders.arrange_planes(letters, shape, unnamed=reading.order)
    numbers, lacking = whole_stacks(numbers, source.missing)
    frames = Frames(source, numbers[..., None, None])
    optics, more = for_channels(source.optics, frames.shape[1])
    notes = (*source.notes, *more, *_doubts(source), *lacking)
    stack = RawStack(frames, Pattern(1, 1), optics, source.channel_names, None if path is None else Path(path), notes)
    return taken(stack, reading.only)


def checked(image: np.ndarray) -> np.ndarray:
    """The image (y, x); InputError if a pixel is not finite, or if all are the same."""
    bad = np.size(image) - int(np.count_nonzero(np.isfinite(image)))
    if bad:
        raise InputError(f"{bad} of {image.size} pixels are NaN or infinite; mask or replace them first")
    if image.min() == image.max():
        raise InputError(f"every pixel is {image.flat[0]:g}: there is no image, as where a frame was lost")
    return image


def _doubts(source: Source) -> list[str]:
    """What the file may not be meant to be."""
    frames = int(np.prod(source.shape))
    if set(source.letters) <= {"I", "Z", "T"} and frames in RAW_COUNTS:
        return [
            f"the {frames} planes are taken one by one; if they are the raw frames of one SIM image, "
            "predict without a `model` and reconstruct make more of them"
        ]
    return []
