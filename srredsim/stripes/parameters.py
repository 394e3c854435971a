"""What lit the frames, found in the frames: wave vectors, phases and contrasts, each with how far it can be trusted."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from math import factorial

import numpy as np

from srredsim.errors import InputError
from srredsim.optics import bands as optics_bands
from srredsim.optics.transfer import Transfer
from srredsim.stripes.overlap import Bands, Overlap, damping_of, overlap
from srredsim.stripes.phase_steps import even_steps, leak, mixtures, step_errors, steps_and_uncertainty, usual_errors
from srredsim.stripes.preprocess import WIDE_FADE, Prepared, faded_spectrum
from srredsim.stripes.search import ANNULUS, Peak, Search, overlaps, refined

FALSE_ALARM = 5e-4  # the most that a measured angle may have
FALSE_ALARM_INFERRED = 0.02  # in the small area where the other angles say that it must be
FALSE_ALARM_ANCHOR = 0.3  # of a peak that the other angles are tried for, when no angle is sure
FALSE_ALARM_TOGETHER = 0.05  # of each angle, when only all of them together are sure
SAME_LENGTH = 0.03  # by which the angles of a microscope differ in |k| at most
SAME_DIRECTION_RAD = np.deg2rad(3.0)  # about even spacing
STEPS_MEASURED_RAD = 0.1  # phases are called measured when they are less uncertain
DETECTED = 2.0  # z of a single order that noise reaches in 2 of 100 cases


@dataclass(frozen=True)
class Order:
    """One order of the stripes of an angle."""

    order: int
    k_per_um: tuple[float, float]  # (ky, kx) of this order, y down
    phase_rad: float  # at the centre of raw pixel (0, 0), in a frame whose step is 0
    modulation_depth: float
    modulation_error: float  # standard deviation
    z: float
    status: str  # measured, or failed: no sign of it in the frames

    @property
    def amplitude(self) -> complex:
        """``m / 2 exp(i phase)`` as the image is made with: what is mostly noise fades out."""
        if self.status == "failed":
            return 0.0
        certain = max(0.0, 1.0 - (self.modulation_error / max(self.modulation_depth, 1e-9)) ** 2)
        return certain * self.modulation_depth / 2 * np.exp(1j * self.phase_rad)


@dataclass(frozen=True)
class Angle:
    """Stripes of one angle. ``status``: measured; inferred from the other angles; assumed, as given; failed."""

    status: str
    k0_per_um: tuple[float, float]  # (ky, kx) of the first order, y down
    steps_rad: tuple[float, ...]  # phase of each frame about that of a frame whose step is 0, first order
    steps_status: str  # measured, or assumed to be even
    false_alarm: float
    condition_number: float
    orders: tuple[Order, ...]

    @property
    def phases_rad(self) -> tuple[float, ...]:
        """First order, each frame, at the centre of raw pixel (0, 0)."""
        return tuple(float(self.orders[0].phase_rad + step) % (2 * np.pi) for step in self.steps_rad)


@dataclass(frozen=True)
class Parameters:
    angles: tuple[Angle, ...]

    @property
    def orders(self) -> int:
        return len(self.angles[0].orders)

    @property
    def k_max_per_um(self) -> float:
        """Frequency of the finest stripes that were found; 0 if none were."""
        return max((np.hypot(*o.k_per_um) for a in self.angles for o in a.orders if o.amplitude != 0), default=0.0)

    @property
    def failed(self) -> bool:
        """No angle shows stripes that an image can be made with."""
        return self.k_max_per_um == 0

    def report(self) -> list[dict]:
        """Of every angle, ready for JSON."""
        return [_angle_report(angle) for angle in self.angles]


def estimate(prepared: Prepared, transfer: Transfer, beams: int | None = None) -> Parameters:
    """Find the stripes of every angle in its frames.

    Parameters
    ----------
    prepared : Prepared
    transfer : Transfer
    beams : {2, 3}, optional
        How many make the pattern, which then has one or two orders. Left out: two orders where there are phases
        enough, five, and stripes of twice the width of the finest.

    Raises
    ------
    InputError
        If there are too few phases to tell the orders apart.
    """
    phases = prepared.frames.shape[1]
    if phases < 3:
        raise InputError(f"a reconstruction needs at least 3 phases in each angle; got {phases}")
    if beams == 3 and phases < 5:
        raise InputError(f"3 beams make two orders, which need at least 5 phases; got {phases}")
    choices = [beams] if beams else [3, 2] if phases >= 5 else [2]
    steps = even_steps(phases)
    bands = [separated(frames, steps, max(choices) - 1, transfer) for frames in prepared.frames]
    searches = [Search(each) for each in bands]
    candidates = {
        number: [_tried(search.candidates(search.within(*ANNULUS[number])), len(choices)) for search in searches]
        for number in choices
    }
    agreed = {number: _agreed(candidates[number]) for number in choices}
    beams = max(choices, key=lambda number: _evidence(agreed[number], bands, number))
    found = [(peak, "measured" if peak.false_alarm <= FALSE_ALARM else "failed") for peak in agreed[beams]]
    if any(status == "measured" for _, status in found):
        found = _inferred(found, searches)
    else:
        joint = {number: _together(candidates[number], searches) for number in choices}
        best = min(choices, key=lambda number: joint[number][0])
        if joint[best][1]:
            beams, found = best, joint[best][1]
    return Parameters(tuple(_measure_all(prepared.frames, found, steps, beams - 1, transfer, bands)))


def remeasured(parameters: Parameters, prepared: Prepared, transfer: Transfer) -> Parameters:
    """The same stripes, with phases and contrasts as they are in other frames."""
    return Parameters(tuple(_contrasts(prepared.frames, parameters.angles, transfer)))


def seen_from(parameters: Parameters, position_um) -> Parameters:
    """The same stripes, with phases at another place (y, x), in um from the centre of raw pixel (0, 0)."""
    return Parameters(
        tuple(
            replace(
                angle,
                orders=tuple(
                    replace(order, phase_rad=order.phase_rad + 2 * np.pi * float(np.dot(order.k_per_um, position_um)))
                    for order in angle.orders
                ),
            )
            for angle in parameters.angles
        )
    )


def separated(frames: np.ndarray, steps_rad, orders: int, transfer: Transfer, fade: int = WIDE_FADE) -> Bands:
    return Bands(
        np.stack([faded_spectrum(band, fade) for band in optics_bands.separate(frames, steps_rad, orders)]), transfer
    )


def _agreed(candidates: list[list[Peak]]) -> list[Peak]:
    """One peak of each angle, such that most of them, by their scores, agree on the length of k."""

    def nearest(peaks: list[Peak], length: float) -> Peak | None:
        fitting = [peak for peak in peaks if abs(np.hypot(*peak.k0_per_um) / length - 1) <= SAME_LENGTH]
        return max(fitting, key=lambda peak: peak.score, default=None)

    lengths = [float(np.hypot(*peak.k0_per_um)) for peaks in candidates for peak in peaks]

    def agreement(length: float) -> float:
        chosen = [nearest(peaks, length) for peaks in candidates]
        return sum(-np.log(max(peak.false_alarm, 1e-300)) for peak in chosen if peak)

    length = max(lengths, key=agreement)
    return [nearest(peaks, length) or replace(peaks[0], false_alarm=1.0) for peaks in candidates]


def _tried(peaks: list[Peak], times: int) -> list[Peak]:
    """Peaks of a search that was one of several."""
    return [replace(peak, false_alarm=min(1.0, times * peak.false_alarm)) for peak in peaks]


def _evidence(peaks: list[Peak], bands: list[Bands], beams: int) -> float:
    """Contrast that a number of beams explains: what leaks from one order into another is the weaker."""
    sure = [(peak, each) for peak, each in zip(peaks, bands, strict=True) if peak.false_alarm <= FALSE_ALARM]
    total = 0.0
    for peak, each in sure:
        found = [overlap(each, order, peak.k0_per_um) for order in range(1, beams)]
        total += sum(abs(item.contrast()[0]) ** 2 for item in found)
    return total


def _inferred(found: list[tuple[Peak, str]], searches: list[Search]) -> list[tuple[Peak, str]]:
    """Look for the angles that failed where evenly spaced angles of the same |k| would be."""
    sure = [peak.k0_per_um for peak, status in found if status == "measured"]
    result = []
    for (peak, status), search in zip(found, searches, strict=True):
        near = _evenly_spaced(search, sure, len(found)) if status == "failed" else None
        if near and near.false_alarm <= FALSE_ALARM_INFERRED:
            peak, status = near, "inferred"
        result.append((peak, status))
    return result


def _evenly_spaced(search: Search, taken: list[tuple[float, float]], angles: int) -> Peak | None:
    """The best peak of an angle where the vectors of others, which are evenly spaced, leave it room."""
    length = float(np.median([np.hypot(*k0) for k0 in taken]))
    directions = [np.arctan2(*k0) for k0 in taken]
    even = [directions[0] + np.pi * n / angles for n in range(2 * angles)]  # of either sign
    region = np.zeros_like(search.score, bool)
    for free in even:
        if all(abs(np.sin(free - other)) > np.sin(2 * SAME_DIRECTION_RAD) for other in directions):
            k0 = (length * np.sin(free), length * np.cos(free))
            region |= search.near(k0, SAME_LENGTH, SAME_DIRECTION_RAD)
    return next(iter(search.candidates(region, 1)), None) if region.any() else None


def _together(candidates: list[list[Peak]], searches: list[Search]) -> tuple[float, list[tuple[Peak, str]] | None]:
    r"""Angles none of which is sure, but all of which agree: how probable that is by chance, and the angles.

    From every candidate of an angle that is likely enough, the others are looked for at even spacing. The product of
    the probabilities of n peaks, each no lower than chance has it, is below p with probability
    :math:`p \sum_{i<n} (-\ln p)^i / i!`, times the candidates that were tried.
    """
    anchors = [
        (number, peak)
        for number, peaks in enumerate(candidates)
        for peak in peaks
        if peak.false_alarm <= FALSE_ALARM_ANCHOR
    ]
    best, result = FALSE_ALARM, None
    for number, anchor in anchors:
        joint = [
            anchor if other == number else _evenly_spaced(search, [anchor.k0_per_um], len(searches))
            for other, search in enumerate(searches)
        ]
        if len(joint) < 2 or None in joint:
            continue
        logarithm = sum(-np.log(max(peak.false_alarm, 1e-300)) for peak in joint)
        terms = sum(logarithm**i / factorial(i) for i in range(len(joint)))
        chance = len(anchors) * np.exp(-logarithm) * terms
        if chance <= best:
            best = chance
            result = [(peak, "inferred" if peak.false_alarm <= FALSE_ALARM_TOGETHER else "failed") for peak in joint]
    return best, result


def measured_angle(
    frames: np.ndarray, peak: Peak, status: str, steps: np.ndarray, orders: int, transfer: Transfer
) -> Angle:
    """All that is to be known of one angle."""
    bands = [separated(frames, steps, orders, transfer)]
    return _measure_all([frames], [(peak, status)], steps, orders, transfer, bands)[0]


def _measure_all(
    frames, found: list[tuple[Peak, str]], steps: np.ndarray, orders: int, transfer: Transfer, bands: list[Bands]
) -> list[Angle]:
    """All that is to be known of angles whose stripes were found; of those that failed, where they were looked for.

    How uneven steps are, and how the OTF is damped, is the same in all angles of a microscope: they say it together.
    """
    seen = [number for number, (_, status) in enumerate(found) if status != "failed"]
    errors = {}
    angles = [_unmeasured(peak, status, steps, orders) for peak, status in found]
    for number in seen:
        each = bands[number]
        if each.orders != orders:
            each = separated(frames[number], steps, orders, transfer)
        angles[number] = replace(angles[number], k0_per_um=refined(each, angles[number].k0_per_um))
        errors[number] = step_errors(mixtures(each, angles[number].k0_per_um), leak(each), steps)
    usual = usual_errors(list(errors.values()))
    compared = []
    for number in seen:
        fitted, uncertainty = steps_and_uncertainty(errors[number], steps, usual)
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


def _unmeasured(peak: Peak, status: str, steps: np.ndarray, orders: int) -> Angle:
    """Where stripes were looked for, and whether they were found."""
    seen = tuple(
        Order(n, _times(n, peak.k0_per_um), 0.0, 0.0, 0.0, z, "failed" if status == "failed" else "measured")
        for n, z in _numbered(peak.z[:orders])
    )
    return Angle(status, peak.k0_per_um, tuple(steps.tolist()), "assumed", peak.false_alarm, 1.0, seen)


def _contrasts(frames, angles, transfer: Transfer) -> list[Angle]:
    """Phase and modulation depth of each order, where k and the steps are known."""
    seen = [number for number, angle in enumerate(angles) if angle.status != "failed"]
    compared = [
        overlaps(separated(frames[n], angles[n].steps_rad, len(angles[n].orders), transfer), angles[n].k0_per_um)
        for n in seen
    ]
    return _with_contrasts(list(angles), seen, compared)


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


def _numbered(values):
    return enumerate(values, start=1)


def _angle_report(angle: Angle) -> dict:
    ky, kx = angle.k0_per_um
    return {
        "status": angle.status,
        "k0_per_um": [float(ky), float(kx)],
        "direction_degrees": float(np.rad2deg(np.arctan2(ky, kx))),
        "false_alarm_probability": angle.false_alarm,
        "phases_rad": list(angle.phases_rad),
        "phase_steps": angle.steps_status,
        "condition_number": angle.condition_number,
        "orders": [
            {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(order).items()}
            | {
                "length_per_um": float(np.hypot(*order.k_per_um)),
                "line_spacing_um": float(1 / max(np.hypot(*order.k_per_um), 1e-9)),
            }
            for order in angle.orders
        ],
    }
