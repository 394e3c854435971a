"""NumPy's .npy: an array without names, memory-mapped."""

from __future__ import annotations

import tokenize
from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np

from srredsim.errors import InputError, shown
from srredsim.io.calibration import Calibration
from srredsim.io.source import BarePlanes, Source

MAGIC, SUFFIXES, NAME = b"\x93NUMPY", (".npy",), "a .npy file"


def open_source(path: Path, pixel_size_um: float | None = None) -> Source:
    """The planes of an array of two or more dimensions, the last two y and x."""
    array = memory_map(path)
    if array.ndim < 2:
        raise InputError(f"an array of the shape {array.shape} is no image; frames, y, x is a raw stack")
    optics, notes = Calibration().optics(pixel_size_um)
    shape, size = array.shape[:-2], array.shape[-2:]
    dtype = array.dtype.newbyteorder("=")
    return Source("I" * len(shape), shape, size, dtype, _planes(path, array), optics, notes=tuple(notes))


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
    except (
        EOFError,
        OSError,
        SyntaxError,
        tokenize.TokenError,
        OverflowError,
        TypeError,
        RecursionError,
        MemoryError,
    ) as error:
        raise InputError(f"the .npy file is damaged or cut short: {error}") from error


def _check_shape(path: Path) -> None:
    """InputError if the header's shape cannot be that of an array; NumPy believes it, and multiplies it without care.

    No more is looked at than versions 1 and 2 have, whose headers are read here without a warning of later ones.
    """
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            return
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
        there = path.stat().st_size - file.tell()
    if not all(type(n) is int and n >= 0 for n in shape):
        raise InputError(f"the .npy file is damaged: its shape is {shown(shape)}, not counts of 0 or more")
    if not dtype.hasobject and prod(shape) * dtype.itemsize > there:
        raise InputError("the .npy file is cut short: it holds less than its header says")


def _planes(path: Path, array: np.memmap) -> Callable[[int], np.ndarray]:
    """Function that reads plane `number`."""
    if array.flags.c_contiguous:
        return BarePlanes(path, array.dtype, array.offset, array.shape[-2:])
    return lambda number: array[np.unravel_index(number, array.shape[:-2])]


def _in_words(error: ValueError) -> str:
    message = str(error)
    if "allow_pickle" in message or "Object arrays" in message:
        return "the .npy file holds Python objects, not numbers; save a numeric array"
    if "mmap length" in message:
        return "the .npy file is cut short: it holds less than its header says"
    if "empty" in message:
        return "the array holds no pixels"
    return f"the .npy file is damaged: {message}"
