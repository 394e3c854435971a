"""From whole tiles scanned at several resolutions to a folder to train and to test on, in the layout of SR-CACO-2.

Each LR is put where HR is (`registration`), every patch by itself, and the margin that this looked at is cut off. A
window is written as a whole before its file in ``registration`` says by how many HR pixels each of its scans was moved,
so that a run that was interrupted goes on where it stopped. ``dataset.yaml``, written last, says what is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import yaml

from srredsim import documents, io
from srredsim.data.caco2 import folds
from srredsim.data.caco2.folder import write
from srredsim.data.caco2.layout import Layout, fold, layout
from srredsim.data.caco2.registration import moved, shift_of
from srredsim.data.caco2.tiles import Tiles, Window, find, windows_of
from srredsim.data.description import NAME
from srredsim.errors import InputError
from srredsim.processes import cores, on_cores

SOURCE = "tiles.json"  # which tiles a folder was cut from
SHIFTS = "registration"
FOLDS = {"train": "train", "validation": "val", "test": "test"}
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Patch:
    """Sizes in HR pixels: of a patch, and of what the registration looks at around it."""

    size: int = 512
    margin: int = 64


def cut(
    tiles: str | Path,
    out: str | Path,
    *,
    validation_tiles: Iterable[int] = (),
    test_tiles: Iterable[int] = (),
    convert: bool = False,
    patch: Patch | None = None,
    progress: Progress | None = None,
) -> dict:
    """Make the folder `out` of the tiles in `tiles`, see `srredsim.data.caco2.tiles`; what is there is kept.

    Parameters
    ----------
    validation_tiles, test_tiles : numbers
        Those to validate and to test with; the others are trained on. Left out: as in SR-CACO-2, by their numbers.
    convert : bool
        Make 8 bits of tiles of 16.

    Returns
    -------
    dict
        ``patches`` of each tile by split; ``moved``, by how many HR pixels scans of each scale were, in the ``mean``
        and at the ``most``; how many windows were ``made`` and ``kept``.

    Raises
    ------
    InputError
        If tiles are missing or do not fit each other, or ``out`` is of others.
    """
    tiles, out = Path(tiles), Path(out)
    there, patch = find(tiles), patch or Patch()
    splits = _splits(list(there.files), validation_tiles, test_tiles)
    facts = _facts(there, patch)
    _refuse_other(out, facts)
    known, windows = _looked_at(there, convert, patch)
    patches = {split: {tile: len(windows[tile]) for tile in its if windows[tile]} for split, its in splits.items()}
    if dark := [split for split, its in patches.items() if not its]:
        raise InputError(f"{tiles}: no window of the tiles of the split {dark[0]} is large and bright enough to be cut")
    known = replace(known, splits=patches)
    with io.atomic(out / SOURCE, overwrite=True) as temporary:
        temporary.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    todo = {tile: [one for one in its if not _is_whole(out, known, one)] for tile, its in windows.items()}
    total, done = sum(map(len, todo.values())), 0

    def tick(_: None) -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    for tile, its in todo.items():
        planes = there.planes(tile, convert) if its else {}
        work = [(one, one.of(planes)) for one in its]
        on_cores(partial(_register, out, known), work, min(cores(), len(its)), tick)
    _describe(out, known, windows)
    report = {"path": str(out), "patches": patches, "moved": _moved(out, windows, known)}
    return report | {"made": done, "kept": sum(map(len, windows.values())) - done}


def lines(report: dict) -> list[str]:
    """What was done, for a terminal."""
    text = [
        f"{split}: {sum(its.values())} patches of tile {', '.join(map(str, its))}"
        for split, its in report["patches"].items()
    ]
    for scale, its in report["moved"].items():
        text.append(f"x{scale} was moved by {its['mean']:.1f} HR pixels in the mean, {its['most']} at most")
    return [*text, f"{report['made']} windows were cut, {report['kept']} were there"]


def _splits(there: list[int], validation: Iterable[int], test: Iterable[int]) -> dict[str, list[int]]:
    """The tiles of each split, as asked for or as in SR-CACO-2."""
    asked = {"validation": list(validation), "test": list(test)}
    if any(asked.values()):
        held = [tile for its in asked.values() for tile in its]
        if wrong := [tile for tile in held if tile not in there or held.count(tile) > 1]:
            raise InputError(
                f"`validation_tiles` and `test_tiles` are unlike tiles of {there}; got {wrong[0]} in {asked}"
            )
        splits = {"train": [tile for tile in there if tile not in held], **asked}
    else:
        splits = {split: [tile for tile in there if tile in layout().splits[split]] for split in FOLDS}
    if lacking := [split for split, its in splits.items() if not its]:
        raise InputError(
            f"no tile is left for the split {lacking[0]}; say which of {there} are `validation_tiles` and `test_tiles`"
        )
    return splits


def _facts(there: Tiles, patch: Patch) -> dict:
    """Which tiles a folder is of."""
    files = {
        f"{tile} at {scale}": [str(path.resolve()), path.stat().st_size]
        for tile, its in there.files.items()
        for scale, path in its.items()
    }
    return {"tiles": files, "patch": [patch.size, patch.margin]}


def _refuse_other(out: Path, facts: dict) -> None:
    """InputError if the folder was begun with other tiles."""
    if not (path := out / SOURCE).is_file():
        return
    try:
        same = documents.read_json(path) == facts
    except ValueError:
        same = False
    if not same:
        raise InputError(f"{out} was cut from other tiles, or in another size; give another `out`")


def _looked_at(there: Tiles, convert: bool, patch: Patch) -> tuple[Layout, dict[int, list[Window]]]:
    """All tiles are looked at before anything is written; InputError if one does not fit the others."""
    layouts, windows = [], {}
    for tile in there.files:
        planes = there.planes(tile, convert)
        cells = layout().cells[: len(planes[1])]
        layouts.append(Layout(there.scales, cells, patch.size, patch.margin, {split: {} for split in FOLDS}, FOLDS))
        if layouts[-1] != layouts[0]:
            raise InputError(f"tile {tile} has {len(cells)} planes, those before have {len(layouts[0].cells)}")
        windows[tile] = windows_of(tile, there.scan, planes, layouts[0])
    return layouts[0], windows


def _register(out: Path, known: Layout, work: tuple[Window, Mapping[int, np.ndarray]]) -> None:
    """Write all patches of a window, then by how much each was moved."""
    window, scans = work
    shifts: dict[str, dict[int, tuple[int, int]]] = {}
    for place, cell in enumerate(known.cells):
        high, shifts[cell] = scans[1][place], {}
        inner = slice(known.margin, known.margin + known.size)
        _write(out / window.path(1, cell), high[inner, inner])
        for scale in known.scales:
            shifts[cell][scale] = shift_of(high, scans[scale][place])
            _write(out / window.path(scale, cell), moved(scans[scale][place], shifts[cell][scale], scale, known.margin))
    with io.atomic(_record(out, window), overwrite=True) as temporary:
        temporary.write_text(json.dumps(shifts) + "\n", encoding="utf-8")


def _is_whole(out: Path, known: Layout, window: Window) -> bool:
    paths = [out / window.path(scale, cell) for scale in (1, *known.scales) for cell in known.cells]
    return _record(out, window).is_file() and all(path.is_file() for path in paths)


def _record(out: Path, window: Window) -> Path:
    return out / SHIFTS / f"{window.tile}_{window.number}.json"


def _moved(out: Path, windows: Mapping[int, list[Window]], known: Layout) -> dict[int, dict[str, float]]:
    """How far the scans of each scale were moved."""
    shifts = [documents.read_json(_record(out, window)) for its in windows.values() for window in its]
    of_scale = {
        scale: [np.hypot(*cell[str(scale)]) for one in shifts for cell in one.values()] for scale in known.scales
    }
    return {scale: {"mean": float(np.mean(its)), "most": round(float(max(its)), 1)} for scale, its in of_scale.items()}


def _describe(out: Path, known: Layout, windows: Mapping[int, list[Window]]) -> None:
    """The fold lists, each in the same order, which is not that of the tiles; and the description."""
    for split, token in FOLDS.items():
        its = [window for tile in known.splits[split] for window in windows[tile]]
        order = np.random.default_rng(0).permutation(len(its))
        for scale in known.scales:
            for cell in known.cells:
                text = "".join(f"{its[n].path(scale, cell)},{its[n].path(1, cell)}\n" for n in order)
                with io.atomic(
                    out / folds.LISTS / fold(token, scale, cell, known.size) / folds.LIST, overwrite=True
                ) as temporary:
                    temporary.write_text(text, encoding="utf-8")
    content: dict = {"reader": "sr_caco_2", "axes": "YX", "scales": list(known.scales), "cells": list(known.cells)}
    content |= {"size": known.size, "margin": known.margin, "splits": known.splits, "folds": known.folds}
    with io.atomic(out / NAME, overwrite=True) as temporary:
        temporary.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _write(path: Path, image: np.ndarray) -> None:
    path.unlink(missing_ok=True)  # of a window that was interrupted
    write(path, np.ascontiguousarray(image))
