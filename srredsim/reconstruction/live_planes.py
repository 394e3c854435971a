"""Every t and c of a stack without z the fast way: see `srredsim.reconstruction.live`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from srredsim.acquisition import RawStack
from srredsim.lost_frames import whole
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.attenuation import AUTO
from srredsim.reconstruction.live import Live
from srredsim.reconstruction.planes import Channel, Plane, found_in, prepared_plane, without_stripes
from srredsim.stripes.given import Known
from srredsim.stripes.preprocess import Prepared
from srredsim.threads import in_order

LOOKED_AT = 16  # times in which stripes are looked for, if the first shows none


def live_planes(
    stack: RawStack,
    transfers: Sequence[Transfer],
    wiener: float | None = None,
    *,
    known: Known | None = None,
    attenuation: float | str | None = AUTO,
) -> Iterator[Plane]:
    """Planes of a stack without z, all as they were found at the first time that shows stripes, but for the phases.

    See `srredsim.reconstruction.live`. Times are read, computed and used at once, each in its turn.

    Raises
    ------
    InputError
        As of `planes`.
    """
    known = known or Known(hexagonal=stack.pattern.hexagonal)
    for transfer in transfers:
        known.check(stack.pattern, transfer)
    for c, transfer in enumerate(transfers):
        first, channel = _first_found(stack, transfer, c, known)
        taken = channel.haze if attenuation == AUTO else float(attenuation or 0)
        live = Live(first, channel.parameters, channel.transfer, wiener, taken)

        def made(read: tuple[int, np.ndarray], c=c, channel=channel, live=live) -> Plane:
            position = read[0], c, 0
            prepared = prepared_plane(stack, position, read[1])
            image, found = live(prepared)
            about = live.regularisation, 0, channel.notes, channel.haze
            return Plane(position, image, prepared, found, channel.transfer, *about)

        yield from in_order(made, ((t, whole(stack, (t, c, 0))) for t in range(stack.sizes["T"])))


def _first_found(stack: RawStack, transfer: Transfer, c: int, known: Known) -> tuple[Prepared, Channel]:
    """The first time of a channel that shows stripes in every angle, and what is found in it; else the best of some."""
    best: tuple[Prepared, Channel] | None = None
    for t in range(min(stack.sizes["T"], LOOKED_AT)):
        prepared = prepared_plane(stack, (t, c, 0))
        found = found_in(prepared, transfer, c, known)
        missing = without_stripes(found.parameters)
        if t and missing < len(found.parameters.angles):
            found = replace(
                found, notes=(*found.notes, f"live: the stripes, the lens and the noise are those of t={t}")
            )
        if best is None or missing < without_stripes(best[1].parameters):
            best = prepared, found
        if not missing:
            break
    assert best
    return best
