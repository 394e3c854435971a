"""Simulated fields of SR-CACO-2: made once from a seed, on all cores, and kept on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from srredsim.data.caco2 import simulated
from srredsim.data.caco2.layout import layout, patch
from srredsim.data.caco2.patches import Asked, Patches, in_turn
from srredsim.data.stored import Progress, Samples, StoredSeries, digest_of
from srredsim.resources import cache_folder

SCAN = 1024  # HR pixels in a line of a field of the microscope
STRIDE = 256  # HR pixels from one window to the next


@dataclass(frozen=True)
class Series:
    """A series of fields, shared out among the tiles of its split in turn: field ``index`` is the same everywhere."""

    seed: int
    count: int
    size: int  # HR pixels
    tiles: tuple[int, ...]

    def name(self, index: int, scale: int, cell: str) -> str:
        """Path of a patch, as the released ones are called."""
        place, number = index % len(self.tiles), index // len(self.tiles)
        side = self.size + 2 * layout().margin
        window = {"scan": SCAN, "y": STRIDE * (number // 30), "x": STRIDE * (number % 30), "side": side}
        return patch(self.tiles[place], number, scale, cell, window)

    def tile(self, index: int) -> int:
        return self.tiles[index % len(self.tiles)]


class Fields(StoredSeries):
    """All scans of every field, (cells, y, x) uint8: HR, then LR at each scale; read from the cache on disk."""

    making = "simulating {} fields once"

    def __init__(self, series: Series):
        self.series = series
        self.folder = cache_folder() / "caco2_simulated" / _fingerprint(series)
        cells, sides = len(layout().cells), (series.size // scale for scale in (1, *layout().scales))
        kinds = {f"div{series.size // side}_u8": (np.uint8, (cells, side, side)) for side in sides}
        self.samples = Samples(self.folder, series.count, **kinds)

    def make(self, index: int) -> list[np.ndarray]:
        return simulated.scans(self.series.seed, index, self.series.size, tuple(layout().scales))


class SimulatedPatches(Patches):
    """The patches of a series; of several cells in turn."""

    def __init__(self, series: Series, asked: Asked, tiles: Iterable[int]):
        super().__init__(asked, series.size)
        self.fields, wanted = Fields(series), set(tiles)
        of_tiles = [index for index in range(series.count) if series.tile(index) in wanted]
        self._pairs = in_turn(dict.fromkeys(asked.cells, of_tiles))

    def __len__(self) -> int:
        return len(self._pairs)

    def grey_levels(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        cell, field = self._pairs[index]
        scans, number = self.fields.stored(field), layout().cells.index(cell)
        return scans[1 + layout().scales.index(self.scale)][number], scans[0][number]

    def facts(self, index: int) -> dict:
        cell, field = self._pairs[index]
        series = self.fields.series
        return {"name": Path(series.name(field, 1, cell)).stem, "tile": series.tile(field), "cell": cell}

    def identity(self) -> str:
        return digest_of(f"{self.fields.identity()} {self._pairs} {self.asked}")

    def missing(self, indices: Iterable[int]) -> list[int]:
        """The first pair of each field that is not there yet."""
        lacking = set(self.fields.missing(self._fields_of(indices)))
        first = {field: index for index, (_, field) in reversed([*enumerate(self._pairs)])}
        return sorted(first[field] for field in lacking)

    def task(self, missing: int) -> str:
        return self.fields.task(missing)

    def generate(self, indices: Iterable[int], progress: Progress | None = None) -> int:
        return self.fields.generate(self._fields_of(indices), progress)

    def _fields_of(self, indices: Iterable[int]) -> list[int]:
        return sorted({self._pairs[int(index)][1] for index in indices})


def _fingerprint(series: Series) -> str:
    facts = asdict(series) | {"scales": list(layout().scales), "cells": list(layout().cells)}
    return digest_of(json.dumps(facts, sort_keys=True), [simulated.__file__])
