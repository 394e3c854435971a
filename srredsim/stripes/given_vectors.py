"""Vectors that are known before, held against the frames.

Stripes with the vector k whose phase rises from frame to frame are those with -k whose phase falls. Given a k, its sign
is wrong as easily as right, and the wrong one puts every band in the wrong place: both are tried. What the frames
confirm is `measured`, and then also made more precise; what they neither confirm nor contradict is `assumed`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np

from srredsim.optics import bands as optics_bands
from srredsim.optics.transfer import Transfer
from srredsim.stripes.bands import separated, separated_waves
from srredsim.stripes.given_steps import fixed_steps, with_contrasts
from srredsim.stripes.hexagonal import hexagonal_steps
from srredsim.stripes.measure import measured
from srredsim.stripes.parameters import Angle, Order
from srredsim.stripes.phase_steps import even_steps, waves_of
from srredsim.stripes.preprocess import Prepared
from srredsim.stripes.search import FALSE_ALARM, SAME_DIRECTION_RAD, SAME_LENGTH, THREE_BEAMS, Peak, Search

MOVED = 0.01  # fraction of |k| by which the frames may correct a given k without a word
SURE = 3.0  # contrast over its uncertainty, of stripes that nothing else confirms


def near_given(prepared: Prepared, transfer: Transfer, k0_per_um, steps_rad) -> tuple[list[Angle], list[str]]:
    """Angles with the stripes near their vectors, of either sign; as given where the frames confirm none.

    ``steps_rad`` are the phases of the frames of each angle, or None.
    """
    angles, notes = [], []
    looked_at = []
    for number, (frames, k0) in enumerate(zip(prepared.frames, k0_per_um, strict=True)):
        looked_at.append(_looked_at(frames, k0, transfer, None if steps_rad is None else steps_rad[number]))
    confirmed = _measured(prepared.frames, looked_at, transfer, together=steps_rad is None)
    for number, (k0, (peak, steps, orders)) in enumerate(zip(k0_per_um, looked_at, strict=True)):
        frames = prepared.frames[number]
        if number in confirmed:
            angle = confirmed[number]
            notes += _about_k(number + 1, k0, angle.k0_per_um)
        else:
            angle = _as_given(frames, steps, orders, k0, peak, transfer)
        if steps_rad is not None:
            angle, said = fixed_steps(number + 1, angle, frames, steps, transfer)
            notes += said
        angles.append(angle)
    return angles, notes


def near_given_at_once(prepared: Prepared, transfer: Transfer, k0_per_um) -> tuple[list[Angle], list[str]]:
    """Vectors of angles that light the frames at once, each of either sign; which steps how far, the frames tell."""
    steps = hexagonal_steps(prepared.frames.shape[1])
    every = separated_waves(prepared.frames[0], waves_of(steps, 1), transfer)
    searches = [Search(every.of_angle(number, len(steps))) for number in range(len(steps))]
    peaks = [[peak_near(search, k0) for k0 in k0_per_um] for search in searches]

    def score(chosen: tuple[int, ...]) -> float:
        return sum(peaks[n][place].score for n, place in enumerate(chosen) if peaks[n][place] is not None)

    best = max(permutations(range(len(steps))), key=score)
    found, notes = [], []
    for number, place in enumerate(best):
        peak = peaks[number][place]
        sure = is_sure(peak)
        found.append((peak if sure else Peak(tuple(k0_per_um[place]), (0.0,), 1.0), "measured" if sure else "failed"))
    angles, _ = measured(prepared.frames, found, steps, 1, transfer, [every])
    for number, (place, angle) in enumerate(zip(best, angles, strict=True), start=1):
        if angle.status == "failed":
            notes.append(f"direction {number}: the frames have no stripes near {ky_kx(k0_per_um[place])}")
        else:
            given = k0_per_um[place]
            either = given if np.dot(given, angle.k0_per_um) > 0 else np.negative(given)
            notes += _about_k(number, either, angle.k0_per_um)
    return angles, notes


def right_way_up(prepared: Prepared, transfer: Transfer, k0_per_um) -> tuple[list[tuple[float, float]], list[str]]:
    """The vectors, or the same mirrored in y, whichever more of the angles confirm; if as many do, as they are."""

    def confirmed(vectors) -> int:
        looked_at = [_looked_at(frames, k0, transfer) for frames, k0 in zip(prepared.frames, vectors, strict=True)]
        return sum(is_sure(peak) for peak, _, _ in looked_at)

    given = [(float(ky), float(kx)) for ky, kx in k0_per_um]
    mirrored = [(-ky, kx) for ky, kx in given]
    sure = confirmed(given)
    if sure == len(given) or confirmed(mirrored) <= sure:
        return given, []
    return mirrored, ["the stripes lie mirrored in y to those given: that program counts rows from the other end"]


def _measured(frames: np.ndarray, looked_at, transfer: Transfer, together: bool) -> dict[int, Angle]:
    """Angles, by their number, where a peak is sure; ``together``: how uneven the phases are, they say as one.

    One by one are measured also those whose |k| is not that of the others: they were given so.
    """
    sure = {n: each for n, each in enumerate(looked_at) if is_sure(each[0])}
    found = {}
    if together and len({orders for _, _, orders in sure.values()}) == 1:
        (_, steps, orders), *_ = sure.values()
        peaks = [(peak, "measured") for peak, _, _ in sure.values()]
        angles, _ = measured(frames[list(sure)], peaks, steps, orders, transfer)
        found = {n: angle for n, angle in zip(sure, angles, strict=True) if angle.status != "failed"}
    for n, (peak, steps, orders) in sure.items():
        if n not in found:
            (found[n],), _ = measured(frames[n][None], [(peak, "measured")], steps, orders, transfer)
    return found


def _looked_at(
    frames: np.ndarray, k0_per_um, transfer: Transfer, steps_rad=None
) -> tuple[Peak | None, np.ndarray, int]:
    """What is near k or -k in the frames of an angle, and the phases and orders with which it was looked for.

    Phases that are not given are even.
    """
    steps = even_steps(len(frames)) if steps_rad is None else np.asarray(steps_rad, float)
    three = np.hypot(*k0_per_um) <= THREE_BEAMS * transfer.cutoff_per_um
    orders = 2 if three and optics_bands.condition_number(steps, 2) < optics_bands.LARGEST_CONDITION else 1
    return _nearest(frames, steps, orders, k0_per_um, transfer), steps, orders


def _as_given(frames, steps, orders: int, k0_per_um, peak: Peak | None, transfer: Transfer) -> Angle:
    """An angle that nothing in the frames confirms; its contrast is what they show."""
    z = peak.z if peak else (0.0,) * orders
    chance = peak.false_alarm if peak else 1.0
    condition = optics_bands.condition_number(steps, orders)
    found = tuple(Order(n, (0.0, 0.0), 0.0, 0.0, 0.0, z[n - 1], "measured") for n in range(1, orders + 1))
    ky, kx = (float(k) for k in k0_per_um)
    angle = Angle("assumed", (ky, kx), tuple(np.asarray(steps).tolist()), "assumed", chance, condition, found)
    angle = with_contrasts(angle, frames, transfer)
    sure = [order.modulation_depth > SURE * order.modulation_error for order in angle.orders]
    kept = (o if seen else replace(o, status="failed") for o, seen in zip(angle.orders, sure, strict=True))
    return replace(angle, orders=tuple(kept))


def _nearest(frames: np.ndarray, steps: np.ndarray, orders: int, k0_per_um, transfer: Transfer) -> Peak | None:
    """The highest peak near k or -k."""
    return peak_near(Search(separated(frames, steps, orders, transfer)), k0_per_um)


def peak_near(search: Search, k0_per_um) -> Peak | None:
    """The same where the search has begun."""
    region = search.near(k0_per_um, SAME_LENGTH, SAME_DIRECTION_RAD)
    region |= search.near(np.negative(k0_per_um), SAME_LENGTH, SAME_DIRECTION_RAD)
    return next(iter(search.candidates(region)), None)


def is_sure(peak: Peak | None) -> bool:
    return peak is not None and peak.false_alarm <= FALSE_ALARM


def _about_k(number: int, given, found) -> list[str]:
    notes = []
    if np.dot(given, found) < 0:
        notes.append(
            f"angle {number}: the sign of k is wrong for the order of the phases (or they run the other way round);"
            f" used {ky_kx(found)}"
        )
        given = np.negative(given)
    off = float(np.hypot(*np.subtract(found, given)) / np.hypot(*given))
    if off > MOVED:
        notes.append(f"angle {number}: the frames have {ky_kx(found)}, {100 * off:.1f} % from the given k; used that")
    return notes


def ky_kx(k_per_um) -> str:
    return ",".join(f"{k:.4f}" for k in k_per_um)
