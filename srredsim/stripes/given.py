"""Stripes of which something is known before: it is held against the frames, and used.

Stripes with the vector k whose phase rises from frame to frame are those with -k whose phase falls. Given a k, its sign
is wrong as easily as right, and the wrong one puts every band in the wrong place: both are tried. What the frames
confirm is `measured`, and then also made more precise; what they neither confirm nor contradict is `assumed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from srredsim.acquisition import Pattern
from srredsim.errors import InputError
from srredsim.optics import bands as optics_bands
from srredsim.optics.illumination import DIRECTIONS, HEXAGONAL_FRAMES
from srredsim.optics.transfer import Transfer
from srredsim.stripes.bands import Bands, separated, separated_waves
from srredsim.stripes.estimate import estimate
from srredsim.stripes.followed import FEWER, followed, lost
from srredsim.stripes.hexagonal import hexagonal_steps
from srredsim.stripes.measure import STEPS_MEASURED_RAD, all_bands, measured, remeasured, through_one_lens
from srredsim.stripes.parameters import Angle, Damping, Order, Parameters
from srredsim.stripes.phase_steps import as_if_even, even_steps, fit_steps, waves_of
from srredsim.stripes.preprocess import Prepared
from srredsim.stripes.search import FALSE_ALARM, SAME_DIRECTION_RAD, SAME_LENGTH, THREE_BEAMS, Peak, Search, refined

MOVED = 0.01  # fraction of |k| by which the frames may correct a given k without a word
STEPS_RAD = 0.1  # by which phases may differ from given ones without a word, if they can be measured so well
ALIKE = 0.8  # coherence of phases that are even steps but for errors
OTHER_STRIPES = "warning: the frames have other stripes than {} say; those of the frames were used"
SURE = 3.0  # contrast over its uncertainty, of stripes that nothing else confirms


@dataclass(frozen=True)
class Known:
    """What is known of the stripes before their frames are seen; whatever is None is found in them.

    ``parameters``, one a channel, of another stack, leave nothing to search for. ``k0_per_um`` is (ky, kx) of the first
    order of every angle, y down; ``steps_rad`` the phase of every frame (angles, phases), up to a common one an angle;
    ``dampings`` that of the OTF in every channel, held against the frames where it is `given`; ``hexagonal`` whether
    the pattern is: its three directions have a vector each, and steps that are found. ``either_way_up``: the vectors
    are of a program that may count the rows from the other end, and are tried mirrored, too.
    """

    parameters: Sequence[Parameters] | None = None
    k0_per_um: Sequence[tuple[float, float]] | None = None
    steps_rad: Sequence[Sequence[float]] | None = None
    dampings: Sequence[Damping] | None = None
    hexagonal: bool | None = None
    either_way_up: bool = False

    def check(self, pattern: Pattern, transfer: Transfer) -> None:
        """Raises InputError if this is nothing that such a stack can have."""
        directions = DIRECTIONS if self.hexagonal else pattern.angles
        if self.k0_per_um is not None and len(self.k0_per_um) != directions:
            raise InputError(
                f"`k` was given {len(self.k0_per_um)} times, the stack has {directions} angles: give it once for each"
                + self._hint(pattern)
            )
        if self.hexagonal and self.steps_rad is not None:
            raise InputError("the steps of a hexagonal pattern are found in the frames: leave out `phase_steps`")
        vectors = [] if self.k0_per_um is None else list(self.k0_per_um)
        vectors += [angle.k0_per_um for each in self.parameters or () for angle in each.angles]
        for k0 in vectors:
            length = np.hypot(*k0)
            if not 0 < length < 2 * transfer.cutoff_per_um:
                raise InputError(
                    f"stripes of {length:.4g} cycles/um ({ky_kx(k0)}): the two bands of such stripes meet only below"
                    f" 2 f_c = {2 * transfer.cutoff_per_um:.4g} cycles/um; check `k`, `na` and `wavelength_em_um`"
                )
        for steps in () if self.steps_rad is None else self.steps_rad:
            if len(steps) != pattern.phases:
                raise InputError(
                    f"`phase_steps` has {len(steps)} values, the stack {pattern.phases} phases in each angle"
                )
            if optics_bands.condition_number(steps, 1) > optics_bands.LARGEST_CONDITION:
                raise InputError("`phase_steps` has fewer than 3 different phases: the bands cannot be told apart")
        if self.steps_rad is not None and len(self.steps_rad) != pattern.angles:
            raise InputError(
                f"`phase_steps` was given {len(self.steps_rad)} times, the stack has {pattern.angles} angles:"
                " give it once, or once for each"
            )

    def _hint(self, pattern: Pattern) -> str:
        """What else would fit a vector for each of three directions."""
        three = len(self.k0_per_um or ()) == DIRECTIONS
        fits = three and self.hexagonal is None and (pattern.angles, pattern.phases) == (1, HEXAGONAL_FRAMES)
        return '; or `pattern="hexagonal"`' if fits else ""

    def damping(self, channel: int = 0) -> Damping | None:
        """Damping of the lens of a channel, if it is known."""
        if self.dampings is not None:
            return self.dampings[channel]
        return None if self.parameters is None else self.parameters[channel].damping

    def find(self, prepared: Prepared, transfer: Transfer, channel: int = 0) -> tuple[Parameters, list[str]]:
        """Stripes of all angles and the lens that shows them, and what is to be said about what was known."""
        damping = self.damping(channel)
        if damping and transfer.curve is None:
            transfer = replace(transfer, damping=damping.value)
        if self.parameters is not None:
            saved = self.parameters[channel]
            angles, notes = _reused(saved, prepared, transfer)
            if lost(saved.angles, angles):
                found = estimate(prepared, transfer, damping=damping, hexagonal=saved.at_once > 1)
                if all(angle.status == "measured" for angle in found.angles):
                    return found, [OTHER_STRIPES.format("the parameters")]
            if transfer.curve or (damping and damping.chosen != "given"):  # contrasts are those of this lens already
                return Parameters(tuple(angles), None if transfer.curve else damping, saved.at_once), notes
        elif self.k0_per_um is not None and self.hexagonal:
            angles, notes = _near_given_at_once(prepared, transfer, self.k0_per_um)
        elif self.k0_per_um is not None:
            k0, said = _right_way_up(prepared, transfer, self.k0_per_um) if self.either_way_up else (self.k0_per_um, [])
            angles, notes = _near_given(prepared, transfer, k0, self.steps_rad)
            notes = [*said, *notes]
        else:
            searched = prepared if self.steps_rad is None else _evened(prepared, self.steps_rad)
            hexagonal = self.hexagonal if self.steps_rad is None else False
            found = estimate(searched, transfer, damping=damping, hexagonal=hexagonal)
            if self.steps_rad is None:
                return found, []
            angles, notes = _with_steps(found, prepared, transfer, self.steps_rad)
        if self.k0_per_um is not None and any(angle.status != "measured" for angle in angles):
            found, others = replace(self, k0_per_um=None).find(prepared, transfer, channel)
            if all(angle.status == "measured" for angle in found.angles):
                return found, [OTHER_STRIPES.format("the vectors given"), *others]
        return through_one_lens(angles, prepared.frames, transfer, damping), notes


def _reused(parameters: Parameters, prepared: Prepared, transfer: Transfer) -> tuple[list[Angle], list[str]]:
    """Vectors and steps of another stack, with the phases and contrasts of this one."""
    angles, notes = [], []
    elsewhere = replace(parameters, damping=None)
    separate = all_bands(elsewhere, prepared.frames, transfer)
    fresh = remeasured(elsewhere, prepared.frames, transfer, separate)
    if parameters.at_once > 1:
        return _reused_at_once(elsewhere, fresh, prepared, transfer)
    for number, (frames, before, now) in enumerate(zip(prepared.frames, parameters.angles, fresh.angles, strict=True)):
        if before.status != "failed":
            bands, least = separate[number], FEWER * before.contrast
            if (there := followed(_looked_up(now, bands), bands)) is not now:
                there = _with_contrasts(there, frames, transfer)
                if there.contrast > least:
                    notes += _about_k(number + 1, now.k0_per_um, there.k0_per_um)
                    now = there
            if now.contrast < least:
                other = _turned(before, frames, transfer)
                if other.strength > 2 * now.strength:
                    now = other
                    notes.append(f"angle {number + 1}: the phases run the other way round in this stack; used -k")
            if not now.strength:
                now = replace(now, status="assumed")
        angles.append(now)
    return angles, notes


def _looked_up(known: Angle, bands: Bands) -> Angle:
    """The angle; where its bands show nothing under its vector, with that of the highest peak near, if that is sure."""
    peak = None if known.strength else _peak_near(Search(bands), known.k0_per_um)
    return replace(known, k0_per_um=peak.k0_per_um) if peak and _is_sure(peak) else known


def _reused_at_once(
    before: Parameters, fresh: Parameters, prepared: Prepared, transfer: Transfer
) -> tuple[list[Angle], list[str]]:
    """The same of angles that light the frames at once: the phases of all of them run one way, or the other."""
    notes = []
    if sum(a.contrast for a in fresh.angles) < FEWER * sum(a.contrast for a in before.angles):
        turned = (replace(angle, k0_per_um=(-angle.k0_per_um[0], -angle.k0_per_um[1])) for angle in before.angles)
        other = remeasured(replace(before, angles=tuple(turned)), prepared.frames, transfer)
        if sum(a.strength for a in other.angles) > 2 * sum(a.strength for a in fresh.angles):
            fresh, notes = other, ["the phases run the other way round in this stack; used -k"]
    unseen = [angle.status != "failed" and not angle.strength for angle in fresh.angles]
    angles = [replace(a, status="assumed") if not_seen else a for a, not_seen in zip(fresh.angles, unseen, strict=True)]
    return angles, notes


def _near_given_at_once(prepared: Prepared, transfer: Transfer, k0_per_um) -> tuple[list[Angle], list[str]]:
    """Vectors of angles that light the frames at once, each of either sign; which steps how far, the frames tell."""
    steps = hexagonal_steps(prepared.frames.shape[1])
    every = separated_waves(prepared.frames[0], waves_of(steps, 1), transfer)
    searches = [Search(every.of_angle(number, len(steps))) for number in range(len(steps))]
    peaks = [[_peak_near(search, k0) for k0 in k0_per_um] for search in searches]

    def score(chosen: tuple[int, ...]) -> float:
        return sum(peaks[n][place].score for n, place in enumerate(chosen) if peaks[n][place] is not None)

    best = max(permutations(range(len(steps))), key=score)
    found, notes = [], []
    for number, place in enumerate(best):
        peak = peaks[number][place]
        sure = peak is not None and peak.false_alarm <= FALSE_ALARM
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


def _right_way_up(prepared: Prepared, transfer: Transfer, k0_per_um) -> tuple[list[tuple[float, float]], list[str]]:
    """The vectors, or the same mirrored in y, whichever more of the angles confirm; if as many do, as they are."""

    def confirmed(vectors) -> int:
        looked_at = [_looked_at(frames, k0, transfer) for frames, k0 in zip(prepared.frames, vectors, strict=True)]
        return sum(_is_sure(peak) for peak, _, _ in looked_at)

    given = [(float(ky), float(kx)) for ky, kx in k0_per_um]
    mirrored = [(-ky, kx) for ky, kx in given]
    sure = confirmed(given)
    if sure == len(given) or confirmed(mirrored) <= sure:
        return given, []
    return mirrored, ["the stripes lie mirrored in y to those given: that program counts rows from the other end"]


def _near_given(prepared: Prepared, transfer: Transfer, k0_per_um, steps_rad) -> tuple[list[Angle], list[str]]:
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
            angle, said = _fixed_steps(number + 1, angle, frames, steps, transfer)
            notes += said
        angles.append(angle)
    return angles, notes


def _measured(frames: np.ndarray, looked_at, transfer: Transfer, together: bool) -> dict[int, Angle]:
    """Angles, by their number, where a peak is sure; ``together``: how uneven the phases are, they say as one.

    One by one are measured also those whose |k| is not that of the others: they were given so.
    """
    sure = {n: each for n, each in enumerate(looked_at) if _is_sure(each[0])}
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


def _is_sure(peak: Peak | None) -> bool:
    return peak is not None and peak.false_alarm <= FALSE_ALARM


def _nearest(frames: np.ndarray, steps: np.ndarray, orders: int, k0_per_um, transfer: Transfer) -> Peak | None:
    """The highest peak near k or -k."""
    return _peak_near(Search(separated(frames, steps, orders, transfer)), k0_per_um)


def _peak_near(search: Search, k0_per_um) -> Peak | None:
    """The same where the search has begun."""
    region = search.near(k0_per_um, SAME_LENGTH, SAME_DIRECTION_RAD)
    region |= search.near(np.negative(k0_per_um), SAME_LENGTH, SAME_DIRECTION_RAD)
    return next(iter(search.candidates(region)), None)


def _as_given(frames, steps, orders: int, k0_per_um, peak: Peak | None, transfer: Transfer) -> Angle:
    """An angle that nothing in the frames confirms; its contrast is what they show."""
    z = peak.z if peak else (0.0,) * orders
    chance = peak.false_alarm if peak else 1.0
    condition = optics_bands.condition_number(steps, orders)
    found = tuple(Order(n, (0.0, 0.0), 0.0, 0.0, 0.0, z[n - 1], "measured") for n in range(1, orders + 1))
    ky, kx = (float(k) for k in k0_per_um)
    angle = Angle("assumed", (ky, kx), tuple(np.asarray(steps).tolist()), "assumed", chance, condition, found)
    angle = _with_contrasts(angle, frames, transfer)
    sure = [order.modulation_depth > SURE * order.modulation_error for order in angle.orders]
    kept = (o if seen else replace(o, status="failed") for o, seen in zip(angle.orders, sure, strict=True))
    return replace(angle, orders=tuple(kept))


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


def _with_steps(found: Parameters, prepared: Prepared, transfer: Transfer, steps_rad) -> tuple[list[Angle], list[str]]:
    """What was found in the evened frames, with the steps that were given, as it is in the frames themselves."""
    angles, notes = [], []
    for number, angle in enumerate(found.angles):
        angle, said = _fixed_steps(
            number + 1, angle, prepared.frames[number], np.asarray(steps_rad[number], float), transfer
        )
        angles.append(angle)
        notes += said
    return angles, notes


def _evened(prepared: Prepared, steps_rad) -> Prepared:
    """The frames that even phases would have given: known phases, unknown vectors."""
    frames = np.stack([as_if_even(each, steps) for each, steps in zip(prepared.frames, steps_rad, strict=True)])
    return replace(prepared, frames=frames)


def _fixed_steps(
    number: int, angle: Angle, frames: np.ndarray, steps: np.ndarray, transfer: Transfer
) -> tuple[Angle, list[str]]:
    """An angle with the steps that were given; whether its frames have the same is tried."""
    angle = replace(
        angle,
        steps_rad=tuple(steps.tolist()),
        steps_status="assumed",
        condition_number=optics_bands.condition_number(steps, len(angle.orders)),
    )
    if angle.status == "failed":
        return angle, []
    notes = []
    if angle.status != "assumed":
        bands = separated(frames, steps, len(angle.orders), transfer)
        angle = replace(angle, k0_per_um=refined(bands, angle.k0_per_um, rounds=1))
        fitted, uncertainty = _fitted_steps(angle, frames, steps, transfer)
        if uncertainty <= STEPS_MEASURED_RAD:
            off = np.angle(np.exp(1j * (fitted - steps)))
            if np.max(np.abs(off)) <= max(STEPS_RAD, 3 * uncertainty):
                angle = replace(angle, steps_status="measured")
            else:
                say = ", ".join(f"{phase:.0f}" for phase in np.rad2deg(steps + off - off[0]))
                said = f"angle {number}: the frames have phases of {say} degrees; used those given all the same"
                notes.append(f"warning: {said}")
    return _with_contrasts(angle, frames, transfer), notes


def _fitted_steps(angle: Angle, frames: np.ndarray, steps: np.ndarray, transfer: Transfer) -> tuple[np.ndarray, float]:
    """The phases that the frames have, about those given, found without them; and how uncertain they are."""
    even = max((even_steps(len(steps)), -even_steps(len(steps))), key=lambda each: _alike(each, steps))
    if _alike(even, steps) < ALIKE:
        return steps, np.inf  # nothing to start from
    bands = separated(frames, even, len(angle.orders), transfer)
    fitted, uncertainty = fit_steps(bands, angle.k0_per_um, even)
    return fitted + np.angle(np.sum(np.exp(1j * (steps - fitted)))), uncertainty


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    """1 where phases differ by a common one."""
    return float(np.abs(np.mean(np.exp(1j * (one - other)))))


def _with_contrasts(angle: Angle, frames: np.ndarray, transfer: Transfer) -> Angle:
    return remeasured(Parameters((angle,)), frames[None], transfer).angles[0]


def _turned(angle: Angle, frames: np.ndarray, transfer: Transfer) -> Angle:
    """The angle with -k; its phases are measured again, as uneven ones are not the same backwards."""
    ky, kx = angle.k0_per_um
    turned = replace(angle, k0_per_um=(-ky, -kx))
    steps, _ = _fitted_steps(turned, frames, np.asarray(angle.steps_rad), transfer)
    return _with_contrasts(replace(turned, steps_rad=tuple(steps.tolist())), frames, transfer)


def ky_kx(k_per_um) -> str:
    return ",".join(f"{k:.4f}" for k in k_per_um)
