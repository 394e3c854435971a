"""CZI of Zeiss, read from its published layout: rotation R is the angle, phase H the phase of the pattern."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import replace
from math import prod
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from srredsim.errors import InputError
from srredsim.io.calibration import Calibration, number
from srredsim.io.formats._czi_blocks import COLOURS, TYPES, Block, Contents, contents, pixels
from srredsim.io.formats._optional import damage
from srredsim.io.source import Source, lacking

MAGIC, SUFFIXES, NAME = b"ZISRAWFILE\0", (".czi",), "a CZI file"
LETTERS = {"T": "T", "C": "C", "Z": "Z", "R": "A", "H": "P"}  # of axes; illumination I, view V and block B have none
ORDER = "BVITRCZH"  # of the axes before y and x; only those that a file has
DAMAGED = "the CZI file is damaged"
MOST_PLANES = 10**6


def scenes(path: Path) -> list[str]:
    """Names of the scenes, or numbers where the file has no names."""
    with damage(DAMAGED), path.open("rb") as file:
        found = contents(file)
        return [_scene_name(_xml(found), number) for number in _scenes(found)]


def open_source(path: Path, pixel_size_um: float | None = None, scene: int = 0) -> Source:
    """The planes of a scene, put together of their tiles, read when asked for.

    Raises
    ------
    InputError
        If the file is damaged, or in colour.
    """
    with damage(DAMAGED), path.open("rb") as file:
        found = contents(file)
        xml = _xml(found)
        numbers = _scenes(found)
        if not numbers:
            raise InputError(found.cut or "the CZI file holds no pixels")
        blocks = [one for one in found.blocks if one.finest and one.start.get("S", 0) == numbers[scene]]
        _refuse(blocks)
        axes, first, counts = _axes(blocks, xml)
        planes = Planes(path, blocks, axes, first, tuple(counts))
        known = _calibration(xml)
    optics, more = known.optics(pixel_size_um)
    letters = "".join(LETTERS.get(axis, "I") for axis in axes)
    count = prod(counts)
    missing = tuple(n for n in range(count) if n not in planes.tiles)
    words = ", ".join(f"{axis} = {n}" for axis, n in zip(axes, counts, strict=True) if n > 1)
    notes = (f"CZI: {words or 'one plane'} (R is the angle, H the phase)", *more, *planes.notes)
    incomplete = lacking(count, count - len(missing), missing[0]) if missing else found.cut
    names = known.channel_names if known.channel_names and len(known.channel_names) == _of("C", axes, counts) else None
    dtype = np.dtype(TYPES[blocks[0].pixel_type]).newbyteorder("=")
    return Source(letters, tuple(counts), planes.size, dtype, planes, optics, names, notes, incomplete, missing)


class Planes:
    """Plane ``number`` of the grid of positions; what no tile covers is 0."""

    def __init__(self, path: Path, blocks: list[Block], axes: str, first: dict[str, int], counts: tuple[int, ...]):
        self._path, self._lock = path, threading.Lock()
        self.tiles: dict[int, list[Block]] = defaultdict(list)
        for block in blocks:
            position = [block.start.get(axis, first[axis]) - first[axis] for axis in axes]
            self.tiles[int(np.ravel_multi_index(position, counts)) if axes else 0].append(block)
        tops, lefts = ([block.start.get(axis, 0) for block in blocks] for axis in "YX")
        self._corner = top, left = min(tops), min(lefts)
        bottom = max(y + block.size[0] for y, block in zip(tops, blocks, strict=True))
        right = max(x + block.size[1] for x, block in zip(lefts, blocks, strict=True))
        self.size = bottom - top, right - left
        most = max(map(len, self.tiles.values()))
        self.notes = [f"each plane is put together of up to {most} tiles, as they lie"] if most > 1 else []

    def __call__(self, number: int) -> np.ndarray:
        tiles = sorted(self.tiles[number], key=lambda block: block.start.get("M", 0))
        with self._lock, damage(f"frame {number + 1} cannot be read"), self._path.open("rb") as file:
            if len(tiles) == 1 and tiles[0].size == self.size:
                return pixels(file, tiles[0])
            plane = np.zeros(self.size, TYPES[tiles[0].pixel_type])
            for tile in tiles:
                (y, x), (top, left) = tile.size, self._corner
                top, left = tile.start.get("Y", 0) - top, tile.start.get("X", 0) - left
                plane[top : top + y, left : left + x] = pixels(file, tile)
            return plane


def _scenes(found: Contents) -> list[int]:
    return sorted({block.start.get("S", 0) for block in found.blocks if block.finest})


def _refuse(blocks: list[Block]) -> None:
    kinds = {block.pixel_type for block in blocks}
    if kinds & set(COLOURS):
        raise InputError("a colour image, not a stack of grey frames; in ZEN, split its channels")
    if len(kinds) > 1 or not kinds <= set(TYPES):
        raise InputError(f"the channels have pixels of several kinds, or of one that is not known ({sorted(kinds)})")


def _axes(blocks: list[Block], xml: ElementTree.Element | None) -> tuple[str, dict[str, int], list[int]]:
    """Axes, the number with which each begins, and how long each is: as the blocks have it, or the metadata promise."""
    present = {axis for block in blocks for axis in block.start}
    axes = "".join(axis for axis in ORDER if axis in present)
    first = {axis: min(block.start.get(axis, 0) for block in blocks) for axis in axes}
    counts = []
    for axis in axes:
        there = max(block.start.get(axis, 0) for block in blocks) - first[axis] + 1
        promised = number(_text(xml, f"Information/Image/Size{axis}"))
        counts.append(max(there, int(promised)) if promised and not first[axis] else there)
    if prod(counts) > MOST_PLANES:
        raise InputError(f"{prod(counts)} frames are promised, {len(blocks)} are there")
    return axes, first, counts


def _of(axis: str, axes: str, counts: list[int]) -> int:
    return counts[axes.index(axis)] if axis in axes else 1


# --- metadata ---------------------------------------------------------------------------------------------------------


def _xml(found: Contents) -> ElementTree.Element | None:
    """``Metadata`` of the file; None where there are none."""
    return (
        ElementTree.fromstring(found.metadata.rstrip(b"\0")).find("Metadata") if found.metadata.strip(b"\0") else None
    )


def _text(xml: ElementTree.Element | None, place: str) -> str | None:
    return None if xml is None else xml.findtext(place)


def _scene_name(xml: ElementTree.Element | None, scene: int) -> str:
    """``2`` for the second, or its name."""
    named = [] if xml is None else xml.findall("Information/Image/Dimensions/S/Scenes/Scene")
    return next(
        (one.get("Name") for one in named if one.get("Index") == str(scene) and one.get("Name")), str(scene + 1)
    )


def _calibration(xml: ElementTree.Element | None) -> Calibration:
    if xml is None:
        return Calibration(notes=("the CZI file has no metadata",))
    steps = {one.get("Id"): number(one.findtext("Value")) for one in xml.iterfind("Scaling/Items/Distance")}  # m
    y, x, z = (steps[axis] * 1e6 if steps.get(axis) else None for axis in "YXZ")
    channels = xml.findall("Information/Image/Dimensions/Channels/Channel")
    names = tuple(channel.get("Name") or "" for channel in channels)
    known = Calibration(
        pixel_um=(y, x) if y and x else None,
        z_step_um=z,
        frame_interval_s=number(_text(xml, "Information/Image/Dimensions/T/Positions/Interval/Increment")),
        wavelengths_em_um=tuple(_emission(channel) for channel in channels),
        channel_names=names if names and all(names) else None,
    )
    return replace(known, na=_na(xml))


def _emission(channel: ElementTree.Element) -> float | None:
    nm = number(channel.findtext("EmissionWavelength"))
    return round(nm / 1000, 6) if nm else None


def _na(xml: ElementTree.Element) -> float | None:
    """Aperture of the objective that the image refers to, or of the only one."""
    objectives = {one.get("Id"): number(one.findtext("LensNA")) for one in xml.iter("Objective")}
    settings = xml.find("Information/Image/ObjectiveSettings/ObjectiveRef")
    if settings is not None and settings.get("Id") in objectives:
        return objectives[settings.get("Id")]
    told = {na for na in objectives.values() if na}
    return told.pop() if len(told) == 1 else None
