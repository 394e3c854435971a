"""One microscope, as stacks of its own have shown it: what can be simulated in its place.

`srredsim.workflows.calibrate` measures it, `srredsim.simulation.calibration_file` keeps it in a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from srredsim import checks, schema
from srredsim.errors import InputError
from srredsim.optics import aberration, illumination, plausible
from srredsim.optics.otf import cutoff_per_um
from srredsim.simulation.sim import Settings, draw

VERSION = 1  # of the record
DRIFTING, FIXED = "drifting", "fixed"  # global phases
DAMPING = 0.1, 1.0  # of the OTF, between which it is drawn
DARKEST = 0.999  # of what contrasts may be before light becomes negative


@dataclass(frozen=True)
class StripesOfAngle:
    """Stripes of one angle; each spread is a standard deviation from stack to stack."""

    k0_per_um: tuple[float, float]  # (ky, kx) of the first order, cycles/um, y down
    k0_spread_per_um: float  # of each component
    phases_rad: tuple[float, ...]  # of each frame, first order, at the centre of raw pixel (0, 0)
    step_spread_rad: float  # of the phase of a frame about that of its angle
    modulation_depths: tuple[float, ...]  # m1, or m1 and m2
    modulation_spreads: tuple[float, ...]
    intensities: tuple[float, ...]  # brightness of each frame, mean 1 over all angles
    intensity_spread: float

    def __post_init__(self):
        checks.numbers("k0_per_um", self.k0_per_um, "(ky, kx) in cycles/um", shape=(2,))
        for name in ("phases_rad", "modulation_depths", "modulation_spreads", "intensities"):
            checks.numbers(name, getattr(self, name), "numbers in a list", shape=(None,))
        for name in ("k0_spread_per_um", "step_spread_rad", "intensity_spread"):
            _not_negative(name, getattr(self, name))
        if min(self.intensities) <= 0 or min(self.modulation_depths) <= 0 or min(self.modulation_spreads) < 0:
            raise InputError(
                "intensities and modulation_depths are above 0, modulation_spreads 0 or more; got"
                f" {list(self.intensities)}, {list(self.modulation_depths)}, {list(self.modulation_spreads)}"
            )
        if len(self.modulation_depths) not in (1, 2) or len(self.modulation_spreads) != len(self.modulation_depths):
            raise InputError("modulation_depths and modulation_spreads have one number an order: one, or two")
        if len(self.phases_rad) != len(self.intensities):
            raise InputError("phases_rad and intensities have one number a frame")


@dataclass(frozen=True)
class Camera:
    """Variance of a pixel is ``gain^2 (electrons + read_noise^2)``."""

    gain_adu: float  # per electron
    gain_spread: float  # relative
    offset_adu: float
    read_noise_e: float

    def __post_init__(self):
        checks.above_zero("camera.gain_adu", self.gain_adu)
        checks.finite("camera.offset_adu", self.offset_adu)
        for name in ("gain_spread", "read_noise_e"):
            _not_negative(f"camera.{name}", getattr(self, name))


@dataclass(frozen=True)
class Calibration:
    """A microscope; ``angles`` in the order in which its stacks have them."""

    version: int
    stacks: tuple[str, ...]  # names of the files that it was measured in
    na: float
    wavelength_em_um: float
    pixel_size_um: float  # that of the raw frames
    otf_damping: float
    otf_damping_spread: float
    global_phases: str  # drifting from stack to stack, or fixed
    global_phase_spread_rad: float  # from stack to stack, where fixed
    angles: tuple[StripesOfAngle, ...]
    camera: Camera
    background_photons: tuple[float, float]  # range
    photons: tuple[float, float]  # range of the peak of the widefield image, per raw pixel and frame
    spherical_waves: float = 0.0  # aberration of the lens, of which older files do not know

    def __post_init__(self):
        if self.version != VERSION:
            raise InputError(f"version {self.version} of a calibration is not known, only {VERSION}")
        for name in ("na", "wavelength_em_um", "pixel_size_um"):
            plausible.check(name, checks.above_zero(name, getattr(self, name)))
        checks.damping("otf_damping", self.otf_damping)
        aberration.check("spherical_waves", self.spherical_waves)
        for name in ("otf_damping_spread", "global_phase_spread_rad"):
            _not_negative(name, getattr(self, name))
        schema.choice("global_phases", self.global_phases, (DRIFTING, FIXED))
        low, high = checks.numbers("background_photons", self.background_photons, "a range", shape=(2,))
        if not 0 <= low <= high:
            raise InputError(f"background_photons is a range LOW, HIGH of 0 or more; got {low:g}, {high:g}")
        low, high = checks.numbers("photons", self.photons, "a range", shape=(2,))
        if not 0 < low <= high:
            raise InputError(f"photons is a range LOW, HIGH above 0; got {low:g}, {high:g}")
        shapes = {(len(angle.phases_rad), len(angle.modulation_depths)) for angle in self.angles}
        if len(shapes) != 1:
            raise InputError("all angles have as many phases and orders; these have not")
        illumination.check_phases(self.pattern[1], self.beams)
        self.settings(np.random.default_rng(0), size=8)  # refuses what no microscope has

    @property
    def pattern(self) -> tuple[int, int]:
        """(angles, phases)"""
        return len(self.angles), len(self.angles[0].phases_rad)

    def check_pattern(self, angles: int, phases: int) -> None:
        """InputError if a model of stacks of so many angles and phases is none for this microscope."""
        own_angles, own_phases = self.pattern
        if (own_angles, own_phases) != (angles, phases):
            raise InputError(
                f"the microscope has {own_angles} angles x {own_phases} phases, the model is for {angles} x {phases}:"
                " take one for that pattern"
            )

    @property
    def beams(self) -> int:
        return 1 + len(self.angles[0].modulation_depths)

    @property
    def cutoff_per_um(self) -> float:
        return cutoff_per_um(self.na, self.wavelength_em_um)

    def settings(self, rng: np.random.Generator, **asked: Any) -> Settings:
        """Settings of one stack of this microscope, within its spread.

        Parameters
        ----------
        **asked
            ``size``, ``photons`` and whatever else is fixed, as of `srredsim.simulation.sim.draw`, which draws what
            belongs to the specimen: its kind and its haze.
        """
        specimen_rng, stripes_rng, light_rng = rng.spawn(3)
        angles, phases = self.pattern
        damping = self.otf_damping + self.otf_damping_spread * light_rng.standard_normal()
        own = {
            "na": self.na,
            "wavelength_em_um": self.wavelength_em_um,
            "pixel_size_um": self.pixel_size_um,
            "otf_damping": float(np.clip(damping, *DAMPING)),
            "spherical_waves": self.spherical_waves,
            **self._stripes(stripes_rng),
            "background_photons": float(light_rng.uniform(*self.background_photons)),
            "gain_adu": self.camera.gain_adu * float(np.exp(self.camera.gain_spread * light_rng.standard_normal())),
            "offset_adu": self.camera.offset_adu,
            "read_noise_e": self.camera.read_noise_e,
        }
        asked = {"photons": self.photons} | asked
        return draw(specimen_rng, angles, phases, beams=self.beams, **own | asked)

    def _stripes(self, rng: np.random.Generator) -> dict[str, tuple[tuple[float, ...], ...]]:
        angles, phases = self.pattern
        fixed = self.global_phases == FIXED
        k0 = [np.add(one.k0_per_um, one.k0_spread_per_um * rng.standard_normal(2)) for one in self.angles]
        turns = rng.uniform(0, 2 * np.pi, angles)
        if fixed:
            turns = self.global_phase_spread_rad * rng.standard_normal(angles)
        phases_rad = [
            np.add(one.phases_rad, turn + one.step_spread_rad * rng.standard_normal(phases))
            for one, turn in zip(self.angles, turns, strict=True)
        ]
        depths = [_lit(one, one.modulation_spreads * _bounded(rng, self.beams - 1)) for one in self.angles]
        light = [one.intensities * np.exp(one.intensity_spread * _bounded(rng, phases)) for one in self.angles]
        tables = {"k0_per_um": k0, "phases_rad": phases_rad, "modulation_depths": depths}
        tables["intensities"] = list(np.array(light) / np.mean(light))
        return {name: tuple(tuple(row.tolist()) for row in rows) for name, rows in tables.items()}

    def as_dict(self) -> dict[str, Any]:
        """Plain keys and values, as a file has them."""
        return _plain(asdict(self))


def of(content: Mapping[str, Any], what: str = "calibration") -> Calibration:
    """A record from keys and values; InputError if a key is unknown or missing, or a value is none of a microscope."""
    content = dict(content) if isinstance(content, Mapping) else content
    if isinstance(content, dict):
        rows = content.get("angles")
        if not isinstance(rows, list | tuple) or not rows:
            raise InputError("angles is a list with one entry an angle, see what srredsim calibrate writes")
        content["angles"] = [
            schema.build(StripesOfAngle, row, what, f"angles[{number}].") for number, row in enumerate(rows)
        ]
    return schema.build(Calibration, content, what, sections={"camera": Camera})


def _bounded(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.clip(rng.standard_normal(count), -2.5, 2.5)


def _lit(mean: StripesOfAngle, change: np.ndarray) -> np.ndarray:
    """Contrasts not below a tenth of the mean, and not so high that light would be negative."""
    depths = np.maximum(mean.modulation_depths + change, 0.1 * np.array(mean.modulation_depths))
    darkest = illumination.darkest(depths)
    return depths if darkest >= 0 else depths * DARKEST / (1 - darkest)


def _not_negative(name: str, value: float) -> None:
    if checks.finite(name, value) < 0:
        raise InputError(f"{name} is 0 or more; got {value:g}")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
