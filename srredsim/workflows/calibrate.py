"""From stacks of one's own microscope to a file that says what it is like: what `train --microscope` simulates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from srredsim import io
from srredsim.acquisition import RawStack
from srredsim.errors import InputError
from srredsim.inspection.calibration import (
    HEXAGONAL,
    KnownCamera,
    Seen,
    agreeing,
    calibration_of,
    common_lens,
    look_at,
    with_lens,
)
from srredsim.quality.report import direction_of
from srredsim.simulation.calibration import FIXED, Calibration
from srredsim.simulation.calibration_file import as_text
from srredsim.stripes.parameters import Damping

READ_NOISE = "read noise is assumed: frames tell it only together with the offset; give `offset_adu` or `read_noise_e`"
FEW = 3  # stacks, below which spreads are a guess


@dataclass(frozen=True)
class Calibrated:
    """A microscope; why stacks were left out, by their names; and what is to be said."""

    microscope: Calibration
    left_out: dict[str, str]
    notes: tuple[str, ...]


def calibrate(
    stacks: Sequence[tuple[str, Callable[[], RawStack]]],
    *,
    channel: int | None = None,
    camera: KnownCamera = KnownCamera(),  # noqa: B008  frozen
    progress: Callable[[int, int], None] | None = None,
) -> Calibrated:
    """The microscope that stacks were recorded with.

    Parameters
    ----------
    stacks : sequence of (name, function)
        Each function opens its stack; it is called twice.
    channel : int, optional
        Of each stack, counted from 1; to be left out where there is one.
    camera : KnownCamera
        What is known of it.
    progress : callable, optional
        Called as ``progress(done, total)``.

    Raises
    ------
    InputError
        If none can be used, as those of hexagonal patterns, or if they are not of one microscope.
    """
    if not stacks:
        raise InputError("there are no stacks to calibrate with; give some that were recorded in plenty of light")
    left_out: dict[str, str] = {}
    found: list[tuple[Seen, Callable[[], RawStack]]] = []
    total = 2 * len(stacks)
    for number, (name, opened) in enumerate(stacks, start=1):
        try:
            found.append((_looked_at(name, opened(), channel, camera), opened))
        except InputError as problem:
            left_out[name] = str(problem)
        if progress:
            progress(number, total)
    if not found:
        name, reason = next(iter(left_out.items()))
        several = len(stacks) > 1
        none = f"none of {len(stacks)} stacks shows what the microscope is like; " if several else ""
        raise InputError(f"{none}{name}: {reason}")
    kept, others = agreeing([seen for seen, _ in found])
    opens = {seen.name: opened for seen, opened in found}
    lens, spread = common_lens(kept)
    measured = []
    for number, seen in enumerate(kept, start=1):
        measured.append(with_lens(seen, opens[seen.name](), (channel or 1) - 1, lens))
        if progress:
            progress(total - len(kept) + number, total)
    microscope = calibration_of(measured, lens, spread)
    return Calibrated(microscope, left_out | others, tuple(_notes(measured, lens)))


def calibrate_files(
    paths: Sequence[Path],
    out: str | Path,
    *,
    reading: io.Reading | None = None,
    channel: int | None = None,
    camera: KnownCamera = KnownCamera(),  # noqa: B008
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict:
    """Calibrate with files, and write what came of it to ``out``.

    Returns
    -------
    dict
        Ready for JSON: ``path``; ``microscope``, what is in the file; ``used``, names of stacks; ``left_out``, why
        others were not used; ``notes``.

    Raises
    ------
    InputError
        As `calibrate`; or if ``out`` exists, before anything is read. Nothing is written then.
    """
    out, reading = Path(out), reading or io.Reading()
    if out.suffix not in (".yaml", ".yml"):
        raise InputError(f"`out` {out} is the file of the microscope, whose name ends on .yaml; got another")
    io.refuse_existing(out, overwrite)
    if reading.pattern == "hexagonal":
        raise InputError(HEXAGONAL)
    told = asdict(reading)
    each = [(path, scene) for path in map(Path, paths) for scene in io.scene_numbers(path, reading.scene)]
    stacks = [
        (str(path) if scene is None else f"{path}, scene {scene}", partial(io.read, path, **told | {"scene": scene}))
        for path, scene in each
    ]
    found = calibrate(stacks, channel=channel, camera=camera, progress=progress)
    names = tuple(Path(name).name for name in found.microscope.stacks)
    with io.atomic(out, overwrite) as temporary:
        temporary.write_text(as_text(replace(found.microscope, stacks=names)), encoding="utf-8")
    return {
        "path": str(out),
        "microscope": found.microscope.as_dict(),
        "used": list(found.microscope.stacks),
        "left_out": found.left_out,
        "notes": list(found.notes),
    }


def lines(microscope: Calibration) -> list[str]:
    """The microscope in words, a line each."""
    angles, phases = microscope.pattern
    number = len(microscope.stacks)
    rows = [f"{angles} angles x {phases} phases, {microscope.beams} beams, {number} stack{'s' * (number > 1)}"]
    for number, angle in enumerate(microscope.angles, start=1):
        ky, kx = angle.k0_per_um
        spacing_nm = 1000 / ((microscope.beams - 1) * np.hypot(ky, kx))
        depths = zip(angle.modulation_depths, angle.modulation_spreads, strict=True)
        contrasts = ", ".join(f"m{order} {depth:.2f} ± {by:.2f}" for order, (depth, by) in enumerate(depths, start=1))
        direction = direction_of(np.rad2deg(np.arctan2(ky, kx)))
        rows.append(f"angle {number}: {direction}, lines of {spacing_nm:.1f} nm, {contrasts}")
    fixed = microscope.global_phases == FIXED
    rows.append("global phases: " + ("the same in every stack" if fixed else "other ones in every stack"))
    damping = f"{microscope.otf_damping:.2f} ± {microscope.otf_damping_spread:.2f}"
    if microscope.spherical_waves:
        damping += f", spherical aberration of {microscope.spherical_waves:.2f} waves (root mean square)"
    camera = microscope.camera
    rows.append(
        f"damping of the OTF {damping}; camera: {camera.gain_adu:.3g} ADU per electron, offset {camera.offset_adu:.4g},"
        f" read noise {camera.read_noise_e:.2g} electrons; up to {microscope.photons[1]:.0f} photons"
    )
    return rows


def _looked_at(name: str, stack: RawStack, channel: int | None, camera: KnownCamera) -> Seen:
    if stack.sizes["C"] > 1 and channel is None:
        raise InputError(f"it has {stack.sizes['C']} channels, and a microscope is that of one colour: give `channel`")
    return look_at(name, stack, (channel or 1) - 1, camera)


def _notes(stacks: Sequence[Seen], lens: Damping) -> list[str]:
    notes = [f"{seen.name}: {note}" for seen in stacks for note in seen.notes]
    if len(stacks) < FEW:
        notes.append(
            f"warning: {len(stacks)} stack{'s' * (len(stacks) > 1)}: how much the microscope varies, and whether its"
            f" phases drift, takes {FEW} or more; spreads in the file are usual ones or uncertain"
        )
    if lens.chosen == "assumed":
        notes.append("warning: no stack shows how the lens is damped; the usual damping is assumed")
    if "read_noise_e" in stacks[0].counting.assumed:
        notes.append(READ_NOISE)
    return notes
