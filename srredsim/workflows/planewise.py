"""A widefield file turned into another, plane by plane: read, worked on and written one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from srredsim.acquisition import which
from srredsim.errors import InputError
from srredsim.io import orders
from srredsim.io.files import atomic
from srredsim.io.formats import open_source
from srredsim.io.image import ImageWriter, carried_over
from srredsim.io.source import Source

RAW_COUNTS = (9, 15, 25)  # frames of one raw stack of structured illumination

Picture = Callable[..., None]  # (path, plane, result, *, names, title, pixel_size_um), as srredsim.picture.side_by_side


@dataclass(frozen=True)
class Plane:
    """One plane of a file: ``image`` (y, x) as it is stored, finite and not constant; ``where`` as ``t=2, z=0``."""

    position: tuple[int, int, int]  # t, c, z
    image: np.ndarray
    where: str


def planewise(
    path: str | Path,
    name: str,
    work: Callable[[Plane], np.ndarray],
    picture: Picture,
    *,
    scale: int = 1,
    smallest: int = 16,
    out: str | Path | None = None,
    dtype: str = "float32",
    pixel_size_um: float | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict:
    """``<stem>_<name>.tif`` and ``.png`` in the folder ``out``: what ``work`` makes of every t, c and z of a file.

    Parameters
    ----------
    work : callable
        Plane -> (scale * y, scale * x) image.
    picture : callable
        Draws the first time and channel in the middle of z, before and after.
    scale : int
        Pixels of the result per pixel of the file.
    smallest : int
        Pixels that a side must have.
    out : path, optional
        Beside the input when left out.
    dtype : {"float32", "uint16"}
        Of the result; uint16 is rounded and clipped to 0 ... 65535.
    pixel_size_um : float, optional
        Left out: the file says.
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
    source = open_source(path, pixel_size_um)
    numbers = _planes(source, smallest)
    result = Path(out or path.parent) / f"{path.stem}_{name}.tif"
    preview = result.with_suffix(".png")
    calibration = carried_over(source, scale)
    shape = (*numbers.shape, *(scale * side for side in source.size))
    shown = (0, 0, numbers.shape[2] // 2)
    with (
        atomic(preview, overwrite) as temporary,
        ImageWriter(result, shape, dtype, overwrite=overwrite, **calibration) as writer,
    ):
        for done, position in enumerate(np.ndindex(*numbers.shape), start=1):
            where = which(numbers.shape, position)
            try:
                image = _checked(source.plane(int(numbers[position])))
                writer[position] = work(Plane(position, image, where))
            except InputError as problem:
                raise InputError(": ".join(filter(None, (where, str(problem))))) from None
            if progress:
                progress(done, numbers.size)
        picture(
            temporary,
            np.asarray(source.plane(int(numbers[shown])), np.float32),
            np.asarray(writer.plane(*shown)),
            names=("noisy" if scale == 1 else "widefield", name),
            title="   ".join(filter(None, (path.name, which(numbers.shape, shown)))),
            pixel_size_um=source.optics.pixel_size_um,
        )
    notes = [*source.notes, *_doubts(source)]
    if np.dtype(dtype).kind == "u":
        notes.append("uint16: values are rounded, and clipped to 0 ... 65535")
    return {
        "input": str(path),
        "paths": [str(result), str(preview)],
        "shape_tczyx": list(shape),
        "pixel_size_um": calibration["pixel_size_um"],
        "seconds": round(time.perf_counter() - started, 3),
        "notes": notes,
    }


def _planes(source: Source, smallest: int) -> np.ndarray:
    """Numbers (t, c, z) of the planes in the file."""
    named_axes = dict(zip(source.letters, source.shape, strict=True))
    if max(named_axes.get("A", 1), named_axes.get("P", 1)) > 1:
        raise InputError(
            "this is a raw stack of structured illumination, with angles and phases, not a widefield image; "
            "srredsim reconstruct and srredsim predict without --model take it"
        )
    y, x = source.size
    if min(y, x) < smallest:
        colour = "; is the last axis the colour? Give planes of grey values" if x in (3, 4) else ""
        raise InputError(f"the planes are {y} x {x} pixels; {smallest} x {smallest} is the least{colour}")
    return orders.arrange_planes(source.letters, source.shape)


def _doubts(source: Source) -> list[str]:
    """What the file may not be meant to be."""
    frames = int(np.prod(source.shape))
    if set(source.letters) <= {"I", "Z", "T"} and frames in RAW_COUNTS:
        return [
            f"the {frames} planes are taken one by one; if they are the raw frames of one SIM image, "
            "srredsim predict without --model and srredsim reconstruct make more of them"
        ]
    return []


def _checked(plane: np.ndarray) -> np.ndarray:
    plane = np.asarray(plane)
    bad = np.size(plane) - int(np.count_nonzero(np.isfinite(plane)))
    if bad:
        raise InputError(f"{bad} of {plane.size} pixels are NaN or infinite; mask or replace them first")
    if plane.min() == plane.max():
        raise InputError(f"every pixel is {plane.flat[0]:g}: there is no image")
    return plane
