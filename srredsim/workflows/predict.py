"""From a file to a super-resolved, or denoised, image: any size, in tiles, written as it is computed.

A prediction is planned, done and merged. The plan has units, one for each t, c and z, which are done one by one:
in turn by `predict_file`, or by several processes, which are given the plan and some of its units each.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, TypedDict, Unpack

import numpy as np

from srredsim import checks, devices, io, keras_start, picture
from srredsim.acquisition import Position, RawStack, frames_from_raw, which
from srredsim.consistency.widefield import agreement, cutoff_of
from srredsim.errors import InputError
from srredsim.inspection.readings import watched
from srredsim.io.asked import Reading, Writing
from srredsim.io.image import carried_over
from srredsim.lost_frames import SeenPlanes, bridged, digest_of_plane, listed, lost_at, told
from srredsim.noise.whitened import remarks, spectra, whitened
from srredsim.quality.report import misread, sentence
from srredsim.reconstruction import unknown_optics
from srredsim.reconstruction.known import of_file
from srredsim.reconstruction.survey import Survey
from srredsim.workflows import judge as judging
from srredsim.workflows.merging import merged
from srredsim.workflows.page import write_page
from srredsim.workflows.plan import (
    Part,
    Plan,
    chain_of,
    refuse_missing,
    refuse_part,
    refuse_place,
    stamp_of,
    unchanged,
)
from srredsim.zoo import own_microscope
from srredsim.zoo.chain import Chain
from srredsim.zoo.models import LoadedModel
from srredsim.zoo.predict import about_lens, counted

Choice = LoadedModel | Chain | Callable[[RawStack], LoadedModel | Chain]


class How(TypedDict, total=False):
    """How images are made and compared: see `predict_file`."""

    tile: int | None
    consistency: bool
    device: str
    parameters: str | Path | dict | None


def predict_file(
    path: str | Path,
    model: Choice,
    *,
    reading: Reading = Reading(),  # noqa: B008  frozen
    writing: Writing = Writing(),  # noqa: B008
    progress: Callable[[int, int], None] | None = None,
    **how: Unpack[How],
) -> dict:
    """Image of every t, c and z of a file: ``<stem>_<model>.tif`` and ``.png``.

    Each raw stack is normalised as a whole and by itself, and its gain is undone on the image: intensities stay
    comparable along t, c and z.

    Parameters
    ----------
    model : LoadedModel, Chain or callable
        A callable is given the raw stack that the file holds, and chooses.
    reading, writing : Reading, Writing
        Models of Wiener images need the optics, and so does the consistency map.
    progress : callable, optional
        Called as ``progress(done, total)`` after every tile, or every plane.
    tile : int, optional
        Side of a tile in raw pixels, without its context; smaller tiles take less memory and more time.
    consistency : bool
        Where the optics are known, compare the image with the raw frames: ``<stem>_<model>_consistency.tif``, ``.png``;
        of a widefield image, always.
    device : str
        Of `srredsim.devices`: where Wiener images, and what compares with the frames, are computed.
    parameters : path or dict, optional
        Stripes of another stack of the same microscope, as `srredsim.reconstruction.known.KnownStripes` has them, for
        models whose input is made with stripes.

    Returns
    -------
    dict
        What was done, ready for JSON: input, model, paths, shape_tczyx, pixel_size_um, engine, precision, tile,
        seconds, seconds_in_network (of these), device, stripes (a sentence for each channel, if the model needed them),
        consistency (None without; see `srredsim.workflows.judge.Judge.report`), agreement (of widefield images with
        their input: a row for each t, c and z, see `srredsim.consistency.widefield`), left_empty (images whose frames
        were lost), notes (what to know).

    Raises
    ------
    InputError
        Before anything is computed, if the file cannot be used or a result exists already.
    """
    started = time.perf_counter()
    worker = _opened(path, model, reading=reading, writing=writing, **how)
    with io.together(worker.plan.result):
        with Results(worker.plan, started) as results:
            tick = counted(progress, len(worker.plan.units) * worker.ticks)
            for position in worker.plan.units:
                results.add(worker.do(position, results.place(position), tick))
        write_page(results.report, worker.plan.reading, writing)
    return results.report


def opened(
    path: str | Path,
    model: Choice,
    *,
    writing: Writing = Writing(),  # noqa: B008
    **how: Unpack[How],
) -> Worker:
    """Who does what `predict_file` would, asked the same, and the plan. Every frame of a raw stack has been read, and
    stripes have been found if needed.

    The paths of the plan are whole, so that its units can be done from any folder.
    """
    writing = replace(writing, out=None if writing.out is None else Path(writing.out).resolve())
    return _opened(Path(path).resolve(), model, writing=writing, **how)


def plan(path: str | Path, model: Choice, **how: Any) -> Plan:
    """The plan of who is `opened` so."""
    return opened(path, model, **how).plan


def merge(plan: Plan, parts: Iterable[Part], started: float | None = None) -> dict:
    """Write the results of all units, which come in any order; the report is that of `predict_file`.

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

    def __init__(self, plan: Plan, chain: Chain | None = None, stack: RawStack | None = None):
        chain, self._device = chain or chain_of(plan), devices.like(plan.device)
        for network in chain.networks:
            network.device = self._device
            network.begin()
        if stack is None:
            unchanged(plan)
            source = io.open_source(plan.path, **plan.reading.opening)
            source = unknown_optics.with_known(source, plan.survey.cutoffs)
            opened = bridged(chain.open(source, plan.path, plan.reading))
            stack = whitened(opened, spectra=plan.survey.noise)
        self.plan, self._networks = plan, chain.networks
        self._array = stack.array
        self._planes, self._optics = chain.planes(stack, plan.survey, plan.asked_tile), stack.optics
        self._looks_for_copies = not chain.kind.OF_STACKS

    @property
    def ticks(self) -> int:
        """Calls of ``tick`` for each unit."""
        return self._planes.ticks

    def do(self, position: Position, into: np.ndarray | None = None, tick: Callable[[], None] = lambda: None) -> Part:
        """One unit; ``into`` is the place of its image, left out: the part has it."""
        plan = self.plan
        refuse_place(position, plan)
        before = sum(network.seconds for network in self._networks)
        image = np.empty(plan.shape[3:], plan.writing.dtype) if into is None else into
        raw = self._planes(position, image, tick)
        checks.image_made(image, ": ".join(filter(None, (which(plan.shape[:3], position), f"the model {plan.name}"))))
        if lost := lost_at(self._array, position):
            image[...] = 0
        return Part(
            plan.token,
            position,
            image if into is None else None,
            np.mean(frames_from_raw(raw), axis=-1, dtype=np.float32) if position in plan.pictured else None,
            self._judged(position, raw, image, lost),
            agreement(raw[0, 0], image, cutoff_of(self._optics, position[1])) if plan.agreements else None,
            sum(network.seconds for network in self._networks) - before,
            tuple(note for network in self._networks for note in network.notes()),
            digest_of_plane(raw) if self._looks_for_copies else None,
            lost,
        )

    def _judged(self, position: Position, raw: np.ndarray, image: np.ndarray, lost: str) -> judging.Judged | None:
        plan = self.plan
        if not plan.transfers:
            return None
        if lost:
            return judging.not_judged(position, image.shape, "frames were lost")
        stripes = plan.survey.stripes[position[1]]
        known = stripes, plan.transfers[position[1]], self._device
        return judging.judged(position, raw, np.asarray(image, np.float32), *known)


class Results:
    """The files of a plan, written part by part; they appear when the ``with`` block ends well, and all parts came."""

    def __init__(self, plan: Plan, started: float | None = None):
        self._plan, self._started = plan, time.perf_counter() if started is None else started
        self._missing = set(plan.units)
        self._widefields: dict[Position, np.ndarray] = {}
        self._digests: dict[Position, str] = {}
        self._lost: dict[Position, str] = {}
        self._seconds, self._notes, self._brightest = 0.0, dict.fromkeys(plan.notes), 0.0
        self._agreements = plan.agreements and replace(plan.agreements, found={})
        self._files = ExitStack()
        self.report: dict = {}

    def __enter__(self) -> Results:
        plan, overwrite = self._plan, self._plan.writing.overwrite
        with self._files as files:
            files.enter_context(io.together(plan.result))
            self._preview = files.enter_context(io.atomic(plan.paths[1], overwrite))
            self._writer = files.enter_context(
                io.ImageWriter(
                    plan.result, plan.shape, plan.writing.dtype, overwrite=overwrite, tag=io.RESULT, **plan.calibration
                ).compressed(plan.writing.compress)
            )
            self._judge = None
            if plan.transfers:
                judge = judging.Judge(plan.result, plan.sizes, overwrite=overwrite, **plan.calibration)
                self._judge = files.enter_context(judge)
            self._files = files.pop_all()
        return self

    def place(self, position: Position) -> np.ndarray:
        """Where the image of (t, c, z) belongs in the file; let go of it before the block ends."""
        return self._writer.plane(*position)

    def add(self, part: Part) -> None:
        refuse_part(part, self._plan, self._missing)
        for what, came, wanted in (
            ("the frames", part.judged, self._plan.transfers),
            ("its input", part.agreement, self._plan.agreements),
        ):
            if (came is None) == bool(wanted):
                should = "was not" if came is None else "should not be"
                raise InputError(f"the part of (t, c, z) = {part.position} {should} compared with {what} in this plan")
        self._missing.remove(part.position)
        if part.image is not None:
            self._writer[part.position] = part.image
        self._brightest = max(self._brightest, float(np.max(self.place(part.position))))
        if part.judged:
            image = np.asarray(self.place(part.position), np.float32)
            self._judge.add(part.judged, image, name=self._plan.name, title=self._plan.path.name)
        if part.agreement and self._agreements:
            self._agreements.add(part.position, part.agreement)
        if part.widefield is not None:
            self._widefields[part.position] = part.widefield
            if len(self._widefields) == len(self._plan.pictured):
                self._draw()
        if part.digest:
            self._digests[part.position] = part.digest
        self._lost |= {part.position: part.lost} if part.lost else {}
        self._seconds += part.seconds
        self._notes |= dict.fromkeys(part.notes)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if kind is not None:
            return self._files.__exit__(kind, error, trace)
        with self._files:
            refuse_missing(self._missing, self._plan)
        self.report = self._reported()
        return None

    def _draw(self) -> None:
        plan = self._plan
        times, channels, slices = plan.shape[:3]
        where = which((times, 1, slices), (0, 0, slices // 2))
        colours = picture.in_colours(plan.calibration["channel_names"], channels)
        made = np.stack([self.place(position) for position in plan.pictured])
        picture.side_by_side(
            self._preview,
            np.stack([self._widefields[position] for position in plan.pictured]),
            made,
            names=(plan.shown_as, plan.name),
            title="   ".join(filter(None, (plan.path.name, where, colours))),
            pixel_size_um=plan.pixel_size_um,
        )

    def _reported(self) -> dict:
        plan = self._plan
        consistency = self._judge.report() if self._judge else None
        doubts = self._agreements.notes() if self._agreements else consistency["notes"] if consistency else []
        seen, in_order = SeenPlanes(), [place for place in plan.units if place in self._digests]
        copies = [line for place in in_order for line in seen.note(self._digests[place], which(plan.shape[:3], place))]
        doubts = [] if misread(self._notes) else doubts  # they follow from that
        notes = [*self._notes, *told(plan.shape, self._lost), *copies, *doubts, *plan.writing.notes(self._brightest)]
        return {
            "input": str(plan.path),
            "model": plan.name,
            "paths": [str(path) for path in plan.paths],
            "shape_tczyx": list(plan.shape),
            "pixel_size_um": plan.calibration["optics"].pixel_size_um,
            "engine": plan.computed[0][1] or keras_start.backend(),
            "precision": plan.computed[0][0],
            "tile": plan.tile,
            "seconds": round(time.perf_counter() - self._started, 3),
            "seconds_in_network": round(self._seconds, 3),
            "device": plan.device,
            "stripes": [sentence(each) for each in plan.survey.made_with],
            "out_of_focus": [each.haze.report() for each in plan.survey.made_with],
            "consistency": consistency,
            "agreement": self._agreements.report() if self._agreements else None,
            "left_empty": listed(self._lost),
            "notes": notes,
        }


def _opened(
    path: str | Path,
    model: Choice,
    *,
    writing: Writing,
    reading: Reading = Reading(),  # noqa: B008
    tile: int | None = None,
    consistency: bool = True,
    device: str = devices.AUTO,
    parameters: str | Path | dict | None = None,
) -> Worker:
    """A plan, and who does it: the file is opened once, and its frames are remembered as far as memory allows."""
    checks.positive("tile", 1 if tile is None else tile)
    where = devices.device(device)
    path, _ = Path(path), reading.frames  # a wrong order is found before the file is opened
    source = io.open_source(path, **reading.opening)
    given, source, reading = of_file(source, path, reading, parameters)
    if not isinstance(model, LoadedModel | Chain):
        known, source = unknown_optics.of_file(source, path, reading)
        model = model(known)
    chain = model if isinstance(model, Chain) else Chain(model)
    chain.check_known(given)
    if writing.page and not chain.kind.OF_STACKS:
        raise InputError(f"`page` is for raw stacks; {chain.name} takes single images")
    opened, watch = watched(chain.open(source, path, reading))
    stack = io.remembering(whitened(bridged(opened)))
    transfers, why_not = judging.possible(stack, chain.scale) if consistency and chain.kind.OF_STACKS else ((), None)
    *positions, _, _, y, x = stack.array.shape
    chain.settle(math.prod((*positions, y, x)))
    begun = Plan(
        token=uuid.uuid4().hex,
        path=path,
        stamp=stamp_of(path, reading),
        models=tuple(each.folder for each in chain.models),
        computed=tuple((each.precision, each.engine) for each in chain.models),
        name=chain.name,
        reading=reading,
        writing=writing,
        tile=tile or chain.networks[0].tile,
        asked_tile=tile,
        shape=(*positions, chain.scale * y, chain.scale * x),
        sizes=(*positions, y, x),
        shown_as=chain.kind.shown_as(chain.scale),
        pixel_size_um=stack.optics.pixel_size_um,
        calibration=carried_over(stack, chain.scale),
        survey=Survey(),
        transfers=transfers,
        agreements=chain.agreements() if consistency else None,
        notes=(*stack.notes, *(given.notes if given else ()), *chain.said, *([why_not] if why_not else [])),
        device=where.name,
        made_of=tuple(each.made_of for each in chain.models),
    )
    io.refuse_results(begun.paths[0], begun.paths[1:], writing.overwrite)
    find = judging.finding(transfers) if transfers else None
    with watch.explaining():
        survey = chain.kind.survey(stack, own_microscope.finding(chain.first, stack, find), given and given.known)
    doubts = [line for transfer in transfers or () for line in transfer.remarks]
    doubts += about_lens(survey, watch.doubts(remarks(stack)))  # when all was read
    doubts += own_microscope.doubts(chain.first, stack, survey.stripes)
    survey = replace(survey, noise=tuple(spectra(stack)), cutoffs=stack.optics.cutoffs)
    return Worker(replace(begun, survey=survey, notes=(*begun.notes, *dict.fromkeys(doubts))), chain, stack)
