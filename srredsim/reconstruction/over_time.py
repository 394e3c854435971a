"""The stripes of a time series: those of its mean over time, unless they have drifted in between.

Frames whose stripes move from time to time show them faintly in their mean, or not at all; what is modulated less than
it was looks like light from out of focus, too. Then the first time alone says what they are, or if it is too dim for
that the mean of all, turned back to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.survey import Sharpest
from srredsim.stripes.measure import remeasured
from srredsim.stripes.parameters import Order, Parameters, seen_from
from srredsim.stripes.preprocess import Prepared, middle

WASHED_OUT, CERTAIN = 1.1, 3.0  # contrast of the first time over that of the mean, and so many standard deviations

Found = TypeVar("Found")


def found_over_time(
    slice_: Sharpest,
    side: int,
    transfer: Transfer,
    find: Callable[[Prepared], Found],
    stripes_of: Callable[[Found], Parameters],
) -> Found:
    """What ``find`` finds in the frames of a slice that show its stripes best.

    Parameters
    ----------
    side : int
        Raw pixels of the middle of the field that it is given at most.
    stripes_of : callable
        The stripes that it has found, as they are in the whole field.
    """
    found = find(slice_.prepared(side))
    if slice_.times == 1 or not _in_doubt(stripes_of(found), slice_.prepared_first(side), transfer, side):
        return found
    turned = slice_.prepared_turned(side)
    if turned is None:
        return found
    alone = find(slice_.prepared_first(side))
    if _measured(stripes_of(alone)) == len(stripes_of(alone).angles):
        return alone
    return max(find(turned), alone, found, key=lambda each: _measured(stripes_of(each)))


def frames_of(slice_: Sharpest, known: Parameters, transfer: Transfer, side: int) -> Prepared:
    """The mean over time, or the first time where stripes are lost in the mean; the whole field."""
    in_doubt = slice_.times > 1 and _in_doubt(known, slice_.prepared_first(side), transfer, side)
    return slice_.prepared_first() if in_doubt else slice_.prepared()


def _measured(stripes: Parameters) -> int:
    return sum(angle.status == "measured" for angle in stripes.angles)


def _orders(stripes: Parameters) -> list[Order]:
    return [order for angle in stripes.angles for order in angle.orders]


def _in_doubt(known: Parameters, first: Prepared, transfer: Transfer, side: int) -> bool:
    """Whether stripes were not measured in the mean, or are clearly stronger at the first time."""
    if _measured(known) < len(known.angles):
        return True
    field, corner_um = middle(first, transfer, side)
    here = remeasured(seen_from(known, corner_um), field.frames, transfer)
    return any(
        now.modulation_depth - CERTAIN * now.modulation_error > WASHED_OUT * before.modulation_depth
        for before, now in zip(_orders(known), _orders(here), strict=True)
        if "failed" not in (before.status, now.status)
    )
