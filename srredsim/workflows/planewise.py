"""A widefield file turned into another, plane by plane: read, worked on and written one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from srredsim import checks, io, picture
from srredsim.acquisition import RawStack, which
from srredsim.errors import InputError
from srredsim.io.asked import Reading, Writing
from srredsim.io.files import beside
from srredsim.io.image import ImageWriter, carried_over
from srredsim.io.plain import checked


@dataclass(frozen=True)
class Plane:
    """One plane of a file: ``image`` (y, x) as it is stored, finite and not constant; ``where`` as ``t=2, z=0``."""

    position: tuple[int, int, int]  # t, c, z
    image: np.ndarray
    where: str


@dataclass(frozen=True)
class Work:
    """What is done to every plane of a file.

    ``of_plane`` makes an image of the same size of a `Plane`; ``picture`` draws one before and after, as
    `srredsim.picture.side_by_side` does; ``smallest`` is the number of pixels that a side must have.
    """

    name: str
    of_plane: Callable[[Plane], np.ndarray]
    picture: Callable[..., None] = picture.side_by_side
    smallest: int = 16


def planewise(
    path: str | Path,
    work: Work,
    *,
    reading: Reading = Reading(),  # noqa: B008  frozen
    writing: Writing = Writing(),  # noqa: B008
    progress: Callable[[int, int], None] | None = None,
) -> dict:
    """``<stem>_<name>.tif`` and ``.png``: what the work makes of every t, c and z of a file; each plane is read once.

    Parameters
    ----------
    progress : callable, optional
        Called as ``progress(done, total)`` after every plane.

    Returns
    -------
    dict
        What was done, ready for JSON: input, paths, shape_tczyx, pixel_size_um (of the result), seconds, notes.

    Raises
    ------
    InputError
        If the file cannot be used, or a result exists already. Nothing is left half-written.
    """
    started = time.perf_counter()
    path = Path(path)
    source = io.open_source(path, **reading.opening)
    stack = io.plain_images(source, path, reading, work.smallest)
    positions, size = stack.array.shape[:3], stack.array.shape[5:]
    result = writing.path(path, work.name)
    preview = beside(result, ".png")
    calibration = carried_over(stack, scale=1)
    io.refuse_results(result, [preview], writing.overwrite)
    with (
        io.together(result),
        io.atomic(preview, writing.overwrite) as unfinished,
        ImageWriter(
            result, (*positions, *size), writing.dtype, overwrite=writing.overwrite, tag=io.RESULT, **calibration
        ).compressed(writing.compress) as writer,
    ):
        shown = []
        for number, position in enumerate(np.ndindex(*positions), start=1):
            image = done(stack, position, work, writer)
            if position[::2] == (0, positions[2] // 2):
                shown.append((image, np.array(writer.plane(*position))))
                if len(shown) == positions[1]:
                    _draw(unfinished, stack, shown, work)
            if progress:
                progress(number, int(np.prod(positions)))
    return {
        "input": str(path),
        "paths": [str(result), str(preview)],
        "shape_tczyx": [*positions, *size],
        "pixel_size_um": calibration["optics"].pixel_size_um,
        "seconds": round(time.perf_counter() - started, 3),
        "notes": [*stack.notes, *writing.notes()],
    }


def done(stack: RawStack, position: tuple[int, int, int], work: Work, into: ImageWriter | np.ndarray) -> np.ndarray:
    """One plane as it was; what became of it is written into the (t, c, z, y, x) of a file or an array."""
    where = stack.which(position)
    try:
        image = checked(stack.raw(*position)[0, 0])
        made = work.of_plane(Plane(position, image, where))
        checks.image_made(made, work.name)
        into[position] = made
    except InputError as problem:
        raise InputError(": ".join(filter(None, (where, str(problem))))) from None
    return image


def _draw(path: Path, stack: RawStack, shown: list[tuple[np.ndarray, np.ndarray]], work: Work) -> None:
    """Each channel before and after, at the first time and in the middle of z."""
    times, channels, slices = stack.array.shape[:3]
    where = which((times, 1, slices), (0, 0, slices // 2))
    before, after = (np.stack(images) for images in zip(*shown, strict=True))
    work.picture(
        path,
        np.asarray(before, np.float32),
        after,
        names=("noisy", work.name),
        title="   ".join(filter(None, (stack.source.name, where, picture.in_colours(stack.channel_names, channels)))),
        pixel_size_um=stack.optics.pixel_size_um,
    )
