"""An angle measured in its frames, where its stripes were found: vector, phase steps, phases and contrasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from srredsim.optics import bands as optics_bands
from srredsim.optics.transfer import Transfer
from srredsim.stripes.bands import Bands, separated_waves
from srredsim.stripes.damping import damping_of
from srredsim.stripes.overlap import Overlap
from srredsim.stripes.parameters import Angle, Damping, Order, Parameters
from srredsim.stripes.phase_steps import (
    leak,
    mixtures,
    step_errors,
    steps_and_uncertainty,
    usual_errors,
    waves_of,
)
from srredsim.stripes.search import SAME_LENGTH, Peak, overlaps, refined

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
    """What frames tell of angles whose stripes were found; of those that failed, where they were looked for.

    How uneven steps are is the same in all angles of a microscope: they say it together. Contrasts are those that the
    lens shows which was assumed: `through_one_lens` measures it.

    Parameters
    ----------
    frames : (groups, phases, y, x) ndarray
        Background off, equally bright; a group of frames is lit by one angle, or by several at once.
    found : list of (Peak, str)
        Where the stripes of each angle are, and its status: measured, inferred or failed.
    steps_rad : (phases,) or (angles at once, phases) ndarray
        Phases of the frames as they should be, up to a common one.
    orders : int
        Orders of the stripes: 1, or 2 of three beams.
    bands : list of Bands, optional
        The groups as they were separated with these steps already.
    """
    steps_rad = np.atleast_2d(steps_rad)
    at_once = len(steps_rad)
    waves_rad = waves_of(steps_rad, orders)
    bands = bands or [separated_waves(each, waves_rad, transfer) for each in frames]
    angles = [
        _unmeasured(peak, status, steps_rad[number % at_once], orders) for number, (peak, status) in enumerate(found)
    ]
    errors = {}
    for group, each in enumerate(bands):
        seen = _seen_in(group, at_once, found)
        if seen and each.orders != at_once * orders:
            each = separated_waves(frames[group], waves_rad, transfer)
        for number in seen:
            k0 = refined(each.of_angle(number % at_once, at_once), angles[number].k0_per_um)
            angles[number] = replace(angles[number], k0_per_um=k0)
        if seen:
            every = range(group * at_once, (group + 1) * at_once)
            vectors = [angles[number].k0_per_um if number in seen else None for number in every]
            errors[group] = step_errors(mixtures(each, vectors), leak(each), steps_rad)
    usual = usual_errors(list(errors.values()))
    for group, error in errors.items():
        fitted, uncertainty = steps_and_uncertainty(error, steps_rad, usual)
        condition = optics_bands.condition_of_waves(waves_of(fitted, orders))
        each = separated_waves(frames[group], waves_of(fitted, orders), transfer)
        for number in _seen_in(group, at_once, found):
            place = number % at_once
            own = each.of_angle(place, at_once)
            angle = replace(
                angles[number],
                k0_per_um=refined(own, angles[number].k0_per_um, rounds=1),
                steps_rad=tuple(fitted[place].tolist()),
                steps_status="measured" if uncertainty[place] <= STEPS_MEASURED_RAD else "assumed",
                condition_number=condition,
            )
            angles[number] = _seen(angle, own)
    for number in _odd(angles):
        angles[number] = _unmeasured(found[number][0], "failed", steps_rad[number % at_once], orders)
    return angles


def _seen_in(group: int, at_once: int, found: list[tuple[Peak, str]]) -> list[int]:
    """Numbers of the angles of a group of frames that have not failed."""
    return [number for number in range(group * at_once, (group + 1) * at_once) if found[number][1] != "failed"]


def _odd(angles: list[Angle]) -> list[int]:
    """Numbers of the angles that were seen with another |k| than most, or, of two, than the surer one."""
    seen = [number for number, angle in enumerate(angles) if angle.status != "failed"]
    if len(seen) < 2:
        return []
    lengths = {number: float(np.hypot(*angles[number].k0_per_um)) for number in seen}
    usual = float(np.median(list(lengths.values())))
    if len(seen) == 2:
        usual = lengths[min(seen, key=lambda number: angles[number].false_alarm)]
    return [number for number in seen if abs(lengths[number] / usual - 1) > SAME_LENGTH]


def _unmeasured(peak: Peak, status: str, steps_rad: np.ndarray, orders: int) -> Angle:
    """Where stripes were looked for, and whether they were found."""
    seen = tuple(
        Order(n, _times(n, peak.k0_per_um), 0.0, 0.0, 0.0, z, "failed" if status == "failed" else "measured")
        for n, z in enumerate(peak.z[:orders], start=1)
    )
    return Angle(status, peak.k0_per_um, tuple(steps_rad.tolist()), "assumed", peak.false_alarm, 1.0, seen)


def through_one_lens(
    angles: Sequence[Angle], frames: np.ndarray, transfer: Transfer, damping: Damping | None = None
) -> Parameters:
    """Phases and contrasts of all angles as the one lens shows them; how it is damped, all angles say together.

    Parameters
    ----------
    angles : sequence of Angle
        With their phases, as `measured`; where there are more of them than groups of frames, they light these at once.
    frames : (groups, phases, y, x) ndarray
    damping : Damping, optional
        Of the lens, where it is known. A transfer function with a measured curve has none.
    """
    parameters = Parameters(tuple(angles), at_once=len(angles) // len(frames))
    bands = dict(bands_of(parameters, frames, transfer))
    if transfer.curve is not None:
        damping = None
    elif damping is None:
        damping = damping_of(list(bands.values()), [angles[number] for number in bands])
    parameters = replace(parameters, damping=damping)
    return _with_contrasts(parameters, bands, parameters.lens(transfer))


def remeasured(parameters: Parameters, frames: np.ndarray, transfer: Transfer) -> Parameters:
    """The same stripes and lens, with phases and contrasts as they are in other frames (groups, phases, y, x)."""
    lens = parameters.lens(transfer)
    return _with_contrasts(parameters, dict(bands_of(parameters, frames, lens)), lens)


def bands_of(parameters: Parameters, frames: np.ndarray, transfer: Transfer) -> Iterator[tuple[int, Bands]]:
    """Numbers of the angles that have not failed, and the bands of each."""
    for number, (group, of_group) in enumerate(zip(parameters.groups, frames, strict=True)):
        if not group.lit:
            continue
        every = separated_waves(of_group, group.waves_rad, transfer)
        for place, angle in enumerate(group.angles):
            if angle.status != "failed":
                yield number * parameters.at_once + place, every.of_angle(place, parameters.at_once)


def _with_contrasts(parameters: Parameters, bands: dict[int, Bands], lens: Transfer) -> Parameters:
    angles = list(parameters.angles)
    for number, each in bands.items():
        angles[number] = _seen(angles[number], replace(each, transfer=lens))
    return replace(parameters, angles=tuple(angles))


def _seen(angle: Angle, bands: Bands) -> Angle:
    """The angle with the phases and contrasts that its bands show."""
    return replace(angle, orders=tuple(_order(angle, found) for found in overlaps(bands, angle.k0_per_um)))


def _order(angle: Angle, found: Overlap) -> Order:
    amplitude, error = found.contrast()
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
    ky, kx = (float(order * k) for k in k0_per_um)
    return ky, kx
