"""Patches as released: 8-bit TIFFs in ``hr_div_1``, ``hr_div_2`` ..., beside the fold lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from srredsim import io
from srredsim.data.caco2 import folds
from srredsim.data.caco2.colours import colours
from srredsim.data.caco2.layout import Layout
from srredsim.data.caco2.patches import Asked, Patches, in_turn
from srredsim.data.folder import PlanesOfFile
from srredsim.data.stored import digest_of
from srredsim.errors import InputError

HR = "hr_div_1"


def is_released(folder: Path) -> bool:
    """Whether a folder has this layout."""
    return (folder / HR).is_dir()


class Folder(Patches):
    """The patches of a split, in the order of its fold list; of several cells in turn."""

    def __init__(self, folder: Path, split: str, asked: Asked, layout: Layout):
        super().__init__(asked, layout.size)
        self._folder, tiles = folder, layout.splits[split]
        token = layout.folds[split]
        lists = {cell: folds.in_folder(folder, token, asked.scale, cell, layout) for cell in asked.cells}
        self._named = in_turn({cell: [one for one in its if one.tile in tiles] for cell, its in lists.items()})

    def __len__(self) -> int:
        return len(self._named)

    def grey_levels(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        one = self._named[index][1]
        low, high = (read(self._folder / path, side) for path, side in self._sides(one))
        return low, high

    def facts(self, index: int) -> dict:
        cell, one = self._named[index]
        source = str(self._folder / one.low)
        return {"name": Path(one.high).stem, "source": source, "tile": one.tile, "cell": cell}

    def identity(self) -> str:
        """As `Pairs.identity`, by the files that are there."""
        paths = {self._folder / path for _, one in self._named for path in (one.low, one.high)}
        stamps = io.stamp_of_all(self._folder, filter(Path.is_file, paths))
        return digest_of(f"{stamps} {self._named} {self.asked} {self._size}")

    def _sides(self, one: folds.Named) -> tuple[tuple[str, int], tuple[str, int]]:
        return (one.low, self._size // self.scale), (one.high, self._size)


def read(path: Path, side: int, convert: bool = False) -> np.ndarray:
    """An 8-bit patch of ``side`` pixels a side.

    ``convert`` makes 8 bits of 16 (divided by 257, rounded) and one channel of three (their mean).

    Raises
    ------
    InputError
        If it is missing, unreadable, of another size, or of other pixels that are not to be converted.
    """
    if not path.is_file():
        raise InputError(f"{path} is missing; get the patches again, or prepare them with `skip_incomplete`")
    planes = _planes(path)
    size, kind = planes[0].shape, planes[0].dtype
    if size != (side, side):
        raise InputError(f"{path}: a patch here has {side} x {side} pixels, this has {' x '.join(map(str, size))}")
    if len(planes) == 1 and kind == np.uint8:
        return planes[0]
    what = f"{8 * kind.itemsize} bits, {len(planes)} channel{'s' if len(planes) > 1 else ''}"
    if len(planes) not in (1, 3) or kind not in (np.uint8, np.uint16):
        raise InputError(f"{path}: patches have 8 bits and one channel; this has {what}")
    if not convert:
        raise InputError(
            f"{path}: patches have 8 bits and one channel, this has {what}; prepare it with `convert=True`"
        )
    mean = np.mean(planes, axis=0)
    return np.rint(mean / 257 if kind == np.uint16 else mean).astype(np.uint8)


def _planes(path: Path) -> list[np.ndarray]:
    """Planes (y, x) of a file, four at most; the colours of an RGB image."""
    try:
        file = PlanesOfFile(path)
        return [file.pixels(position) for position, _ in zip(np.ndindex(*file.positions), range(4), strict=False)]
    except InputError as problem:
        if (found := colours(path)) is None:
            raise InputError(f"{path}: {problem}") from None
        return found


def write(path: Path, image: np.ndarray) -> None:
    """A patch (y, x) uint8 as the released ones are: one page, not compressed."""
    with io.atomic(path) as temporary:
        tifffile.imwrite(temporary, image, photometric="minisblack")
