"""What a raw file is and whether its frames are good, and the same as a picture: ``<stem>_inspect.png``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from srredsim import inspection, io
from srredsim.acquisition import RawStack


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
    picture = writing.path(path, "inspect").with_suffix(".png")
    with io.atomic(picture, writing.overwrite) as temporary:
        report = inspect(stack)
        inspection.picture(stack, temporary, report)
    return {"input": str(path), **report, "picture": str(picture)}


def inspect(stack: RawStack) -> dict:
    """Report on a stack as it was read, and on readings that fit better."""
    return inspection.inspect(stack, io.alternatives(stack))
