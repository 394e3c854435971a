"""Result and reference images: ImageJ-readable, calibrated TIFF with the axes T C Z Y X."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from srredsim.errors import InputError
from srredsim.io import orders, tiff
from srredsim.io.files import atomic
from srredsim.io.formats import open_source

DTYPES = (np.dtype("float32"), np.dtype("uint16"))


class ImageWriter:
    """Writes a TIFF plane by plane, out of core; it appears at `path` only when the ``with`` block ends well.

    ``writer[t, c, z] = plane`` writes one plane (uint16: rounded and clipped); ``writer.plane(t, c, z)`` is a
    writable view of it, to be filled tile by tile. The file is an ImageJ hyperstack: the planes lie one after the
    other behind a single header, also above 4 GB, which is how ImageJ itself writes such files.

    Parameters
    ----------
    shape : (t, c, z, y, x)
    dtype : float32 or uint16
    pixel_size_um, z_step_um, frame_interval_s : float, optional
        Left out of the file when None.
    channel_names : sequence of str, optional
        One name a channel; written as the label of each plane.
    """

    def __init__(
        self,
        path: str | Path,
        shape: Sequence[int],
        dtype: Any = "float32",
        *,
        pixel_size_um: float | None = None,
        z_step_um: float | None = None,
        frame_interval_s: float | None = None,
        channel_names: Sequence[str] | None = None,
        overwrite: bool = False,
    ):
        self.path = Path(path)
        self.shape = tuple(int(n) for n in shape)
        self.dtype = np.dtype(dtype)
        self.overwrite = overwrite
        if len(self.shape) != 5:
            raise ValueError(f"an image has the axes TCZYX; got the shape {self.shape}")
        if self.dtype not in DTYPES:
            raise ValueError(f"images are written as float32 or uint16, not {self.dtype}")
        t, c, z, _, _ = self.shape
        if channel_names is not None and len(channel_names) != c:
            raise ValueError(f"{c} channels, but {len(channel_names)} channel names: {', '.join(channel_names)}")
        self._metadata = {"axes": "TZCYX", "mode": "grayscale"}
        if pixel_size_um is not None or z_step_um is not None:
            self._metadata["unit"] = "um"
        if z_step_um is not None:
            self._metadata["spacing"] = float(z_step_um)
        if frame_interval_s is not None:
            self._metadata["finterval"] = float(frame_interval_s)
        if channel_names is not None:
            self._metadata["Labels"] = list(channel_names) * (z * t)
        self._resolution = None if pixel_size_um is None else (1 / pixel_size_um, 1 / pixel_size_um)

    def __enter__(self) -> ImageWriter:
        self._stack = ExitStack()
        temporary = self._stack.enter_context(atomic(self.path, self.overwrite))
        try:
            t, c, z, y, x = self.shape
            _reserve(self.path.parent, int(np.prod(self.shape)) * self.dtype.itemsize)
            self._planes = tiff.create(temporary, (t, z, c, y, x), self.dtype, self._metadata, self._resolution)
            self._temporary = temporary
        except BaseException as error:
            self._stack.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def plane(self, t: int = 0, c: int = 0, z: int = 0) -> np.ndarray:
        """Writable view (y, x) of one plane of the file."""
        return self._planes[t, z, c]

    def __setitem__(self, position: tuple[int, int, int], plane: np.ndarray) -> None:
        t, c, z = position
        self._planes[t, z, c] = as_dtype(plane, self.dtype)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        planes, self._planes = self._planes, None
        if kind is None:
            planes.flush()
        del planes
        return self._stack.__exit__(kind, error, trace)


def _reserve(folder: Path, size: int) -> None:
    """A memory map on a full disk kills the process: ask first."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if size > free:
        raise InputError(f"the result takes {size / 1e9:.1f} GB, but only {free / 1e9:.1f} GB are free in {folder}")


def as_dtype(image: np.ndarray, dtype: Any) -> np.ndarray:
    """Round and clip where the type asks for it."""
    dtype = np.dtype(dtype)
    if dtype.kind != "u" or image.dtype == dtype:
        return np.asarray(image, dtype)
    top = np.iinfo(dtype).max
    return np.clip(np.rint(image), 0, top).astype(dtype)


def write_image(path: str | Path, image: np.ndarray, *, overwrite: bool = False, **calibration: Any) -> Path:
    """Write an image (t, c, z, y, x), or (y, x), as float32 or uint16; `calibration` as in `ImageWriter`."""
    image = np.asarray(image)
    if image.ndim == 2:
        image = image[None, None, None]
    dtype = np.dtype("uint16" if image.dtype in (np.uint8, np.uint16) else "float32")
    with ImageWriter(path, image.shape, dtype, overwrite=overwrite, **calibration) as writer:
        for t, c, z in np.ndindex(*image.shape[:3]):
            writer[t, c, z] = image[t, c, z]
    return Path(path)


def read_image(path: str | Path) -> tuple[np.ndarray, float | None]:
    """A reference image: (t, c, z, y, x) and its pixel size in um, None if the file does not say.

    An axis without a name is z, as in ImageJ.
    """
    source = open_source(path)
    numbers = orders.arrange_montages(source.letters, source.shape, orders.Wanted())
    image = np.empty((*numbers.shape, *source.size), source.dtype)
    for position in np.ndindex(*numbers.shape):
        image[position] = source.plane(int(numbers[position]))
    return image, source.optics.pixel_size_um
