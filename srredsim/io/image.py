"""Result and reference images: ImageJ-readable, calibrated TIFF with the axes T C Z Y X."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from srredsim.acquisition import Optics, RawStack
from srredsim.errors import InputError
from srredsim.io import calibration, orders
from srredsim.io.formats import open_source, tiff
from srredsim.io.stored import EXTRA_BYTES, Stored, refuse_foreign, writer_of
from srredsim.io.whole import allocate, atomic, beside, told

DTYPES = (np.dtype("float32"), np.dtype("uint16"))
SAMPLED_PLANES, SAMPLED_PIXELS = 8, 1 << 18  # what the display range is taken from


class ImageWriter:
    """Writes a TIFF plane by plane, out of core; it appears at `path` only when the ``with`` block ends well.

    ``writer[t, c, z] = plane`` writes one plane (uint16: rounded and clipped); ``writer.plane(t, c, z)`` is a
    writable view of it in the file, to be filled tile by tile. The file is an ImageJ hyperstack: the planes lie one
    after the other behind a header, which is also how ImageJ itself writes files above 4 GB. The display range that
    it suggests for each channel are the 0.1 and 99.9 percentiles; the pixels are left as they are.

    A name that ends with .ome.tif or .zarr makes it an OME-TIFF or an OME-Zarr folder (`srredsim.io.stored`) when all
    planes are there; until then they take as much space again.

    Parameters
    ----------
    shape : (t, c, z, y, x)
    dtype : float32 or uint16
    optics : Optics
        Of the image: its own pixel size. What is None is left out of the file.
    channel_names : sequence of str, optional
        One name a channel; written as the label of each plane.
    tag : str, optional
        Software that the file names; `RESULT` for what is left out where a folder is the input.
    mode : {"composite", "grayscale"}
        How ImageJ shows several channels: in colours over one another, or one by one.

    Raises
    ------
    InputError
        If the file exists, or cannot be written, or does not fit on the disk.
    """

    def __init__(
        self,
        path: str | Path,
        shape: Sequence[int],
        dtype: Any = "float32",
        *,
        optics: Optics = Optics(),  # noqa: B008  frozen
        channel_names: Sequence[str] | None = None,
        overwrite: bool = False,
        tag: str | None = None,
        mode: str = "composite",
    ):
        self.path = Path(path)
        self.shape = tuple(int(n) for n in shape)
        self.dtype = np.dtype(dtype)
        if len(self.shape) != 5 or min(self.shape) < 1:
            raise ValueError(f"an image has the axes TCZYX, none of length 0; got the shape {self.shape}")
        if self.dtype not in DTYPES:
            raise ValueError(f"images are written as float32 or uint16, not {self.dtype}")
        if channel_names is not None and len(channel_names) != self.shape[1]:
            raise ValueError(f"{self.shape[1]} channels, but these channel names: {', '.join(channel_names)}")
        self._resolution = None if optics.pixel_size_um is None else (1 / optics.pixel_size_um,) * 2
        self._metadata = _imagej(self.shape, optics, channel_names, mode)
        self._tag = tag
        self._optics, self._channel_names = optics, channel_names
        self._store, self._compress = writer_of(self.path), "none"
        self._whole: AbstractContextManager[Path] = atomic(self.path, overwrite)

    def compressed(self, compress: str) -> ImageWriter:
        """The same, which compresses: one of `srredsim.io.stored.COMPRESS`, which is none of a TIFF for ImageJ."""
        if compress != "none" and self._store is None:
            raise ValueError(f"a TIFF for ImageJ is not compressed; got {compress}")
        self._compress = compress
        return self

    def __enter__(self) -> ImageWriter:
        refuse_foreign(self.path)
        self._stored = self._whole.__enter__()
        self._file = beside(self._stored, ".tif") if self._store else self._stored
        try:
            t, c, z, y, x = self.shape
            size = t * c * z * self._plane_bytes
            _refuse_too_large(self.path, size if self._store is None else round((1 + EXTRA_BYTES) * size))
            shape = t, z, c, y, x
            self._offset = tiff.create(self._file, shape, self.dtype, self._metadata, self._resolution, self._tag)
            allocate(self._file, self._offset + size)
        except BaseException as error:
            self._drop_planes()
            self._whole.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def plane(self, t: int = 0, c: int = 0, z: int = 0) -> np.ndarray:
        """Writable view (y, x) of one plane of the file; let go of it before the block ends."""
        return np.memmap(self._file, self.dtype, "r+", self._start(t, c, z), self.shape[3:])

    def __setitem__(self, position: tuple[int, int, int], plane: np.ndarray) -> None:
        plane = np.asarray(plane)
        if plane.shape != self.shape[3:]:
            raise ValueError(f"a plane of this image is {self.shape[3:]}, not {plane.shape}")
        with self._file.open("r+b") as file:
            file.seek(self._start(*position))
            file.write(np.ascontiguousarray(as_dtype(plane, self.dtype)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if kind is None:
            try:
                ranges = [self._display_range(c) for c in range(self.shape[1])]
                tiff.set_display_ranges(self._file, self._offset, ranges)
                if self._store:
                    known = self._optics, self._channel_names, ranges, self._tag, self._compress
                    self._store(self._stored, Stored(self.shape, self.dtype, self.plane, *known))
            except BaseException as late:
                self._drop_planes()
                self._whole.__exit__(type(late), late, late.__traceback__)
                raise
        self._drop_planes()
        return self._whole.__exit__(kind, error, trace)

    def _drop_planes(self) -> None:
        """Away with the planes that another file was, or should have been, made of."""
        if self._store:
            self._file.unlink(missing_ok=True)

    @property
    def _plane_bytes(self) -> int:
        return self.shape[3] * self.shape[4] * self.dtype.itemsize

    def _start(self, t: int, c: int, z: int) -> int:
        """Byte at which a plane begins: channels run fastest in ImageJ, then z, then t."""
        number = np.ravel_multi_index((t, z, c), (self.shape[0], self.shape[2], self.shape[1]))
        return self._offset + int(number) * self._plane_bytes

    def _display_range(self, channel: int) -> tuple[float, float]:
        positions = [position for position in np.ndindex(*self.shape[:3]) if position[1] == channel]
        planes = (self.plane(*positions[i]) for i in _spread(len(positions), SAMPLED_PLANES))
        pixels = self.shape[3] * self.shape[4] * min(len(positions), SAMPLED_PLANES)
        step = pixels // SAMPLED_PIXELS | 1  # odd: of rows of 2048 not the same few columns
        values = np.concatenate([plane.ravel()[::step].copy() for plane in planes])
        values = values[np.isfinite(values)]
        low, high = np.percentile(values, [0.1, 99.9]) if values.size else (0.0, 1.0)
        return float(low), float(high)


def _imagej(shape: tuple[int, ...], optics: Optics, channel_names: Sequence[str] | None, mode: str) -> dict[str, Any]:
    t, c, z, _, _ = shape
    metadata: dict[str, Any] = {"axes": "TZCYX"} | tiff.display_ranges(c)
    if optics.pixel_size_um is not None or optics.z_step_um is not None:
        metadata["unit"] = "um"
    if optics.z_step_um is not None:
        metadata["spacing"] = float(optics.z_step_um)
    if optics.frame_interval_s is not None:
        metadata["finterval"] = float(optics.frame_interval_s)
    if channel_names is not None:
        metadata["Labels"] = list(channel_names) * (z * t)
    if words := calibration.info(optics):
        metadata["Info"] = words
    return metadata | ({"mode": mode} if c > 1 else {})


def _refuse_too_large(path: Path, size: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if size > free:
        words = f"takes {_bytes(size)}, but {_bytes(free)} are free on the disk; give another `out`"
        raise InputError(f"{told(path)} {words}")


def _bytes(count: int) -> str:
    unit, name = next(((unit, name) for unit, name in ((1e9, "GB"), (1e6, "MB")) if count >= unit), (1e3, "kB"))
    return f"{count / unit:.3g} {name}"


def _spread(count: int, most: int) -> list[int]:
    """At most `most` numbers below `count`, evenly spread."""
    return sorted({int(i) for i in np.linspace(0, count - 1, most).round()})


def carried_over(stack: RawStack, scale: int) -> dict:
    """What an image takes over from the file that it was made of, as `ImageWriter` wants it."""
    return {"optics": stack.optics.finer(scale), "channel_names": stack.channel_names}


def as_dtype(image: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Round and clip where the type asks for it; what is no number is then 0."""
    if dtype.kind == "f" or np.can_cast(image.dtype, dtype):
        return image.astype(dtype, copy=False)
    return np.nan_to_num(np.clip(np.rint(image), 0, np.iinfo(dtype).max)).astype(dtype)


def write_image(path: str | Path, image: np.ndarray, *, overwrite: bool = False, **known: Any) -> Path:
    """Write an image (t, c, z, y, x), or (y, x): unsigned 8 and 16 bits as uint16, all else as float32.

    `known` is what `ImageWriter` may be told.
    """
    image = np.asarray(image)
    if image.ndim == 2:
        image = image[None, None, None]
    dtype = "uint16" if image.dtype.kind == "u" and image.dtype.itemsize <= 2 else "float32"
    with ImageWriter(path, image.shape, dtype, overwrite=overwrite, **known) as writer:
        for position in np.ndindex(*image.shape[:3]):
            writer[position] = image[position]
    return Path(path)


def read_plane(path: str | Path, position: tuple[int, int, int]) -> np.ndarray:
    """One plane (t, c, z) of an image, and nothing else of it."""
    source = open_source(path)
    return np.asarray(source.pixels(int(orders.arrange_planes(source.letters, source.shape)[position])))


def read_image(path: str | Path) -> tuple[np.ndarray, float | None]:
    """A reference image: (t, c, z, y, x) and its pixel size in um, None if the file does not say.

    An axis without a name is z, as in ImageJ.
    """
    source = open_source(path)
    numbers = orders.arrange_planes(source.letters, source.shape)
    image = np.empty((*numbers.shape, *source.size), source.dtype)
    for position in np.ndindex(*numbers.shape):
        image[position] = source.pixels(int(numbers[position]))
    return image, source.optics.pixel_size_um
