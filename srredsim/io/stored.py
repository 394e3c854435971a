"""Images as OME-TIFF and OME-Zarr: made of planes that are all there, a few of which are in memory at a time.

Large ones have smaller copies of themselves (a pyramid), so that a viewer need not read everything to show it: each has
half the pixels of the one before along y and x, the mean of two by two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import numpy as np
import tifffile

from srredsim import documents
from srredsim.acquisition import Optics
from srredsim.errors import InputError
from srredsim.io.formats import ome_zarr, tiff
from srredsim.picture import COLOURS

OME_TIFF, OME_ZARR = (".ome.tif", ".ome.tiff"), (".zarr",)  # endings of the names of such images
COMPRESS = ("none", "zlib", "zstd")
TILE, SHARD = 512, 4096  # pixels along y and x of what is compressed alone, and at most of what is one file of a folder
SMALLEST_LEVEL = 1024  # pixels: an image whose sides are no longer has no smaller copy
CLASSIC = 2**32 - 2**25  # bytes that a TIFF which is no BigTIFF can have
EXTRA_BYTES = 4 / 3  # of an image with its smaller copies, over that without


@dataclass(frozen=True)
class Stored:
    """An image to be written: ``plane(t, c, z)`` gives one (y, x)."""

    shape: tuple[int, ...]  # (t, c, z, y, x)
    dtype: np.dtype
    plane: Callable[[int, int, int], np.ndarray]
    optics: Optics
    channel_names: Sequence[str] | None
    ranges: Sequence[tuple[float, float]]  # black and white of each channel
    tag: str | None
    compress: str

    @property
    def levels(self) -> int:
        """Number of copies, the image itself included."""
        count, longest = 1, max(self.shape[3:])
        while longest > SMALLEST_LEVEL:
            count, longest = count + 1, longest // 2
        return count

    def size(self, level: int) -> tuple[int, int]:
        y, x = (max(1, n >> level) for n in self.shape[3:])
        return y, x

    def smaller(self, position: tuple[int, int, int], level: int) -> np.ndarray:
        """One plane of a level: means of squares of pixels."""
        plane = self.plane(*position)
        if not level:
            return np.asarray(plane)
        (y, x), step = self.size(level), 2**level
        steps = [min(step, n) for n in plane.shape]
        blocks = plane[: y * steps[0], : x * steps[1]].reshape(y, steps[0], x, steps[1])
        mean = blocks.mean(axis=(1, 3), dtype=np.float32)
        return (np.rint(mean) if self.dtype.kind == "u" else mean).astype(self.dtype)

    @property
    def wavelengths_em_um(self) -> list[float | None]:
        waves: Any = [self.optics.of_channel(c).wavelength_em_um for c in range(self.shape[1])]
        return waves  # one number each, as they are of one channel

    @property
    def colours(self) -> list[tuple[int, int, int]]:
        """(red, green, blue) of each channel, 0 to 255: those of the preview, white if there is one channel."""
        every = [COLOURS["white"]] if self.shape[1] == 1 else list(COLOURS.values())
        chosen = [every[c % len(every)] for c in range(self.shape[1])]
        return [(255 * red, 255 * green, 255 * blue) for red, green, blue in chosen]


def writer_of(path: Path) -> Callable[[Path, Stored], None] | None:
    """What writes an image whose name ends so; None if it is to be a TIFF as ImageJ has it."""
    name = path.name.lower()
    if name.endswith(OME_TIFF):
        return write_ome_tiff
    return write_ome_zarr if name.endswith(OME_ZARR) else None


# OME-TIFF


def write_ome_tiff(path: Path, image: Stored) -> None:
    """A tiled OME-TIFF, a BigTIFF where it may become too large for another."""
    size = EXTRA_BYTES * np.prod(image.shape, dtype=float) * image.dtype.itemsize
    t, c, z, _, _ = image.shape
    pixel = image.optics.pixel_size_um
    with tifffile.TiffWriter(path, bigtiff=bool(size > CLASSIC), **tiff.kind("ome")) as file:
        for level in range(image.levels):
            more = {"subfiletype": 1} if level else {"subifds": image.levels - 1, "metadata": _for_tifffile(image)}
            rate = None if pixel is None else (1e4 / (pixel * 2**level),) * 2
            file.write(
                _tiles(image, level),
                shape=(t, z, c, *image.size(level)),
                dtype=image.dtype,
                tile=(TILE, TILE),
                photometric="minisblack",
                compression=None if image.compress == "none" else image.compress,
                software=image.tag,
                resolution=rate,
                resolutionunit="NONE" if rate is None else "CENTIMETER",
                **more,
            )
    if image.optics.na is not None:
        _tell_na(path, image.optics.na)


def _for_tifffile(image: Stored) -> dict[str, Any]:
    optics, waves = image.optics, image.wavelengths_em_um
    known: dict[str, Any] = {"axes": "TZCYX"}
    for axis, step in (("X", optics.pixel_size_um), ("Y", optics.pixel_size_um), ("Z", optics.z_step_um)):
        if step is not None:
            known |= {f"PhysicalSize{axis}": step, f"PhysicalSize{axis}Unit": "µm"}
    if optics.frame_interval_s is not None:
        known |= {"TimeIncrement": optics.frame_interval_s, "TimeIncrementUnit": "s"}
    channel: dict[str, Any] = {"Color": [_as_integer(*colour) for colour in image.colours]}
    if image.channel_names is not None:
        channel["Name"] = list(image.channel_names)
    if None not in waves:
        channel |= {"EmissionWavelength": [round(1000 * wave, 6) for wave in waves if wave]}
        channel |= {"EmissionWavelengthUnit": ["nm"] * len(waves)}
    known |= {"Channel": channel}
    return known | {"UUID": _name_of(image, known)}


def _name_of(image: Stored, known: dict[str, Any]) -> str:
    """UUID that the same image always has: a file that is made again is the same, byte for byte."""
    digest = blake2b(repr((image.shape, image.dtype.str, image.ranges, known)).encode(), digest_size=16)
    for position in np.ndindex(*image.shape[:3]):
        digest.update(np.ascontiguousarray(image.plane(*position)))
    return str(UUID(bytes=digest.digest(), version=4))


def _as_integer(red: int, green: int, blue: int) -> int:
    """A colour as OME has it: four bytes, opacity last, as a number with a sign."""
    return int.from_bytes(bytes([red, green, blue, 255]), "big", signed=True)


def _tiles(image: Stored, level: int) -> Iterator[np.ndarray]:
    times, channels, slices = image.shape[:3]
    for t, z, c in np.ndindex(times, slices, channels):
        plane = image.smaller((t, c, z), level)
        for row in range(0, plane.shape[0], TILE):
            for column in range(0, plane.shape[1], TILE):
                part = plane[row : row + TILE, column : column + TILE]
                yield np.pad(part, [(0, TILE - n) for n in part.shape])


def _tell_na(path: Path, na: float) -> None:
    """The lens, for which tifffile has no words."""
    with tifffile.TiffFile(path) as file:
        root = ElementTree.fromstring(file.ome_metadata or "")
    space = root.tag[1 : root.tag.index("}")]
    ElementTree.register_namespace("", space)
    image = root.find(f"{{{space}}}Image")
    assert image is not None
    lens = ElementTree.Element(f"{{{space}}}Instrument", ID="Instrument:0")
    ElementTree.SubElement(lens, f"{{{space}}}Objective", ID="Objective:0:0", LensNA=f"{na:.9g}")
    root.insert(list(root).index(image), lens)
    before_pixels = [child.tag for child in image].index(f"{{{space}}}Pixels")
    image.insert(before_pixels, ElementTree.Element(f"{{{space}}}ObjectiveSettings", ID="Objective:0:0"))
    image.insert(before_pixels, ElementTree.Element(f"{{{space}}}InstrumentRef", ID="Instrument:0"))
    told = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    tifffile.tiffcomment(path, told)


# OME-Zarr


def write_ome_zarr(path: Path, image: Stored) -> None:
    """An OME-Zarr 0.5 folder. No two planes share a file, and each file is written once."""
    zarr = ome_zarr.library()
    root = zarr.create_group(str(path), attributes=_attributes(image))
    positions = image.shape[:3]
    for level in range(image.levels):
        size = image.size(level)
        chunk = tuple(min(TILE, n) for n in size)
        shard = tuple(min(-(-n // one), SHARD // TILE) * one for n, one in zip(size, chunk, strict=True))
        array = root.create_array(
            name=str(level),
            shape=(*positions, *size),
            dtype=image.dtype,
            chunks=(1, 1, 1, *chunk),
            shards=(1, 1, 1, *shard),
            compressors=_codecs(zarr, image.compress),
            dimension_names=["t", "c", "z", "y", "x"],
            config={"write_empty_chunks": True},  # a plane that is all 0 is there nevertheless
        )
        for t, c, z in np.ndindex(*positions):
            plane = image.smaller((t, c, z), level)
            for row in range(0, size[0], shard[0]):
                array[t, c, z, row : row + shard[0]] = plane[row : row + shard[0]]


def refuse_foreign(path: Path) -> None:
    """InputError if a folder is there that is no image of ours: to replace it would remove all that it holds."""
    if not path.is_dir() or not any(path.iterdir()):
        return
    try:
        known = documents.read_json(path / "zarr.json")["attributes"]
    except (InputError, OSError, ValueError, KeyError, TypeError):
        known = {}
    if ome_zarr.OWN not in known:
        raise InputError(f"{path} is a folder that holds something else, and is not replaced; give another name")


def _codecs(zarr: Any, compress: str) -> Any:
    if compress == "none":
        return None
    return [zarr.codecs.ZstdCodec() if compress == "zstd" else zarr.codecs.GzipCodec()]


def _attributes(image: Stored) -> dict[str, Any]:
    optics = image.optics
    steps = (
        ("t", "time", optics.frame_interval_s, "second"),
        ("c", "channel", None, None),
        ("z", "space", optics.z_step_um, "micrometer"),
        ("y", "space", optics.pixel_size_um, "micrometer"),
        ("x", "space", optics.pixel_size_um, "micrometer"),
    )
    axes = [
        {"name": name, "type": kind} | ({"unit": unit} if step is not None else {}) for name, kind, step, unit in steps
    ]
    datasets = []
    for level in range(image.levels):
        scale = [(step or 1.0) * (2**level if name in "yx" else 1) for name, _, step, _ in steps]
        moved = [(step or 1.0) * ((2**level - 1) / 2 if name in "yx" else 0) for name, _, step, _ in steps]
        transforms: list[dict[str, Any]] = [{"type": "scale", "scale": scale}]
        transforms += [{"type": "translation", "translation": moved}] if level else []
        datasets.append({"path": str(level), "coordinateTransformations": transforms})
    labels = [{"label": str(name)} for name in image.channel_names or ()] or [{}] * image.shape[1]
    channels = [
        label
        | {
            "color": "".join(f"{part:02X}" for part in colour),
            "active": True,
            "window": {"min": low, "max": high, "start": low, "end": high},
        }
        for label, colour, (low, high) in zip(labels, image.colours, image.ranges, strict=True)
    ]
    multiscale = {"name": "image", "axes": axes, "datasets": datasets, "type": "local mean"}
    own = {"software": image.tag, "na": optics.na, "wavelengths_em_um": image.wavelengths_em_um}
    ome = {"version": "0.5", "multiscales": [multiscale], "omero": {"channels": channels}}
    return {"ome": ome, ome_zarr.OWN: own}
