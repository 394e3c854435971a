"""An angle measured in its frames, where its stripes were found: vector, phase steps, phases and contrasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from srredsim.optics import bands as optics_bands
from srredsim.optics.transfer import Transfer
from srredsim.stripes.bands import Bands, separated_waves
from srredsim.stripes.damping import damping_of
from srredsim.stripes.exchanged import exchanged
from srredsim.stripes.overlap import Overlap
from srredsim.stripes.parameters import Angle, Damping, Order, Parameters
from srredsim.stripes.phase_steps import (
    Errors,
    leak,
    mixtures,
    step_errors,
    steps_and_uncertainty,
    usual_errors,
    waves_of,
)
from srredsim.stripes.search import SAME_LENGTH, Peak, overlaps, refined
from srredsim.threads import in_threads

STEPS_MEASURED_RAD = 0.1  # phases are called measured when they are less uncertain
DETECTED = 2.0  # z of a single order that noise reaches in 2 of 100 cases
CERTAIN, PROOF = 5.0, 1e-6  # z of an order in the search beyond doubt; probability that a first one is chance
FOUND, CHANCE = 3.0, 2.3  # z of an order in the search: surely there in some angle, and in none more than by chance
LEAKED = 0.12  # contrast of an order over that of the first, more than what leaks between bands makes


def measured(
    frames: np.ndarray,
    found: list[tuple[Peak, str]],
    steps_rad: np.ndarray,
    orders: int,
    transfer: Transfer,
    bands: list[Bands] | None = None,
) -> tuple[list[Angle], dict[int, Bands]]:
    """What frames tell of angles whose stripes were found, and the bands of these by their number.

    Of those that failed: where they were looked for.

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
    groups = [group for group in range(len(bands)) if _seen_in(group, at_once, found)]

    def roughly(group: int) -> tuple[dict[int, tuple[float, float]], Errors, str]:
        each = bands[group]
        if each.orders != at_once * orders:
            each = separated_waves(frames[group], waves_rad, transfer)
        vectors = {
            number: refined(each.of_angle(number % at_once, at_once), angles[number].k0_per_um)
            for number in _seen_in(group, at_once, found)
        }
        every = [vectors.get(number) for number in range(group * at_once, (group + 1) * at_once)]
        mixed = mixtures(each, every)
        words = exchanged(mixed, steps_rad[0]) if at_once == 1 else ""
        return vectors, step_errors(mixed, leak(each), steps_rad), words

    rough = dict(zip(groups, in_threads(roughly, groups), strict=True))
    for each in bands:
        each.forget()
    usual = usual_errors([errors for _, errors, _ in rough.values()])

    def finely(group: int) -> dict[int, tuple[Angle, Bands]]:
        vectors, errors, words = rough[group]
        fitted, uncertainty = steps_and_uncertainty(errors, steps_rad, usual)
        waves = waves_of(fitted, orders)
        each, result = separated_waves(frames[group], waves, transfer), {}
        for number, k0 in vectors.items():
            place = number % at_once
            own = each.of_angle(place, at_once)
            angle = replace(
                angles[number],
                k0_per_um=refined(own, k0, rounds=1),
                steps_rad=tuple(fitted[place].tolist()),
                steps_status="measured" if uncertainty[place] <= STEPS_MEASURED_RAD else "assumed",
                condition_number=optics_bands.condition_of_waves(waves),
                exchanged=words,
            )
            result[number] = _seen(angle, own, searched=True), own
        return result

    fine = {number: both for each in in_threads(finely, groups) for number, both in each.items()}
    own = {number: each for number, (_, each) in fine.items()}
    for number, (angle, _) in fine.items():
        angles[number] = angle
    for number in _odd(angles):
        angles[number] = _unmeasured(found[number][0], "failed", steps_rad[number % at_once], orders)
        del own[number]
    return angles, own


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
    angles: Sequence[Angle],
    frames: np.ndarray,
    transfer: Transfer,
    damping: Damping | None = None,
    bands: dict[int, Bands] | None = None,
) -> Parameters:
    """Phases and contrasts of all angles as the one lens shows them; how it is damped, all angles say together.

    Parameters
    ----------
    angles : sequence of Angle
        With their phases, as `measured`; where there are more of them than groups of frames, they light these at once.
    frames : (groups, phases, y, x) ndarray
    damping : Damping, optional
        Of the lens, where it is known. A transfer function with a measured curve has none.
    bands : dict of Bands, optional
        The angles that have not failed, by their number, as they were separated with these phases already.
    """
    parameters = Parameters(tuple(angles), at_once=len(angles) // len(frames))
    bands = bands or all_bands(parameters, frames, transfer)
    if transfer.curve is not None:
        damping = None
    elif damping is None or damping.chosen == "given":
        shown = damping_of(list(bands.values()), [angles[number] for number in bands])
        damping = replace(damping, measured=shown.measured, uncertainty=shown.uncertainty) if damping else shown
    parameters = replace(parameters, damping=damping)
    return _with_contrasts(parameters, bands, parameters.lens(transfer), searched=True)


def remeasured(
    parameters: Parameters, frames: np.ndarray, transfer: Transfer, bands: dict[int, Bands] | None = None
) -> Parameters:
    """The same stripes and lens, with phases and contrasts as they are in other frames (groups, phases, y, x).

    ``bands`` are those of `all_bands`, if they are there already.
    """
    lens = parameters.lens(transfer)
    return _with_contrasts(parameters, bands or all_bands(parameters, frames, lens), lens)


def bands_of(parameters: Parameters, frames: np.ndarray, transfer: Transfer) -> Iterator[tuple[int, Bands]]:
    """Numbers of the angles that have not failed, and the bands of each, one group of frames after the other."""
    for number in range(len(frames)):
        yield from _bands_of_group(parameters, frames, transfer, number).items()


def all_bands(parameters: Parameters, frames: np.ndarray, transfer: Transfer) -> dict[int, Bands]:
    """The same of all at once."""
    each = in_threads(lambda number: _bands_of_group(parameters, frames, transfer, number), range(len(frames)))
    return {number: bands for group in each for number, bands in group.items()}


def _bands_of_group(parameters: Parameters, frames: np.ndarray, transfer: Transfer, number: int) -> dict[int, Bands]:
    group, at_once = parameters.groups[number], parameters.at_once
    if not group.lit:
        return {}
    every = separated_waves(frames[number], group.waves_rad, transfer)
    return {
        number * at_once + place: every.of_angle(place, at_once)
        for place, angle in enumerate(group.angles)
        if angle.status != "failed"
    }


def _with_contrasts(
    parameters: Parameters, bands: dict[int, Bands], lens: Transfer, searched: bool = False
) -> Parameters:
    angles = list(parameters.angles)
    seen = in_threads(lambda number: _seen(angles[number], bands[number].through(lens), searched), bands)
    for number, angle in zip(bands, seen, strict=True):
        angles[number] = angle
    return _without_chance(replace(parameters, angles=tuple(angles)))


def _without_chance(parameters: Parameters) -> Parameters:
    """The parameters without an order of which no angle has shown more than chance shows, though it has the first.

    Two beams make no second order, however many phases there are. What leaks between bands has a small contrast there,
    and would be given an image as fine as that order.
    """
    first = max((angle.orders[0].z for angle in parameters.angles), default=0.0)

    def by_chance(order: int) -> bool:
        each = [(angle.orders[0].modulation_depth, angle.orders[order]) for angle in parameters.angles]
        faint = all(one.status == "failed" or one.modulation_depth < LEAKED * depth for depth, one in each)
        return faint and first > FOUND and max(one.z for _, one in each) < CHANCE

    chance = [order for order in range(1, parameters.orders) if by_chance(order)]
    if not chance:
        return parameters

    def without(angle: Angle) -> Angle:
        orders = (replace(one, status="failed") if n in chance else one for n, one in enumerate(angle.orders))
        return replace(angle, orders=tuple(orders))

    return replace(parameters, angles=tuple(map(without, parameters.angles)))


def _seen(angle: Angle, bands: Bands, searched: bool = False) -> Angle:
    """The angle with the phases and contrasts that its bands show; ``searched``: those that it was found in."""
    each = overlaps(bands, angle.k0_per_um)
    return replace(angle, orders=tuple(_order(angle, found, searched) for found in each))


def _order(angle: Angle, found: Overlap, searched: bool) -> Order:
    amplitude, error = found.contrast()
    if searched and _proven(angle, found.order):
        error = min(error, abs(amplitude) / (DETECTED * np.sqrt(2)))
    seen = abs(amplitude) >= DETECTED * np.sqrt(2) * error
    return Order(
        found.order,
        _times(found.order, angle.k0_per_um),
        float(np.angle(amplitude)) % (2 * np.pi),
        2 * abs(amplitude),
        2 * np.sqrt(2) * error,
        angle.orders[found.order - 1].z,
        "measured" if seen else "failed",
    )


def _proven(angle: Angle, order: int) -> bool:
    """Whether the search has left no doubt of an order. The error of its contrast counts what an object repeats, too:
    of compact ones it is many times too large."""
    return angle.orders[order - 1].z > CERTAIN or (order == 1 and angle.false_alarm < PROOF)


def _times(order: int, k0_per_um) -> tuple[float, float]:
    ky, kx = (float(order * k) for k in k0_per_um)
    return ky, kx
