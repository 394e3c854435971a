"""Whole tiles scanned at several resolutions, and the windows of them that patches are cut from.

``HighRes1024/NAME-1.tif`` is tile 1 with 1024 pixels in a line of a field, ``LowRes512/NAME-1.tif`` the same at half of
them; planes come first. Windows of ``size + 2 * margin`` HR pixels begin every half patch, rows first, and end inside
the tile. One is taken if of its middle, of ``2 * margin`` pixels a side, a fifth has four grey levels or more in the
last plane of HR; all planes and resolutions are cut there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from srredsim.data.caco2.colours import planes_apart
from srredsim.data.caco2.layout import Layout, layout, patch
from srredsim.data.folder import PlanesOfFile
from srredsim.errors import InputError

RESOLUTION = re.compile(r"(HighRes|LowRes)([1-9]\d*)")
TILE = re.compile(r"(?!\.).*-(\d+)\.tiff?", re.IGNORECASE)
LIT, LEAST_SHARE = 4, 0.2  # grey levels, and the share of the middle of a window that has them at least
WANTED = "HighRes1024/NAME-1.tif, LowRes512/NAME-1.tif ..."


@dataclass(frozen=True)
class Tiles:
    """The files of every tile at every scale; HR is at scale 1 and has ``scan`` pixels in a line of a field."""

    scan: int
    files: Mapping[int, Mapping[int, Path]]  # tile: {scale: file}

    @property
    def scales(self) -> tuple[int, ...]:
        return tuple(scale for scale in next(iter(self.files.values())) if scale > 1)

    def planes(self, tile: int, convert: bool) -> dict[int, np.ndarray]:
        """(planes, y, x) uint8 at each scale.

        Raises
        ------
        InputError
            If a file cannot be read, has other pixels, or does not show the same field.
        """
        planes = {scale: _planes(path, convert) for scale, path in self.files[tile].items()}
        for scale, low in planes.items():
            expected, path = [side // scale for side in planes[1].shape[1:]], self.files[tile][scale]
            if len(low) != len(planes[1]):
                raise InputError(f"{path} has {len(low)} planes, HR has {len(planes[1])}")
            if max(abs(a - b) for a, b in zip(low.shape[1:], expected, strict=True)) > layout().margin // scale:
                shape, wanted = (" x ".join(map(str, sides)) for sides in (low.shape[1:], expected))
                raise InputError(f"{path} has {shape} pixels; with those of HR it should be about {wanted}")
        return planes


@dataclass(frozen=True)
class Window:
    """Where a window of a tile is, in HR pixels."""

    tile: int
    number: int  # among the windows of the tile that are taken
    scan: int
    y: int
    x: int
    side: int

    def path(self, scale: int, cell: str) -> str:
        """Path of a patch in a data set."""
        return patch(self.tile, self.number, scale, cell, asdict(self))

    def of(self, planes: Mapping[int, np.ndarray]) -> dict[int, np.ndarray]:
        """The window at each scale, (planes, y, x)."""
        return {
            scale: its[:, self.y // scale :, self.x // scale :][:, : self.side // scale, : self.side // scale]
            for scale, its in planes.items()
        }


def find(folder: Path) -> Tiles:
    """The tiles in a folder.

    Raises
    ------
    InputError
        If it has none, or one lacks a resolution.
    """
    of_scan: dict[int, dict[int, Path]] = {}
    for home in sorted(folder.iterdir()) if folder.is_dir() else ():
        if (named := RESOLUTION.fullmatch(home.name)) and home.is_dir():
            its = of_scan.setdefault(int(named[2]), {})
            for path in sorted(home.iterdir()):
                if (name := TILE.fullmatch(path.name)) and (other := its.setdefault(int(name[1]), path)) != path:
                    raise InputError(f"{other} and {path} are both tile {int(name[1])}; leave one of them in {folder}")
    if len(of_scan) < 2 or not any(of_scan.values()):
        raise InputError(f"{folder} has no tiles at several resolutions; `tiles` is a folder with {WANTED}")
    scan = max(of_scan)
    scales = {size: scan // size for size in sorted(of_scan, reverse=True)}
    for size, scale in scales.items():
        if scan % size or scale not in (1, *layout().scales):
            known = ", ".join(map(str, layout().scales))
            raise InputError(f"{folder} has scans of {scan} and of {size} pixels; HR has {known} times those of LR")
    tiles = sorted(set().union(*of_scan.values()))
    for size, its in of_scan.items():
        if lacking := sorted(set(tiles) - set(its)):
            raise InputError(
                f"{folder} has no tile {lacking[0]} of {size} pixels a line; each is wanted in all folders"
            )
    return Tiles(scan, {tile: {scale: of_scan[size][tile] for size, scale in scales.items()} for tile in tiles})


def windows_of(tile: int, scan: int, planes: Mapping[int, np.ndarray], layout: Layout) -> list[Window]:
    """The windows of a tile that are taken, in order."""
    side = layout.size + 2 * layout.margin
    taken: list[Window] = []
    for y, x in _corners(planes, side, layout.size // 2):
        window = Window(tile, len(taken), scan, y, x, side)
        middle = slice(layout.size // 2, side - layout.size // 2)
        if np.mean(window.of(planes)[1][-1, middle, middle] >= LIT) >= LEAST_SHARE:
            taken.append(window)
    return taken


def _corners(planes: Mapping[int, np.ndarray], side: int, step: int) -> Iterator[tuple[int, int]]:
    """Where windows begin: they end before the last pixel of HR, as published, and inside every LR."""
    height, width = (
        min([planes[1].shape[axis] - 1, *(s * p.shape[axis] for s, p in planes.items())]) for axis in (1, 2)
    )
    for y in range(0, height - side + 1, step):
        for x in range(0, width - side + 1, step):
            yield y, x


def _planes(path: Path, convert: bool) -> np.ndarray:
    try:
        file = PlanesOfFile(path)
        planes = [file.pixels(position) for position in np.ndindex(*file.positions)]
    except InputError as problem:
        if (planes := planes_apart(path)) is None:
            raise InputError(f"{path}: {problem}") from None
    cells = layout().cells
    if len(planes) > len(cells):
        raise InputError(f"{path} has {len(planes)} planes; tiles have up to {len(cells)}, a marker each")
    return np.stack([_eight_bits(plane, path, convert) for plane in planes])


def _eight_bits(plane: np.ndarray, path: Path, convert: bool) -> np.ndarray:
    if plane.dtype == np.uint8:
        return plane
    if plane.dtype != np.uint16:
        raise InputError(f"{path}: tiles have 8 bits, or 16 with `convert`; this has {plane.dtype}")
    if not convert:
        raise InputError(f"{path}: tiles have 8 bits, this has 16; prepare it with `convert`")
    return np.rint(plane / 257).astype(np.uint8)
