"""A user's own folder: raw stacks, or single images of any scale, with reference images of the same stem."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from srredsim import schema
from srredsim.data.description import Description
from srredsim.data.folder import LAYOUT, OPTICS, Files, FolderPairs, ImagePairs, files_of
from srredsim.data.pairs import Pairs
from srredsim.data.readers import Wanted
from srredsim.errors import InputError
from srredsim.io import Reading
from srredsim.io.wanted import ORDERS
from srredsim.normalise import SCALINGS

SPLITS = ("train", "validation", "test")
TARGETS = ("truth", "average", "sim")  # there is one truth; a recipe of other data has another word for it


@dataclass(frozen=True)
class Settings:
    splits: dict = field(default_factory=lambda: {split: split for split in SPLITS})  # folders with raw and truth
    na: float | None = None  # optics of the raw stacks, whatever their files say
    wavelength_em_um: float | None = None
    pixel_size_um: float | None = None
    order: str | None = None  # order of the frames, see `srredsim.io.read`

    def __post_init__(self):
        for split, home in self.splits.items():
            schema.choice("split", split, SPLITS)
            if not isinstance(home, str):
                raise InputError(f"splits.{split} should be the name of a folder; got {home!r}")
            if Path(home).is_absolute() or ".." in Path(home).parts:
                raise InputError(f"splits.{split} should be a folder within that of the data set; got {home!r}")
        for key in OPTICS:
            value = getattr(self, key)
            if value is not None and not 0 < value < math.inf:
                raise InputError(f"{key} should be a number above 0; got {value:g}")
        if self.order is not None:
            schema.choice("order", self.order, ORDERS)


def stacks(data: Description, split: str, pattern: tuple[int, int], wanted: Wanted) -> Pairs:
    own, (angles, phases) = data.settings, pattern
    optics = {name: getattr(own, name) for name in OPTICS}
    files = _files(data, split)
    return FolderPairs(files.inputs, files.truths, Reading(own.order, angles, phases, **optics), files.split)


def images(data: Description, split: str, wanted: Wanted) -> Pairs:
    if wanted.normalise not in SCALINGS:
        raise InputError(
            f"{data.name} has no constants for data.normalise: {wanted.normalise}; set data.normalise to one of"
            f" {', '.join(SCALINGS)}"
        )
    if wanted.target not in TARGETS:
        raise InputError(f"no data.target {wanted.target!r} in {data.name}; a folder of pairs has one: truth")
    if wanted.noise_level is not None:
        raise InputError(f"{data.name} has no noise levels; set data.noise_level=null")
    files = _files(data, split)
    return ImagePairs(files.inputs, files.truths, wanted.normalise, files.split)


def _files(data: Description, split: str) -> Files:
    layout = f"{data.name} is a layout, not data; give your own folder with {LAYOUT}" if data.shipped else ""
    return files_of(data.folder, split, data.settings.splits, layout)
