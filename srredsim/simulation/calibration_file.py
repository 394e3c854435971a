"""The file of a calibration: YAML to be read and corrected by hand, its units in the names and its meaning beside."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from srredsim import documents
from srredsim.errors import InputError
from srredsim.simulation.calibration import FIXED, Calibration, StripesOfAngle, of

HEAD = """\
# A microscope, as {stacks} of its own have shown it: srredsim calibrate.
# Given to srredsim train as `microscope` it makes a model for this microscope, to srredsim simulate raw stacks of it.
# Every value may be corrected by hand; what a spread is of is drawn from a normal distribution of that deviation.
"""


def load(path: str | Path) -> Calibration:
    """The calibration of a file.

    Raises
    ------
    InputError
        If there is no such file, or if it is none: one line names the key.
    """
    path = Path(path)
    try:
        content = documents.read_yaml(path)
    except FileNotFoundError:
        raise InputError(f"`microscope` {path}: there is no such file; srredsim calibrate writes one") from None
    except (UnicodeDecodeError, IsADirectoryError):
        raise InputError(f"`microscope` {path} is no file that srredsim calibrate has written") from None
    try:
        return of(content)
    except InputError as problem:
        raise InputError(f"`microscope` {path}: {problem}") from None


def as_text(found: Calibration) -> str:
    """What `load` reads back as the same."""
    count = len(found.stacks)
    camera, damping = found.camera, found.otf_damping
    fixed = found.global_phases == FIXED
    phases = "phases_rad below are those of every stack" if fixed else "they are other ones in every stack"
    lines = [
        HEAD.format(stacks=f"{count} stack{'s' * (count != 1)}").rstrip("\n"),
        f"version: {found.version}",
        f"stacks: [{', '.join(map(_quoted, found.stacks))}]",
        "",
        "# optics: cut-off of the lens "
        f"{found.cutoff_per_um:.4g} cycles/um, {found.cutoff_per_um * found.pixel_size_um:.4g} cycles per pixel",
        f"na: {_number(found.na)}",
        f"wavelength_em_um: {_number(found.wavelength_em_um)}",
        f"pixel_size_um: {_number(found.pixel_size_um)}  # of the raw frames, in the object",
        f"otf_damping: {_number(damping)}  # the OTF is the ideal one times this^(f / cut-off); 1 is the ideal lens",
        f"otf_damping_spread: {_number(found.otf_damping_spread)}",
        f"spherical_waves: {_number(found.spherical_waves)}  # aberration: root mean square of the wavefront",
        "",
        f"# phases of the stripes at the corner of the field: {phases}",
        f"global_phases: {found.global_phases}  # drifting or fixed",
        f"global_phase_spread_rad: {_number(found.global_phase_spread_rad)}  # where they are fixed",
        "angles:",
        *(line for number, angle in enumerate(found.angles, start=1) for line in _angle(number, angle, found)),
        "",
        "camera:",
        f"  gain_adu: {_number(camera.gain_adu)}  # per electron",
        f"  gain_spread: {_number(camera.gain_spread)}  # relative",
        f"  offset_adu: {_number(camera.offset_adu)}  # of a pixel without light",
        f"  read_noise_e: {_number(camera.read_noise_e)}",
        "",
        "# light, in electrons of a pixel in one frame: ranges from which each simulated stack draws",
        f"background_photons: {_numbers(found.background_photons)}",
        f"photons: {_numbers(found.photons)}  # in the brightest pixels of the widefield image, above background",
    ]
    return "\n".join(lines) + "\n"


def _angle(number: int, angle: StripesOfAngle, found: Calibration) -> list[str]:
    ky, kx = angle.k0_per_um
    length, orders = float(np.hypot(ky, kx)), found.beams - 1
    degrees = round(float(np.rad2deg(np.arctan2(ky, kx))), 2) % 180  # stripes have no sign
    per_pixel = [k * found.pixel_size_um for k in (ky, kx)]
    return [
        f"  # angle {number}: direction {degrees:.2f} degrees from x towards +y (down), lines of"
        f" {1000 / (orders * length):.1f} nm, (ky, kx) = ({per_pixel[0]:.5f}, {per_pixel[1]:.5f}) cycles per pixel",
        f"  - k0_per_um: {_numbers(angle.k0_per_um)}  # (ky, kx) of the first order, cycles/um",
        f"    k0_spread_per_um: {_number(angle.k0_spread_per_um)}",
        f"    phases_rad: {_numbers(angle.phases_rad)}  # of each frame, first order, at the centre of pixel (0, 0)",
        f"    step_spread_rad: {_number(angle.step_spread_rad)}",
        f"    modulation_depths: {_numbers(angle.modulation_depths)}  # contrast of each order",
        f"    modulation_spreads: {_numbers(angle.modulation_spreads)}",
        f"    intensities: {_numbers(angle.intensities)}  # brightness of each frame, mean 1",
        f"    intensity_spread: {_number(angle.intensity_spread)}  # relative",
    ]


def _number(value: float) -> str:
    """Six digits, as YAML reads a number: it takes 1e-05 for text."""
    text = f"{value:.6g}"
    return f"{float(text):.12f}".rstrip("0") if "e-" in text else str(float(text))


def _numbers(values) -> str:
    return f"[{', '.join(map(_number, values))}]"


def _quoted(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
