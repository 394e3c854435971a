"""The raw archive of W2S: a folder a field of view, with all captures and the SIM stack of every channel.

==============================  ===============  ==========================================================
``ImageNNN/``, c = 0, 1, 2      shape            content
==============================  ===============  ==========================================================
``wf_channel{c}.npy``           (n, y, x)        widefield captures, uint16
``sim_input_channel{c}.npy``    (3y, 5x)         raw SIM stack as one montage
``sim_channel{c}.npy``          (2y, 2x)         SIM image
==============================  ===============  ==========================================================

How many captures, pixels and fields the published archive has, ``data/w2s/dataset.yaml`` says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from srredsim.data.w2s.layout import layout
from srredsim.errors import InputError
from srredsim.io.formats.npy import memory_map

SIM_ORDERS = ("angles-in-rows", "angles-in-columns")
CHUNK = 16  # captures looked at together
SHOWN = 8  # incomplete fields that a message names


@dataclass(frozen=True)
class RawField:
    """One folder ``ImageNNN``; nothing is read before it is asked for."""

    number: int
    folder: Path

    def path(self, kind: str, channel: int) -> Path:
        """Path of a file of the kinds ``wf``, ``sim_input`` and ``sim``."""
        return self.folder / f"{kind}_channel{channel}.npy"

    def captures(self, channel: int) -> np.memmap:
        """(captures, y, x), mapped from the file."""
        return self._mapped("wf", channel)

    def sim(self, channel: int) -> np.ndarray:
        """(2y, 2x) in the file's own units."""
        return np.array(self._mapped("sim", channel))

    def sim_frames(self, channel: int, order: str = SIM_ORDERS[0]) -> np.ndarray:
        """(angles, phases, y, x) in the file's own type.

        Parameters
        ----------
        order : {"angles-in-rows", "angles-in-columns"}
            Three angles of five phases, as the makers of the microscope tile them; or five angles of three phases.
        """
        if order not in SIM_ORDERS:
            raise InputError(f"no order of the raw SIM frames called {order!r}; there are: {', '.join(SIM_ORDERS)}")
        montage = self._mapped("sim_input", channel)
        rows, columns = layout().montage
        y, x = montage.shape[0] // rows, montage.shape[1] // columns
        tiles = montage.reshape(rows, y, columns, x).swapaxes(1, 2)  # row, column, y, x
        return np.ascontiguousarray(tiles if order == SIM_ORDERS[0] else tiles.swapaxes(0, 1))

    def _mapped(self, kind: str, channel: int) -> np.memmap:
        path = self.path(kind, channel)
        try:
            return memory_map(path)
        except InputError as problem:
            raise InputError(f"{path}: {problem}") from None

    # What is wrong with it

    def problems(self, raw_sim: bool = True) -> list[str]:
        """What is missing or wrong, a few words each, without the name of the field; none if all is well."""
        kinds = ("wf", "sim_input", "sim") if raw_sim else ("wf", "sim")
        paths = {(kind, channel): self.path(kind, channel) for channel in layout().channels for kind in kinds}
        missing = [path.name for path in paths.values() if not path.is_file()]
        if len(missing) == len(paths):
            return [f"holds none of its {len(paths)} files"]
        words = [f"lacks {', '.join(missing)}"] if missing else []
        size = None
        for (kind, _), path in paths.items():
            if path.name in missing:
                continue
            try:
                array = memory_map(path)
            except InputError as problem:
                words.append(f"{path.name}: {problem}")
                continue
            wrong = _wrong_shape(kind, array.shape, size) or _wrong_values(array)
            if wrong:
                words.append(f"{path.name}: {wrong}")
            elif kind == "wf":
                size = size or array.shape[1:]
        return words

    def size(self) -> tuple[int, int]:
        """(y, x) of a capture."""
        return self.captures(layout().channels[0]).shape[1:]


@dataclass(frozen=True)
class Archive:
    """The fields of a raw archive: those that are whole, and what is wrong with the others."""

    fields: list[RawField]
    size: tuple[int, int]  # pixels of a capture
    problems: dict[str, list[str]] = field(default_factory=dict)  # Image007: what is wrong with it

    @property
    def absent(self) -> list[int]:
        """Numbers of the published archive of which there is no folder."""
        there = {raw.number for raw in self.fields} | {int(name[-3:]) for name in self.problems}
        return [number for number in layout().fields if number not in there]

    def summary(self) -> str:
        """``3 of 120 fields are incomplete: Image007 lacks wf_channel2.npy; ...``"""
        total = len(self.fields) + len(self.problems)
        are = "is" if len(self.problems) == 1 else "are"
        return f"{len(self.problems)} of {total} fields {are} incomplete: {in_words(self.problems)}"


def in_words(problems: dict[str, list[str]]) -> str:
    """``Image007 lacks wf_channel2.npy; ...``, of the first few fields."""
    named = [f"{name} {', '.join(words)}" for name, words in problems.items()]
    more = f"; and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    return f"{'; '.join(named[:SHOWN])}{more}"


def open_archive(path: str | Path, raw_sim: bool = True, limit: int | None = None) -> Archive:
    """Look at every folder ``ImageNNN`` of an archive: headers and lengths of the files, values that are no numbers.

    Parameters
    ----------
    raw_sim : bool
        Whether the raw SIM stacks are wanted too.
    limit : int, optional
        Look at the first so many folders only.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    path = Path(path)
    found = folders(path)[:limit]
    problems = {raw.folder.name: raw.problems(raw_sim) for raw in found}
    whole = [raw for raw in found if not problems[raw.folder.name]]
    sizes = Counter(raw.size() for raw in whole)
    size = sizes.most_common(1)[0][0] if sizes else (layout().size,) * 2
    for raw in whole:
        if raw.size() != size:
            problems[raw.folder.name] = [f"has images of {_times(raw.size())}, most others of {_times(size)}"]
    bad = {name: words for name, words in problems.items() if words}
    return Archive([raw for raw in whole if raw.folder.name not in bad], size, bad)


def folders(path: Path) -> list[RawField]:
    """The folders ``ImageNNN`` in a folder, by number."""
    if not path.is_dir():
        raise InputError(f"{path} is no folder; give the one that holds Image001, Image002 ...")
    found = []
    for entry in sorted(path.iterdir()):
        if (match := re.fullmatch(r"Image(\d{3})", entry.name)) and entry.is_dir() and int(match[1]) in layout().fields:
            found.append(RawField(int(match[1]), entry))
    if not found:
        inside = [entry for entry in sorted(path.iterdir()) if (entry / "Image001").is_dir()]
        hint = f"; there are some in {inside[0]}" if inside else ""
        first, last = layout().fields[0], layout().fields[-1]
        raise InputError(f"{path} holds no folder Image{first:03d} to Image{last:03d} of the raw W2S archive{hint}")
    return found


def ranges(numbers: Iterable[int]) -> str:
    """``001-006, 008``"""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{first:03d}" if first == last else f"{first:03d}-{last:03d}" for first, last in runs)


def _wrong_shape(kind: str, shape: tuple[int, ...], size: tuple[int, int] | None) -> str:
    """In words; empty if it is right."""
    w2s = layout()
    if kind == "wf":
        if len(shape) != 3:
            return f"should be captures, y, x; got the shape {_times(shape)}"
        if shape[0] != w2s.shot:
            return f"{shape[0]} captures instead of {w2s.shot}"
        wanted = (w2s.shot, *(size or shape[1:]))
    elif size is None:
        return ""  # there are no captures to compare with, which is said of them
    else:
        times = w2s.montage if kind == "sim_input" else (w2s.scale, w2s.scale)
        wanted = (times[0] * size[0], times[1] * size[1])
    return "" if shape == wanted else f"{_times(shape)} instead of {_times(wanted)}"


def _wrong_values(array: np.ndarray) -> str:
    if array.dtype.kind not in "uif":
        return f"{array.dtype} values instead of numbers"
    if array.dtype.kind != "f":
        return ""
    planes = array.reshape(-1, *array.shape[-2:])
    not_finite = sum(
        planes[n : n + CHUNK].size - int(np.count_nonzero(np.isfinite(planes[n : n + CHUNK])))
        for n in range(0, len(planes), CHUNK)
    )
    return f"{not_finite} of {array.size} values are NaN or infinite" if not_finite else ""


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
