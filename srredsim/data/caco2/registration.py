"""A coarse scan put where the fine one is: the same constant shift for a whole patch, found by TV-L1 optical flow.

The microscope comes back to a field for every scan, and is then some pixels beside. The fine scan is never resampled:
whole HR pixels of the coarse one, enlarged by repeating each, are moved, and what is moved in from outside is 0.

References
----------
.. [1] C. Zach, T. Pock, H. Bischof, A duality based approach for realtime TV-L1 optical flow, DAGM 2007.
"""

from __future__ import annotations

import numpy as np


def shift_of(high: np.ndarray, low: np.ndarray) -> tuple[int, int]:
    """Whole HR pixels (rows, columns) that LR lies beyond HR: what is at p there is at p + shift in LR enlarged.

    The mean of the flow from HR to LR, each pixel of which is repeated to the size of HR, both uint8.
    """
    from skimage.registration import optical_flow_tvl1

    scale = high.shape[0] // low.shape[0]
    flow = optical_flow_tvl1(high, np.kron(low, np.ones((scale, scale), low.dtype)))
    rows, columns = (int(np.rint(axis.mean())) for axis in flow)
    return rows, columns


def moved(low: np.ndarray, shift: tuple[int, int], scale: int, margin: int) -> np.ndarray:
    """LR moved back by ``shift`` HR pixels, without ``margin`` HR pixels on every side.

    Each of its pixels is then the one that has the middle of its HR pixels in it.
    """
    places = []
    for size, by in zip(low.shape, shift, strict=True):
        places.append((np.arange(margin, size * scale - margin, scale) + scale // 2 + by) // scale)
    outside = [(place < 0) | (place >= size) for place, size in zip(places, low.shape, strict=True)]
    rows, columns = (np.clip(place, 0, size - 1) for place, size in zip(places, low.shape, strict=True))
    return np.where(outside[0][:, None] | outside[1], 0, low[rows][:, columns]).astype(low.dtype)
