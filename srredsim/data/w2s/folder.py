"""Reads the images of W2S from a folder: the released one, or one that ``srredsim prepare w2s`` made.

=============================================  =====================================================================
``normalized/avgN/NNN_C.npy``                  averages of N captures of field NNN in channel C, z-scored
``normalized/sim/NNN_C.npy``                   SIM images; not in the released data
``w2s.json``                                   by what the images were z-scored; without it, the published constants
=============================================  =====================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from srredsim import documents
from srredsim.data.stored import Ready, digest_of
from srredsim.data.w2s.layout import Layout, zscore
from srredsim.data.w2s.layout import layout as catalogued
from srredsim.data.w2s.raw import ranges
from srredsim.errors import InputError
from srredsim.io import stamp_of_all
from srredsim.io.formats.npy import memory_map
from srredsim.normalise import Scaling

RECORD = "w2s.json"
BEGUN = "w2s.begun.json"  # there as long as the images are being made
AS_IT_IS = Scaling(0.0, 1.0)
SHOWN = 8  # incomplete images that a message names
WORDS = {2: "twice"}


@dataclass(frozen=True)
class StoredField:
    """One field of view in one channel; its images are read, and their z-score undone, when they are asked for."""

    name: str
    normalized: Path
    layout: Layout
    widefield: Scaling
    sim_zscore: Scaling
    facts: dict = field(default_factory=dict)

    def average(self, level: int) -> np.ndarray:
        """(y, x) float32 in counts."""
        if level not in self.layout.levels:
            there = ", ".join(map(str, self.layout.levels))
            raise InputError(f"no noise level {level}; there are averages of {there} captures")
        path = path_of(self.normalized, f"avg{level}", self.name)
        if not path.is_file():
            raise InputError(f"{path} is missing: there is no average of {level} captures of {self.name}")
        return self.widefield.undo(read_plane(path))

    def sim(self) -> np.ndarray:
        """(2y, 2x) float32 in the units of the SIM image, or as it was normalised image by image.

        Raises
        ------
        InputError
            If there is none, or if it is not twice the size of the averages.
        """
        path = path_of(self.normalized, "sim", self.name)
        if not path.is_file():
            raise InputError(
                f"{path} is missing: the released normalized folder has no SIM images; they are in the raw archive "
                "(W2S_raw.zip of datasets.epfl.ch/w2s), from which srredsim prepare w2s makes them"
            )
        image = self.sim_zscore.undo(read_plane(path))
        averages = (path_of(self.normalized, f"avg{level}", self.name) for level in self.layout.levels)
        widefield = _mapped(next(other for other in averages if other.is_file())).shape
        times = self.layout.scale
        if image.shape != tuple(times * n for n in widefield):
            wanted = f"wanted {WORDS.get(times, f'{times} times')} the size of the averages, {widefield}"
            raise InputError(f"{path} is {image.shape}; {wanted}")
        return image


class Folder(Ready):
    """Fields of one split, sorted by number and channel; `srredsim.data.fields.Fields` of files.

    Some of the published training fields are held back for validation, so that no setting is chosen on the test fields;
    the published training used them too. Which, ``dataset.yaml`` says.

    Parameters
    ----------
    path : path
        What ``srredsim prepare w2s`` made, or the folder ``normalized`` in it or of the released data. Of a partial
        download, what is there.
    split : str
        One of the layout's, as "train".
    levels : iterable of int, optional
        Noise levels that every image must have; left out: all of which there is a folder.
    layout : Layout, optional
        What the description says; left out: that of the catalogue.

    Attributes
    ----------
    widefield, sim : Scaling
        What the averages and the SIM images were z-scored by. For SIM images normalised one by one, or not at all,
        ``sim`` leaves an image as it is, and `StoredField.sim` gives the image as it was stored.
    calibrated : bool
        False: the SIM images are in units of their own.

    Raises
    ------
    InputError
        If the folder has another layout, was not prepared to the end, or has no image of the split; if an image lacks
        one of the levels.
    """

    calibrated = False
    made_by: str | None = None

    def __init__(
        self,
        path: str | Path,
        split: str = "train",
        levels: Iterable[int] | None = None,
        layout: Layout | None = None,
    ):
        self.layout = layout = layout or catalogued()
        if split not in layout.splits:
            raise InputError(f"no split {split!r}; there are: {', '.join(layout.splits)}")
        path = Path(path)
        self.scale, self.reference = layout.scale, layout.reference
        self.split = split
        self.normalized = normalized_in(path, layout)
        if self.normalized is None:
            raise InputError(
                f"{path} holds no W2S images; wanted normalized/avg1/001_0.npy and so on. srredsim prepare w2s makes "
                "them from the raw archive"
            )
        record = _record(self.normalized)
        self.widefield = zscore("widefield", record["widefield"]) if record else layout.zscore
        self.sim = (zscore("sim", record["sim"]) or AS_IT_IS) if record else layout.sim_zscore
        self.levels = tuple(levels) if levels is not None else _levels(self.normalized, layout)
        self._fields = [self._field(name) for name in self._names(path)]

    def __len__(self) -> int:
        return len(self._fields)

    def __getitem__(self, index: int) -> StoredField:
        return self._fields[index]

    def identity(self) -> str:
        """As of `srredsim.data.pairs.Pairs`, by the files that are there."""
        kinds = [f"avg{level}" for level in self.levels] + ["sim"]
        paths = [path_of(self.normalized, kind, one.name) for kind in kinds for one in self._fields]
        stamps = stamp_of_all(self.normalized, filter(Path.is_file, paths))
        return digest_of(f"{stamps} {self.widefield} {self.sim}")

    def _field(self, name: str) -> StoredField:
        facts = {"field": int(name[:3]), "channel": int(name[4:]), "source": str(self.normalized)}
        return StoredField(name, self.normalized, self.layout, self.widefield, self.sim, facts)

    def _names(self, path: Path) -> list[str]:
        """Names of the images of the split; all of them have every level."""
        numbers = self.layout.fields_of[self.split]
        there = {level: names_in(self.normalized / f"avg{level}") for level in self.levels}
        every = set().union(*there.values())
        names = sorted(name for name in every if int(name[:3]) in numbers)
        if not names:
            wanted, has = ranges(numbers), ranges({int(name[:3]) for name in every}) or "none"
            raise InputError(f"{path} has no field of the split {self.split} ({wanted}); there are: {has}")
        lacking = {}
        for name in names:
            if missing := [level for level in self.levels if name not in there[level]]:
                lacking[name] = f"{name} lacks {', '.join(f'avg{level}' for level in missing)}"
        if lacking:
            more = f"; and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
            raise InputError(
                f"{path}: {len(lacking)} of {len(names)} images lack a noise level: "
                f"{'; '.join(list(lacking.values())[:SHOWN])}{more}; make or copy them again, or remove all others of "
                "the same name"
            )
        return names


def normalized_in(path: Path, layout: Layout | None = None) -> Path | None:
    """The folder that holds ``avg1`` and so on: this one, ``normalized`` in it, or None."""
    levels = (layout or catalogued()).levels
    for folder in (path / "normalized", path):
        if any((folder / f"avg{level}").is_dir() for level in levels):
            return folder
    return None


def path_of(normalized: Path, kind: str, name: str) -> Path:
    """``normalized/avg1/001_0.npy``"""
    return normalized / kind / f"{name}.npy"


def names_in(folder: Path) -> set[str]:
    """``001_0`` and so on, whatever else is in the folder."""
    return {path.stem for path in folder.glob("*.npy") if re.fullmatch(r"\d{3}_\d", path.stem)}


def read_plane(path: Path) -> np.ndarray:
    """(y, x) float32 from any type of number.

    Raises
    ------
    InputError
        If it is not one plane of finite numbers.
    """
    array = _mapped(path)
    if array.ndim != 2 or array.dtype.kind not in "uif":
        raise InputError(f"{path} should be an image (y, x) of numbers; got {array.dtype} of the shape {array.shape}")
    plane = np.array(array, np.float32)
    finite = int(np.count_nonzero(np.isfinite(plane)))
    if finite < plane.size:
        raise InputError(f"{path}: {plane.size - finite} of {plane.size} pixels are NaN or infinite")
    return plane


def _mapped(path: Path) -> np.memmap:
    try:
        return memory_map(path)
    except InputError as problem:
        raise InputError(f"{path}: {problem}") from None


def _levels(normalized: Path, layout: Layout) -> tuple[int, ...]:
    return tuple(level for level in layout.levels if (normalized / f"avg{level}").is_dir())


def _record(normalized: Path) -> dict | None:
    """What ``prepare`` wrote; None if somebody else made the folder."""
    home = normalized.parent
    if (home / BEGUN).exists():
        raise InputError(f"{home} was not prepared to the end; the same srredsim prepare w2s again goes on with it")
    if not (home / RECORD).is_file():
        return None
    return read_record(home / RECORD)


def read_record(path: Path) -> dict:
    """With the keys that are needed to undo what was done."""
    try:
        record = documents.read_json(path)
        if zscore("widefield", record["widefield"]) is None:
            raise InputError("widefield is null")
        zscore("sim", record["sim"])
    except (ValueError, KeyError, TypeError) as problem:
        raise InputError(f"{path} is damaged ({problem}); it is what srredsim prepare w2s wrote") from None
    return record
