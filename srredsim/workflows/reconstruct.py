"""Classical reconstruction of a whole file: ``<stem>_wiener.tif``, and in ``<stem>_wiener.json`` what it rests on."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from srredsim import io
from srredsim.acquisition import Optics, RawStack
from srredsim.errors import InputError
from srredsim.noise.photons import counting_of
from srredsim.optics.illumination import check_phases
from srredsim.optics.measured_otf import read_curve
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer, transfer_of
from srredsim.quality import assess as quality
from srredsim.quality import report
from srredsim.quality.frc import HALVES, resolution_um
from srredsim.quality.split_frc import split_frc
from srredsim.reconstruction.planes import Plane, planes
from srredsim.reconstruction.richardson_lucy import ITERATIONS
from srredsim.stripes import saved
from srredsim.stripes.given import Known


def reconstruct_file(
    path: str | Path,
    *,
    na: float | None = None,
    wavelength_em_um: float | None = None,
    pixel_size_um: float | None = None,
    wiener: float | None = None,
    attenuation: float = 0.0,
    method: str = "wiener",
    iterations: int | None = None,
    parameters: str | Path | None = None,
    k0_per_um: Sequence[tuple[float, float]] | None = None,
    steps_rad: Sequence[Sequence[float]] | None = None,
    otf: str | Path | None = None,
    otf_damping: float | None = None,
    split_photons: bool = False,
    out: str | Path | None = None,
    order: str | None = None,
    angles: int | None = None,
    phases: int | None = None,
    trailing_widefield: bool = False,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict:
    """Reconstruct every t, c and z of a file.

    The stripes of a channel are found once, in the mean over time of its sharpest slice; phases and contrasts are
    measured again at each time, on that slice.

    Parameters
    ----------
    na, wavelength_em_um, pixel_size_um : float, optional
        Left out: the file says.
    wiener : float, optional
        Left out: chosen from the noise.
    attenuation : float
        As in `srredsim.reconstruction.wiener.reconstruct`.
    method : {"wiener", "richardson-lucy"}
        The name of the result ends on it.
    iterations : int, optional
        Updates of Richardson-Lucy.
    parameters : path, optional
        The JSON file of another stack, whose stripes, and optics where this file does not say them, are used.
    k0_per_um, steps_rad : optional
        What is known of the stripes, as in `srredsim.stripes.given.Known`; one row of steps is that of every
        angle.
    otf : path, optional
        A measured radial OTF, see `srredsim.optics.measured_otf`.
    otf_damping : float, optional
        Left out: measured where that serves the image.
    split_photons : bool
        Also tell the resolution: Fourier ring correlation of two images from half the photons each.
    out : path, optional
        Folder; beside the input when left out.
    order, angles, phases, trailing_widefield :
        How to read the file, as in `srredsim.io.read`.

    Returns
    -------
    dict
        What is in the JSON file, and its paths, ready for JSON.

    Raises
    ------
    InputError
        Before anything is computed, if the file or its optics cannot be used or a result exists already.
    """
    started = time.perf_counter()
    path = Path(path)
    stack = io.read(
        path,
        order=order,
        angles=angles,
        phases=phases,
        trailing_widefield=trailing_widefield,
        pixel_size_um=pixel_size_um,
    )
    check_phases(stack.pattern.phases)
    if method == "wiener" and iterations is not None:
        raise InputError("--iterations is for --method richardson-lucy")
    iterations = 0 if method == "wiener" else iterations or ITERATIONS
    before = saved.load(parameters) if parameters else None
    given = {"na": na, "wavelength_em_um": wavelength_em_um}
    optics = replace(stack.optics, **{name: value for name, value in given.items() if value is not None})
    optics = before.fill(optics) if before else optics
    transfer, notes = _transfer(optics, otf)
    known = _known(stack, before, k0_per_um, steps_rad, otf, otf_damping)
    known.check(stack.pattern, transfer)
    sizes = stack.sizes
    shape = (sizes["T"], sizes["C"], sizes["Z"], SCALE * sizes["Y"], SCALE * sizes["X"])
    result = Path(out or path.parent) / f"{path.stem}_{method.replace('-', '_')}.tif"
    report_path = result.with_suffix(".json")
    calibration = {
        "pixel_size_um": optics.pixel_size_um / SCALE,
        "z_step_um": optics.z_step_um,
        "frame_interval_s": optics.frame_interval_s,
        "channel_names": stack.channel_names,
    }
    with (
        io.atomic(report_path, overwrite) as unfinished_report,
        io.ImageWriter(result, shape, overwrite=overwrite, **calibration) as writer,
    ):
        how = {"known": known, "attenuation": attenuation, "iterations": iterations, "measure_damping": True}
        images = planes(stack, transfer, wiener, **how)
        plain = not (iterations or attenuation)
        channels = []
        for done, plane in enumerate(images, start=1):
            writer[plane.position] = plane.image
            if plane.position[2] == plane.sharpest:
                if plane.position[0] == 0:
                    found = quality.of_plane(plane, plain) | (_split(stack, plane) if split_photons else {})
                    channels.append(report.of_channel(plane, otf and str(otf)) | {"quality": found})
                channels[-1]["times"].append(report.of_time(plane))
            if progress:
                progress(done, math.prod(shape[:3]))
        facts = {
            "input": str(path),
            "pattern": f"{sizes['A']} angles x {sizes['P']} phases",
            "optics": {name: getattr(optics, name) for name in ("na", "wavelength_em_um", "pixel_size_um")},
            "cutoff_per_um": transfer.cutoff_per_um,
            "parameters": None if before is None else str(before.path),
            "method": method,
            "attenuation": attenuation,
            "iterations": iterations,
            "verdict": report.overall(channels),
            "channels": channels,
            "notes": [*stack.notes, *notes],
        }
        unfinished_report.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return facts | {
        "paths": [str(result), str(report_path)],
        "shape_tczyx": list(shape),
        "seconds": round(time.perf_counter() - started, 3),
    }


def _split(stack: RawStack, plane: Plane) -> dict:
    """The resolution that two halves of the photons agree on."""
    raw = stack.raw(*plane.position)
    halves = split_frc(
        raw, plane.parameters, plane.transfer, counting_of(raw, plane.transfer), np.random.default_rng(0)
    )
    return {"frc_um": resolution_um(*halves, HALVES)}


def _transfer(optics: Optics, otf: str | Path | None) -> tuple[Transfer, list[str]]:
    """Of the optics, with a measured curve where there is one, and what is to be said about that."""
    transfer = transfer_of(optics)
    if not otf:
        return transfer, []
    curve, notes = read_curve(otf, transfer.cutoff_per_um)
    return replace(transfer, curve=tuple(map(tuple, curve.tolist()))), notes


def _known(stack: RawStack, before: saved.Saved | None, k0_per_um, steps_rad, otf, otf_damping) -> Known:
    """What was said of stripes and lens, for every angle and channel of this stack."""
    channels, angles = stack.sizes["C"], stack.pattern.angles
    if before and (k0_per_um or steps_rad):
        raise InputError("--parameters says all of the stripes: leave out --k and --phase-steps")
    parameters = before.for_stack(stack.pattern, channels) if before else None
    if steps_rad and len(steps_rad) == 1:
        steps_rad = tuple(steps_rad) * angles
    dampings = None
    if otf_damping is not None:
        dampings = (otf_damping,) * channels
    elif before and not otf:
        dampings = before.dampings_for(channels)
    return Known(parameters, k0_per_um, steps_rad, dampings)
