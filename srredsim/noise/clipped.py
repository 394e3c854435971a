"""Pixels that are as bright as can be: what light they got is not known."""

from __future__ import annotations

import numpy as np

from srredsim.noise.line import step_of

CLIPPED, PLATEAU = 10, 0.02  # pixels; share of the range below the highest value that must hold fewer than the top
MANY = 1e-3  # share of all pixels, above which neither noise nor stripes can be trusted


WORDS = (
    "of the pixels are saturated: neither stripes nor brightness are right around them; lower light, exposure or camera"
    " gain"
)


def clipped_pixels(values: np.ndarray) -> int:
    """Pixels that are as bright as can be: so many share the highest value that they outnumber those just below it.

    A natural maximum is the end of a tail, thinner than what lies below it.
    """
    top = values.max()
    at_top = int(np.count_nonzero(values == top))
    if not CLIPPED <= at_top < values.size:
        return 0
    below = float(top) - max(PLATEAU * (float(top) - float(np.median(values))), step_of(values))
    just_below = int(np.count_nonzero(values >= below)) - at_top
    return at_top if at_top > just_below else 0
