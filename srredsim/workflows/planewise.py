"""A widefield file turned into another, plane by plane: read, worked on and written one at a time.

It is planned, done and merged as a prediction is: see `srredsim.workflows.predict`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from srredsim import checks, io, picture
from srredsim.acquisition import Position, RawStack, which
from srredsim.errors import InputError
from srredsim.io.asked import Reading, Writing
from srredsim.io.files import beside
from srredsim.io.image import ImageWriter, as_dtype, carried_over
from srredsim.io.plain import checked
from srredsim.workflows.plan import OfFile, refuse_missing, refuse_part, refuse_place, stamp_of, unchanged


@dataclass(frozen=True)
class Plane:
    """One plane of a file: ``image`` (y, x) as it is stored, finite and not constant; ``where`` as ``t=2, z=0``."""

    position: tuple[int, int, int]  # t, c, z
    image: np.ndarray
    where: str


@dataclass(frozen=True)
class Work:
    """What is done to every plane of a file.

    ``of_plane`` makes an image of the same size of a `Plane`, or that and what is found of it; ``report`` tells of what
    was found, by the planes; ``picture`` draws one before and after, as `srredsim.picture.side_by_side` does;
    ``smallest`` is the number of pixels that a side must have.
    """

    name: str
    of_plane: Callable[[Plane], Any]
    picture: Callable[..., None] = picture.side_by_side
    smallest: int = 16
    report: Callable[[dict[Position, Any]], dict] = lambda found: {}


@dataclass(frozen=True)
class Plan(OfFile):
    """All that the units of a file have in common; small, and can be pickled."""

    token: str  # by which its parts are known
    path: Path
    stamp: str  # of the file, see `srredsim.workflows.plan.stamp_of`
    name: str  # of the work, on which the name of the result ends
    reading: Reading
    writing: Writing
    shape: tuple[int, ...]  # (t, c, z, y, x)
    calibration: dict[str, Any]  # what the result says of itself
    notes: tuple[str, ...]
    how: dict[str, Any] = field(default_factory=dict)  # what another process needs to do the same work

    @property
    def units(self) -> list[Position]:
        """Every (t, c, z), z fastest."""
        return list(np.ndindex(*self.shape[:3]))

    @property
    def paths(self) -> list[Path]:
        """All files that will be written."""
        return [self.result, beside(self.result, ".png")]


@dataclass(frozen=True)
class Part:
    """What came of one unit."""

    plan: str  # token of the plan
    position: Position
    image: np.ndarray
    before: np.ndarray | None  # the plane as it was, where it is pictured
    found: Any = None  # what else the work says of it


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
    worker = opened(Path(path), work, reading=reading, writing=writing)
    units = worker.plan.units
    with io.together(worker.plan.result), Results(worker.plan, work, started) as results:
        for number, position in enumerate(units, start=1):
            results.add(worker.do(position))
            if progress:
                progress(number, len(units))
    return results.report


def opened(path: Path, work: Work, *, reading: Reading, writing: Writing, how: dict[str, Any] | None = None) -> Worker:
    """Who does the work on every plane of a file, with its plan; InputError if the file cannot be used."""
    source = io.open_source(path, **reading.opening)
    stack = io.plain_images(source, path, reading, work.smallest)
    plan = Plan(
        token=uuid.uuid4().hex,
        path=path,
        stamp=stamp_of(path, reading),
        name=work.name,
        reading=reading,
        writing=writing,
        shape=(*stack.array.shape[:3], *stack.array.shape[5:]),
        calibration=carried_over(stack, scale=1),
        notes=tuple(stack.notes),
        how=how or {},
    )
    io.refuse_results(plan.result, plan.paths[1:], writing.overwrite)
    return Worker(plan, work, stack)


class Worker:
    """Does units of a plan, in any order.

    Raises
    ------
    InputError
        If the file is not as it was when it was planned.
    """

    def __init__(self, plan: Plan, work: Work, stack: RawStack | None = None):
        if stack is None:
            unchanged(plan)
            source = io.open_source(plan.path, **plan.reading.opening)
            stack = io.plain_images(source, plan.path, plan.reading, work.smallest)
        self.plan, self._work, self._stack = plan, work, stack

    def do(self, position: Position) -> Part:
        """One unit."""
        plan = self.plan
        refuse_place(position, plan)
        image, made, found = done(self._stack, position, self._work)
        made = as_dtype(np.asarray(made), np.dtype(plan.writing.dtype))
        return Part(plan.token, position, made, image if position in plan.pictured else None, found)


class Results:
    """The files of a plan, written part by part; they appear when the ``with`` block ends well, and all parts came."""

    def __init__(self, plan: Plan, work: Work, started: float | None = None):
        self._plan, self._work = plan, work
        self._started = time.perf_counter() if started is None else started
        self._missing = set(plan.units)
        self._found: dict[Position, Any] = {}
        self._shown: dict[Position, tuple[np.ndarray, np.ndarray]] = {}
        self._files, self._brightest = ExitStack(), 0.0
        self.report: dict = {}

    def __enter__(self) -> Results:
        plan, overwrite = self._plan, self._plan.writing.overwrite
        with self._files as files:
            files.enter_context(io.together(plan.result))
            self._preview = files.enter_context(io.atomic(plan.paths[1], overwrite))
            known: dict[str, Any] = {"overwrite": overwrite, "tag": io.RESULT, **plan.calibration}
            writer = ImageWriter(plan.result, plan.shape, plan.writing.dtype, **known)
            self._writer = files.enter_context(writer.compressed(plan.writing.compress))
            self._files = files.pop_all()
        return self

    def add(self, part: Part) -> None:
        refuse_part(part, self._plan, self._missing)
        self._missing.remove(part.position)
        self._writer[part.position] = part.image
        self._brightest = max(self._brightest, float(np.max(part.image)))
        self._found[part.position] = part.found
        if part.before is not None:
            self._shown[part.position] = part.before, part.image
            if len(self._shown) == len(self._plan.pictured):
                self._draw()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if kind is not None:
            return self._files.__exit__(kind, error, trace)
        with self._files:
            refuse_missing(self._missing, self._plan)
        plan = self._plan
        told = self._work.report({place: self._found[place] for place in plan.units})
        self.report = {
            "input": str(plan.path),
            "paths": [str(path) for path in plan.paths],
            "shape_tczyx": list(plan.shape),
            "pixel_size_um": plan.calibration["optics"].pixel_size_um,
            "seconds": round(time.perf_counter() - self._started, 3),
            **told,
            "notes": [*plan.notes, *plan.writing.notes(self._brightest), *told.get("notes", ())],
        }
        return None

    def _draw(self) -> None:
        """Each channel before and after, at the first time and in the middle of z."""
        plan = self._plan
        times, channels, slices = plan.shape[:3]
        where = which((times, 1, slices), (0, 0, slices // 2))
        before, after = (np.stack(images) for images in zip(*(self._shown[one] for one in plan.pictured), strict=True))
        colours = picture.in_colours(plan.calibration["channel_names"], channels)
        self._work.picture(
            self._preview,
            np.asarray(before, np.float32),
            after,
            names=("noisy", plan.name),
            title="   ".join(filter(None, (plan.path.name, where, colours))),
            pixel_size_um=plan.calibration["optics"].pixel_size_um,
        )


def done(stack: RawStack, position: Position, work: Work) -> tuple[np.ndarray, np.ndarray, Any]:
    """One plane as it was; what became of it, and what is found of it besides."""
    where = stack.which(position)
    try:
        image = checked(stack.raw(*position)[0, 0])
        made, found = work.of_plane(Plane(position, image, where)), None
        if isinstance(made, tuple):
            made, found = made
        checks.image_made(made, work.name)
    except InputError as problem:
        raise InputError(stack.refused(position, problem)) from None
    return image, made, found
