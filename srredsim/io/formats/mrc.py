"""MRC and DeltaVision (``.dv``): a header of 1024 bytes, what is said of each section, then bare pixels.

Three kinds share it: DeltaVision, and Priism before it, with pixel sizes in micrometres, wavelengths and times (bytes
96 ... 208); MRC2014, with the size of a cell in Angstrom and ``MAP `` at byte 208; and files with neither mark, as some
microscopes write them in Priism's layout. A DeltaVision file does not name angle and phase; where the stage stood at
each section may tell them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from srredsim.errors import InputError, shown
from srredsim.io.calibration import Calibration
from srredsim.io.formats import _lenses
from srredsim.io.formats._sections import EMISSION, STAGE_Z, TIME, Sections, steps_of
from srredsim.io.source import BarePlanes, Source, lacking

MAGIC, SUFFIXES, NAME = (), (".mrc", ".dv", ".r3d"), "an MRC or DeltaVision file"
HEADER = 1024  # bytes
MODES = {0: "u1", 1: "i2", 2: "f4", 4: "c8", 6: "u2", 7: "i4", 12: "f2"}  # types of pixels
DELTAVISION, MAP = -16224, b"MAP "
LARGEST_SIDE = 2**17
IMOD = 1146047817  # a stamp; its flags say whether bytes have a sign
AXES = {0: "CTZ", 1: "TZC", 2: "TCZ"}  # by DeltaVision's image sequence, the slowest first
ORDER = "PZA"  # of frames along z: as OMX and Priism write
LIKELY_PIXEL_UM = (0.01, 0.5)
VISIBLE_UM = (0.3, 1.2)  # of an emission wavelength; others stand for transmitted light


@dataclass(frozen=True)
class Header:
    """What is read of it; ``priism`` says whether bytes 96 to 208 are in DeltaVision's layout."""

    raw: bytes
    endian: str
    priism: bool
    marked: bool  # whether the file says which of the kinds it is

    def numbers(self, at: int, kind: str) -> tuple:
        """Values from a byte on, in the letters of `struct`: ``"3i"``."""
        return struct.unpack_from(self.endian + kind, self.raw, at)

    @property
    def size(self) -> tuple[int, int, int]:
        """x, y and sections."""
        return self.numbers(0, "3i")

    @property
    def mode(self) -> int:
        return self.numbers(12, "i")[0]

    @property
    def dtype(self) -> np.dtype:
        stamp, flags = self.numbers(152, "2i")
        signed = self.mode == 0 and not self.priism and not (stamp == IMOD and not flags & 1)
        return np.dtype("i1" if signed else self.endian + MODES[self.mode])

    @property
    def extended(self) -> int:
        """Bytes between header and pixels."""
        return self.numbers(92, "i")[0]


def recognises(path: Path, start: bytes) -> bool:
    """Whether it has one of the marks, or, without a mark, a header that fits the length of the file."""
    header = _header(start)
    if header is None:
        return False
    x, y, sections = header.size
    pixels = header.extended + x * y * sections * header.dtype.itemsize
    return header.marked or path.stat().st_size == HEADER + pixels


def open_source(path: Path, pixel_size_um: float | None = None) -> Source:
    """The sections of an MRC or DeltaVision file, read one by one when asked for.

    Raises
    ------
    InputError
        If the header is damaged, or no pixels follow it.
    """
    with path.open("rb") as file:
        header = _header(file.read(HEADER))
        if header is None:
            raise InputError("the header of the MRC file is damaged or cut short")
        (x, y, count), offset = header.size, HEADER + header.extended
        length = path.stat().st_size
        if header.extended < 0 or offset > length:
            raise InputError(
                f"the MRC file is damaged: {shown(header.extended)} bytes of an extended header are promised,"
                f" {length - HEADER} are there"
            )
        integers, floats = header.numbers(128, "2h")
        sections = Sections.of(file.read(header.extended), count, integers, floats, header.endian)
    if count > length:
        raise InputError(f"{count} frames are promised, but the file has {length} bytes only")
    whole = (length - offset) // (x * y * header.dtype.itemsize)
    letters, shape, notes = _axes(header, sections, count)
    known = _calibration(header, sections, letters, shape)
    optics, more = known.optics(pixel_size_um)
    if whole > count:
        more.append(f"{count} frames are promised, {whole} are there: the others are left out")
    missing = tuple(range(whole, count))
    dtype = header.dtype.newbyteorder("=")
    said = (*notes, *more), lacking(count, whole, whole) if missing else None, missing
    order = ORDER if header.priism else None
    return Source(
        letters, shape, (y, x), dtype, BarePlanes(path, header.dtype, offset, (y, x)), optics, None, *said, order
    )


def _header(start: bytes) -> Header | None:
    """In the byte order in which its numbers make sense; None if they make none."""
    if len(start) < HEADER:
        return None
    for endian in "<>":
        marked = struct.unpack_from(f"{endian}h", start, 96)[0] == DELTAVISION
        standard = start[208:212] == MAP
        header = Header(start, endian, marked or not standard, marked or standard)
        x, y, count = header.size
        if header.mode in MODES and 0 < x <= LARGEST_SIDE and 0 < y <= LARGEST_SIDE and count > 0:
            return header
    return None


def _axes(header: Header, sections: Sections, count: int) -> tuple[str, tuple[int, ...], list[str]]:
    """Axes before y and x, the slowest first, their lengths, and what is to be said of them."""
    if not header.priism:
        return "I", (count,), ["MRC2014: the file does not name its axes"]
    kind = "DeltaVision" if header.marked else "MRC without a mark, taken for Priism's layout"
    times, sequence = header.numbers(180, "2h")
    waves = header.numbers(196, "h")[0]
    sizes = {"T": max(1, times), "C": max(1, waves)}
    each = count // (sizes["T"] * sizes["C"])
    if each * sizes["T"] * sizes["C"] != count or sequence not in AXES:
        words = (
            f"{kind}: {count} sections do not make {sizes['T']} times x {sizes['C']} wavelengths (sequence {sequence})"
        )
        return "I", (count,), [f"{words}: taken one after the other"]
    letters = AXES[sequence]
    shape = tuple((sizes | {"Z": each})[letter] for letter in letters)
    along_z = np.moveaxis(np.arange(count).reshape(shape), letters.index("Z"), -1).reshape(-1, each)[0]
    found = steps_of(sections.column(STAGE_Z)[along_z]) if len(sections.floats) == count else None
    several = [f"{n} {name} x" for name, n in (("times", sizes["T"]), ("wavelengths", sizes["C"])) if n > 1]
    words = " ".join([f"{kind}:", *several, f"{each} sections"])
    if found is None:
        return (
            letters,
            shape,
            [f"{words}; the file does not name angles and phases: {ORDER} unless told, as OMX writes"],
        )
    at = letters.index("Z")
    letters, shape = letters[:at] + found[0] + letters[at + 1 :], (*shape[:at], *found[1], *shape[at + 1 :])
    if "A" in found[0]:
        angles, planes, phases = found[1]
        return letters, shape, [f"{words}; the stage tells {angles} angles x {planes} z-planes x {phases} phases"]
    return letters, shape, [f"{words}; the stage tells {found[1][0]} z-planes of {found[1][1]} frames"]


# --- what is said of the optics ---------------------------------------------------------------------------------------


def _calibration(header: Header, sections: Sections, letters: str, shape: tuple[int, ...]) -> Calibration:
    (x, y, z), unit = _spacing(header)
    notes = () if unit is None else (unit,)
    known = Calibration(pixel_um=(y, x) if x and y else None, z_step_um=z if x and z else None, notes=notes)
    if not header.priism:
        return known
    lens, waves = header.numbers(162, "h")[0], header.numbers(196, "h")[0]
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    channels = _first_of_each(numbers, letters, "C")
    emission = [_emission(header, sections, n, first) for n, first in enumerate(channels)] if 0 < waves <= 5 else []
    times = [
        float(sections.column(TIME)[n]) for n in _first_of_each(numbers, letters, "T") if n < len(sections.column(TIME))
    ]
    interval = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0
    return Calibration(
        pixel_um=known.pixel_um,
        z_step_um=known.z_step_um,
        frame_interval_s=interval if interval > 0 else None,
        wavelengths_em_um=tuple(emission),
        na=_lenses.NA.get(lens),
        notes=notes,
    )


def _first_of_each(numbers: np.ndarray, letters: str, letter: str) -> list[int]:
    """The first section of each channel, or time."""
    if letter not in letters:
        return [0]
    return [int(part.flat[0]) for part in np.moveaxis(numbers, letters.index(letter), 0)]


def _emission(header: Header, sections: Sections, channel: int, section: int) -> float | None:
    """Emission of one channel, in um; what the section says first."""
    said = sections.column(EMISSION)
    told = [float(said[section])] if section < len(said) else []
    low, high = VISIBLE_UM
    waves_um = (nm / 1000 for nm in [*told, *header.numbers(198 + 2 * channel, "h")])
    return next((round(um, 6) for um in waves_um if low < um < high), None)


def _spacing(header: Header) -> tuple[list[float | None], str | None]:
    """Spacing of pixels in x, y and z, in um, and a doubt; in Priism's layout um, in MRC2014 the cell in Angstrom."""
    spacing = np.array(header.numbers(40, "3f"), float)
    note = None
    if not header.priism:
        cell, counts = spacing, np.maximum(header.numbers(28, "3i"), 1)
        spacing = cell / counts * 1e-4
        if not _likely(spacing[0]) and _likely(spacing[0] * 1e4):
            note = f"pixels of {spacing[0] * 1e4:g} Angstrom are no light microscope's: taken for micrometres"
            spacing = spacing * 1e4
    elif not header.marked and not _likely(spacing[0]):
        return [None] * 3, f"pixels of {spacing[0]:g} in no known unit: not used"
    return [float(one) if np.isfinite(one) and one > 0 else None for one in spacing], note


def _likely(um: float) -> bool:
    low, high = LIKELY_PIXEL_UM
    return low <= um <= high
