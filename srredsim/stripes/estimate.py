"""Stripes found in the frames, of which nothing is known but the optics: wave vectors, phases and contrasts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import factorial

import numpy as np

from srredsim.optics.illumination import check_phases
from srredsim.optics.transfer import Transfer
from srredsim.stripes.bands import Bands, separated_waves
from srredsim.stripes.evened import evened, unevenness
from srredsim.stripes.hexagonal import hexagonal as is_hexagonal
from srredsim.stripes.hexagonal import hexagonal_steps, may_be_hexagonal
from srredsim.stripes.measure import measured, through_one_lens
from srredsim.stripes.overlap import overlap
from srredsim.stripes.parameters import Angle, Damping, Parameters
from srredsim.stripes.phase_steps import even_steps, waves_of
from srredsim.stripes.preprocess import Prepared
from srredsim.stripes.rivals import bright, explained, explaining, told_apart
from srredsim.stripes.search import ANNULUS, CANDIDATES, FALSE_ALARM, SAME_DIRECTION_RAD, SAME_LENGTH, Peak, Search
from srredsim.threads import in_threads

FALSE_ALARM_INFERRED = 0.02  # in the small area where the other angles say that it must be
FALSE_ALARM_PLENTY = 1e-10  # one angle that is even surer says no more about the length that all have in common
FALSE_ALARM_UNEVEN = 1e-8  # that of an angle that is measured although the angles are not evenly spaced
FALSE_ALARM_ANCHOR = 0.3  # that of a peak that the other angles are tried for, when no angle is sure
UNEVEN, CLEARER = 10.0, 1.4  # brightness of a place, over the usual one, that may hide stripes; z, that it has hidden
MANY = 24  # peaks that are looked at where none is sure, and the bands are bright
FALSE_ALARM_TOGETHER = 0.05  # that of each angle, when only all of them together are sure


def estimate(
    prepared: Prepared, transfer: Transfer, damping: Damping | None = None, hexagonal: bool | None = None
) -> Parameters:
    """Find the stripes of every angle in its frames, and the lens that shows them.

    There are two orders where there are phases enough, five, and stripes of twice the width of the finest. Seven frames
    of a hexagonal pattern are lit by three angles at once, with one order each. A very bright place may hide the
    stripes of all others: they are looked for in frames that are `evened`, too.

    Parameters
    ----------
    prepared : Prepared
    transfer : Transfer
        With the damping that stripes are looked for with.
    damping : Damping, optional
        Of the lens; left out: measured.
    hexagonal : bool, optional
        Whether the pattern is; left out: the frames say.

    Raises
    ------
    InputError
        If there are too few phases to tell the orders apart.
    """
    found = _estimated(prepared, transfer, damping, hexagonal)
    if _seen(found) == len(found.angles) and unevenness(prepared.frames) < UNEVEN:
        return found
    again = _estimated(evened(prepared), transfer, damping, hexagonal)
    return again if _clearer(again, found) else found


def _clearer(again: Parameters, found: Parameters) -> bool:
    """Whether more angles are seen, one of them by itself but not alone, or as many by far more surely."""
    if _seen(again) != _seen(found):
        by_itself = any(angle.status == "measured" for angle in again.angles)
        return by_itself and _seen(again) > max(_seen(found), 1)
    z_again, z_found = (sum(order.z for angle in each.angles for order in angle.orders) for each in (again, found))
    return z_again > CLEARER * z_found


def _seen(parameters: Parameters) -> int:
    return sum(angle.status != "failed" for angle in parameters.angles)


def _estimated(prepared: Prepared, transfer: Transfer, damping: Damping | None, hexagonal: bool | None) -> Parameters:
    phases = prepared.frames.shape[1]
    check_phases(phases)
    if hexagonal is None and may_be_hexagonal(prepared.frames):
        hexagonal = is_hexagonal(prepared.frames) or None
    found = []
    if hexagonal is not True:
        choices = [3, 2] if phases >= 5 else [2]  # beams that make the pattern
        found.append(_looked_for(prepared, transfer, even_steps(phases)[None], choices))
    if hexagonal or (hexagonal is None and may_be_hexagonal(prepared.frames)):
        found.append(_looked_for(prepared, transfer, hexagonal_steps(phases), [2]))
    return max(found, key=lambda each: each.evidence).measured(prepared, transfer, damping)


@dataclass(frozen=True)
class Found:
    """Where the stripes of each angle are; ``steps_rad`` are those of the angles that light the frames at once."""

    angles: list[tuple[Peak, str]]
    alone: list[Peak]  # the highest peak of each, whatever the others say
    beams: int
    steps_rad: np.ndarray
    groups: list[Bands]

    @property
    def evidence(self) -> float:
        """How improbable all that was found is by chance; of several angles at once, one alone says nothing.

        What leaks from one angle into another has its direction: that says nothing, either.
        """
        seen = [peak for peak, status in self.angles if status != "failed"]
        if len(self.steps_rad) > 1 and (
            len(seen) < 2 or not _are_even([peak.k0_per_um for peak in seen], len(self.steps_rad))
        ):
            return 0.0
        return float(sum(-np.log(max(peak.false_alarm, 1e-300)) for peak in seen))

    def measured(self, prepared: Prepared, transfer: Transfer, damping: Damping | None) -> Parameters:
        frames = prepared.frames
        angles, own = measured(frames, self.angles, self.steps_rad, self.beams - 1, transfer, self.groups)
        angles = [_with_lone(angle, peak) for angle, peak in zip(angles, self.alone, strict=True)]
        return through_one_lens(angles, frames, transfer, damping, own)


def _looked_for(prepared: Prepared, transfer: Transfer, steps_rad: np.ndarray, choices: list[int]) -> Found:
    """The stripes of patterns that one of so many beams has made, with such steps."""
    waves_rad, at_once = waves_of(steps_rad, max(choices) - 1), len(steps_rad)
    groups = in_threads(lambda frames: separated_waves(frames, waves_rad, transfer), prepared.frames)
    bands = [each.of_angle(number, at_once) for each in groups for number in range(at_once)]
    searches = in_threads(Search, bands)

    def highest(search: Search) -> dict[int, list[Peak]]:
        regions = {number: search.within(*ANNULUS[number]) for number in choices}
        found = {number: _tried(search.candidates(region), len(choices)) for number, region in regions.items()}
        sure = any(peak.false_alarm <= FALSE_ALARM for peaks in found.values() for peak in peaks)
        if not sure and bright(search.bands):
            many = {number: search.candidates(region, MANY) for number, region in regions.items()}
            found = explaining(many, search.bands) or found
        return told_apart(found, search.bands)

    each = in_threads(highest, searches)
    candidates = {number: [peaks[number] for peaks in each] for number in choices}
    agreed = {
        number: (at_once > 1 and _closed(candidates[number])) or _agreed(candidates[number]) for number in choices
    }
    beams = max(choices, key=lambda number: _evidence(agreed[number], bands, number))
    found = [(peak, "measured" if peak.false_alarm <= FALSE_ALARM else "failed") for peak in agreed[beams]]
    found = _even(found)
    if any(status == "measured" for _, status in found):
        found = _inferred(found, searches)
    else:
        joint = {number: _together(candidates[number], searches) for number in choices}
        best = min(choices, key=lambda number: joint[number][0])
        if joint[best][1]:
            beams, found = best, joint[best][1]
    return Found(found, [peaks[0] for peaks in candidates[beams]], beams, steps_rad, groups)


def _agreed(candidates: list[list[Peak]]) -> list[Peak]:
    """One peak of each angle, such that most of them, by how sure they are, agree on the length of k.

    What an object repeats, as sarcomeres do, may be surer than any stripes, but has its length in one angle only.
    """

    def nearest(peaks: list[Peak], length: float) -> Peak | None:
        fitting = [peak for peak in peaks if abs(np.hypot(*peak.k0_per_um) / length - 1) <= SAME_LENGTH]
        return max(fitting, key=lambda peak: peak.score, default=None)

    lengths = [float(np.hypot(*peak.k0_per_um)) for peaks in candidates for peak in peaks]

    def agreement(length: float) -> tuple[float, float]:
        chosen = [nearest(peaks, length) for peaks in candidates]
        sure = [-np.log(max(peak.false_alarm, 1e-300)) for peak in chosen if peak]
        return sum(min(each, -np.log(FALSE_ALARM_PLENTY)) for each in sure), sum(sure)

    length = max(lengths, key=agreement)
    return [nearest(peaks, length) or replace(peaks[0], false_alarm=1.0) for peaks in candidates]


def _closed(candidates: list[list[Peak]]) -> list[Peak] | None:
    """The highest peaks of three directions at 60 degrees: their vectors, of either sign, add up to nothing."""

    def closed(chosen: tuple[Peak, ...]) -> bool:
        first, *others = (np.array(peak.k0_per_um) for peak in chosen)
        lengths = [np.hypot(*(first + one * others[0] + two * others[1])) for one in (1, -1) for two in (1, -1)]
        return min(lengths) <= SAME_LENGTH * np.hypot(*first)

    fitting = [chosen for chosen in product(*candidates) if closed(chosen)]
    return list(max(fitting, key=lambda chosen: sum(peak.score for peak in chosen))) if fitting else None


def _even(found: list[tuple[Peak, str]]) -> list[tuple[Peak, str]]:
    """Angles, of which those are no longer measured that are none too sure where they are not evenly spaced.

    If that is so without one of them, it is that one. Not every microscope spaces its angles evenly: sure ones stay.
    """
    seen = {number: peak for number, (peak, status) in enumerate(found) if status == "measured"}
    if _are_even([peak.k0_per_um for peak in seen.values()], len(found)):
        return found
    unsure = [number for number, peak in seen.items() if peak.false_alarm > FALSE_ALARM_UNEVEN]
    others = {number: [peak.k0_per_um for n, peak in seen.items() if n != number] for number in unsure}
    odd = [number for number in unsure if _are_even(others[number], len(found))] or unsure
    return [
        (replace(peak, false_alarm=1.0), "failed") if n in odd else (peak, how) for n, (peak, how) in enumerate(found)
    ]


def _are_even(vectors: list[tuple[float, float]], angles: int) -> bool:
    """Whether the directions of vectors of either sign are different ones of so many evenly spaced."""
    if not vectors:
        return True
    steps = np.array([np.arctan2(*k0) - np.arctan2(*vectors[0]) for k0 in vectors]) * angles / np.pi
    whole = np.rint(steps)
    near = np.abs(steps - whole) * np.pi / angles <= 2 * SAME_DIRECTION_RAD
    return bool(np.all(near)) and len(set((whole % angles).tolist())) == len(vectors)


def _with_lone(angle: Angle, peak: Peak) -> Angle:
    """An angle that failed, where its own stripes are sure if not those of the others: where they are, and how sure."""
    if angle.status != "failed" or peak.false_alarm > FALSE_ALARM:
        return angle
    return replace(angle, k0_per_um=peak.k0_per_um, false_alarm=peak.false_alarm)


def _tried(peaks: list[Peak], times: int) -> list[Peak]:
    """Peaks of a search that was one of several."""
    return [replace(peak, false_alarm=min(1.0, times * peak.false_alarm)) for peak in peaks]


def _evidence(peaks: list[Peak], bands: list[Bands], beams: int) -> float:
    """Contrast that a number of beams explains: what leaks from one order into another is the weaker."""
    sure = [(peak, each) for peak, each in zip(peaks, bands, strict=True) if peak.false_alarm <= FALSE_ALARM]
    total = 0.0
    for peak, each in sure:
        found = [overlap(each, order, np.multiply(order, peak.k0_per_um)) for order in range(1, beams)]
        total += sum(abs(item.amplitude) ** 2 for item in found)
    return total


def _inferred(found: list[tuple[Peak, str]], searches: list[Search]) -> list[tuple[Peak, str]]:
    """Look for the angles that failed where evenly spaced angles of the same |k| would be."""
    sure = [peak.k0_per_um for peak, status in found if status == "measured"]
    result = []
    for (peak, status), search in zip(found, searches, strict=True):
        most = MANY if bright(search.bands) else CANDIDATES
        near = _evenly_spaced(search, sure, len(found), most) if status == "failed" else []
        likely = near[:1] if near and near[0].false_alarm <= FALSE_ALARM_INFERRED else explained(near, search.bands)
        if likely:
            peak, status = likely[0], "inferred"
        result.append((peak, status))
    return result


def _evenly_spaced(search: Search, taken: list[tuple[float, float]], angles: int, most: int = 1) -> list[Peak]:
    """The highest peaks of an angle where the vectors of others, which are evenly spaced, leave it room."""
    length = float(np.median([np.hypot(*k0) for k0 in taken]))
    directions = [np.arctan2(*k0) for k0 in taken]
    even = [directions[0] + np.pi * n / angles for n in range(2 * angles)]  # vectors of either sign
    region = np.zeros_like(search.score, bool)
    for free in even:
        if all(abs(np.sin(free - other)) > np.sin(2 * SAME_DIRECTION_RAD) for other in directions):
            k0 = (length * np.sin(free), length * np.cos(free))
            region |= search.near(k0, SAME_LENGTH, SAME_DIRECTION_RAD)
    return search.candidates(region, most) if region.any() else []


def _beside(anchor: Peak, known: list[Peak], search: Search, angles: int) -> Peak | None:
    """The least chance of the peaks of an angle that lie evenly spaced to that of another, if there are any."""
    length = np.hypot(*anchor.k0_per_um)
    fitting = [
        peak
        for peak in known
        if abs(np.hypot(*peak.k0_per_um) / length - 1) <= SAME_LENGTH
        and _are_even([anchor.k0_per_um, peak.k0_per_um], angles)
    ]
    fitting += _evenly_spaced(search, [anchor.k0_per_um], angles)
    return min(fitting, key=lambda peak: peak.false_alarm, default=None)


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
            anchor if other == number else _beside(anchor, candidates[other], search, len(searches))
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
