"""A stack whose optics are not all known, with the cut-off that its frames show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from srredsim.acquisition import Cutoff, Optics, RawStack, numbers
from srredsim.errors import InputError, not_finite
from srredsim.io.asked import Reading
from srredsim.io.raw import raw_stack
from srredsim.io.source import Source
from srredsim.lost_frames import LostFrames, bridged
from srredsim.optics.illumination import check_phases
from srredsim.optics.transfer import TOO_COARSE, in_words, missing_of
from srredsim.reconstruction.planes import sharpest_slice
from srredsim.stripes.cutoff import cutoff_of
from srredsim.stripes.preprocess import prepare

FIELD_PX = 512  # raw pixels, side of what is looked at
SMALLEST_SIDE_PX = 48  # the same, at least
LARGEST_DEVIATION = 0.08  # of a cut-off that is good enough to work with
CARRIED = 0.5  # cycles per pixel: the finest that pixels can show


class Untold(InputError):
    """The frames do not tell the cut-off, and the file not the optics."""


def with_cutoffs(stack: RawStack) -> RawStack:
    """The stack itself where its optics are known; else with the cut-off of each channel, and a note that says so.

    Looked at is the middle of the sharpest slice of each channel at the first time.

    Raises
    ------
    Untold
        If the frames of a channel do not tell it; the message says what to give. LostFrames if one is lost.
    """
    missing = missing_of(stack.optics)
    if not missing or stack.optics.cutoffs:
        return stack
    try:
        check_phases(stack.pattern.phases)
        seen = bridged(stack)
        cutoffs = tuple(_of_channel(seen, channel) for channel in range(stack.sizes["C"]))
    except LostFrames:
        raise
    except InputError as problem:
        raise Untold(
            f"the file does not say {in_words(missing)}, and its frames do not tell the cut-off: {problem}; give"
            f" `{', '.join(missing)}`"
        ) from None
    optics = replace(stack.optics, cutoffs=cutoffs)
    return replace(stack, optics=optics, notes=(*stack.notes, note(optics)))


def as_far_as_told(stack: RawStack) -> RawStack:
    """The stack `with_cutoffs`; or, where its frames do not tell them, the stack and a warning."""
    try:
        return with_cutoffs(stack)
    except Untold as problem:
        warning = f"warning: a weaker model is taken, that needs no optics: {problem}"
        return replace(stack, notes=(*stack.notes, warning))


def of_file(source: Source, path: Path, reading: Reading) -> tuple[RawStack, Source]:
    """The stack of an open file `as_far_as_told`, and the file: read again, it has the same cut-offs and notes."""
    stack = raw_stack(source, path, reading)
    told = as_far_as_told(stack)
    more = told.notes[len(stack.notes) :]
    return told, replace(with_known(source, told.optics.cutoffs), notes=(*source.notes, *more))


def with_known(source: Source, cutoffs: tuple[Cutoff, ...]) -> Source:
    """An open file with the cut-offs that were estimated before; none, if none were."""
    return replace(source, optics=replace(source.optics, cutoffs=cutoffs))


def note(optics: Optics) -> str:
    """How the cut-off was found, and what it means where something is known."""
    missing = missing_of(optics)
    each = ", ".join(f"{one.per_pixel:.4f} ± {one.per_pixel * one.deviation:.4f}" for one in optics.cutoffs)
    return (
        f"the file does not say {in_words(missing)}: cut-off estimated from the frames, {each} cycles/pixel"
        f"{_meaning(optics)}; give `{', '.join(missing)}` if known"
    )


def _meaning(optics: Optics) -> str:
    """What the cut-off says of the value that is missing, where only one is."""
    per_pixel = np.array([one.per_pixel for one in optics.cutoffs])
    missing, waves = missing_of(optics), np.array(optics.wavelength_em_um, float)
    if missing == ["pixel_size_um"]:
        return f" (as of pixels of {numbers(np.unique(np.round(per_pixel * waves / 2 / optics.na, 4)))} um)"
    if missing == ["na"]:
        return f" (as of NA {numbers(np.unique(np.round(per_pixel / optics.pixel_size_um * waves / 2, 2)))})"
    return ""


def _of_channel(stack: RawStack, channel: int) -> Cutoff:
    _, raw = sharpest_slice(stack, channel)
    if min(raw.shape[2:]) < SMALLEST_SIDE_PX:
        raise InputError(f"they are {raw.shape[2]} x {raw.shape[3]} pixels, wanted {SMALLEST_SIDE_PX} or more")
    if number := int(np.count_nonzero(~np.isfinite(raw))):
        raise LostFrames(not_finite(number))
    starts = [max(0, (n - FIELD_PX) // 2) for n in raw.shape[2:]]
    field = tuple(slice(start, start + FIELD_PX) for start in starts)
    found = cutoff_of(prepare(raw[:, :, *field]))
    if found.deviation > LARGEST_DEVIATION:
        raise InputError(
            f"they leave it between {found.per_pixel * max(0.0, 1 - 2 * found.deviation):.2f} and"
            f" {found.per_pixel * (1 + 2 * found.deviation):.2f} cycles/pixel: too little light, or no structure"
        )
    if (least := found.per_pixel * (1 - 2 * found.deviation)) > CARRIED * TOO_COARSE:
        raise InputError(
            f"the lens passes more than {least:.2f} cycles/pixel, wanted at most {CARRIED}: the pixels are too coarse,"
            " were the frames binned?"
        )
    return Cutoff(found.per_pixel, found.deviation)
