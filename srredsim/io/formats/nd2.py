"""ND2 of Nikon through nd2; positions of the stage are scenes.

N-SIM writes the frames of one reconstruction as a sequence, or as one montage: a row of tiles an angle, a column a
phase. The file names neither angle nor phase.
"""

from __future__ import annotations

import struct
import threading
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from srredsim.errors import InputError, shown
from srredsim.io.calibration import Calibration
from srredsim.io.formats._optional import DAMAGE, damage, package
from srredsim.io.source import Source, lacking

MAGIC, SUFFIXES, NAME = b"\xda\xce\xbe\x0a", (".nd2",), "an ND2 file"
LETTERS = {"TimeLoop": "T", "NETimeLoop": "T", "ZStackLoop": "Z"}
POSITIONS = "XYPosLoop"
MAP_AT = struct.Struct("<32sQ")  # the last bytes of a file: a signature, and where the map of its chunks is
CHUNK = struct.Struct("<IIQ")  # before each: magic number, length of the name, length of the data
PLACE = struct.Struct("<QQ")  # in the map, behind a name: where a chunk is, how long
SIGNATURE, FRAME = b"ND2 CHUNK MAP SIGNATURE 0000001!", b"ImageDataSeq|"
TILES = (3, 5)  # angles x phases of a montage
SMALLEST_TILE = 128  # pixels; smaller frames of such sides are no montage
DAMAGED = "the ND2 file is damaged"


def scenes(path: Path) -> list[str]:
    """Names of the positions, or numbers where they have none."""
    _frames_there(path)  # says better than nd2 what is wrong with a file that was cut short
    with _opened(path) as file:
        loop = next((loop for loop in file.experiment if loop.type == POSITIONS), None)
        points = [] if loop is None else loop.parameters.points
        return [str(point.name or n) for n, point in enumerate(points, start=1)] or [path.name]


def open_source(path: Path, pixel_size_um: float | None = None, scene: int = 0) -> Source:
    """The planes of a position, read when asked for.

    Raises
    ------
    InputError
        If nd2 is not installed, or the file is damaged, in colour, or of the first kind (JPEG 2000).
    """
    there = _frames_there(path)
    with _opened(path) as file:
        if file.is_rgb:
            raise InputError("a colour image (RGB), not a stack of grey frames; in NIS-Elements, split its channels")
        counts, channels, note = _counts(file)
        channels_told = _channels(file)
        known = _calibration(file, channels_told)
        dtype = np.dtype(file.dtype).newbyteorder("=")
        size = int(file.attributes.heightPx), int(file.attributes.widthPx)
        is_sim = any("SIM" in one.microscope.modalityFlags for one in channels_told)
    numbers = np.arange(prod(n for _, n in counts)).reshape([n for _, n in counts])
    names = [name for name, _ in counts]
    if POSITIONS in names:
        numbers = np.take(numbers, scene, axis=names.index(POSITIONS))
        names.remove(POSITIONS)
    letters, shape = "".join(_letters(names)) + "C", (*numbers.shape, channels)
    planes = Planes(path, numbers.ravel(), channels, size)
    missing = tuple(n for n in range(prod(shape)) if int(planes.frames[n // channels]) not in there)
    optics, more = known.optics(pixel_size_um)
    words = ", ".join(f"{name} {n}" for name, n in counts) or "no loops"
    order = "tiled" if _is_montage(size) else None
    notes = [
        f"ND2: {words}{' of structured illumination' if is_sim else ''}; angles and phases are not named",
        *note,
        *more,
    ]
    notes += ["frames of 3 x 5 equal squares are taken for a montage of angles and phases"] if order else []
    incomplete = lacking(prod(shape), prod(shape) - len(missing), missing[0]) if missing else None
    names_of = known.channel_names
    return Source(letters, shape, size, dtype, planes, optics, names_of, tuple(notes), incomplete, missing, order)


class Planes:
    """Plane ``number``: channels lie within the frames of the file, of which the last that was read is remembered."""

    def __init__(self, path: Path, frames: np.ndarray, channels: int, size: tuple[int, int]):
        self._path, self.frames, self._channels, self._size = path, frames, channels, size
        self._lock, self._last = threading.Lock(), -1
        self._file: Any = None
        self._pixels = np.empty(0)

    def __call__(self, number: int) -> np.ndarray:
        at, channel = divmod(number, self._channels)
        with self._lock:
            if at != self._last:
                self._pixels, self._last = self._frame(int(self.frames[at]), number), at
            return self._pixels[channel].copy()

    def _frame(self, frame: int, number: int) -> np.ndarray:
        """(channels, y, x); the file is open for that time only."""
        if self._file is None:
            self._file = package("nd2", NAME).ND2File(str(self._path))
        with damage(f"frame {number + 1} cannot be read"), self._file as file:
            return np.array(file.read_frame(frame)).reshape(self._channels, *self._size)


class _opened:
    """The file as nd2 opens it; what nd2 raises on the way is said in our words."""

    def __init__(self, path: Path):
        self._path, self._damage = path, damage(DAMAGED)

    def __enter__(self) -> Any:
        reader = package("nd2", NAME)
        with damage(DAMAGED):
            self._file = reader.ND2File(str(self._path))
        self._damage.__enter__()
        return self._file

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool | None:
        self._file.close()
        return self._damage.__exit__(kind, error, trace)


def _frames_there(path: Path) -> set[int]:
    """Numbers of the frames that lie in the file, of its map of chunks, which is the last that is written."""
    with damage(DAMAGED), path.open("rb") as file:
        length = file.seek(0, 2)
        file.seek(max(0, length - MAP_AT.size))
        signature, place = MAP_AT.unpack(file.read(MAP_AT.size))
        if signature != SIGNATURE:
            raise InputError(
                "the ND2 file was never finished or is cut short: the map of its frames, at its end, is gone"
            )
        file.seek(place)
        _, name, size = CHUNK.unpack(file.read(CHUNK.size))
        if place + CHUNK.size + name + size > length:
            raise InputError(f"{DAMAGED}: the map of its frames goes beyond its end")
        file.seek(name, 1)
        data = file.read(size)
    found, at = set(), 0
    while (end := data.find(b"!", at)) >= 0 and end + 1 + PLACE.size <= len(data):
        chunk, (start, bytes_there) = data[at:end], PLACE.unpack_from(data, end + 1)
        if chunk.startswith(FRAME) and chunk[len(FRAME) :].isdigit() and start + bytes_there <= length:
            found.add(int(chunk[len(FRAME) :]))
        at = end + 1 + PLACE.size
    return found


def _counts(file: Any) -> tuple[list[tuple[str, int]], int, list[str]]:
    """Loops of the frames with their lengths, the slowest first, the channels of each frame, and what is to be said."""
    loops = [(str(loop.type), int(loop.count)) for loop in file.experiment]
    attributes = file.attributes
    told, frames = prod(n for _, n in loops), int(attributes.sequenceCount)
    channels = int(attributes.componentCount or 1)
    if not 0 < frames <= 10**7 or not 0 < told <= 10**7:
        raise InputError(f"{DAMAGED}: {shown(max(frames, told))} frames are promised")
    if told >= frames or frames % told:
        return loops, channels, []
    within = frames // told
    return [*loops, ("sequence", within)], channels, [f"within its loops the file has sequences of {within} frames"]


def _letters(names: list[str]) -> list[str]:
    """A letter for each loop; a second one of a kind, and those of no known kind, have no name."""
    letters: list[str] = []
    for name in names:
        letter = LETTERS.get(name, "I")
        letters.append("I" if letter in letters else letter)
    return letters


def _is_montage(size: tuple[int, int]) -> bool:
    """Whether a frame is of such equal squares as N-SIM puts side by side."""
    (y, x), (rows, columns) = size, TILES
    return y % rows == 0 and x % columns == 0 and y // rows == x // columns >= SMALLEST_TILE


def _channels(file: Any) -> list[Any]:
    """What is said of the channels; nothing, where nd2 can make nothing of it."""
    with suppress(*DAMAGE):
        return list(file.metadata.channels or [])
    return []


def _calibration(file: Any, channels: list[Any]) -> Calibration:
    if not channels:
        return Calibration(notes=("what the ND2 file says of its optics cannot be read",))
    volume, microscope = channels[0].volume, channels[0].microscope
    steps = [step if known else None for step, known in zip(volume.axesCalibration, volume.axesCalibrated, strict=True)]
    x, y, z = steps
    waves = [channel.channel.emissionLambdaNm for channel in channels]
    names = tuple(str(channel.channel.name or "") for channel in channels)
    return Calibration(
        pixel_um=(y, x) if y and x else None,
        z_step_um=z,
        frame_interval_s=_interval_s(file),
        wavelengths_em_um=tuple(round(nm / 1000, 6) if nm else None for nm in waves),
        na=microscope.objectiveNumericalAperture,
        channel_names=names if all(names) else None,
    )


def _interval_s(file: Any) -> float | None:
    """Interval of the loop in time; where it was as fast as possible, what that came to."""
    for loop in file.experiment:
        if loop.type == "TimeLoop":
            told = loop.parameters.periodMs or loop.parameters.periodDiff.avg
            return told / 1000 if told and told > 0 else None
    return None
