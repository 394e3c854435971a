"""Background of the frames of an angle: what is in them where, or as long as, there is no light.

Where the specimen leaves a part of the field dark, that is the darkest part of the mean frame. Where it fills the
field, nothing is dark; but if it bleaches, every frame is the mean frame times its share of the light, but for the
background, which stays. So it can be told from a straight line for each frame, over averages of small squares, in which
the stripes all but cancel: the frame has slope s, and level (1 - s) times the background where the mean frame is 0.
Bleaching that is not seen against the scatter of these levels says nothing.
"""

from __future__ import annotations

import numpy as np

DARKEST_PERCENT = 1.0  # percentile of the mean frame
SQUARE_PX = 8  # of these the averages are
SURE = 2.0  # standard deviations that the bleaching's must be below the darkest part


def background_of(frames: np.ndarray) -> float:
    """Background of the frames (phases, y, x) of one angle; not finite if a value of theirs is not."""
    darkest = float(np.percentile(frames.mean(axis=0, dtype=np.float32), DARKEST_PERCENT))
    bleached, deviation = _by_bleaching(_squares(frames))
    return bleached if bleached + SURE * deviation < darkest else darkest


def _squares(frames: np.ndarray) -> np.ndarray:
    """Means of the whole squares of a field, (phases, squares)."""
    phases, y, x = frames.shape
    side = min(SQUARE_PX, y, x)
    rows, columns = y // side, x // side
    whole = frames[:, : rows * side, : columns * side].reshape(phases, rows, side, columns, side)
    return whole.mean(axis=(2, 4), dtype=np.float64).reshape(phases, -1)


def _by_bleaching(frames: np.ndarray) -> tuple[float, float]:
    """Level (1 - s) b of each frame's line at 0, least squares over the frames: b, and its standard deviation."""
    levels = frames.mean(axis=1)
    mean = frames.mean(axis=0)
    spread = mean - mean.mean()
    if len(frames) < 3 or not (power := spread @ spread) > 0:
        return np.inf, np.inf
    slopes = frames @ spread / power
    at_zero, lost = levels - slopes * mean.mean(), 1 - slopes
    if not (weight := lost @ lost) > 0:
        return np.inf, np.inf
    background = at_zero @ lost / weight
    scatter = at_zero - background * lost
    return float(background), float(np.sqrt(scatter @ scatter / (len(frames) - 2) / weight))
