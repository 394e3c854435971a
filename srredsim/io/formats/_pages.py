"""Chain of the pages of a TIFF: each says where the next begins."""

from __future__ import annotations

import struct

import tifffile

from srredsim.errors import InputError

BIG = 43  # version of a BigTIFF


def refuse_circle(tif: tifffile.TiffFile) -> None:
    """InputError if a page is followed by one that came before, or by itself: readers would go round for ever."""
    layout, file = tif.tiff, tif.filehandle
    seen: set[int] = set()
    at = 8 if layout.version == BIG else 4  # where the offset of the first page stands
    while offset := _number(file, at, layout.offsetformat, layout.offsetsize):
        if offset in seen:
            raise InputError(f"the TIFF is damaged: page {len(seen)} is followed by one that came before")
        seen.add(offset)
        tags = _number(file, offset, layout.tagnoformat, layout.tagnosize)
        at = offset + layout.tagnosize + tags * layout.tagsize


def _number(file: tifffile.FileHandle, at: int, layout: str, size: int) -> int:
    """A whole number of the file; 0 beyond its end."""
    if not 0 <= at <= file.size - size:
        return 0
    file.seek(at)
    return int(struct.unpack(layout, file.read(size))[0])
