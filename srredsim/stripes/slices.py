r"""The stripes of one slice of a stack: those of the sharpest, unless their phases have clearly moved in between.

Stripes keep their place while a sample moves through focus, and what they are is best told where it is sharp: in other
slices the first of two orders changes its sign, and what a lens leaves of the other may, with little contrast. But
slices may be times that a file does not call so, between which stripes drift. There the phases of the finest order
differ by something that is neither 0 nor half a period; or by half a period, with the contrast that it had; or those of
the first order do so, with the contrast that it had, where the finest is seen as it was: half a period of the one is a
whole one of the other, and where the finest is seen, the sample is in focus.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from srredsim.optics.transfer import Transfer
from srredsim.stripes.measure import remeasured
from srredsim.stripes.parameters import Angle, Order, Parameters, seen_from
from srredsim.stripes.preprocess import Prepared, middle

SIDE = 256  # raw pixels of the middle of a slice, which say it
MOVED, CERTAIN = 0.1, 3.0  # sine of a change of phase that hardly matters; and so many standard deviations are clear
SHARP = 0.4  # share of the contrast of the finest order that no lens leaves out of focus under the opposite sign


def in_slice(known: Parameters, prepared: Prepared, lens: Transfer) -> Parameters:
    """The stripes of a slice; they are ``known`` themselves if nothing has clearly moved.

    Parameters
    ----------
    known : Parameters
        As they are in the sharpest slice.
    prepared : Prepared
        Frames of the slice.
    lens : Transfer
        With the damping of the channel.
    """
    if known.failed:
        return known
    field, corner_um = middle(prepared, lens, SIDE)
    here = seen_from(remeasured(seen_from(known, corner_um), field.frames, lens), -corner_um)
    pairs = list(zip(known.angles, here.angles, strict=True))
    if not (_moved([finest for pair in pairs if (finest := _finest(*pair))]) or _turned(pairs)):
        return known
    return replace(known, angles=tuple(_with_phases(*pair) for pair in pairs))


def _finest(known: Angle, here: Angle) -> tuple[Order, Order] | None:
    """The finest order of an angle that is seen in both: what is out of focus tells least of it."""
    pairs = zip(known.orders, here.orders, strict=True)
    seen = [(one, other) for one, other in pairs if "failed" not in (one.status, other.status)]
    return seen[-1] if seen else None


def _moved(finest: list[tuple[Order, Order]]) -> bool:
    """Whether the finest orders of all angles together clearly have other phases here than they had."""
    if not finest:
        return False
    change = np.array([here.phase_rad - known.phase_rad for known, here in finest])
    error = np.array([np.hypot(*map(_relative_error, orders)) for orders in finest])
    if np.hypot.reduce(np.maximum(np.abs(np.sin(change)) - MOVED, 0) / error) > CERTAIN:
        return True
    return _kept([pair for pair, by in zip(finest, change, strict=True) if np.cos(by) < 0])


def _turned(pairs: list[tuple[Angle, Angle]]) -> bool:
    """Whether the first order has the opposite sign in some angles, though they are in focus."""
    both = [
        (known.orders, here.orders)
        for known, here in pairs
        if len(known.orders) > 1 and all(order.status != "failed" for order in known.orders + here.orders)
    ]
    opposite = [(known, here) for known, here in both if np.cos(here[0].phase_rad - known[0].phase_rad) < 0]
    return all(_kept([(known[n], here[n]) for known, here in opposite]) for n in (0, -1))


def _kept(pairs: list[tuple[Order, Order]]) -> bool:
    """Whether orders clearly have the contrast that they had, on average; not if there are none."""
    if not pairs:
        return False
    kept = [here.modulation_depth / known.modulation_depth for known, here in pairs]
    error = [np.hypot(*map(_relative_error, orders)) for orders in pairs]
    return bool(np.mean(kept) - CERTAIN * np.hypot.reduce(error) / len(kept) > SHARP)


def _relative_error(order: Order) -> float:
    return order.modulation_error / max(order.modulation_depth, 1e-9)


def _with_phases(known: Angle, here: Angle) -> Angle:
    """The angle, all of whose orders are moved as the finest; which of its two halves that is, the first says."""
    finest = _finest(known, here)
    if finest is None:
        return known
    number = finest[0].order
    shift = (finest[1].phase_rad - finest[0].phase_rad) / number
    if number > 1 and here.orders[0].status != "failed":
        first = here.orders[0].phase_rad - known.orders[0].phase_rad
        shift += np.pi * (np.cos(first - shift) < 0)
    moved = (replace(each, phase_rad=(each.phase_rad + each.order * shift) % (2 * np.pi)) for each in known.orders)
    return replace(known, orders=tuple(moved))
