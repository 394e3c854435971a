"""Columns and rows of a camera with a fault: all of them stand out of their neighbours, in every frame.

What came through a lens covers its neighbours, too; a column whose amplifier or shutter has a fault stands alone, and
all of it does. Few of them are many times the noise of all frequencies along an axis: they pass for stripes, for a lens
that shows more than it can, and for light out of focus. Offsets of all columns, of a few counts, are another matter:
`srredsim.noise.lines`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

AROUND = 3  # columns on either side that a column is compared with
SUSPECT = 5.0  # times what the profile of the columns usually differs from its running median
CERTAIN = 12.0  # standard deviations of the median over the length
ALONE = 0.3  # share of what it stands out by that its neighbours do, at most: of a line that a lens shows it is a half
OF_THE_LENGTH = 0.9  # share of the pixels that stand out to the same side
PIECES, LIKE = 6, 0.25  # of the length, and share of what all of it stands out by that each of them does, at least
FEWEST = 32  # pixels of its length by which it is judged
MOST = 0.1  # share of the columns: if there are more, it is not the fault of a few
ROUNDS = 3  # those beside a brighter one are seen when that is off


@dataclass(frozen=True)
class BadLines:
    """Counts by which columns (x,) and rows (y,) stand out of their neighbours; 0 of those that do not."""

    columns: np.ndarray
    rows: np.ndarray

    @property
    def words(self) -> str:
        several = ((name, getattr(self, name)) for name in ("columns", "rows"))
        said = [f"{_told(np.flatnonzero(by))} of the {name}" for name, by in several if np.any(by)]
        most = max(float(np.max(np.abs(by))) for by in (self.columns, self.rows))
        where = f"{' and '.join(said)} of the camera stand out of their neighbours in every frame"
        return f"{where}, by up to {most:.4g} counts: that was taken off"

    def without(self, raw: np.ndarray) -> np.ndarray:
        """Frames (..., y, x) without them, of the same type."""
        result = raw.astype(np.float64) - self.columns - self.rows[:, None]
        if raw.dtype.kind in "ui":
            limits = np.iinfo(raw.dtype)
            return np.clip(np.rint(result), limits.min, limits.max).astype(raw.dtype)
        return result.astype(raw.dtype)


def bad_lines(raw: np.ndarray) -> BadLines | None:
    """Those of one raw stack (angles, phases, y, x); None if there are none."""
    mean = raw.mean(axis=(0, 1), dtype=np.float64)
    if not np.isfinite(mean).all():  # others have words for that
        return None
    columns = _standing_out(mean)
    rows = _standing_out((mean - columns).T)
    return BadLines(columns, rows) if np.any(columns) or np.any(rows) else None


def _standing_out(mean: np.ndarray) -> np.ndarray:
    """Offsets of the columns of a mean frame."""
    length, count = mean.shape
    offsets = np.zeros(count)
    if length < FEWEST or count <= 2 * AROUND + 1:
        return offsets
    profile = mean.mean(axis=0)
    for _ in range(ROUNDS):
        suspects = _suspects(profile - offsets)
        by = np.array([_fault(mean, offsets, column) for column in suspects])
        if not np.any(by):
            break
        offsets[suspects] += by
    faulty = offsets != 0
    for column in np.flatnonzero(faulty):  # once more, without the faults beside it
        offsets[column] = np.median(_above(mean, ~faulty, column))
    return offsets if np.count_nonzero(faulty) <= MOST * count else np.zeros(count)


def _suspects(profile: np.ndarray) -> np.ndarray:
    """Numbers of the columns that stand out of their neighbours, and these do not; the border has faults of its own."""
    above = profile - ndimage.median_filter(profile, 2 * AROUND + 1, mode="mirror")
    usual, beside = np.median(np.abs(above)), np.abs(np.pad(above, 1))
    alone = np.maximum(beside[:-2], beside[2:]) < ALONE * np.abs(above)
    return np.flatnonzero(alone[1:-1] & (np.abs(above[1:-1]) > SUSPECT * usual)) + 1


def _above(mean: np.ndarray, counted: np.ndarray, column: int) -> np.ndarray:
    """A column over the median of those around it that are counted, pixel by pixel."""
    around = np.arange(max(column - AROUND, 0), min(column + AROUND + 1, mean.shape[1]))
    around = around[counted[around] & (around != column)]
    return mean[:, column] - np.median(mean[:, around], axis=1) if len(around) else np.zeros(len(mean))


def _fault(mean: np.ndarray, offsets: np.ndarray, column: int) -> float:
    """By how much a column stands out; 0 if that is not sure, or not so over its length, as of a line that ends."""
    above = _above(mean, offsets == 0, column) - offsets[column]
    by = float(np.median(above))
    scatter = 1.4826 * float(np.median(np.abs(above - by)))
    sure = abs(by) > CERTAIN * 1.2533 * scatter / np.sqrt(len(above))
    everywhere = all(np.median(piece) * np.sign(by) >= LIKE * abs(by) for piece in np.array_split(above, PIECES))
    return by if sure and everywhere and np.mean(above * np.sign(by) > 0) >= OF_THE_LENGTH else 0.0


def _told(numbers: np.ndarray) -> str:
    first = ", ".join(str(number) for number in numbers[:3])
    return f"{len(numbers)} ({first}{', ...' if len(numbers) > 3 else ''})"
