"""Parameters of another stack of the microscope, in the frames of this one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from srredsim.optics.transfer import Transfer
from srredsim.stripes.bands import Bands
from srredsim.stripes.followed import FEWER, followed
from srredsim.stripes.given_steps import fitted_steps, with_contrasts
from srredsim.stripes.given_vectors import MOVED, is_sure, peak_near
from srredsim.stripes.measure import all_bands, remeasured
from srredsim.stripes.parameters import Angle, Parameters
from srredsim.stripes.preprocess import Prepared
from srredsim.stripes.search import Search

BACKWARDS = "angle {}: the phases run the other way round in this stack; used -k"


def reused(parameters: Parameters, prepared: Prepared, transfer: Transfer) -> tuple[list[Angle], list[str]]:
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
                there = with_contrasts(there, frames, transfer)
                if there.contrast > least:
                    notes += _about_a_turn(number + 1, now.k0_per_um, there.k0_per_um)
                    now = there
            if now.contrast < least:
                other = _turned(before, frames, transfer)
                if other.strength > 2 * now.strength:
                    now = other
                    notes.append(BACKWARDS.format(number + 1))
            if not now.strength:
                now = replace(now, status="assumed")
        angles.append(now)
    return angles, notes


def _looked_up(known: Angle, bands: Bands) -> Angle:
    """The angle; where its bands show nothing under its vector, with that of the highest peak near, if that is sure."""
    peak = None if known.strength else peak_near(Search(bands), known.k0_per_um)
    return replace(known, k0_per_um=peak.k0_per_um) if peak and is_sure(peak) else known


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


def _turned(angle: Angle, frames: np.ndarray, transfer: Transfer) -> Angle:
    """The angle with -k; its phases are measured again, as uneven ones are not the same backwards."""
    ky, kx = angle.k0_per_um
    turned = replace(angle, k0_per_um=(-ky, -kx))
    steps, _ = fitted_steps(turned, frames, np.asarray(angle.steps_rad), transfer)
    return with_contrasts(replace(turned, steps_rad=tuple(steps.tolist())), frames, transfer)


def _about_a_turn(number: int, saved, found) -> list[str]:
    """What to say where stripes are not where they were saved."""
    notes = []
    if np.dot(saved, found) < 0:
        notes, saved = [BACKWARDS.format(number)], np.negative(saved)
    off = float(np.hypot(*np.subtract(found, saved)) / np.hypot(*saved))
    if off > MOVED:
        notes.append(f"angle {number}: the stripes lie {100 * off:.1f} % of |k| beside those saved; used as they are")
    return notes
