"""Stripes of which something is known before: it is held against the frames, and used.

Stripes with the vector k whose phase rises from frame to frame are those with -k whose phase falls. Given a k, its sign
is wrong as easily as right, and the wrong one puts every band in the wrong place: both are tried. What the frames
confirm is `measured`, and then also made more precise; what they neither confirm nor contradict is `assumed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from srredsim.acquisition import Pattern
from srredsim.errors import InputError
from srredsim.optics import bands as optics_bands
from srredsim.optics.transfer import Transfer
from srredsim.stripes.bands import separated
from srredsim.stripes.estimate import estimate
from srredsim.stripes.measure import STEPS_MEASURED_RAD, measured, remeasured, through_one_lens
from srredsim.stripes.parameters import Angle, Damping, Order, Parameters
from srredsim.stripes.phase_steps import even_steps, fit_steps
from srredsim.stripes.preprocess import Prepared
from srredsim.stripes.search import FALSE_ALARM, SAME_DIRECTION_RAD, SAME_LENGTH, THREE_BEAMS, Peak, Search, refined

MOVED = 0.01  # fraction of |k| by which the frames may correct a given k without a word
FEWER = 0.5  # share of the contrast that stripes had: below, the other sign is tried
STEPS_RAD = 0.1  # by which phases may differ from given ones without a word, if they can be measured so well
ALIKE = 0.8  # coherence of phases that are even steps but for errors
SURE = 3.0  # contrast over its uncertainty, of stripes that nothing else confirms


@dataclass(frozen=True)
class Known:
    """What is known of the stripes before their frames are seen; whatever is None is found in them.

    ``parameters``, one a channel, of another stack, leave nothing to search for. ``k0_per_um`` is (ky, kx) of the first
    order of every angle, y down; ``steps_rad`` the phase of every frame (angles, phases), up to a common one an angle;
    ``dampings`` that of the OTF in every channel.
    """

    parameters: Sequence[Parameters] | None = None
    k0_per_um: Sequence[tuple[float, float]] | None = None
    steps_rad: Sequence[Sequence[float]] | None = None
    dampings: Sequence[float] | None = None

    def check(self, pattern: Pattern, transfer: Transfer) -> None:
        """Raises InputError if this is nothing that such a stack can have."""
        if self.k0_per_um is not None and len(self.k0_per_um) != pattern.angles:
            raise InputError(
                f"`k` was given {len(self.k0_per_um)} times, the stack has {pattern.angles} angles:"
                " give it once for each"
            )
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

    def damping(self, channel: int = 0) -> Damping | None:
        """Damping of the lens of a channel, if it is known."""
        if self.dampings is not None:
            return Damping(self.dampings[channel], "given")
        return None if self.parameters is None else self.parameters[channel].damping

    def find(self, prepared: Prepared, transfer: Transfer, channel: int = 0) -> tuple[Parameters, list[str]]:
        """Stripes of all angles and the lens that shows them, and what is to be said about what was known."""
        damping = self.damping(channel)
        if damping and transfer.curve is None:
            transfer = replace(transfer, damping=damping.value)
        if self.parameters is not None:
            angles, notes = _reused(self.parameters[channel], prepared, transfer)
        elif self.k0_per_um is not None:
            angles, notes = _near_given(prepared, transfer, self.k0_per_um, self.steps_rad)
        else:
            searched = prepared if self.steps_rad is None else _evened(prepared, self.steps_rad)
            found = estimate(searched, transfer, damping=damping)
            if self.steps_rad is None:
                return found, []
            angles, notes = _with_steps(found, prepared, transfer, self.steps_rad)
        return through_one_lens(angles, prepared.frames, transfer, damping), notes


def _reused(parameters: Parameters, prepared: Prepared, transfer: Transfer) -> tuple[list[Angle], list[str]]:
    """Vectors and steps of another stack, with the phases and contrasts of this one."""
    angles, notes = [], []
    fresh = remeasured(Parameters(parameters.angles), prepared.frames, transfer)
    for number, (frames, before, now) in enumerate(zip(prepared.frames, parameters.angles, fresh.angles, strict=True)):
        if before.status != "failed":
            if _contrast(now) < FEWER * _contrast(before):
                other = _turned(before, frames, transfer)
                if _strength(other) > 2 * _strength(now):
                    now = other
                    notes.append(f"angle {number + 1}: the phases run the other way round in this stack; used -k")
            if not _strength(now):
                now = replace(now, status="assumed")
        angles.append(now)
    return angles, notes


def _near_given(prepared: Prepared, transfer: Transfer, k0_per_um, steps_rad) -> tuple[list[Angle], list[str]]:
    angles, notes = [], []
    for number, (frames, k0) in enumerate(zip(prepared.frames, k0_per_um, strict=True), start=1):
        steps = even_steps(len(frames)) if steps_rad is None else np.asarray(steps_rad[number - 1], float)
        three = np.hypot(*k0) <= THREE_BEAMS * transfer.cutoff_per_um
        orders = 2 if three and optics_bands.condition_number(steps, 2) < optics_bands.LARGEST_CONDITION else 1
        peak = _nearest(frames, steps, orders, k0, transfer)
        if peak is None or peak.false_alarm > FALSE_ALARM:
            angle = _as_given(frames, steps, orders, k0, peak, transfer)
        else:
            (angle,), _ = measured(frames[None], [(peak, "measured")], steps, orders, transfer)
            notes += _about_k(number, k0, angle.k0_per_um)
        if steps_rad is not None:
            angle, said = _fixed_steps(number, angle, frames, steps, transfer)
            notes += said
        angles.append(angle)
    return angles, notes


def _nearest(frames: np.ndarray, steps: np.ndarray, orders: int, k0_per_um, transfer: Transfer) -> Peak | None:
    """The highest peak near k or -k."""
    search = Search(separated(frames, steps, orders, transfer))
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
    frames = np.stack([_evened_angle(each, steps) for each, steps in zip(prepared.frames, steps_rad, strict=True)])
    return replace(prepared, frames=frames)


def _evened_angle(frames: np.ndarray, steps_rad) -> np.ndarray:
    phases = len(frames)
    orders = 2 if optics_bands.condition_number(steps_rad, 2) < optics_bands.LARGEST_CONDITION else 1
    bands = optics_bands.separate(frames, steps_rad, orders)
    mixed = optics_bands.mixing_matrix(even_steps(phases), (2.0,) * orders)[:, 1::2]
    result = np.broadcast_to(bands[0], frames.shape).astype(np.float32)
    for column, band in zip(2 * mixed.T, bands[1:], strict=True):
        result += (column[:, None, None] * band).real.astype(np.float32)
    return result


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
                notes.append(f"angle {number}: the frames have phases of {say} degrees; used those given all the same")
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


def _contrast(angle: Angle) -> float:
    return max((order.modulation_depth for order in angle.orders if order.status != "failed"), default=0.0)


def _strength(angle: Angle) -> float:
    """Contrast over its uncertainty, of the surest order; 0 if no order can be seen."""
    return max(
        (o.modulation_depth / max(o.modulation_error, 1e-9) for o in angle.orders if o.status != "failed"), default=0.0
    )


def ky_kx(k_per_um) -> str:
    return ",".join(f"{k:.4f}" for k in k_per_um)
