"""Background of the frames of each angle: what is in them where, or as long as, there is no light.

Where the specimen leaves a part of the field dark, that is the darkest part of the mean frame. Where it fills the
field, nothing is dark; but if it bleaches, every frame is the mean frame times its share of the light, but for the
background, which stays. So it can be told from a straight line for each frame, over averages of small squares, in which
the stripes all but cancel: the frame has slope s, and where the mean frame is dark, it has lost 1 - s of what light
there is above the background. Where none is lost there, all is background, whatever the stripes do to brighter places.

Noise makes the darkest part of a thin sample look darker than it is. Where a frame was lit far less than others, as by
a shutter, its share of the light would be wrong by that, and its line tells.

How much light the darkest part has, as a share of how much brighter the field is on average, is a matter of the
specimen: one number for all angles, whatever their light and background are. Bleaching that is not seen against the
scatter of the levels says nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DARK_PERCENT = 10.0  # of the squares
LEAST_LOST = 1e-3  # share of the light by which frames must differ to tell anything
DARKEST_PERCENT = 1.0  # percentile of the mean frame
SQUARE_PX = 8  # of these the averages are
FAR_DIMMER, EXACT_SLOPE = 0.25, 0.02  # share lost by one frame more than by another, and how exactly it is known
SURE = 2.0  # standard deviations that the light of the darkest part must be above none


@dataclass(frozen=True)
class Brightness:
    """Brightness of the frames of one angle."""

    means: np.ndarray  # of each frame
    darkest: float  # of the mean frame
    share: float  # of the darkest part's light, of what the field is brighter on average; 0 where nothing tells, below
    # 0 where a frame far dimmer than others shows that noise, and not the lack of light, makes the darkest part so dark
    weight: float  # sum of squares of what frames have lost: how much that tells
    rest: float  # of what it leaves unexplained, in the same units as the share, sum of squares

    @classmethod
    def of(cls, frames: np.ndarray) -> Brightness:
        """That of frames (phases, y, x)."""
        means = frames.mean(axis=(1, 2), dtype=np.float64)
        darkest = float(np.percentile(frames.mean(axis=0, dtype=np.float32), DARKEST_PERCENT))
        share, weight, rest = _of_the_darkest(_squares(frames), darkest)
        far_dimmer = np.ptp(means) >= FAR_DIMMER * (means.mean() - darkest)  # stripes may look so to the squares
        return cls(means, darkest, share if far_dimmer else max(share, 0.0), weight, rest)


def backgrounds_of(angles: Sequence[Brightness]) -> list[float]:
    """One for each angle. How uncertain what they tell is, is told by all of them together."""
    told = [each for each in angles if each.weight > 0]
    share = 0.0
    if told:
        weight = sum(each.weight for each in told)
        variance = sum(each.rest for each in told) / sum(len(each.means) - 2 for each in told) / weight
        share = float(np.average([each.share for each in told], weights=[each.weight for each in told]))
        share *= abs(share) > SURE * np.sqrt(variance)
    return [each.darkest - share * (float(each.means.mean()) - each.darkest) for each in angles]


def _squares(frames: np.ndarray) -> np.ndarray:
    """Means of the whole squares of a field, (phases, squares)."""
    phases, y, x = frames.shape
    side = min(SQUARE_PX, y, x)
    rows, columns = y // side, x // side
    whole = frames[:, : rows * side, : columns * side].reshape(phases, rows, side, columns, side)
    return whole.mean(axis=(2, 4), dtype=np.float64).reshape(phases, -1)


def _of_the_darkest(squares: np.ndarray, darkest: float) -> tuple[float, float, float]:
    """Share, weight and rest, as of `Brightness`, from how much of the dark squares each frame has lost."""
    mean = squares.mean(axis=0)
    spread, brighter = mean - mean.mean(), mean.mean() - darkest
    if len(squares) < 3 or not brighter > 0 or not (power := spread @ spread) > 0:
        return 0.0, 0.0, 0.0
    lost = 1 - squares @ spread / power
    if not (weight := lost @ lost) > len(lost) * LEAST_LOST**2:
        return 0.0, 0.0, 0.0
    dark = squares[:, mean <= np.percentile(mean, DARK_PERCENT)].mean(axis=1)
    less = dark.mean() - dark
    light = less @ lost / weight  # of the dark squares, above the background
    rest = (less - light * lost) / brighter
    share = float((darkest - dark.mean() + light) / brighter)
    if share < 0 and not (np.ptp(lost) >= FAR_DIMMER and _scatter_of_slopes(squares, spread, lost) <= EXACT_SLOPE):
        share = 0.0
    return share, float(weight), float(rest @ rest)


def _scatter_of_slopes(squares: np.ndarray, spread: np.ndarray, lost: np.ndarray) -> float:
    """Standard deviation of the least certain slope of a frame, from how squares scatter about its line."""
    left = squares - squares.mean(axis=1, keepdims=True) - np.outer(1 - lost, spread)
    return float(np.sqrt(np.max(np.mean(left**2, axis=1)) / (spread @ spread)))
