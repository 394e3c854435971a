"""NumPy's .npy: an array without names, memory-mapped."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np

from srredsim.errors import InputError, shown
from srredsim.io.calibration import Calibration
from srredsim.io.source import BarePlanes, Source, lacking

MAGIC, SUFFIXES, NAME = b"\x93NUMPY", (".npy",), "a .npy file"
PLACE = re.compile(r" at 0x[0-9a-f]+")  # in our memory, which is nobody's business
LARGEST_COUNT = 10**6  # planes of a file that was cut short
DAMAGE = (  # what NumPy raises when the bytes make no sense
    EOFError,
    OSError,
    ValueError,
    SyntaxError,
    tokenize.TokenError,
    OverflowError,
    TypeError,
    RecursionError,
    MemoryError,
)


def open_source(path: Path, pixel_size_um: float | None = None) -> Source:
    """The planes of an array of two or more dimensions, the last two y and x."""
    optics, notes = Calibration().optics(pixel_size_um)
    if cut := _cut_short(path):
        return replace(cut, optics=optics, notes=tuple(notes))
    array = memory_map(path)
    if array.ndim < 2:
        raise InputError(f"an array of the shape {array.shape} is no image; frames, y, x is a raw stack")
    shape, size = array.shape[:-2], array.shape[-2:]
    dtype = array.dtype.newbyteorder("=")
    return Source("I" * len(shape), shape, size, dtype, _planes(path, array), optics, notes=tuple(notes))


def _cut_short(path: Path) -> Source | None:
    """What is there of a file that ends before its last plane does; None of any other, damaged or whole."""
    with suppress(*DAMAGE, InputError):
        header = _header(path)
        if header is None:
            return None
        shape, by_columns, dtype, offset = header
        if by_columns or len(shape) < 3 or dtype.kind not in "uif" or not prod(shape[-2:]):
            return None
        count, whole = prod(shape[:-2]), (path.stat().st_size - offset) // (prod(shape[-2:]) * dtype.itemsize)
        if 0 < whole < count <= LARGEST_COUNT:
            letters, size = "I" * len(shape[:-2]), (shape[-2], shape[-1])
            planes, missing = BarePlanes(path, dtype, offset, size), tuple(range(whole, count))
            cut = Source(letters, shape[:-2], size, dtype.newbyteorder("="), planes)
            return replace(cut, incomplete=lacking(count, whole, whole), missing=missing)
    return None


def memory_map(path: Path) -> np.memmap:
    """The array of a file, whose header and length are read, and whose values are when they are asked for.

    Raises
    ------
    InputError
        If the file is cut short, damaged, or holds anything but numbers.
    """
    try:
        _check_shape(path)
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except InputError:
        raise
    except ValueError as error:
        raise InputError(_in_words(error)) from error
    except DAMAGE as error:
        raise InputError(f"the .npy file is damaged or cut short: {re.sub(PLACE, '', str(error))}") from error


def _check_shape(path: Path) -> None:
    """InputError if the shape of the header cannot be that of an array: NumPy multiplies it without care."""
    header = _header(path)
    if header is None:
        return
    shape, _, dtype, offset = header
    there = path.stat().st_size - offset
    if not dtype.hasobject and (wanted := prod(shape) * dtype.itemsize) > there:
        raise InputError(f"the .npy file is cut short: {shown(wanted)} bytes of pixels are promised, {there} are there")


def _header(path: Path) -> tuple[tuple[int, ...], bool, np.dtype, int] | None:
    """Shape, whether the first axis runs fastest, type, and the byte at which the values begin.

    None of versions other than 1 and 2, which are read here without a warning of later ones.

    Raises
    ------
    InputError
        If the shape is none.
    """
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            return None
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, by_columns, dtype = read(file)
        offset = file.tell()
    if not all(type(n) is int and n >= 0 for n in shape):
        raise InputError(f"the .npy file is damaged: its shape is {shown(shape)}, not counts of 0 or more")
    return shape, by_columns, dtype, offset


def _planes(path: Path, array: np.memmap) -> Callable[[int], np.ndarray]:
    """Function that reads plane `number`: where the first axis runs fastest, of the whole array, read once."""
    if array.flags.c_contiguous:
        return BarePlanes(path, array.dtype, array.offset, array.shape[-2:])
    whole = np.array(array)
    return lambda number: whole[np.unravel_index(number, whole.shape[:-2])]


def _in_words(error: ValueError) -> str:
    message = str(error)
    if "allow_pickle" in message or "Object arrays" in message:
        return "the .npy file holds Python objects, not numbers; save a numeric array"
    if "mmap length" in message:
        return "the .npy file is cut short: it holds less than its header says"
    if "empty" in message:
        return "the array holds no pixels"
    return f"the .npy file is damaged: {re.sub(PLACE, '', message)}"
