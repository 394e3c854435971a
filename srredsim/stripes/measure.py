"""An angle measured in its frames, where its stripes were found: vector, phase steps, phases and contrasts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from srredsim.optics import bands as optics_bands
from srredsim.optics.transfer import Transfer
from srredsim.stripes.bands import Bands, separated
from srredsim.stripes.overlap import Overlap, damping_of
from srredsim.stripes.parameters import Angle, Order, Parameters
from srredsim.stripes.phase_steps import leak, mixtures, step_errors, steps_and_uncertainty, usual_errors
from srredsim.stripes.search import Peak, overlaps, refined

STEPS_MEASURED_RAD = 0.1  # phases are called measured when they are less uncertain
DETECTED = 2.0  # z of a single order that noise reaches in 2 of 100 cases


def measured(
    frames: np.ndarray,
    found: list[tuple[Peak, str]],
    steps_rad: np.ndarray,
    orders: int,
    transfer: Transfer,
    bands: list[Bands] | None = None,
) -> list[Angle]:
    """All that frames tell of angles whose stripes were found; of those that failed, where they were looked for.

    How uneven steps are, and how the OTF is damped, is the same in all angles of a microscope: they say it together.

    Parameters
    ----------
    frames : (angles, phases, y, x) ndarray
        Background off, equally bright.
    found : list of (Peak, str)
        Where the stripes of each angle are, and its status: measured, inferred or failed.
    steps_rad : (phases,) ndarray
        Phases of the frames as they should be, up to a common one.
    orders : int
        Orders of the stripes: 1, or 2 of three beams.
    bands : list of Bands, optional
        The angles as they were separated with these steps already.
    """
    bands = bands or [separated(each, steps_rad, orders, transfer) for each in frames]
    seen = [number for number, (_, status) in enumerate(found) if status != "failed"]
    errors = {}
    angles = [_unmeasured(peak, status, steps_rad, orders) for peak, status in found]
    for number in seen:
        each = bands[number]
        if each.orders != orders:
            each = separated(frames[number], steps_rad, orders, transfer)
        angles[number] = replace(angles[number], k0_per_um=refined(each, angles[number].k0_per_um))
        errors[number] = step_errors(mixtures(each, angles[number].k0_per_um), leak(each), steps_rad)
    usual = usual_errors(list(errors.values()))
    compared = []
    for number in seen:
        fitted, uncertainty = steps_and_uncertainty(errors[number], steps_rad, usual)
        each = separated(frames[number], fitted, orders, transfer)
        angles[number] = replace(
            angles[number],
            k0_per_um=refined(each, angles[number].k0_per_um, rounds=1),
            steps_rad=tuple(fitted.tolist()),
            steps_status="measured" if uncertainty <= STEPS_MEASURED_RAD else "assumed",
            condition_number=optics_bands.condition_number(fitted, orders),
        )
        compared.append(overlaps(each, angles[number].k0_per_um))
    return _with_contrasts(angles, seen, compared)


def _unmeasured(peak: Peak, status: str, steps_rad: np.ndarray, orders: int) -> Angle:
    """Where stripes were looked for, and whether they were found."""
    seen = tuple(
        Order(n, _times(n, peak.k0_per_um), 0.0, 0.0, 0.0, z, "failed" if status == "failed" else "measured")
        for n, z in enumerate(peak.z[:orders], start=1)
    )
    return Angle(status, peak.k0_per_um, tuple(steps_rad.tolist()), "assumed", peak.false_alarm, 1.0, seen)


def remeasured(parameters: Parameters, frames: np.ndarray, transfer: Transfer) -> Parameters:
    """The same stripes, with phases and contrasts as they are in other frames (angles, phases, y, x)."""
    angles = list(parameters.angles)
    seen = [number for number, angle in enumerate(angles) if angle.status != "failed"]
    compared = [
        overlaps(separated(frames[n], angles[n].steps_rad, len(angles[n].orders), transfer), angles[n].k0_per_um)
        for n in seen
    ]
    return Parameters(tuple(_with_contrasts(angles, seen, compared)))


def _with_contrasts(angles: list[Angle], seen: list[int], compared: list[list[Overlap]]) -> list[Angle]:
    log_damping = damping_of([item for items in compared for item in items]) if seen else 0.0
    for number, items in zip(seen, compared, strict=True):
        orders = tuple(_order(angles[number], item, log_damping) for item in items)
        angles[number] = replace(angles[number], orders=orders)
    return angles


def _order(angle: Angle, found: Overlap, log_damping: float) -> Order:
    amplitude, error = found.contrast(log_damping)
    seen = abs(amplitude) > DETECTED * np.sqrt(2) * error
    return Order(
        found.order,
        _times(found.order, angle.k0_per_um),
        float(np.angle(amplitude)) % (2 * np.pi),
        2 * abs(amplitude),
        2 * np.sqrt(2) * error,
        angle.orders[found.order - 1].z,
        "measured" if seen else "failed",
    )


def _times(order: int, k0_per_um) -> tuple[float, float]:
    return tuple(float(order * k) for k in k0_per_um)
