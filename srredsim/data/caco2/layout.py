"""What ``data/sr_caco_2/dataset.yaml`` says: scales, cells, size of the patches, which tiles are in which split.

References
----------
.. [1] S. Belharbi, M. K. M. Whitford, P. Hoang, S. Murtaza, L. McCaffrey, E. Granger, SR-CACO-2: a dataset for confocal
   fluorescence microscopy image super-resolution, NeurIPS 2024.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from srredsim.errors import InputError
from srredsim.normalise import Scaling

GREY_LEVELS = 255
EIGHT_BIT = Scaling(0.0, float(GREY_LEVELS))  # grey levels as 0 ... 1


@dataclass(frozen=True)
class Layout:
    """The keys of the description that say what the patches are."""

    scales: tuple  # pixels of HR per pixel of LR
    cells: tuple  # markers
    size: int  # HR pixels on a side of a patch
    margin: int  # HR pixels on each side that the windows in the files' names have besides
    splits: dict  # split: {tile: number of patches}
    folds: dict  # split: word for it in the names of the fold lists

    def __post_init__(self):
        for key in ("scales", "cells"):
            if not getattr(self, key):
                raise InputError(f"{key} should be a list with something in it; got []")
        for scale in self.scales:
            if not isinstance(scale, int) or scale < 1 or self.size % scale:
                raise InputError(f"scales should be whole numbers that divide the size {self.size}; got {scale!r}")
        for split, tiles in self.splits.items():
            if not isinstance(tiles, dict) or not all(isinstance(n, int) for pair in tiles.items() for n in pair):
                raise InputError(f"splits.{split} should be tiles with their numbers of patches, as {{9: 225}}")
            if split not in self.folds:
                raise InputError(f"folds should say in which lists the split {split} is, as {{{split}: {split}}}")

    def count(self, split: str) -> int:
        """Patches of a split, of one scale and cell."""
        return sum(self.splits[split].values())

    def counts(self) -> dict[str, int]:
        """Lines of each kind of fold list: the largest split that is in it."""
        return {token: self.count(split) for token, split in self.largest().items()}

    def largest(self) -> dict[str, str]:
        """The largest split that is in each kind of fold list; the others are parts of it."""
        return {
            token: max((split for split, its in self.folds.items() if its == token), key=self.count)
            for token in dict.fromkeys(self.folds.values())
        }

    def check_scale(self, scale: int | None, name: str) -> int:
        """The scale, if there are patches of it."""
        if scale not in self.scales:
            what = "say at which scale" if scale is None else f"no scale {scale}"
            raise InputError(f"{name}: {what}, data.scale is one of {', '.join(map(str, self.scales))}")
        return scale

    def check_cells(self, cells: str | None, name: str) -> tuple[str, ...]:
        """Cells as ``CELL2``, or several as ``CELL0+CELL2``."""
        chosen = tuple((cells or "").split("+"))
        if not set(chosen) <= set(self.cells):
            what = "say which cell" if cells is None else f"no cell {cells}"
            listed = f"{', '.join(self.cells)}, or several, as {'+'.join(self.cells[:2])}"
            raise InputError(f"{name}: {what}, data.cell is one of {listed}")
        return chosen


def fold(token: str, scale: int, cell: str, size: int) -> str:
    """Name of the folder of a fold list, as ``caco2_test_X_8_in_64_out_512_cell_CELL2``."""
    return f"caco2_{token}_X_{scale}_in_{size // scale}_out_{size}_cell_{cell}"


def patch(tile: int, number: int, scale: int, cell: str, window: Mapping[str, int]) -> str:
    """Path of a patch, as ``hr_div_2/tile_LowRes512-20_359_3328_3648_128_448_CELL0.tif``.

    ``window``: ``y``, ``x`` and ``side`` in HR pixels, of which ``size`` are in a scan line of a field (1024).
    """
    kind = f"HighRes{window['scan']}" if scale == 1 else f"LowRes{window['scan'] // scale}"
    y, x, side = (window[key] // scale for key in ("y", "x", "side"))
    return f"hr_div_{scale}/tile_{kind}-{tile}_{number}_{y}_{y + side}_{x}_{x + side}_{cell}.tif"


@cache
def layout() -> Layout:
    """The layout of SR-CACO-2 as the catalogue describes it."""
    from srredsim.data import description

    return description.of_entry("sr_caco_2").settings
