"""What a raw file is and whether its frames are good, and the same as a picture: ``<stem>_inspect.png``."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from srredsim import inspection, io
from srredsim.acquisition import RawStack
from srredsim.hot_pixels import as_recorded, with_array
from srredsim.inspection.checks import middle_position
from srredsim.inspection.fits import SIDE, places
from srredsim.io.files import beside
from srredsim.io.memory import Planes
from srredsim.io.raw import Frames, Tiles
from srredsim.lost_frames import LostFrames
from srredsim.reconstruction.unknown_optics import Untold, with_cutoffs


def inspect_file(path: str | Path, *, reading: io.Reading | None = None, writing: io.Writing | None = None) -> dict:
    """Inspect a raw file in the order in which it is read, and try whether another order fits better.

    Returns
    -------
    dict
        As `srredsim.inspection.inspect`, with ``input`` and the path of the ``picture``.

    Raises
    ------
    InputError
        If the file cannot be read, no microscope has the optics that were given, or the picture exists already.
    """
    path, reading, writing = Path(path), reading or io.Reading(), writing or io.Writing()
    stack = io.read(path, **asdict(reading))
    picture = beside(writing.path(path, "inspect"), ".png")
    with io.atomic(picture, writing.overwrite) as temporary:
        stack, middles = _read_once(stack)
        report = _inspected(stack, middles)
        inspection.picture(stack, temporary, report)
    return {"input": str(path), **report, "picture": str(picture)}


def inspect(stack: RawStack) -> dict:
    """Report on a stack as it was read, and on readings that fit better."""
    return _inspected(*_read_once(stack))


def _inspected(stack: RawStack, middles: RawStack) -> dict:
    with suppress(Untold, LostFrames):  # the checks say what is not known
        told = with_cutoffs(middles)
        stack, middles = replace(stack, optics=told.optics, notes=told.notes), told
    return inspection.inspect(stack, io.alternatives(middles), middles)


def _read_once(stack: RawStack) -> tuple[RawStack, RawStack]:
    """The stack, and the same with the middle of its frames alone; what one of them has read, both know.

    Of a montage a plane, and of an array, the stack itself twice: the middle of a montage is that of no frame.
    """
    array = as_recorded(stack.array)
    if isinstance(array, Frames):
        planes = Planes(array.source, SIDE, pinned=array.numbers[middle_position(stack, 0)].ravel().tolist())
        whole, middle = (replace(array, source=source) for source in (planes.whole, planes.middle))
        return with_array(stack, whole), with_array(stack, middle)
    if isinstance(array, Tiles):
        channels = range(stack.sizes["C"])
        looked_at = [middle_position(stack, c) for c in channels] + [at for c in channels for at in places(stack, c)]
        planes = Planes(array.source, SIDE, pinned=[int(array.numbers[at]) for at in looked_at])
        stack = with_array(stack, replace(array, source=planes.whole))
    return stack, stack
