"""What is known of a microscope before its file is opened: how its frames run, and its lens.

A preset is a file of `srredsim/microscopes`, with keys of `Microscope`; a file of the user's own has the same keys, or
is one that ``srredsim calibrate`` has written. What the caller says wins over it, and so does what a file itself says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srredsim import checks, documents, resources, schema
from srredsim.acquisition import IN_WORDS, OPTICS, Optics, alike, numbers
from srredsim.errors import InputError
from srredsim.io.source import Source
from srredsim.io.wanted import Wanted
from srredsim.optics import plausible
from srredsim.optics.illumination import PATTERNS

OF_FRAMES = {  # and what they are called
    "order": "order",
    "angles": "angles",
    "phases": "phases",
    "pattern": "pattern",
    "widefield_frame": "widefield frame",
}
FILES = (".yaml", ".yml")


@dataclass(frozen=True)
class Microscope:
    """What all stacks of a microscope have in common; None is not known, or not the same in all of them."""

    about: str = ""  # which microscopes these are, in a few words
    order: str | None = None
    angles: int | None = None
    phases: int | None = None
    pattern: str | None = None
    widefield_frame: str | None = None
    na: float | None = None
    wavelength_em_um: float | None = None
    pixel_size_um: float | None = None  # of the raw frames

    def __post_init__(self):
        Wanted(self.order, self.angles, self.phases, self.widefield_frame)
        if self.pattern is not None:
            checks.one_of("pattern", self.pattern, PATTERNS)
        for name in OPTICS:
            if getattr(self, name) is not None:
                plausible.check(name, checks.above_zero(name, getattr(self, name)))


def load(name: str | Path) -> Microscope:
    """The microscope of this name, or of a file.

    Raises
    ------
    InputError
        If there is none, or if the file says what no microscope has: one line names the key.
    """
    names = resources.microscopes()
    path = Path(checks.path("microscope", name))
    if str(name) in names:
        path = resources.MICROSCOPES / f"{name}.yaml"
    elif path.suffix.lower() not in FILES:
        raise InputError(f"{resources.unknown('microscope', str(name), names)}; or give a FILE.yaml")
    try:
        content = documents.read_yaml(path)
        return schema.build(Microscope, _of_calibration(content), "microscope")
    except FileNotFoundError:
        raise InputError(f"`microscope` {path}: there is no such file; by name there are {', '.join(names)}") from None
    except (UnicodeDecodeError, OSError):
        raise InputError(f"`microscope` {path} cannot be read as YAML") from None
    except InputError as problem:
        raise InputError(f"`microscope` {path}: {str(problem).replace('`', '')}") from None


def with_microscope(
    name: str | Path, source: Source, given: Mapping[str, Any]
) -> tuple[Optics, dict[str, Any], list[str]]:
    """What a microscope adds to what is ``given`` (by the names of `Microscope`) and to what an open file says.

    Returns
    -------
    optics : Optics
        Those of the file, with what neither it nor the caller says.
    of_frames : dict
        Order and counts that neither says.
    notes : list of str
        What was taken from the microscope, and what is said otherwise.
    """
    microscope, whose = load(name), f"microscope {name}"
    named = dict(zip(source.letters, source.shape, strict=True))
    of_file = {"angles": named.get("A"), "phases": named.get("P")} | {
        one: getattr(source.optics, one) for one in OPTICS
    }
    if {"A", "P"} <= named.keys():
        of_file |= {"order": "", "widefield_frame": ""}  # there are none: every frame has its name
    taken, notes = {}, []
    for key in (*OF_FRAMES, *OPTICS):
        value = getattr(microscope, key)
        if value is None:
            continue
        told, by = (given[key], "as given") if given.get(key) is not None else (of_file.get(key), "of the file")
        if told is None:
            taken[key] = value
        elif told and not (alike(told, value) if key in OPTICS else told == value):
            notes.append(f"{_in_words({key: told})} {by}; {whose} has {value}")
    about = f" ({microscope.about})" if microscope.about else ""
    said = _in_words(taken) or "adds nothing to what is said already"
    of_frames = {key: value for key, value in taken.items() if key in OF_FRAMES}
    optics = source.optics.given(**{key: value for key, value in taken.items() if key in OPTICS})
    return optics, of_frames, [f"{whose}{about}: {said}", *notes]


def _of_calibration(content: Any) -> Any:
    """What is used of a calibration, by the keys of `Microscope`; anything else as it is."""
    if not (isinstance(content, dict) and {"camera", "angles"} <= content.keys()):
        return content
    try:
        phases = {len(angle["phases_rad"]) for angle in content["angles"]}
        counts = {"angles": len(content["angles"]), "phases": phases.pop()}
        optics = {name: content[name] for name in OPTICS}
    except (KeyError, TypeError):
        raise InputError("it is no calibration that srredsim calibrate has written") from None
    return {"about": "as srredsim calibrate has measured it", **counts, **optics}


def _in_words(told: Mapping[str, Any]) -> str:
    words = []
    for key, value in told.items():
        if value is None:
            continue
        if key in OPTICS:
            name, unit = IN_WORDS[key]
            words.append(f"{name} {numbers(value)}{unit}")
        else:
            words.append(f"{value} {key}" if key in ("angles", "phases") else f"{OF_FRAMES[key]} {value}")
    return ", ".join(words)
