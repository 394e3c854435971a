"""What is taken from many captures: their averages at the noise levels, and one mean and deviation of all.

Captures are mapped from a file, and few of them are in memory at a time.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from srredsim.data.w2s.layout import layout
from srredsim.data.w2s.raw import CHUNK
from srredsim.errors import InputError
from srredsim.normalise import Scaling

FLAT = 1e-12  # share of the squared mean: what rounding leaves of the variance of a constant


def averages(captures: np.ndarray) -> dict[int, np.ndarray]:
    """(y, x) float64 of every noise level, from all captures (n, y, x) of which 16 are in memory at a time.

    Sums of whole numbers are exact.
    """
    w2s = layout()
    ends = {numbers.stop: level for level, numbers in w2s.captures.items() if numbers.start == 0}
    edges = sorted({0, *ends, *range(0, w2s.shot, CHUNK)})
    dtype = np.float64 if captures.dtype.kind == "f" else np.int64
    total = np.zeros(captures.shape[1:], dtype)
    found = {level: _single(captures, numbers) for level, numbers in w2s.captures.items() if numbers.start}
    for first, end in pairwise(edges):
        total += np.sum(captures[first:end], axis=0, dtype=dtype)
        if end in ends:
            found[ends[end]] = total / end
    return found


def _single(captures: np.ndarray, numbers: range) -> np.ndarray:
    return np.mean(captures[numbers.start : numbers.stop], axis=0, dtype=np.float64)


class Moments(NamedTuple):
    """Number, sum and sum of squares of values."""

    count: int  # type: ignore[assignment]  # a tuple has a method of this name
    total: float
    squares: float

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.count + other.count, self.total + other.total, self.squares + other.squares)

    def zscore(self, of: str | Path) -> Scaling:
        mean = self.total / self.count
        variance = self.squares / self.count - mean**2
        if not variance > FLAT * mean**2:
            raise InputError(f"{of}: every pixel is {mean:g}; there is no deviation to divide by")
        return Scaling(float(mean), float(np.sqrt(variance)))


def moments(values: np.ndarray) -> Moments:
    """Those of an array, in float64."""
    values = np.asarray(values, np.float64).ravel()
    return Moments(values.size, float(values.sum()), float(values @ values))


def moments_of_captures(captures: np.ndarray) -> Moments:
    """Those of a stack (captures, y, x) as a whole."""
    chunks = (captures[n : n + CHUNK] for n in range(0, len(captures), CHUNK))
    return sum(map(moments, chunks), Moments(0, 0, 0))
