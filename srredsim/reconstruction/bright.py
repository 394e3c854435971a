"""A few places far brighter than all else in a field, as an aggregate of dye among filaments.

A network is given images in units of their brightest structures. Where these are a few places, all else has a few
hundredths of the range, and comes out blurred. So the rest of such a field is made a second time, in units of its own,
with the bright places capped; both images are put together along the border of these places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from srredsim.normalise import HIGH_PERCENT, Scaling
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer

TIMES = 8.0  # brighter than the rest: the gain over that of the rest, at least
LARGEST = 0.08  # share of the field that such places, with what surrounds them, have at most
CLEAR = 6.0  # times the noise of the widefield image: what the fine structures of the rest have at least
CAP = 1.5  # times the brightest structures of the rest
SMOOTH, COARSE = 0.6, 3.0  # times the finest period that the lens shows: what is filtered
SHOWN_AROUND, CAPPED_AROUND, AROUND = 0.8, 1.3, 2.6  # the same: how far the places reach
BORDER = 2.0  # output pixels, over which one image becomes the other


@dataclass(frozen=True)
class Rest:
    """All but the bright places of a field, and the scaling that it has by itself."""

    scaling: Scaling
    capped: np.ndarray  # (y, x) bool: where nothing is brighter than the cap
    bright: np.ndarray  # (2y, 2x) float32: 1 in the bright places, 0 elsewhere

    def widefield(self, widefield: np.ndarray) -> np.ndarray:
        """Mean of the frames (y, x), without the bright places."""
        return np.where(self.capped, np.minimum(widefield, self.scaling.offset + CAP * self.scaling.gain), widefield)

    def image(self, image: np.ndarray) -> np.ndarray:
        """The same of an image (2y, 2x) above background."""
        capped = np.repeat(np.repeat(self.capped, SCALE, axis=0), SCALE, axis=1)
        return np.where(capped, np.minimum(image, CAP * self.scaling.gain), image)

    def together(self, whole: np.ndarray, rest: np.ndarray) -> np.ndarray:
        """The image of the whole field in the bright places, that of the rest elsewhere; in the place of the former."""
        whole -= rest
        whole *= self.bright
        whole += rest
        return whole


def rest_of(
    widefield: np.ndarray, scaling: Scaling, transfer: Transfer, noise: Callable[[np.ndarray, Transfer], float]
) -> Rest | None:
    """All but the bright places, if there are any, and if there is anything else.

    Parameters
    ----------
    widefield : (y, x) ndarray
        Mean of the raw frames, of which the scaling is.
    noise : callable(widefield, transfer)
        Standard deviation of its noise; asked for only where there are such places.
    """
    period = 1 / transfer.cutoff_per_pixel
    smooth = ndimage.gaussian_filter(np.asarray(widefield, np.float32) - scaling.offset, SMOOTH * period)
    places = smooth > scaling.gain / TIMES
    del smooth
    if not 0 < np.mean(places) <= LARGEST:  # of most fields
        return None
    around = _grown(places, AROUND * period)
    if np.mean(around) > LARGEST:
        return None
    gain = float(np.percentile(widefield[~around], HIGH_PERCENT)) - scaling.offset
    above = np.minimum(widefield - scaling.offset, CAP * gain)
    fine = ndimage.gaussian_filter(above, SMOOTH * period) - ndimage.gaussian_filter(above, COARSE * period)
    far = ~_grown(places, 2 * AROUND * period)  # where the bright places have no foot
    if gain > scaling.gain / TIMES or not far.any():
        return None
    if np.percentile(fine[far], HIGH_PERCENT) < CLEAR * noise(widefield, transfer):
        return None
    near = _grown(places, SHOWN_AROUND * period)
    bright = np.repeat(np.repeat(near, SCALE, axis=0), SCALE, axis=1).astype(np.float32)
    return Rest(
        Scaling(scaling.offset, gain),
        _grown(places, CAPPED_AROUND * period),
        ndimage.gaussian_filter(bright, BORDER),
    )


def _grown(places: np.ndarray, pixels: float) -> np.ndarray:
    """The places, and what is about so near to them."""
    return ndimage.gaussian_filter(places.astype(np.float32), pixels / 2) > 0.02
