"""OME-Zarr 0.4 and 0.5, a folder: one image, several as bioformats2raw writes them, or the fields of a plate."""

from __future__ import annotations

import itertools
import os
import threading
from contextlib import suppress
from dataclasses import replace
from math import ceil, prod
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import documents
from srredsim.errors import InputError, shown
from srredsim.io import calibration
from srredsim.io.calibration import IN_UM, Calibration
from srredsim.io.formats import _ome
from srredsim.io.formats._optional import damage, package
from srredsim.io.formats.tiff import RESULT
from srredsim.io.source import Source, lacking

MAGIC, SUFFIXES, NAME = (), (), "an OME-Zarr folder"
MARKERS = ("zarr.json", ".zgroup", ".zattrs")
OME_XML = "OME/METADATA.ome.xml"  # what bioformats2raw keeps of the file that it was made of
LETTERS = {"t": "T", "c": "C", "z": "Z", "y": "Y", "x": "X", "a": "A", "p": "P"} | {"angle": "A", "phase": "P"}
OLD_AXES = "tczyx"  # of versions that do not name them
LARGEST_BLOCK = 2**29  # bytes of neighbouring planes, of one row of chunks, that are read at once and remembered
MOST_CHUNKS = 10**7
OWN = "srredsim"  # attribute in which results say of optics what OME-Zarr has no place for
DAMAGED = "the OME-Zarr folder is damaged"


def claims(folder: Path) -> bool:
    """Whether a folder is a Zarr group."""
    return any((folder / name).is_file() for name in MARKERS)


def scenes(path: Path) -> list[str]:
    """Names of the images in it; a single one has none."""
    with damage(DAMAGED):
        return [place or path.name for place in _images(path)]


def open_source(path: Path, pixel_size_um: float | None = None, scene: int = 0) -> Source:
    """The planes of the finest level of an image, read from their chunks when asked for.

    Raises
    ------
    InputError
        If zarr is not installed, or the folder is damaged or holds no OME-Zarr image.
    """
    with damage(DAMAGED):
        place = _images(path)[scene]
        ome = _metadata(_group(path, place))
        multiscale = ome["multiscales"][0]
        names, units = _axes(multiscale)
        level = multiscale["datasets"][0]
        array = _array(path, place, level["path"])
        if len(names) != array.ndim or names[-2:] != ["y", "x"]:
            raise InputError(
                f"{DAMAGED}: axes {shown(names)} of an array of the shape {array.shape}; y, x are the last"
            )
        letters = "".join(LETTERS.get(name, "I") for name in names[:-2])
        shape, size = tuple(array.shape[:-2]), (int(array.shape[-2]), int(array.shape[-1]))
        planes = Planes(array)
        missing, more = _absent(path / place / level["path"], array)
        xml = path / OME_XML
        known = calibration.of_ome(xml.read_text(encoding="utf-8"), scene) if xml.is_file() else Calibration()
        known = _calibration(known, dict(zip(names, _scales(multiscale, array.ndim), strict=True)), units, ome)
        known = _with_own(known, dict(_group(path, place).attrs).get(OWN))
        optics, notes = known.optics(pixel_size_um)
        modulo = _ome.modulo(xml.read_text(encoding="utf-8")) if xml.is_file() else {}
        letters, shape = _ome.split(letters, shape, modulo)
    words = (
        f"OME-Zarr {ome.get('version') or multiscale.get('version') or 'of no known version'}: axes {', '.join(names)}"
    )
    count = prod(shape)
    incomplete = lacking(count, count - len(missing), missing[0]) if missing else None
    said = (words, *notes, *more), incomplete, tuple(missing)
    return Source(
        letters, shape, size, np.dtype(array.dtype).newbyteorder("="), planes, optics, known.channel_names, *said
    )


class Planes:
    """Plane ``number`` of an array (..., y, x); the planes that lie in the same chunks are remembered."""

    def __init__(self, array: Any):
        self._array, self._lock = array, threading.Lock()
        self._lead, self._chunk = array.shape[:-2], array.chunks[:-2]
        if prod(self._chunk) * prod(array.shape[-2:]) * array.dtype.itemsize > LARGEST_BLOCK:
            self._chunk = (1,) * len(self._lead)
        self._corner: tuple[int, ...] | None = None
        self._block = np.empty(0)

    def __call__(self, number: int) -> np.ndarray:
        position = np.unravel_index(number, self._lead)
        corner = tuple(int(at) // n * n for at, n in zip(position, self._chunk, strict=True))
        with self._lock, damage(f"frame {number + 1} cannot be read"):
            if corner != self._corner:
                self._block = np.asarray(
                    self._array[tuple(slice(at, at + n) for at, n in zip(corner, self._chunk, strict=True))]
                )
                self._corner = corner
            inside = tuple(int(at) - start for at, start in zip(position, corner, strict=True))
            return self._block[inside].copy()


def library() -> Any:
    """zarr; InputError with how to get it if it is not installed."""
    return package("zarr", NAME)


def _group(path: Path, place: str) -> Any:
    try:
        return library().open_group(str(path / place), mode="r")
    except library().errors.ContainsArrayError:
        raise InputError("this Zarr folder is a bare array; give the OME-Zarr folder in which it lies") from None


def _array(path: Path, place: str, name: str) -> Any:
    try:
        return _group(path, place)[name]
    except KeyError:
        raise InputError(f"{DAMAGED}: the array {shown(name)}, of which its metadata speak, is not there") from None


def _metadata(group: Any) -> dict:
    """What is said of OME: in 0.5 under its name, before beside all else."""
    attributes = dict(group.attrs)
    return attributes.get("ome", attributes)


def _images(path: Path) -> list[str]:
    """Folders of the images within it, "" for itself."""
    ome = _metadata(_group(path, ""))
    if ome.get("multiscales"):
        return [""]
    found: list[str] = []
    if "plate" in ome:
        for well in ome["plate"]["wells"]:
            fields = _metadata(_group(path, well["path"]))["well"]["images"]
            found += [f"{well['path']}/{field['path']}" for field in fields]
    elif "bioformats2raw.layout" in ome:
        listed = _metadata(_group(path, "OME")).get("series") if claims(path / "OME") else None
        counted = itertools.takewhile(lambda name: claims(path / name), map(str, itertools.count()))
        found = [str(name) for name in listed or counted]
    if not found:
        raise InputError("this Zarr folder holds no OME-Zarr image: it has no `multiscales`")
    return found


def _axes(multiscale: dict) -> tuple[list[str], dict[str, str]]:
    """Names of the axes, in small letters, and the units that are told."""
    axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in multiscale.get("axes") or OLD_AXES]
    names = [str(axis["name"]).lower() for axis in axes]
    return names, {name: axis["unit"] for name, axis in zip(names, axes, strict=True) if axis.get("unit")}


def _scales(multiscale: dict, axes: int) -> list[float]:
    """Step along each axis of the finest level; 1 where nothing is told."""
    both = [*(multiscale["datasets"][0].get("coordinateTransformations") or [])]
    both += multiscale.get("coordinateTransformations") or []
    scales = [one["scale"] for one in both if one.get("type") == "scale"]
    return [float(prod(one[n] for one in scales)) for n in range(axes)]


def _calibration(known: Calibration, steps: dict[str, float], units: dict[str, str], ome: dict) -> Calibration:
    """What the folder says over what the file that it was made of said."""
    lengths = {axis: _um(steps[axis], units.get(axis)) for axis in "zyx" if axis in steps}
    pixel = (lengths["y"], lengths["x"])
    interval, note = calibration.seconds(steps.get("t"), units["t"]) if "t" in units else (None, None)
    channels = (ome.get("omero") or {}).get("channels") or []
    names = tuple(str(channel.get("label") or "") for channel in channels)
    return replace(
        known,
        pixel_um=pixel if None not in pixel else known.pixel_um,
        z_step_um=lengths.get("z") or known.z_step_um,
        frame_interval_s=interval or known.frame_interval_s,
        channel_names=names if names and all(names) else known.channel_names,
        notes=(*known.notes, *([note] if note else [])),
    )


def _with_own(known: Calibration, own: Any) -> Calibration:
    """With the lens and the wavelengths that a result tells."""
    if not isinstance(own, dict):
        return known
    waves = own.get("wavelengths_em_um")
    told = tuple(calibration.number(wave) for wave in waves) if isinstance(waves, list) else ()
    return replace(known, na=calibration.number(own.get("na")), wavelengths_em_um=told if any(told) else ())


def is_result(folder: Path) -> bool:
    """Whether a folder says that srredsim made it from another image."""
    with suppress(InputError, OSError, LookupError, AttributeError, TypeError):
        told = documents.read_json(folder / "zarr.json")
        return told["attributes"].get(OWN, {}).get("software") == RESULT
    return False


def _um(step: float, unit: str | None) -> float | None:
    """None where no unit is told: a step is then 1, or of nobody knows what."""
    in_um = IN_UM.get(calibration.unit_name(unit) or "")
    return step * in_um if in_um and step > 0 else None


def _absent(folder: Path, array: Any) -> tuple[list[int], list[str]]:
    """Planes of which no chunk was written, and a note on those that lack a part."""
    there = {os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names}
    cells = getattr(array, "shards", None) or array.chunks
    grid = [ceil(n / cell) for n, cell in zip(array.shape, cells, strict=True)]
    if prod(grid) > MOST_CHUNKS:
        raise InputError(f"{DAMAGED}: an array of the shape {array.shape} in {len(there)} chunks")
    written = np.zeros(grid, bool)
    for cell in np.ndindex(*grid):
        written[cell] = os.path.normpath(array.metadata.encode_chunk_key(cell)) in there
    each = written.reshape(*grid[:-2], -1)
    for axis, (n, cell) in enumerate(zip(array.shape[:-2], cells[:-2], strict=True)):
        each = np.take(each, np.arange(n) // cell, axis=axis)
    each = each.reshape(-1, each.shape[-1])
    gone, partly = ~each.any(axis=1), int(np.count_nonzero(each.any(axis=1) & ~each.all(axis=1)))
    notes = (
        [f"some chunks of {partly} of {len(each)} frames are lacking: {array.fill_value} is read there"]
        if partly
        else []
    )
    return np.flatnonzero(gone).tolist(), notes
