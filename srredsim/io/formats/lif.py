"""LIF and LOF of Leica through liffile; each image of a file is a scene."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from srredsim.errors import InputError, shown
from srredsim.io.calibration import IN_UM, Calibration, number, unit_name
from srredsim.io.formats._optional import damage, package
from srredsim.io.source import Source, lacking

MAGIC, SUFFIXES, NAME = (), (".lif", ".lof"), "a LIF file"
START, TEST = b"\x70\0\0\0", 0x2A  # the first bytes, and the one behind the length that follows
AXES, CHANNEL = {"1": "X", "2": "Y", "3": "Z", "4": "T"}, "ChannelDescription"
MOST_PLANES = 10**6
DAMAGED = "the LIF file is damaged"


def recognises(path: Path, start: bytes) -> bool:
    """Whether a file begins as those of LAS do."""
    return start.startswith(START) and start[8:9] == bytes([TEST])


def scenes(path: Path) -> list[str]:
    """Names of the images, with those of the folders that they lie in."""
    with _opened(path) as file:
        return [str(image.path or image.name) for image in _images(file)]


def open_source(path: Path, pixel_size_um: float | None = None, scene: int = 0) -> Source:
    """The planes of an image, read when asked for.

    Raises
    ------
    InputError
        If liffile is not installed, or the file is damaged, or the image is in colour or no stack of (y, x).
    """
    with _opened(path) as file:
        images = _images(file)
        if not images:
            raise InputError("the LIF file holds no image")
        image = images[scene]
        axes, channels = _axes(image), [int(one.get("BytesInc")) for one in image.xml_element.iter(CHANNEL)]
        dtype, start = np.dtype(image.dtype), int(image.memory_block.offset)
        known = _calibration(image, axes)
    if "X" not in axes or "Y" not in axes:
        raise InputError(f"the axes are {', '.join(axes)}; there is no image of y and x")
    if axes["X"].inc != dtype.itemsize:
        raise InputError("a colour image (RGB), not a stack of grey frames; in LAS X, split its channels")
    lead = {name: axis for name, axis in axes.items() if name not in "YX"}
    shape = (*(axis.count for axis in lead.values()), len(channels))
    if not 0 < prod(shape) <= MOST_PLANES:
        raise InputError(f"{DAMAGED}: it promises {shown(prod(shape))} frames")
    starts = start + np.array(channels)
    for axis in reversed(lead.values()):
        starts = axis.inc * np.arange(axis.count).reshape(-1, *[1] * starts.ndim) + starts
    planes = Planes(path, dtype, starts.ravel(), axes["Y"].inc, (axes["Y"].count, axes["X"].count))
    ends = starts.ravel() + planes.bytes
    missing = tuple(np.flatnonzero(ends > path.stat().st_size).tolist())
    optics, more = known.optics(pixel_size_um)
    letters = "".join(name if name in "TZ" else "I" for name in lead) + "C"
    words = ", ".join(f"{name} = {axis.count}" for name, axis in lead.items() if axis.count > 1) or "one plane"
    notes = (f"LIF: {words}, {len(channels)} channels; angles and phases are not named", *more)
    incomplete = lacking(len(ends), len(ends) - len(missing), missing[0]) if missing else None
    native, names = dtype.newbyteorder("="), known.channel_names
    return Source(letters, shape, planes.size, native, planes, optics, names, notes, incomplete, missing)


@dataclass(frozen=True)
class Axis:
    """How many there are, bytes from one to the next, and um or s from the first to the last."""

    count: int
    inc: int
    length: float | None


@dataclass(frozen=True)
class Planes:
    """Plane ``number`` of a file, whose rows may be longer than their pixels; ``starts`` are bytes."""

    path: Path
    dtype: np.dtype
    starts: np.ndarray
    row: int
    size: tuple[int, int]

    @property
    def bytes(self) -> int:
        """From the first pixel of a plane to the last."""
        return self.row * (self.size[0] - 1) + self.size[1] * self.dtype.itemsize

    def __call__(self, number: int) -> np.ndarray:
        with damage(f"frame {number + 1} cannot be read"), self.path.open("rb") as file:
            file.seek(int(self.starts[number]))
            data = file.read(self.bytes)
            return np.ndarray(self.size, self.dtype, data, strides=(self.row, self.dtype.itemsize)).copy()


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The file as liffile opens it, which would print what it finds strange."""
    reader = package("liffile", NAME)
    logger = logging.getLogger("liffile")
    logger.addFilter(_silent)
    try:
        with damage(DAMAGED), reader.LifFile(str(path), squeeze=False) as file:
            yield file
    finally:
        logger.removeFilter(_silent)


def _silent(record: logging.LogRecord) -> bool:
    return False


def _images(file: Any) -> list[Any]:
    """Without those of lifetimes, which are no intensities."""
    return [image for image in file.images if not image.is_flim]


def _axes(image: Any) -> dict[str, Axis]:
    """All axes but that of the channels, the slowest first; those that have no letter are called by a number."""
    found = {}
    for one in image.xml_element.iter("DimensionDescription"):
        count, inc = int(one.get("NumberOfElements")), int(one.get("BytesInc"))
        length = number(one.get("Length"))
        in_um = IN_UM.get(unit_name(one.get("Unit")) or "")
        length_um = abs(length) * in_um if length and in_um else None
        if count < 1 or inc < 1:
            raise InputError(f"{DAMAGED}: an axis of {shown(count)} elements, {shown(inc)} bytes apart")
        found[AXES.get(one.get("DimID"), str(one.get("DimID")))] = Axis(count, inc, length_um)
    return dict(sorted(found.items(), key=lambda item: -item[1].inc))


def _calibration(image: Any, axes: dict[str, Axis]) -> Calibration:
    steps = {name: axis.length / (axis.count - 1) for name, axis in axes.items() if axis.length and axis.count > 1}
    elements = list(image.xml_element.iter())
    names = tuple(one.get("LUTName") or "" for one in elements if one.tag == CHANNEL)
    waves = [number(one.get("EmissionWavelength")) for one in elements if one.tag == "WideFieldChannelInfo"]
    return Calibration(
        pixel_um=(steps["Y"], steps["X"]) if "Y" in steps and "X" in steps else None,
        z_step_um=steps.get("Z"),
        frame_interval_s=_interval_s(image, axes["T"].count if "T" in axes else 1),
        wavelengths_em_um=tuple(nm / 1000 if nm else None for nm in waves) if len(waves) == len(names) else (),
        na=next((na for one in elements if (na := number(one.get("NumericalAperture")))), None),
        channel_names=names if all(names) and len(set(names)) == len(names) else None,
    )


def _interval_s(image: Any, times: int) -> float | None:
    """Between the first frames of two times, on the average."""
    stamps = image.timestamps
    if stamps is None or times < 2 or len(stamps) % times:
        return None
    first = stamps[:: len(stamps) // times]
    seconds = float((first[-1] - first[0]) / np.timedelta64(1, "s")) / (times - 1)
    return seconds if seconds > 0 else None
