"""What is known of stripes and lens before the frames of a stack are seen: settings, vectors, steps, an OTF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import checks
from srredsim.acquisition import OPTICS, Optics, RawStack
from srredsim.errors import InputError
from srredsim.io.asked import Reading
from srredsim.io.raw import raw_stack
from srredsim.io.source import Source
from srredsim.reconstruction.unknown_optics import with_known
from srredsim.stripes import saved, settings
from srredsim.stripes.given import Known
from srredsim.stripes.parameters import Damping


@dataclass(frozen=True)
class KnownStripes:
    """What is known of the stripes; whatever is None is found in the frames.

    ``parameters`` is the JSON file of another stack, or what it holds, or a file of another program's settings
    (`srredsim.stripes.settings`): its stripes, and its optics where this stack says none, are used; ``k`` is (ky, kx)
    of the first order of every angle in cycles/um, y down; ``phase_steps`` the phases of the frames in rad, one row an
    angle, or one for all.
    """

    parameters: str | Path | dict | None = None
    k: Sequence[tuple[float, float]] | None = None
    phase_steps: Sequence[Sequence[float]] | Sequence[float] | None = None

    def __post_init__(self):
        if self.k is not None:
            self._set("k", checks.numbers("k", self.k, "(ky, kx) of every angle in cycles/um", shape=(None, 2)))
        if self.phase_steps is not None:
            words = "the phases of the frames in rad, one row an angle, or one for all"
            rows = [self.phase_steps] if np.ndim(_first(self.phase_steps)) == 0 else self.phase_steps
            self._set("phase_steps", checks.numbers("phase_steps", rows, words, shape=(None, None)))
        if not isinstance(self.parameters, dict | None):
            checks.path("parameters", self.parameters)
        if self.parameters is not None and (self.k is not None or self.phase_steps is not None):
            raise InputError("`parameters` says all of the stripes: leave out `k` and `phase_steps`")

    def _set(self, name: str, rows: np.ndarray) -> None:
        """The same as tuples of plain numbers, whatever came."""
        object.__setattr__(self, name, tuple(map(tuple, rows.tolist())))


@dataclass(frozen=True)
class Lens:
    """What is known of the lens: a file with its OTF, or how much it is damped; left out, that is measured."""

    otf: str | Path | None = None  # see `srredsim.optics.measured_otf`
    otf_damping: float | None = None

    def __post_init__(self):
        if self.otf is not None:
            checks.path("otf", self.otf)
        if self.otf_damping is not None:
            checks.damping("otf_damping", self.otf_damping)


@dataclass(frozen=True)
class OfStack:
    """The same for one stack: its ``optics``, with what settings say of them, what is ``known``, and notes."""

    optics: Optics
    known: Known
    before: saved.Saved | None  # settings that ``srredsim reconstruct`` has found in another stack
    notes: list[str]


def for_stack(stack: RawStack, stripes: KnownStripes, lens: Lens | None) -> OfStack:
    """What is known of the stripes and the lens of a stack; without a lens it is measured where it is not known.

    Raises
    ------
    InputError
        If settings cannot be read, or are of other optics or another pattern.
    """
    stripes, filled, notes, either_way_up = _from_elsewhere(stack, stripes)
    before = None if stripes.parameters is None else saved.load_parameters(stripes.parameters)
    borrowed: tuple[str, ...] = ()
    if before:
        filled = before.fill(stack.optics, stack.sizes["C"])
        borrowed = tuple(name for name in OPTICS if getattr(stack.optics, name) is None)
    _check_unit(filled, stripes, lens or Lens())
    known = replace(_known(stack, before, stripes, lens), either_way_up=either_way_up, borrowed=borrowed)
    return OfStack(filled, known, before, notes)


def stripes_of_another(stack: RawStack, parameters: str | Path | dict) -> OfStack:
    """The same of settings alone; a note names them."""
    found = for_stack(stack, KnownStripes(parameters), None)
    name = "other settings" if isinstance(parameters, dict) else str(parameters)
    said = f"stripes as in {name}, if the frames show them, with the phases and contrasts of this stack"
    return replace(found, notes=[said, *found.notes])


def of_file(
    source: Source, path: Path, reading: Reading, parameters: str | Path | dict | None
) -> tuple[OfStack | None, Source, Reading]:
    """The same of an open file, if there are settings; and file and reading with the optics that these alone say."""
    if parameters is None:
        return None, source, reading
    stack = raw_stack(source, path, reading)
    found = stripes_of_another(stack, parameters)
    told: dict[str, Any] = {name: getattr(found.optics, name) for name in OPTICS if getattr(stack.optics, name) is None}
    return found, with_known(source, found.optics.cutoffs), replace(reading, **told)


def _check_unit(optics: Optics, known: KnownStripes, lens: Lens) -> None:
    """InputError if something is known in um, of pixels whose size is not."""
    for name, value in (("k", known.k), ("otf", lens.otf)):
        if value is not None and optics.pixel_size_um is None:
            raise InputError(
                f"`{name}` is in cycles/um, and the file does not say its pixel size; give `pixel_size_um`"
            )


def _first(rows: Any) -> Any:
    """The first of what may be rows; it itself if there is no such thing."""
    return rows[0] if isinstance(rows, Sequence | np.ndarray) and np.size(rows[:1]) else rows


def _from_elsewhere(stack: RawStack, known: KnownStripes) -> tuple[KnownStripes, Optics, list[str], bool]:
    """What other settings say of the stripes, and of the optics where the stack says nothing; notes.

    At the end whether these are of another program, which may count the rows from the other end.
    """
    told = None if isinstance(known.parameters, dict | None) else settings.load_settings(known.parameters)
    if told is None:
        return known, stack.optics, [], False
    optics, notes = told.fill(stack.optics, stack.pattern)
    return KnownStripes(k=told.k0_per_um), optics, notes, told.foreign


def _known(stack: RawStack, before: saved.Saved | None, known: KnownStripes, lens: Lens | None) -> Known:
    """What was said of stripes and lens, for every angle and channel of this stack."""
    channels = stack.sizes["C"]
    steps_rad: Any = known.phase_steps  # rows, when `KnownStripes` has checked them
    if steps_rad is not None and len(steps_rad) == 1:
        steps_rad = tuple(steps_rad) * stack.pattern.angles
    dampings: tuple[Damping, ...] | None = None
    if lens and lens.otf_damping is not None:
        dampings = (Damping(lens.otf_damping, "given"),) * channels
    elif before and not (lens and lens.otf) and (lens or not before.with_otf):
        dampings = before.dampings_for(channels)
    parameters = before.for_stack(stack.pattern, channels) if before else None
    return Known(parameters, known.k, steps_rad, dampings, stack.pattern.hexagonal)
