"""Phase steps that are known before: they are used as they are, and the frames are asked whether they have them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from srredsim.optics import bands as optics_bands
from srredsim.optics.transfer import Transfer
from srredsim.stripes.bands import separated
from srredsim.stripes.measure import STEPS_MEASURED_RAD, remeasured
from srredsim.stripes.parameters import Angle, Parameters
from srredsim.stripes.phase_steps import as_if_even, even_steps, fit_steps
from srredsim.stripes.preprocess import Prepared
from srredsim.stripes.search import refined

STEPS_RAD = 0.1  # by which phases may differ from given ones without a word, if they can be measured so well
ALIKE = 0.8  # coherence of phases that are even steps but for errors


def with_steps(found: Parameters, prepared: Prepared, transfer: Transfer, steps_rad) -> tuple[list[Angle], list[str]]:
    """What was found in the evened frames, with the steps that were given, as it is in the frames themselves."""
    angles, notes = [], []
    for number, angle in enumerate(found.angles):
        angle, said = fixed_steps(
            number + 1, angle, prepared.frames[number], np.asarray(steps_rad[number], float), transfer
        )
        angles.append(angle)
        notes += said
    return angles, notes


def as_if_evened(prepared: Prepared, steps_rad) -> Prepared:
    """The frames that even phases would have given: known phases, unknown vectors."""
    frames = np.stack([as_if_even(each, steps) for each, steps in zip(prepared.frames, steps_rad, strict=True)])
    return replace(prepared, frames=frames)


def fixed_steps(
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
        fitted, uncertainty = fitted_steps(angle, frames, steps, transfer)
        if uncertainty <= STEPS_MEASURED_RAD:
            off = np.angle(np.exp(1j * (fitted - steps)))
            if np.max(np.abs(off)) <= max(STEPS_RAD, 3 * uncertainty):
                angle = replace(angle, steps_status="measured")
            else:
                say = ", ".join(f"{phase:.0f}" for phase in np.rad2deg(steps + off - off[0]))
                said = f"angle {number}: the frames have phases of {say} degrees; used those given all the same"
                notes.append(f"warning: {said}")
    return with_contrasts(angle, frames, transfer), notes


def fitted_steps(angle: Angle, frames: np.ndarray, steps: np.ndarray, transfer: Transfer) -> tuple[np.ndarray, float]:
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


def with_contrasts(angle: Angle, frames: np.ndarray, transfer: Transfer) -> Angle:
    return remeasured(Parameters((angle,)), frames[None], transfer).angles[0]
