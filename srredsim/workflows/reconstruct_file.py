"""From a file of raw frames to ``<stem>_wiener.tif``, with what it rests on in ``<stem>_wiener.json``.

Where another method made it than Wiener's, as in dim frames, the names end on that.

A reconstruction is planned, done and merged as a prediction is: see `srredsim.workflows.predict`.
The stripes also go into a file for another program, where one is asked for.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from srredsim import cosmic_rays, devices, hot_pixels, io
from srredsim.acquisition import Optics, Position
from srredsim.errors import InputError
from srredsim.io.asked import DTYPES
from srredsim.io.files import beside
from srredsim.io.image import carried_over
from srredsim.lost_frames import as_read, bridged, listed, lost_at, told
from srredsim.noise.spectrum import NoiseSpectrum
from srredsim.noise.whitened import remarks, spectra, whitened
from srredsim.optics.sampling import SCALE
from srredsim.reconstruction.chosen import called, possible
from srredsim.reconstruction.planes import Asked, Common, Maker, Plane
from srredsim.stripes import written
from srredsim.workflows.merging import merged
from srredsim.workflows.noting import Begun, Noted, Noting
from srredsim.workflows.plan import refuse_missing, refuse_part, refuse_place, stamp_of, unchanged
from srredsim.workflows.reconstruct import (
    KnownStripes,
    Lens,
    Method,
    Progress,
    Reconstruction,
    check_made,
)
from srredsim.zoo.predict import in_order


@dataclass(frozen=True)
class Plan:
    """All that the units of a reconstruction have in common; small, whatever the stack."""

    token: str  # by which its parts are known
    path: Path
    stamp: str  # of the file, see `srredsim.workflows.plan.stamp_of`
    name: str  # on which the name of the result ends
    reading: io.Reading
    writing: io.Writing
    asked: Asked
    device: str  # name; whoever does a unit needs one of its kind
    shape: tuple[int, ...]  # (t, c, z, y, x) of the result
    calibration: dict[str, Any]  # what the result says of itself
    optics: Optics  # of the frames
    noise: tuple[NoiseSpectrum | None, ...]  # of each channel
    common: tuple[Common, ...]  # of each channel
    otf_file: str | None
    split_photons: bool
    begun: Begun
    doubts: tuple[str, ...]

    @property
    def units(self) -> list[Position]:
        """Every (t, c, z): channel by channel, in each of them time by time, z fastest."""
        times, channels, slices, _, _ = self.shape
        return in_order((times, channels, slices))

    @property
    def result(self) -> Path:
        return self.writing.path(self.path, self.name)

    @property
    def paths(self) -> list[Path]:
        """All files that will be written."""
        return [self.result, beside(self.result, ".json"), *self.writing.beside(self.result)]


@dataclass(frozen=True)
class Part:
    """What came of one unit."""

    plan: str  # token of the plan
    position: Position
    image: np.ndarray
    noted: Noted | None
    hot: list[tuple[int, int]]  # (y, x) of hot pixels
    struck: str = ""  # what to say of rays
    lost: str = ""  # why the image is left empty


def reconstruct_file(
    path: str | Path,
    *,
    reading: io.Reading | None = None,
    writing: io.Writing | None = None,
    method: Method | None = None,
    known: KnownStripes | None = None,
    lens: Lens | None = None,
    split_photons: bool = False,
    progress: Progress | None = None,
) -> dict:
    """Reconstruct every t, c and z of a file, as `reconstruct` does, one plane in memory at a time.

    Returns
    -------
    dict
        What is in the JSON file, and its paths, ready for JSON.

    Raises
    ------
    InputError
        Before anything is computed, if the file or its optics cannot be used or a result exists already.
    """
    started = time.perf_counter()
    how = reading or io.Reading(), writing or io.Writing(), method or Method()
    worker = _opened(path, *how, known or KnownStripes(), lens or Lens(), split_photons)
    units = worker.plan.units

    def parts() -> Iterable[Part]:
        for done, part in enumerate(worker.every(), start=1):
            yield part
            if progress:
                progress(done, len(units))

    return merge(worker.plan, parts(), started)


def opened(
    path: str | Path,
    *,
    reading: io.Reading | None = None,
    writing: io.Writing | None = None,
    method: Method | None = None,
    known: KnownStripes | None = None,
    lens: Lens | None = None,
    split_photons: bool = False,
) -> Worker:
    """Who does what `reconstruct_file` would, with its plan: the stripes are found. The paths of the plan are whole."""
    if method is not None and method.live:
        raise InputError("`live` computes the times of a series together; leave it out, or `by_plane` and `dask`")
    writing = writing or io.Writing()
    whole: dict[str, Any] = {name: getattr(writing, name) for name in ("out", "write_parameters")}
    whole = {name: Path(value).resolve() for name, value in whole.items() if value is not None}
    writing = replace(writing, **whole)
    how = reading or io.Reading(), writing, method or Method(), known or KnownStripes(), lens or Lens()
    return _opened(Path(path).resolve(), *how, split_photons)


def merge(plan: Plan, parts: Iterable[Part], started: float | None = None) -> dict:
    """Write the results of all units, which come in any order; the report is that of `reconstruct_file`.

    Raises
    ------
    InputError
        If a part is of another plan, or comes twice. ValueError, if one is missing. Nothing is written then.
    """
    return merged(Results(plan, started), plan, parts)


class Worker:
    """Does units of a plan, in any order; in the order of the plan it reads each frame once.

    Raises
    ------
    InputError
        If the file is not as it was when it was planned.
    """

    def __init__(self, plan: Plan, work: Reconstruction | None = None):
        self.plan, self._explaining = plan, work.watch.explaining if work else nullcontext
        self._live = work if work and work.method.live else None
        if work:
            self._stack, self._recorded = work.stack, work.watch.stack.array
        else:
            unchanged(plan)
            opened = bridged(io.read(plan.path, **asdict(plan.reading)))
            self._recorded = as_read(opened.array)
            lenses = [one.channel.transfer for one in plan.common]
            self._stack = io.remembering(whitened(replace(opened, optics=plan.optics), lenses, plan.noise))
        where = work.device if work else devices.like(plan.device)
        self._make = Maker(self._stack, dict(enumerate(plan.common)), plan.asked, where)
        self._noting = Noting(self._stack, plan.otf_file, plan.asked, plan.split_photons)

    def do(self, position: Position) -> Part:
        """One unit."""
        plan = self.plan
        refuse_place(position, plan)
        with self._explaining():
            made = self._make(position)
            check_made(self._stack, made)
        return self._part(made)

    def every(self) -> Iterator[Part]:
        """All units, in the order of the plan."""
        if self._live:
            yield from map(self._part, self._live.made())
        else:
            yield from map(self.do, self.plan.units)

    def _part(self, made: Plane) -> Part:
        hot = hot_pixels.places_at(self._recorded, made.position)
        struck = hot_pixels.struck_at(self._recorded, made.position)
        lost = lost_at(self._stack.array, made.position)
        image = np.zeros_like(made.image) if lost else made.image
        return Part(self.plan.token, made.position, image, self._noting(made), hot, struck, lost)


class Results:
    """The files of a plan, written part by part; they appear when the ``with`` block ends well, and all parts came."""

    def __init__(self, plan: Plan, started: float | None = None):
        self._plan, self._started = plan, time.perf_counter() if started is None else started
        self._missing = set(plan.units)
        self._noted: dict[Position, Noted] = {}
        self._hot: set[tuple[int, int]] = set()
        self._struck: dict[Position, str] = {}
        self._lost: dict[Position, str] = {}
        self._files = ExitStack()
        self.report: dict = {}

    def __enter__(self) -> Results:
        plan, writing = self._plan, self._plan.writing
        with self._files as files:
            files.enter_context(io.together(plan.result))
            self._unfinished_report = files.enter_context(io.atomic(plan.paths[1], writing.overwrite))
            known: dict[str, Any] = {"overwrite": writing.overwrite, "tag": io.RESULT, **plan.calibration}
            writer = io.ImageWriter(plan.result, plan.shape, **known).compressed(writing.compress)
            self._writer = files.enter_context(writer)
            self._files = files.pop_all()
        return self

    def add(self, part: Part) -> None:
        refuse_part(part, self._plan, self._missing)
        self._missing.remove(part.position)
        self._writer[part.position] = part.image
        if part.noted:
            self._noted[part.position] = part.noted
        self._hot |= set(part.hot)
        self._struck |= {part.position: part.struck} if part.struck else {}
        self._lost |= {part.position: part.lost} if part.lost else {}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if kind is not None:
            return self._files.__exit__(kind, error, trace)
        with self._files:
            refuse_missing(self._missing, self._plan)
            empty = told(self._plan.shape, self._lost)
            repaired = [*hot_pixels.told(sorted(self._hot)), *cosmic_rays.told(self._struck)]
            facts = self._plan.begun.report(self._noted, [*empty, *repaired, *self._plan.doubts])
            facts["left_empty"] = listed(self._lost)
            parameters = _write_parameters(self._plan, facts)
            self._unfinished_report.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        self.report = facts | {
            "paths": [str(path) for path in (*self._plan.paths, *parameters)],
            "shape_tczyx": list(self._plan.shape),
            "seconds": round(time.perf_counter() - self._started, 3),
        }
        return None


def _opened(
    path: str | Path,
    reading: io.Reading,
    writing: io.Writing,
    method: Method,
    known: KnownStripes,
    lens: Lens,
    split_photons: bool,
) -> Worker:
    """A plan, and who does it: the file is opened once, and its frames are remembered as far as memory allows."""
    if writing.dtype != DTYPES[0]:
        raise InputError(f"reconstructions are written as {DTYPES[0]}: leave out `dtype`; got {writing.dtype}")
    path = Path(path)
    stack = io.read(path, **asdict(reading))
    work = Reconstruction(stack, method, known, lens, split_photons=split_photons)
    begun = Plan(
        token=uuid.uuid4().hex,
        path=path,
        stamp=stamp_of(path, reading),
        name=_ending(method.name),
        reading=reading,
        writing=writing,
        asked=work.asked,
        device=work.device.name,
        shape=work.shape,
        calibration=carried_over(replace(stack, optics=work.optics), SCALE),
        optics=work.optics,
        noise=(),
        common=(),
        otf_file=work.otf_file,
        split_photons=split_photons,
        begun=work.begun(),
        doubts=(),
    )
    for way in possible(method.name):
        one = replace(begun, name=_ending(way))
        io.refuse_results(one.result, one.paths[1:], writing.overwrite)
    _check_parameters(begun)
    common = () if method.live else tuple(work.common())
    for c in range(begun.shape[1]) if method.live else ():
        work.stack.raw(0, c, 0)  # which measures the noise: nothing was read yet
    doubts, noise = work.watch.doubts_of_reading(remarks(work.stack)), spectra(work.stack)
    name = _ending(called(one.method for one in common)) if common else begun.name
    return Worker(replace(begun, name=name, common=common, noise=tuple(noise), doubts=tuple(doubts)), work)


def _ending(method: str) -> str:
    return method.replace("-", "_")


def _check_parameters(plan: Plan) -> None:
    """InputError before the work if the file of parameters that is asked for cannot be written."""
    writing = plan.writing
    if (path := writing.write_parameters) is not None:
        written.check(path, plan.shape[1], plan.optics.pixel_size_um)
        if Path(path).exists() and not writing.overwrite:  # no result that may be skipped
            raise InputError(f"`write_parameters` {path} exists already; give `overwrite` or another name")
        io.refuse_unwritable(Path(path), writing.overwrite)


def _write_parameters(plan: Plan, facts: dict) -> list[Path]:
    """Write the file of parameters, if one is asked for and it can say what was found; else a note in the facts."""
    if plan.writing.write_parameters is None:
        return []
    path = Path(plan.writing.write_parameters)
    try:
        text = written.text_of(facts, path, max(plan.shape[3:]) // SCALE)
    except InputError as problem:
        facts["notes"].append(f"warning: {problem}")
        return []
    with io.atomic(path, plan.writing.overwrite) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    return [path]
