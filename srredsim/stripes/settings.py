"""Settings that say how the stripes lie: XML as fairSIM saves it, configurations of cudasirecon, our own calibrations.

fairSIM: ``shift`` of each direction is (x, y) of the highest order, in pixels of a Fourier transform of
``img-size-pxl`` pixels, y up. cudasirecon, and PySIMRecon around it: ``ls`` is the line spacing of the highest order in
um, ``k0angles`` are the directions of its wave vector in rad, from x towards y, which it counts as the rows lie in its
file: here down, but in DeltaVision files often the other way than in a TIFF of the same frames. The sign of a wave
vector may be either, and so may y: whoever uses these tries all. `srredsim.stripes.written` writes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from srredsim import documents
from srredsim.acquisition import OPTICS, Optics, Pattern, alike, counted, numbers
from srredsim.errors import InputError, shown

LARGEST = 2**20  # bytes
CONFIG = re.compile(r"^\s*([A-Za-z0-9_]+)\s*[=:]\s*([^#\n]*)", re.MULTILINE)
NUMBER = re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?")
SAME_PIXELS = 0.005  # relative difference of two pixel sizes that are one
OWN = "srredsim calibrate"


@dataclass(frozen=True)
class Settings:
    """What is known of stripes and optics; ``k0_per_um`` is (ky, kx) of the first order of every angle."""

    name: str
    program: str
    k0_per_um: tuple[tuple[float, float], ...]
    phases: int
    optics: Optics

    @property
    def foreign(self) -> bool:
        """Whether they are of another program, which may count the rows of the frames from the other end."""
        return self.program != OWN

    def fill(self, optics: Optics, pattern: Pattern) -> tuple[Optics, list[str]]:
        """The optics of a stack, with what it does not say taken from here, and notes on what it says otherwise.

        Raises
        ------
        InputError
            If the stack has other angles, phases or pixels.
        """
        if (len(self.k0_per_um), self.phases) != (pattern.angles, pattern.phases):
            raise InputError(
                f"`parameters` {self.name} is of {counted(len(self.k0_per_um), self.phases)},"
                f" this stack has {pattern.angles} x {pattern.phases}"
            )
        here, there = optics.pixel_size_um, self.optics.pixel_size_um
        if here is not None and there is not None and not alike(here, there, SAME_PIXELS):
            raise InputError(f"`parameters` {self.name} is of pixels of {there:g} um, this stack has {here:g} um")
        told = {name: getattr(self.optics, name) for name in OPTICS if getattr(optics, name) is None}
        notes = [f"stripes as {self.program} has them in {self.name}, held against the frames"]
        for name in OPTICS:
            own, other = getattr(optics, name), getattr(self.optics, name)
            if own is not None and other is not None and not alike(own, other, SAME_PIXELS):
                notes.append(f"{name} {numbers(own)} of the stack, not {numbers(other)} of {self.name}")
        return optics.given(**told), notes


def load_settings(path: str | Path) -> Settings | None:
    """Settings of one of these programs; None if the file is something else, as parameters of our own.

    Raises
    ------
    InputError
        If it is one, but does not say how the stripes lie.
    """
    path = Path(path)
    if not path.is_file() or path.stat().st_size > LARGEST:
        return None
    text = path.read_bytes().decode("utf-8", "replace").lstrip("\ufeff \r\n\t")
    try:
        if text.startswith("<"):
            return _fairsim(text, str(path))
        if re.search("^global_phases:", text, re.MULTILINE):
            return _calibration(documents.parse_yaml(text), str(path))
        told = {key.lower(): value.strip() for key, value in CONFIG.findall(text)}
        return None if text.startswith("{") or not {"ls", "k0angles"} <= told.keys() else _cudasirecon(told, str(path))
    except InputError:
        raise
    except (ElementTree.ParseError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as problem:
        raise InputError(f"`parameters` {path} is damaged ({' '.join(str(problem).split())[:120]})") from None


def _fairsim(text: str, name: str) -> Settings:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InputError(f"`parameters` {name} declares entities; settings of fairSIM have none")
    root = ElementTree.fromstring(text)
    found = root if root.tag == "sim-param" else root.find(".//sim-param")
    if found is None:
        raise InputError(f"`parameters` {name} is XML, but no settings of fairSIM: it has no `sim-param`")
    um, side, bands = (_one(found.findtext(key), key) for key in ("microns-per-pxl", "img-size-pxl", "nr-bands"))
    phases = int(_one(found.findtext("nr-phases"), "nr-phases"))
    vectors = []
    for number in count():
        if (direction := found.find(f"dir-{number}")) is None:
            break
        x, y = _numbers(direction.findtext("shift"))
        scale = side * um * (bands - 1)
        vectors.append((-y / scale, x / scale))
    na, emission = root.findtext(".//otf2d/NA"), root.findtext(".//otf2d/emission")
    optics = Optics(_one(na, "NA") if na else None, _one(emission, "emission") / 1000 if emission else None, um)
    return _checked(Settings(name, "fairSIM", tuple(vectors), phases, optics))


def _cudasirecon(told: dict[str, str], name: str) -> Settings:
    angles_rad, spacing_um = _numbers(told["k0angles"]), _one(told["ls"], "ls")
    phases = int(_one(told.get("nphases", "5"), "nphases"))
    if "ndirs" in told and int(_one(told["ndirs"], "ndirs")) != len(angles_rad):
        raise InputError(f"`parameters` {name} has {len(angles_rad)} `k0angles` for {told['ndirs']} `ndirs`")
    first_per_um = 1 / spacing_um / ((phases - 1) // 2)  # of as many orders as the phases tell apart
    vectors = tuple((first_per_um * float(np.sin(one)), first_per_um * float(np.cos(one))) for one in angles_rad)
    na, pixel = told.get("na"), told.get("xyres")
    optics = Optics(_one(na, "na") if na else None, None, _one(pixel, "xyres") if pixel else None)
    return _checked(Settings(name, "cudasirecon", vectors, phases, optics))


def _calibration(told: dict, name: str) -> Settings:
    """Settings in a file that `srredsim.simulation.calibration_file` writes."""
    vectors = [tuple(map(float, angle["k0_per_um"])) for angle in told["angles"]]
    if any(len(k0) != 2 for k0 in vectors):
        raise ValueError("k0_per_um is (ky, kx)")
    optics = Optics().given(**{key: _one(str(told[key]), key) for key in OPTICS})
    phases = {len(angle["phases_rad"]) for angle in told["angles"]}
    if len(phases) != 1:
        raise ValueError("angles of unequal phases")
    return _checked(Settings(name, OWN, tuple((ky, kx) for ky, kx in vectors), phases.pop(), optics))


def _checked(settings: Settings) -> Settings:
    lengths = [float(np.hypot(*k0)) for k0 in settings.k0_per_um]
    if not lengths or settings.phases < 3 or not all(0 < one < 1e3 for one in lengths):
        raise InputError(f"`parameters` {settings.name} does not say how the stripes of its angles lie")
    return settings


def _numbers(text: str | None) -> list[float]:
    return [float(one) for one in NUMBER.findall(text or "")]


def _one(text: str | None, key: str) -> float:
    found = _numbers(text)
    if len(found) != 1 or not found[0] > 0:
        raise ValueError(f"{key} is {shown(text)}, not a number above 0")
    return found[0]
