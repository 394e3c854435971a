"""Which format a file is in: its first bytes tell, not its name."""

from __future__ import annotations

from pathlib import Path

from srredsim.errors import InputError
from srredsim.io import npy, tiff
from srredsim.io.source import Source


def open_source(path: str | Path, pixel_size_um: float | None = None) -> Source:
    """The planes of a file in any of the formats; a pixel size that is given wins over the file's."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except FileNotFoundError as error:
        raise InputError("there is no such file") from error
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}") from error
    if not start:
        raise InputError("the file is empty (0 bytes)")
    if start.startswith(npy.MAGIC):
        return npy.open_source(path, pixel_size_um)
    if start.startswith(tiff.MAGIC):
        return tiff.open_source(path, pixel_size_um)
    raise InputError("neither a TIFF nor a .npy file; in Fiji: File > Save As > Tiff")
