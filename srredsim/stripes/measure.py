"""An angle measured in its frames, where its stripes were found: vector, phase steps, phases and contrasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from srredsim.optics import bands as optics_bands
from srredsim.optics.transfer import Transfer
from srredsim.stripes.bands import Bands, separated
from srredsim.stripes.damping import damping_of
from srredsim.stripes.overlap import Overlap
from srredsim.stripes.parameters import Angle, Damping, Order, Parameters
from srredsim.stripes.phase_steps import Errors, leak, mixtures, step_errors, steps_and_uncertainty, usual_errors
from srredsim.stripes.search import SAME_LENGTH, Peak, overlaps, refined
from srredsim.threads import in_threads

STEPS_MEASURED_RAD = 0.1  # phases are called measured when they are less uncertain
DETECTED = 2.0  # z of a single order that noise reaches in 2 of 100 cases


def measured(
    frames: np.ndarray,
    found: list[tuple[Peak, str]],
    steps_rad: np.ndarray,
    orders: int,
    transfer: Transfer,
    bands: list[Bands] | None = None,
) -> tuple[list[Angle], dict[int, Bands]]:
    """What frames tell of angles whose stripes were found, and their bands by their number.

    Of those that failed: where they were looked for.

    How uneven steps are is the same in all angles of a microscope: they say it together. Contrasts are those that the
    lens shows which was assumed: `through_one_lens` measures it.

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
    angles = [_unmeasured(peak, status, steps_rad, orders) for peak, status in found]

    def roughly(number: int) -> tuple[tuple[float, float], Errors]:
        each = bands[number]
        if each.orders != orders:
            each = separated(frames[number], steps_rad, orders, transfer)
        k0 = refined(each, angles[number].k0_per_um)
        return k0, step_errors(mixtures(each, k0), leak(each), steps_rad)

    rough = dict(zip(seen, in_threads(roughly, seen), strict=True))
    usual = usual_errors([errors for _, errors in rough.values()])

    def finely(number: int) -> tuple[Angle, Bands]:
        k0, errors = rough[number]
        fitted, uncertainty = steps_and_uncertainty(errors, steps_rad, usual)
        each = separated(frames[number], fitted, orders, transfer)
        angle = replace(
            angles[number],
            k0_per_um=refined(each, k0, rounds=1),
            steps_rad=tuple(fitted.tolist()),
            steps_status="measured" if uncertainty <= STEPS_MEASURED_RAD else "assumed",
            condition_number=optics_bands.condition_number(fitted, orders),
        )
        return _seen(angle, each), each

    own = dict(zip(seen, in_threads(finely, seen), strict=True))
    for number, (angle, _) in own.items():
        angles[number] = angle
    for number in _odd(angles):
        angles[number] = _unmeasured(found[number][0], "failed", steps_rad, orders)
        del own[number]
    return angles, {number: each for number, (_, each) in own.items()}


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
        With their phases, as `measured`.
    frames : (angles, phases, y, x) ndarray
    damping : Damping, optional
        Of the lens, where it is known. A transfer function with a measured curve has none.
    bands : dict of Bands, optional
        The angles that have not failed, by their number, as they were separated with these phases already.
    """
    bands = bands or _bands(angles, frames, transfer)
    if transfer.curve is not None:
        damping = None
    elif damping is None:
        damping = damping_of(list(bands.values()), [angles[number] for number in bands])
    parameters = Parameters(tuple(angles), damping)
    return _with_contrasts(parameters, bands, parameters.lens(transfer))


def remeasured(parameters: Parameters, frames: np.ndarray, transfer: Transfer) -> Parameters:
    """The same stripes and lens, with phases and contrasts as they are in other frames (angles, phases, y, x)."""
    lens = parameters.lens(transfer)
    return _with_contrasts(parameters, _bands(parameters.angles, frames, lens), lens)


def _bands(angles: Sequence[Angle], frames: np.ndarray, transfer: Transfer) -> dict[int, Bands]:
    """Bands of the angles that have not failed, by their number."""
    there = [number for number, angle in enumerate(angles) if angle.status != "failed"]

    def each(number: int) -> Bands:
        return separated(frames[number], angles[number].steps_rad, len(angles[number].orders), transfer)

    return dict(zip(there, in_threads(each, there), strict=True))


def _with_contrasts(parameters: Parameters, bands: dict[int, Bands], lens: Transfer) -> Parameters:
    angles = list(parameters.angles)
    seen = in_threads(lambda number: _seen(angles[number], bands[number].through(lens)), bands)
    for number, angle in zip(bands, seen, strict=True):
        angles[number] = angle
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
