"""Classical reconstruction of a whole file: ``<stem>_wiener.tif``, and what it rests on in ``<stem>_wiener.json``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from srredsim import io
from srredsim.errors import InputError
from srredsim.optics.sampling import SCALE
from srredsim.reconstruction.parameters import Parameters
from srredsim.reconstruction.planes import Plane, planes
from srredsim.reconstruction.transfer import transfer_of


def reconstruct_file(
    path: str | Path,
    *,
    na: float | None = None,
    wavelength_em_um: float | None = None,
    pixel_size_um: float | None = None,
    wiener: float | None = None,
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
    given = {"na": na, "wavelength_em_um": wavelength_em_um}
    optics = replace(stack.optics, **{name: value for name, value in given.items() if value is not None})
    transfer = transfer_of(optics)
    if stack.pattern.phases < 3:
        raise InputError(f"a reconstruction needs at least 3 phases in each angle; got {stack.pattern.phases}")
    sizes = stack.sizes
    shape = (sizes["T"], sizes["C"], sizes["Z"], SCALE * sizes["Y"], SCALE * sizes["X"])
    result = Path(out or path.parent) / f"{path.stem}_wiener.tif"
    report = result.with_suffix(".json")
    calibration = {
        "pixel_size_um": optics.pixel_size_um / SCALE,
        "z_step_um": optics.z_step_um,
        "frame_interval_s": optics.frame_interval_s,
        "channel_names": stack.channel_names,
    }
    with (
        io.atomic(report, overwrite) as unfinished_report,
        io.ImageWriter(result, shape, overwrite=overwrite, **calibration) as writer,
    ):
        channels, total = [], shape[0] * shape[1] * shape[2]
        for done, plane in enumerate(planes(stack, transfer, wiener), start=1):
            writer[plane.position] = plane.image
            if plane.position[0] == 0 and plane.position[2] == plane.sharpest:
                channels.append(_channel(plane))
            if progress:
                progress(done, total)
        facts = {
            "input": str(path),
            "pattern": f"{sizes['A']} angles x {sizes['P']} phases",
            "optics": {name: getattr(optics, name) for name in ("na", "wavelength_em_um", "pixel_size_um")},
            "otf_damping": transfer.damping,
            "cutoff_per_um": transfer.cutoff_per_um,
            "channels": channels,
            "notes": list(stack.notes),
        }
        unfinished_report.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return facts | {
        "paths": [str(result), str(report)],
        "shape_tczyx": list(shape),
        "seconds": round(time.perf_counter() - started, 3),
    }


def _channel(plane: Plane) -> dict:
    """What the image of a channel rests on, at its first time and in its sharpest slice."""
    return {
        "channel": plane.position[1],
        "estimated_in_slice": plane.sharpest,
        "verdict": verdict(plane.parameters),
        "k_max_per_um": float(plane.parameters.k_max_per_um),
        "angles": plane.parameters.report(),
        "backgrounds": list(plane.prepared.backgrounds),
        "intensities": [list(row) for row in plane.prepared.intensities],
        "regularisation": asdict(plane.regularisation),
    }


def verdict(parameters: Parameters) -> str:
    """One sentence about how far the image can be trusted."""
    statuses = [angle.status for angle in parameters.angles]
    if parameters.failed:
        return "no stripes were found in any angle: this is the deconvolved widefield image, not super-resolved"
    words = []
    for status in ("inferred", "failed"):
        which = [str(number) for number, found in enumerate(statuses, start=1) if found == status]
        if which:
            meaning = {"inferred": "were inferred from the others", "failed": "were not found: no gain along them"}[
                status
            ]
            words.append(f"the stripes of angle {', '.join(which)} {meaning}")
    faint = [
        f"order {order.order} of angle {number}"
        for number, angle in enumerate(parameters.angles, start=1)
        for order in angle.orders
        if angle.status != "failed" and order.status == "failed"
    ]
    if faint:
        words.append(f"too faint to be used: {', '.join(faint)}")
    if len(statuses) == 1:
        words.append("one angle only: the resolution is better in one direction only")
    return "; ".join(words) or "the stripes of every angle were measured"


def lines(report: dict) -> list[str]:
    """The report for a terminal."""
    text = []
    several = len(report["channels"]) > 1
    for channel in report["channels"]:
        name = f"channel {channel['channel'] + 1}, " if several else ""
        for number, angle in enumerate(channel["angles"], start=1):
            orders = ", ".join(
                f"order {order['order']}: spacing {1000 * order['line_spacing_um']:.1f} nm,"
                f" contrast {order['modulation_depth']:.2f} +- {order['modulation_error']:.2f}, z {order['z']:.1f}"
                for order in angle["orders"]
            )
            chance = f"false alarm {angle['false_alarm_probability']:.0e}"
            text.append(
                f"{name}angle {number}: {angle['status']}, {angle['direction_degrees']:.2f} degrees, {orders}, {chance}"
            )
        regularisation = channel["regularisation"]
        text.append(f"{name}Wiener parameter {regularisation['wiener']:.3g} ({regularisation['chosen']})")
        text.append(f"{name}{channel['verdict']}")
    return text
