"""What slices beside the sharpest say of all: out-of-focus light, and whether those at the ends have other stripes.

Colours that lie one after the other in a file that does not name its axes are read as slices. Each has stripes of its
own, and an image that is made with those of another is worse than the widefield image.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from srredsim.errors import InputError
from srredsim.noise.whitened import spectrum_of
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.survey import NEARLY, Sharpest
from srredsim.stripes.estimate import estimate
from srredsim.stripes.followed import lost
from srredsim.stripes.haze import Haze, haze_of
from srredsim.stripes.measure import remeasured
from srredsim.stripes.parameters import Parameters, seen_from
from srredsim.stripes.preprocess import Prepared, prepare
from srredsim.stripes.search import SAME_LENGTH
from srredsim.stripes.slices import in_slice

AS_SHARP = 0.8  # share of the contrast of the sharpest slice, of those whose haze may be that of all


def others(slice_: Sharpest, known: Parameters, transfer: Transfer) -> list[str]:
    """A line about the first slice at an end that clearly has stripes of another vector; nothing if none has.

    Parameters
    ----------
    known : Parameters
        Those of the sharpest slice, in the whole field.
    """
    if known.failed:
        return []
    whole = np.array(slice_.first.shape[-2:])
    for z, raw in slice_.slices.ends.items():
        if z == slice_.z:
            continue
        if (field := _prepared(slice_, raw)) is None:
            continue
        there = seen_from(known, (whole - raw.shape[-2:]) // 2 * transfer.pixel_size_um)
        if not lost(there.angles, remeasured(there, field.frames, transfer).angles):
            continue
        found = estimate(field, transfer, hexagonal=known.at_once > 1)
        if all(angle.status == "measured" for angle in found.angles) and _differ(found, there):
            return [
                f"warning: z={z} has other stripes than z={slice_.z}, with which all slices are made: colours one after"
                " the other in the file, read as slices? Give each colour as a file of its own"
            ]
    return []


def fields_beside(
    slice_: Sharpest, transfer: Transfer, share: float = NEARLY
) -> Iterator[tuple[int, Prepared, np.ndarray]]:
    """Number, frames, and where (y, x) in um their field begins, of each slice with that share of the best contrast."""
    whole = np.array(slice_.first.shape[-2:])
    for z, raw in slice_.slices.beside(share).items():
        if field := _prepared(slice_, raw):
            yield z, field, (whole - raw.shape[-2:]) // 2 * transfer.pixel_size_um


def haze_beside(slice_: Sharpest, known: Parameters, lens: Transfer, haze: Haze) -> Haze:
    """The surest haze of the slices that are nearly as sharp as the sharpest, which has none that is sure, ``haze``.

    How sure it is hangs on what is in a slice; how thick the sample is does not.
    """
    found = [haze]
    for _, field, corner_um in fields_beside(slice_, lens, AS_SHARP) if not known.failed else ():
        there = in_slice(seen_from(known, corner_um), field, lens)
        found.append(haze_of(field.frames, there, lens, field.noise))
    return surest(*found)


def surest(*each: Haze) -> Haze:
    """The haze of several slices that is told best."""
    return max(each, key=lambda one: (one.share > 0, one.z))


def _prepared(slice_: Sharpest, raw: np.ndarray) -> Prepared | None:
    """None of frames that cannot be used: who makes an image of them says what is wrong with them."""
    try:
        return prepare(raw, noise=spectrum_of(slice_.stack, slice_.channel))
    except InputError:
        return None


def _differ(one: Parameters, other: Parameters) -> bool:
    """Whether the vectors of any angle, of either sign, differ by more than those of one microscope."""
    pairs = [(np.array(a.k0_per_um), np.array(b.k0_per_um)) for a, b in zip(one.angles, other.angles, strict=True)]
    return any(min(np.hypot(*(a - b)), np.hypot(*(a + b))) > SAME_LENGTH * np.hypot(*b) for a, b in pairs)
