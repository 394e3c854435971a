"""What a prediction will do, and what came of each part of it: small records that processes hand to one another."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from srredsim import io
from srredsim.acquisition import Position
from srredsim.arrays import HOST
from srredsim.consistency.widefield import Agreement, Agreements
from srredsim.errors import InputError
from srredsim.io.asked import Reading, Writing
from srredsim.io.files import beside
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.survey import Survey
from srredsim.workflows import judge as judging
from srredsim.zoo.chain import Chain
from srredsim.zoo.models import load
from srredsim.zoo.predict import in_order


class OfFile:
    """What plans of a file have in common that is written as one image, with a picture of each channel."""

    path: Path
    name: str
    writing: Writing
    shape: tuple[int, ...]

    @property
    def pictured(self) -> list[Position]:
        """First time, in the middle of z, each channel."""
        return [(0, channel, self.shape[2] // 2) for channel in range(self.shape[1])]

    @property
    def result(self) -> Path:
        return self.writing.path(self.path, self.name)


@dataclass(frozen=True)
class Plan(OfFile):
    """All that the units of a prediction have in common; small, and can be pickled."""

    token: str  # by which its parts are known
    path: Path
    stamp: str  # of the file, see `stamp_of`
    models: tuple[Path, ...]  # folders, for processes that have not loaded them
    computed: tuple[tuple[str, str | None], ...]  # precision and engine of each
    name: str
    reading: Reading
    writing: Writing
    tile: int  # raw pixels, of the first model
    asked_tile: int | None  # for all models; None: each has its own
    shape: tuple[int, ...]  # (t, c, z, y, x) of the result
    sizes: tuple[int, ...]  # (t, c, z, y, x) of the file
    shown_as: str  # what the mean of the frames is called
    pixel_size_um: float | None  # in the file
    calibration: dict[str, Any]  # what the result says of itself
    survey: Survey
    transfers: tuple[Transfer, ...]  # of each channel, where images are compared with the frames
    agreements: Agreements | None  # those of widefield images with their input, none yet; None: not compared
    notes: tuple[str, ...]
    device: str = HOST.name  # name; whoever does a unit needs one of its kind
    made_of: tuple[str, ...] = ()  # recipe and weights of each model, see `srredsim.zoo.identity`

    @property
    def units(self) -> list[Position]:
        """Every (t, c, z): channel by channel, in each of them time by time, z fastest."""
        times, channels, slices, _, _ = self.shape
        return in_order((times, channels, slices))

    @property
    def paths(self) -> list[Path]:
        """All files that will be written."""
        maps = judging.paths(self.result) if self.transfers else ()
        return [self.result, beside(self.result, ".png"), *maps, *self.writing.beside(self.result)]


@dataclass(frozen=True)
class Part:
    """What came of one unit."""

    plan: str  # token of the plan
    position: Position
    image: np.ndarray | None  # None: it was written into its place already
    widefield: np.ndarray | None  # mean of the frames, where this plane is pictured
    judged: judging.Judged | None
    agreement: Agreement | None
    seconds: float  # in the network
    notes: tuple[str, ...] = field(default=())
    digest: str | None = None  # of the plane, where planes are looked at for copies
    lost: str = ""  # why the image is left empty


class AnyPlan(Protocol):
    """What plans of any kind have."""

    @property
    def token(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def path(self) -> Path: ...
    @property
    def stamp(self) -> str: ...
    @property
    def units(self) -> list[Position]: ...
    @property
    def result(self) -> Path: ...
    @property
    def reading(self) -> Reading: ...
    @property
    def writing(self) -> Writing: ...


def stamp_of(path: Path, reading: Reading) -> str:
    """Digest of a file, see `srredsim.io.stamp`, and of what is known of its microscope, if one is named."""
    microscope = reading.values["microscope"]
    return io.stamp(path) + (f" {json.dumps(microscope, sort_keys=True)}" if microscope else "")


def unchanged(plan: AnyPlan) -> None:
    """InputError if a file is not as it was when it was planned, or its microscope's is not."""
    if stamp_of(plan.path, plan.reading) != plan.stamp:
        whose = f", or that of the microscope {plan.reading.microscope}," if plan.reading.microscope else ""
        raise InputError(f"{plan.path}{whose} has changed since it was planned: plan it again")


def refuse_other_models(folders: Iterable[Path], planned: Iterable[str], found: Iterable[str]) -> None:
    """InputError if a model is made of something else than when it was planned, see `srredsim.zoo.identity`."""
    for folder, before, now in zip(folders, planned, found, strict=False):
        if now != before:
            raise InputError(
                f"{folder} has other weights, or another recipe, than when this was planned; put those back, or begin"
                " anew with the new ones"
            )


def refuse_place(position: Position, plan: AnyPlan) -> None:
    """InputError if there is no such (t, c, z)."""
    if len(position) != 3 or not all(0 <= n < count for n, count in zip(position, plan.shape[:3], strict=True)):
        raise InputError(f"there is no (t, c, z) = {position} in this plan, whose image is {plan.shape}")


def refuse_part(part: Any, plan: AnyPlan, missing: set[Position]) -> None:
    """InputError if a part is not of a plan, or came already."""
    if part.plan != plan.token:
        raise InputError("a part is of another plan: what it shows is not the image of this one")
    if part.position not in missing:
        refuse_place(part.position, plan)
        raise InputError(f"the part of (t, c, z) = {part.position} was there already")


def refuse_missing(missing: set[Position], plan: AnyPlan) -> None:
    if missing:
        raise ValueError(f"{len(missing)} of {len(plan.units)} parts are missing")


def chain_of(plan: Plan) -> Chain:
    """The models of a plan, loaded, with the precision and the engine that were chosen when it was planned.

    InputError if one has other weights by now, or another recipe.
    """
    loaded = [load(folder, *how) for folder, how in zip(plan.models, plan.computed, strict=True)]
    refuse_other_models(plan.models, plan.made_of, [model.made_of for model in loaded])
    return Chain(loaded)
