"""The fold lists: which LR patch belongs to which HR patch, in which split, and in which order."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from srredsim.data.caco2.layout import Layout, fold
from srredsim.errors import InputError, shown

LISTS = "folds/super-resolution"  # where the folders of the lists are
LIST = "l_h.txt"  # lines "LR path,HR path"
LARGEST = 2**24  # bytes of a list: the longest published one has 1 MB
PATCH = re.compile(r"hr_div_(\d+)/tile_[^/\\]*-(\d+)_(\d+)_\d+_\d+_\d+_\d+_(CELL\d+)\.tif")


@dataclass(frozen=True)
class Named:
    """A pair of patches by their paths in the data set."""

    low: str
    high: str
    tile: int
    number: int  # of the patch in its tile


def in_folder(folder: Path, token: str, scale: int, cell: str, layout: Layout) -> list[Named]:
    """The pairs of a fold list of a prepared or unpacked data set.

    Raises
    ------
    InputError
        If there is no such list, or a line names no pair of this scale and cell.
    """
    path = folder / LISTS / fold(token, scale, cell, layout.size) / LIST
    if not path.is_file():
        raise InputError(f"{path} is missing; srredsim prepare sr-caco-2 makes a folder with it from folds.zip")
    if path.stat().st_size > LARGEST:
        raise InputError(f"{path} is no fold list: it has more than {LARGEST >> 20} MB")
    return parsed(path.read_bytes(), str(path), (token, scale, cell), layout)


def in_archive(path: Path, layout: Layout) -> dict[str, bytes]:
    """The fold lists of ``folds.zip`` by the names of their folders, as they are.

    Raises
    ------
    InputError
        If it is no such archive, or lists are missing.
    """
    wanted = {fold(token, scale, cell, layout.size) for token, scale, cell in kinds(layout)}
    found = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                parts = entry.filename.split("/")
                if len(parts) > 1 and parts[-1] == LIST and parts[-2] in wanted:
                    if entry.file_size > LARGEST:
                        raise InputError(f"{path}: {entry.filename} is no fold list, it has {entry.file_size} bytes")
                    found[parts[-2]] = archive.read(entry)
    except FileNotFoundError:
        raise InputError(f"no file {path}; `folds` is the archive of the fold lists, folds.zip") from None
    except (PermissionError, IsADirectoryError) as problem:
        raise InputError(f"{path} cannot be read: {problem.strerror}; `folds` is the archive folds.zip") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as problem:
        raise InputError(f"{path} is no whole zip archive: {problem}; get folds.zip again") from None
    if lacking := sorted(wanted - set(found)):
        raise InputError(
            f"{path} lacks {len(lacking)} of {len(wanted)} fold lists, the first is {lacking[0]}/{LIST}; get folds.zip"
            " of SR-CACO-2 again"
        )
    return found


def kinds(layout: Layout) -> list[tuple[str, int, str]]:
    """(word for the split, scale, cell) of every list."""
    tokens = dict.fromkeys(layout.folds.values())
    return [(token, scale, cell) for token in tokens for scale in layout.scales for cell in layout.cells]


def parsed(content: bytes, where: str, kind: tuple[str, int, str], layout: Layout) -> list[Named]:
    """The lines of a fold list; InputError names the first that is no pair of its ``kind``, see `kinds`."""
    token, scale, cell = kind
    split = layout.largest()[token]
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{where} is no fold list: it is not text") from None
    found = []
    for number, line in enumerate(lines, start=1):
        if line:
            found.append(_pair(line, f"{where}, line {number}", scale, cell))
            if (tile := found[-1].tile) not in layout.splits[split]:
                raise InputError(f"{where}, line {number} is of tile {tile}, which is not in the split {split}")
    return found


def _pair(line: str, where: str, scale: int, cell: str) -> Named:
    names = line.split(",")
    parts = [PATCH.fullmatch(name) for name in names]
    if len(parts) != 2 or not all(parts):
        raise InputError(f"{where} should be LR path,HR path as hr_div_2/tile_..._CELL0.tif; got {shown(line)}")
    low, high = (part.groups() for part in parts if part)
    if (low[0], high[0]) != (str(scale), "1"):
        raise InputError(
            f"{where} is of the scale {low[0]} to {high[0]}, the list of the scale {scale} to 1: wrong list, or wrong"
            " name of its folder"
        )
    if low[1:] != high[1:] or low[3] != cell:
        raise InputError(f"{where} pairs unlike patches, or not those of {cell}: {shown(line)}")
    return Named(names[0], names[1], int(high[1]), int(high[2]))
