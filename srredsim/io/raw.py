"""Raw stacks: the frames of a file sorted into time, channel, z, angle and phase."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from srredsim.acquisition import AXES, Optics, Pattern, RawStack, numbers
from srredsim.errors import InputError
from srredsim.hot_pixels import without_hot_pixels
from srredsim.io import orders
from srredsim.io.asked import Reading
from srredsim.io.formats import open_source, tiff
from srredsim.io.incomplete import filled_up, whole_stacks
from srredsim.io.only import of_part, taken
from srredsim.io.rolling import rolled
from srredsim.io.source import UNKNOWN, Source
from srredsim.io.wanted import Wanted
from srredsim.io.whole import atomic
from srredsim.optics.transfer import refuse_impossible

FILE_ORDER = "TAZPCYX"  # OME allows one more axis for each of t, z and c: angle goes with t, phase with z


def read(path: str | Path, **given: Any) -> RawStack:
    """Raw stack of a file in any of the formats; frames are read when they are asked for.

    Parameters
    ----------
    order : {"PAZ", "PZA", "ZAP", ..., "tiled"}, optional
        How the frames follow one another where the file does not say, what changes fastest first
        (`srredsim.io.orders`): P, A and Z, or P, A and T, in any order; PAZ if not given.
    angles, phases : int, optional
        Taken from the file's axes, or guessed from the count of frames (3 x 5, 3 x 3), if not given.
    pattern : {"stripes", "hexagonal"}, optional
        Hexagonal: three directions of stripes at once, in seven frames, as one angle of seven phases. Left out, the
        frames tell.
    widefield_frame : {"none", "first", "last"}, optional
        Where a widefield frame, which is left out, stands in the frames of each reconstruction, or of the whole stack.
    trailing_widefield : bool
        The same as ``widefield_frame="last"``.
    channels : int, optional
        Colours that alternate frame by frame, where the file does not say so.
    accept_incomplete : bool
        Go on with the whole stacks that are there of a file that promises more frames.
    stack : bool
        ``path`` is a folder whose files are the frames of one stack, in the order of the numbers in their names.
    scene : int
        Number, from 1, of one of several images in a file; the first if not given.
    rolling : bool
        Every angle of a time series makes an image, with the latest frames of the others: as many times the images as
        there are angles.
    keep_hot_pixels : bool
        Leave them as they are; else they are given the median of the pixels around them, see `srredsim.hot_pixels`.
    pixel_size_um, na, wavelength_em_um : float, optional
        Pixels of the raw frames, objective and emission; they win over what the file says. The wavelength may be one
        for each channel.
    microscope : str or path, optional
        Name of one, or a YAML file about one: order, counts and optics that neither the file nor the other arguments
        say (`srredsim.io.microscope`).
    only : str, optional
        Some of the times, channels and z-planes, numbered from 0: ``"t=0-2,c=1"``.

    Raises
    ------
    InputError
        If the file cannot be read, or its frames do not make the angles and phases; ``notes`` of the result say how
        it was understood.
    """
    reading = Reading(**given)
    _ = reading.frames  # a wrong order is found before the file is opened
    return raw_stack(open_source(path, **reading.opening), path, reading)


def raw_stack(source: Source, path: str | Path | None, reading: Reading) -> RawStack:
    """Raw stack of an open file; several readings may be tried on it."""
    orders.refuse_other_order(source.letters, source.shape, reading.order)
    on_it, opened, said = reading.on_microscope(source)
    try:
        stack = _raw_stack(opened, path, on_it)
    except InputError as problem:
        if reading.microscope is None:
            raise
        raise InputError(f"{problem} (read as of {said[0]}; what is given besides wins over it)") from None
    return replace(stack, notes=(*said, *stack.notes))


def _raw_stack(source: Source, path: str | Path | None, reading: Reading) -> RawStack:
    wanted = reading.frames
    wanted = wanted if wanted.order else replace(wanted, order=source.order)
    array: Frames | Tiles
    if wanted.order == "tiled":
        if reading.rolling:
            raise InputError("`rolling` takes files with a plane for each frame; this one has a montage of them")
        array, notes = _tiles(source, wanted)
    else:
        source = filled_up(source, wanted) if reading.accept_incomplete else source
        numbers, notes = orders.arrange(source.letters, source.shape, wanted)
        numbers, more = whole_stacks(numbers, source.missing)
        numbers = rolled(numbers) if reading.rolling else numbers
        array, notes = Frames(source, numbers, wanted, reading.rolling), [*notes, *more]
    if source.dtype.itemsize == 1:
        notes.append("8-bit pixels: a raw SIM stack is better kept in the camera's 12 to 16 bits")
    channels = array.shape[1]
    names = source.channel_names if source.channel_names and len(source.channel_names) == channels else None
    pattern = Pattern(int(array.shape[3]), int(array.shape[4]), kind=reading.pattern)
    told, more = for_channels(source.optics, channels)
    told, times = between_stacks(told, source, array.numbers[:: pattern.angles if reading.rolling else 1])
    if reading.rolling:
        told, more_times = between_angles(told, pattern.angles)
        times += more_times
    notes += [*source.notes, *more, *times]
    stack = RawStack(array, pattern, told, names, None if path is None else Path(path), tuple(notes))
    stack = _as_told(taken(stack, reading.only), reading, channels)
    return stack if reading.keep_hot_pixels else without_hot_pixels(stack)


def _as_told(stack: RawStack, reading: Reading, channels: int) -> RawStack:
    """The stack with the optics that the reading tells, of its channels or of all so many of the file."""
    given = dict(reading.optics)
    if isinstance(waves := given["wavelength_em_um"], tuple) and reading.only and len(waves) == channels:
        given["wavelength_em_um"] = of_part(waves, reading.only)
    optics = stack.optics.given(**given)
    if any(given.values()) or reading.microscope is not None:
        refuse_impossible(optics)
    return replace(stack, optics=optics, notes=(*stack.notes, *stack.optics.overridden(given)))


def for_channels(optics: Optics, channels: int) -> tuple[Optics, list[str]]:
    """What a file says of its own channels, for so many as were made of them, and what was left out."""
    waves = optics.wavelength_em_um
    if not isinstance(waves, tuple) or len(waves) == channels:
        return optics, []
    unused = f"emission wavelengths of {len(waves)} channels ({numbers(waves)} um) do not fit {channels}: not used"
    return replace(optics, wavelength_em_um=None), [unused]


def between_stacks(optics: Optics, source: Source, numbers: np.ndarray) -> tuple[Optics, list[str]]:
    """Optics whose frame interval is from stack to stack, of a file of which it is from frame to frame, and a note.

    So it is where all frames of a stack follow one another along the file's axis of time: every format says its
    interval as one along that axis.
    """
    if optics.frame_interval_s is None or "T" not in source.letters or len(numbers) < 2:
        return optics, []
    times = np.unravel_index(numbers[:, 0, 0].reshape(len(numbers), -1), source.shape)[source.letters.index("T")]
    apart = np.diff(times[:, 0])
    if np.ptp(apart):
        uneven = "stacks that were left out make the times uneven: no frame interval is kept"
        return replace(optics, frame_interval_s=None), [uneven]
    steps = int(apart[0])
    if len(np.unique(times[0])) < times.shape[1] or steps < 2:
        return optics, []
    each = optics.frame_interval_s
    note = f"frame interval {steps} x {each:g} s: the frames of a stack follow one another in time"
    return replace(optics, frame_interval_s=steps * each), [note]


def between_angles(optics: Optics, angles: int) -> tuple[Optics, list[str]]:
    """Optics whose frame interval is from angle to angle, and what is to be said of rolling images."""
    note = "rolling: an image for every new angle, with the latest frames of the others"
    if (interval := optics.frame_interval_s) is None:
        return optics, [note]
    each = interval / angles
    return replace(optics, frame_interval_s=each), [f"{note}; one every {each:.4g} s, as if the angles came evenly"]


@dataclass(frozen=True)
class Frames:
    """``frames[t, c, z]`` reads (angles, phases, y, x); `numbers` says which plane of the file goes where."""

    source: Source
    numbers: np.ndarray
    wanted: Wanted = Wanted()  # noqa: RUF009  frozen; what it was read with
    rolling: bool = False  # as of `srredsim.io.rolling.rolled`
    only: str | None = None  # what of the file these are, see `srredsim.io.only`

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.numbers.shape, *self.source.size)

    @property
    def dtype(self) -> np.dtype:
        return self.source.dtype

    def __getitem__(self, position: tuple[int, int, int]) -> np.ndarray:
        t, c, z = position
        numbers = self.numbers[t, c, z]
        raw = np.empty((*numbers.shape, *self.source.size), self.dtype)
        for place in np.ndindex(*numbers.shape):
            raw[place] = self.source.pixels(int(numbers[place]))
        return raw


@dataclass(frozen=True)
class Tiles:
    """The same for a montage a plane: an angle is a row of tiles, a phase a column."""

    source: Source
    numbers: np.ndarray
    grid: tuple[int, int]
    only: str | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        (rows, columns), (y, x) = self.grid, self.source.size
        return (*self.numbers.shape, rows, columns, y // rows, x // columns)

    @property
    def dtype(self) -> np.dtype:
        return self.source.dtype

    def __getitem__(self, position: tuple[int, int, int]) -> np.ndarray:
        t, c, z = position
        rows, columns, y, x = self.shape[3:]
        montage = self.source.pixels(int(self.numbers[t, c, z]))
        return np.ascontiguousarray(montage.reshape(rows, y, columns, x).swapaxes(1, 2), self.dtype)


def reads_planes(array: Any) -> bool:
    """Whether an array, as it was recorded, reads the planes of a file, or of an array, that was opened as a stack."""
    return isinstance(array, Frames | Tiles)


def _tiles(source: Source, wanted: Wanted) -> tuple[Tiles, list[str]]:
    if {"A", "P"} & set(source.letters):
        raise InputError("the file names its angles or phases, so it holds no tiled montages; leave out `order`")
    grid = orders.grid(source.size, wanted)
    numbers = orders.arrange_planes(source.letters, source.shape, wanted.widefield)
    numbers, notes = whole_stacks(numbers, source.missing)
    tiles = Tiles(source, numbers, grid)
    told = "" if wanted.angles and wanted.phases else ", guessed from its size"
    y, x = tiles.shape[-2:]
    words = f"montage of {grid[0]} angles (rows) x {grid[1]} phases (columns) of {y} x {x} pixels{told}"
    return tiles, [words, *notes]


def write_raw(path: str | Path, array: np.ndarray, *, optics: Optics = UNKNOWN, overwrite: bool = False) -> Path:
    """Write raw frames, axes `TCZAPYX` or `APYX`, as an OME-TIFF whose Modulo annotations name angle and phase.

    The frames lie in the file with the channel running fastest, then phase, z, angle and time.
    """
    array = np.asarray(array)
    if array.ndim == 4:
        array = array[None, None, None]
    if array.ndim != len(AXES):
        raise ValueError(f"raw frames have the axes {AXES} or APYX; got the shape {array.shape}")
    stored = array.transpose([AXES.index(axis) for axis in FILE_ORDER])
    metadata = {"axes": FILE_ORDER} | _ome(optics, channels=array.shape[1])
    with atomic(path, overwrite) as temporary:
        tifffile.imwrite(
            temporary,
            stored,
            metadata=metadata,
            photometric="minisblack",
            **_resolution(optics.pixel_size_um),
            **tiff.kind("ome"),
        )
        if optics.na is not None:
            tifffile.tiffcomment(temporary, _with_na(tifffile.tiffcomment(temporary), optics.na).encode())
    return Path(path)


def _ome(optics: Optics, channels: int) -> dict:
    metadata: dict[str, Any] = {}
    lengths = {"X": optics.pixel_size_um, "Y": optics.pixel_size_um, "Z": optics.z_step_um}
    for axis, length in lengths.items():
        if length is not None:
            metadata |= {f"PhysicalSize{axis}": length, f"PhysicalSize{axis}Unit": "µm"}
    if optics.frame_interval_s is not None:
        metadata |= {"TimeIncrement": optics.frame_interval_s, "TimeIncrementUnit": "s"}
    if optics.wavelength_em_um is not None:
        waves_um = np.broadcast_to(optics.wavelength_em_um, channels)
        waves_nm = [round(float(wave) * 1000, 6) for wave in waves_um]
        metadata["Channel"] = {"EmissionWavelength": waves_nm, "EmissionWavelengthUnit": ["nm"] * channels}
    return metadata


def _resolution(pixel_size_um: float | None) -> dict:
    if pixel_size_um is None:
        return {}
    per_cm = 1e4 / pixel_size_um
    return {"resolution": (per_cm, per_cm), "resolutionunit": "CENTIMETER"}


def _with_na(xml: str, na: float) -> str:
    """Name the objective, which tifffile does not write, where the OME schema has its place."""
    instrument = f'<Instrument ID="Instrument:0"><Objective ID="Objective:0" LensNA="{na}"/></Instrument>'
    settings = '<InstrumentRef ID="Instrument:0"/><ObjectiveSettings ID="Objective:0"/>'
    return xml.replace("<Image ", f"{instrument}<Image ", 1).replace("<Pixels ", f"{settings}<Pixels ", 1)
