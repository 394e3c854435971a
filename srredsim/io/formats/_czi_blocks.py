"""Blocks of a CZI file: where each lies, of which position it holds pixels, and the pixels themselves.

A file is a row of segments, each with a name and a length. Blocks of pixels are listed in a directory; a file whose
writing was interrupted has none, and its blocks are found one after the other.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

import imagecodecs
import numpy as np

from srredsim.errors import InputError, shown

SEGMENT = struct.Struct("<16sqq")  # name, room, bytes that are used
ENTRY = struct.Struct("<2siqiiB5xi")  # of a block in the directory; 20 bytes for each dimension follow
DIMENSION = struct.Struct("<4siifi")
FILE, DIRECTORY, BLOCK, METADATA = b"ZISRAWFILE", b"ZISRAWDIRECTORY", b"ZISRAWSUBBLOCK", b"ZISRAWMETADATA"
TYPES = {0: "<u1", 1: "<u2", 2: "<f4", 12: "<i4", 13: "<f8"}  # of grey pixels
COLOURS = (3, 4, 8, 9, 11)
DECODERS: dict[int, Callable[[bytes], Any]] = {  # by the number of a compression
    0: bytes,
    1: imagecodecs.jpeg_decode,
    2: imagecodecs.lzw_decode,
    4: imagecodecs.jpegxr_decode,
    5: imagecodecs.zstd_decode,
}
PACKED = 6  # Zstandard, behind a header of its own
MOST_DIMENSIONS = 40
MOST_METADATA = 2**28  # bytes


@dataclass(frozen=True)
class Block:
    """Pixels of one position; ``start`` along each axis, ``size`` along y and x."""

    at: int  # byte at which its segment begins
    pixel_type: int
    compression: int
    start: dict[str, int]
    size: tuple[int, int]
    finest: bool  # not a level of a pyramid


@dataclass(frozen=True)
class Contents:
    """What a file is made of; ``cut`` says, if it has no directory, how that is known."""

    blocks: list[Block]
    metadata: bytes
    cut: str | None


def contents(file: IO[bytes]) -> Contents:
    """All blocks, and the metadata.

    Raises
    ------
    InputError
        If the file is one part of several, or nothing can be made of it.
    """
    length = os.fstat(file.fileno()).st_size
    name, _, _ = _segment(file, 0)
    if name != FILE:
        raise InputError("the CZI file is damaged: it does not begin with its header")
    part, directory, metadata = struct.unpack("<iqq", _read(file, 32 + 48, 20))
    if part:
        raise InputError(f"the CZI file is part {part + 1} of several; in ZEN, save it as one file")
    xml = b""
    if 0 < metadata < length and _segment(file, metadata)[0] == METADATA:
        (size,) = struct.unpack("<i", _read(file, metadata + 32, 4))
        xml = _read(file, metadata + 32 + 256, min(max(size, 0), MOST_METADATA))
    if 0 < directory < length and _segment(file, directory)[0] == DIRECTORY:
        return Contents(_listed(file, directory, length), xml, None)
    return Contents(
        list(_found(file, length)), xml, "the CZI file was never finished or is cut short: it has no directory"
    )


def pixels(file: IO[bytes], block: Block) -> np.ndarray:
    """The pixels (y, x) of a block.

    Raises
    ------
    InputError
        If they are compressed in a way that is not known.
    ValueError, RuntimeError
        If they cannot be decompressed, or the file ends before they do.
    """
    name, _, _ = _segment(file, block.at)
    if name != BLOCK:
        raise ValueError("there is no block of pixels where one should be")
    metadata, _, length = struct.unpack("<iiq", _read(file, block.at + 32, 16))
    dimensions = ENTRY.unpack(_read(file, block.at + 48, ENTRY.size))[-1]
    start = block.at + 48 + max(240, ENTRY.size + DIMENSION.size * dimensions) + metadata
    dtype = np.dtype(TYPES[block.pixel_type])
    data = _decompressed(_read(file, start, length), block.compression, dtype)
    values = np.frombuffer(data, dtype) if isinstance(data, bytes | bytearray) else np.asarray(data)
    return values.reshape(block.size)


def _decompressed(data: bytes, compression: int, dtype: np.dtype) -> bytes | np.ndarray:
    if compression == PACKED:
        return _unpacked(data, dtype)
    if compression not in DECODERS:
        raise InputError(
            f"the pixels are compressed in a way that is not read here ({compression}); in ZEN, save without"
        )
    return DECODERS[compression](data)


def _unpacked(data: bytes, dtype: np.dtype) -> bytes:
    """Zstandard behind a header, which says whether all low bytes come before all high ones."""
    header = data[0]
    packed = header >= 3 and data[1] == 1 and bool(data[2] & 1)
    plain = bytes(imagecodecs.zstd_decode(data[header:]))
    if not packed:
        return plain
    return np.frombuffer(plain, np.uint8).reshape(dtype.itemsize, -1).T.tobytes()


# --- segments ---------------------------------------------------------------------------------------------------------


def _read(file: IO[bytes], at: int, count: int) -> bytes:
    file.seek(at)
    data = file.read(count)
    if count < 0 or len(data) < count:
        raise ValueError(f"it ends at byte {at + len(data)}, where {shown(count)} bytes from {at} on are promised")
    return data


def _segment(file: IO[bytes], at: int) -> tuple[bytes, int, int]:
    name, room, used = SEGMENT.unpack(_read(file, at, SEGMENT.size))
    return name.rstrip(b"\0"), room, used


def _listed(file: IO[bytes], directory: int, length: int) -> list[Block]:
    """Blocks of the directory; one beyond the end of the file is not there."""
    (count,) = struct.unpack("<i", _read(file, directory + 32, 4))
    at, found = directory + 32 + 128, []
    for _ in range(count):
        block, size = _entry(file, at)
        at += size
        if 0 < block.at < length:
            found.append(block)
    return found


def _found(file: IO[bytes], length: int) -> Iterator[Block]:
    """One after the other, as far as they are whole."""
    at = 0
    while at + SEGMENT.size <= length:
        name, room, _ = _segment(file, at)
        if room < 0 or at + SEGMENT.size + room > length:
            return
        if name == BLOCK:
            yield _entry(file, at + 48, at)[0]
        at += SEGMENT.size + room


def _entry(file: IO[bytes], start: int, found_at: int | None = None) -> tuple[Block, int]:
    """A block, and the bytes that its entry takes."""
    schema, pixel_type, at, _, compression, pyramid, dimensions = ENTRY.unpack(_read(file, start, ENTRY.size))
    if schema != b"DV" or not 0 < dimensions <= MOST_DIMENSIONS:
        raise ValueError(f"its directory has an entry of the kind {schema!r} with {dimensions} dimensions")
    data = _read(file, start + ENTRY.size, DIMENSION.size * dimensions)
    starts, sizes, stored = {}, {}, {}
    for name, first, size, _, kept in DIMENSION.iter_unpack(data):
        axis = name.rstrip(b"\0").decode("latin-1")
        starts[axis], sizes[axis], stored[axis] = first, size, kept or size
    size = sizes.get("Y", 0), sizes.get("X", 0)
    finest = not pyramid and size == (stored.get("Y"), stored.get("X"))
    if finest and (deep := [axis for axis, n in sizes.items() if axis not in "YX" and n > 1]):
        raise InputError(
            f"the CZI file has blocks of several planes (along {', '.join(deep)}), which are not read here"
        )
    block = Block(at if found_at is None else found_at, pixel_type, compression, starts, size, finest)
    return block, ENTRY.size + len(data)
