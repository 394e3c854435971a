"""Data sets by name: a folder of the catalogue with its ``dataset.yaml``, or a user's own folder of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from srredsim import io, resources
from srredsim.data.pairs import FolderPairs, Pairs
from srredsim.data.reconstructed import Joined, Reconstructed, ReconstructedSeries
from srredsim.data.simulated import LightLevels, Series, SimulatedPairs
from srredsim.data.simulated_fields import FieldSeries, SimulatedFields
from srredsim.data.w2s.field import Fields, Zscore
from srredsim.data.w2s.folder import Folder
from srredsim.data.widefield import WidefieldPairs
from srredsim.errors import InputError

SPLITS = ("train", "validation", "test")
LAYOUT = "train/raw/*.tif with train/truth/*.tif, or raw/*.tif with truth/*.tif; same stem"


@dataclass(frozen=True)
class DataSet:
    """One split of a data set, opened."""

    pairs: Pairs
    augmentation: str  # that is right for these pairs, see `srredsim.data.augment`


def open_split(name_or_folder: str | Path, split: str, angles: int, phases: int, count: int | None = None) -> DataSet:
    """A split of a data set; ``count`` overrides the number of simulated stacks of the training split.

    Raises
    ------
    InputError
        If there is no such data set or split, or if its files are not pairs.
    """
    if split not in SPLITS:
        raise InputError(f"no split {split!r}; there are: {', '.join(SPLITS)}")
    if Path(name_or_folder).is_dir():
        return _open_folder(Path(name_or_folder), split, angles, phases)
    description = _description(name_or_folder)
    if description["reader"] == "w2s_simulated":
        raise InputError(f"{name_or_folder} holds widefield images, no raw stacks; set data.input=widefield for them")
    if description["reader"] != "simulated":
        raise InputError(f"{name_or_folder} is a layout, not data; give your own folder with {LAYOUT}")
    split = description["splits"][split]
    series = _series(split, angles, phases, count)
    levels = split.get("light_levels")
    return DataSet(LightLevels(series, levels) if levels else SimulatedPairs(series), "any_turn")


def open_reconstructed(
    name_or_folder: str | Path, split: str, patterns: list[tuple[int, int]], count: int | None = None
) -> DataSet:
    """The training or validation split as Wiener images; of simulated stacks those of several patterns, in turn.

    A Wiener image may be turned as one likes: the stripes are gone.
    """
    if Path(name_or_folder).is_dir():
        if len(patterns) > 1:
            raise InputError("a folder holds one pattern; name it, as in --set data.patterns=[3x5]")
        pairs = open_split(name_or_folder, split, *patterns[0]).pairs
        return DataSet(Reconstructed(pairs, *patterns[0]), "any_turn")
    opened = [open_split(name_or_folder, split, *pattern, count).pairs for pattern in patterns]
    return DataSet(Joined([ReconstructedSeries(pairs.series) for pairs in opened]), "any_turn")


def open_fields(name_or_folder: str | Path, split: str, count: int | None = None) -> Fields:
    """The widefield images of W2S, of a prepared folder or simulated; ``count`` as in `open_split`.

    Raises
    ------
    InputError
        If the data set holds no such images.
    """
    if split not in SPLITS:
        raise InputError(f"no split {split!r}; there are: {', '.join(SPLITS)}")
    if Path(name_or_folder).is_dir():
        return Folder(name_or_folder, split)
    description = _description(name_or_folder)
    if description["reader"] != "w2s_simulated":
        raise InputError(
            f"{name_or_folder} holds no widefield images at noise levels; take w2s_simulated, or the folder that"
            " srredsim prepare w2s --raw DIR --out DIR makes of the measured ones"
        )
    wanted = description["splits"][split]
    series = FieldSeries(wanted["seed"], (split == "train" and count) or wanted["count"], wanted["size"])
    return SimulatedFields(series, *(Zscore(*description["zscore"][kind]) for kind in ("widefield", "sim")))


def open_widefield(
    name_or_folder: str | Path,
    split: str,
    levels: Sequence[int],
    target: str,
    normalise: str,
    count: int | None = None,
) -> DataSet:
    """Widefield images with what they should become, see `srredsim.data.widefield.WidefieldPairs`."""
    return DataSet(WidefieldPairs(open_fields(name_or_folder, split, count), levels, target, normalise), "any_turn")


def _description(name: str | Path) -> dict[str, Any]:
    return yaml.safe_load((resources.entry("data", str(name)) / "dataset.yaml").read_text("utf-8"))


def _series(split: dict[str, Any], angles: int, phases: int, count: int | None) -> Series:
    levels = split.get("light_levels")
    return Series(
        seed=split["seed"],
        count=count or split["count"],
        angles=angles,
        phases=phases,
        size=split["size"],
        photons=tuple(float(p) for p in split.get("photons", (levels or [0])[:1] * 2)),
    )


def _open_folder(folder: Path, split: str, angles: int, phases: int) -> DataSet:
    """``folder/<split>/raw`` if there; without ``validation``, every tenth pair to train on is held back for it."""
    home, validation = folder / split, folder / "validation"
    held_apart = (validation / "raw").is_dir()
    if not (home / "raw").is_dir() and held_apart:
        home = validation if split == "test" else folder
    divide = not held_apart if split == "train" else not (home / "raw").is_dir()
    if divide:
        home = folder / "train" if (folder / "train" / "raw").is_dir() else folder
    for part in ("raw", "truth"):
        if not (home / part).is_dir():
            raise InputError(f"{home} has no folder {part}; wanted {LAYOUT}")
    raw = io.find([home / "raw"])
    if divide:
        held_back = raw[::10] if len(raw) > 1 else raw
        raw = held_back if split != "train" else ([path for path in raw if path not in held_back] or raw)
    return DataSet(FolderPairs(raw, io.find([home / "truth"]), angles, phases), "keep_geometry")
