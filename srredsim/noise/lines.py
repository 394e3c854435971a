r"""Columns and rows of a camera that are brighter than others in every frame, as those of sCMOS cameras are.

Each column of such a camera has an amplifier of its own. In the spectrum this is one line: a few counts, of which a
pixel hardly tells, are many times the noise of band 0 there, and what is told from its power is wrong. Beyond the
cut-off of the lens nothing but noise and these offsets is in the mean of the rows,

.. math:: E |\bar L(f)|^2 = P + N / n

for n rows of noise N, which is how much they differ from one another. Offsets P are the same at all frequencies; where
the mean of the rows has more power than both, it is the object's, and the likeliest offsets are the share
:math:`P / E |\bar L|^2` of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from srredsim.optics.borders import WIDE_FADE, fading

OUTSIDE = 1.05  # times the cut-off: from there on the lens shows nothing
FEWEST = 5  # frequencies there
CLEARLY, CERTAIN = 1.0, 5.0  # times the noise of the mean, and standard deviations, above which offsets are taken off
COARSEST = 0.02  # cycles per pixel: what is coarser is light
LEAST = 2e-3  # of the brightness of structures: less does no harm, and may be the object, where frames were resampled
DARK_PERCENT, BRIGHT_PERCENT = 1.0, 99.0
TINY = 1e-30
NEIGHBOURS = 9  # frequencies over which the power of the object is averaged


@dataclass(frozen=True)
class Lines:
    """Counts by which each column (x,) and each row (y,) is above the others; 0 where that is not sure."""

    columns: np.ndarray
    rows: np.ndarray

    @property
    def words(self) -> str:
        kinds = [name for name in ("columns", "rows") if np.any(getattr(self, name))]
        most = max(float(np.std(getattr(self, name))) for name in kinds)
        return (
            f"{' and '.join(kinds)} of the camera are brighter or darker than others in every frame, by {most:.2g}"
            " counts (RMS): that was taken off"
        )

    def without(self, frames: np.ndarray) -> np.ndarray:
        """Frames (..., y, x) without them, float32."""
        result = frames.astype(np.float32)
        result -= self.columns.astype(np.float32)
        result -= self.rows.astype(np.float32)[:, None]
        return result


def lines_of(raw: np.ndarray, cutoff_per_pixel: float) -> Lines | None:
    """Those of frames (angles, phases, y, x); None if there are none."""
    mean = raw.mean(axis=(0, 1), dtype=np.float64)
    if not np.isfinite(mean).all():
        return None
    columns, rows = _columns(mean, cutoff_per_pixel), _columns(mean.T, cutoff_per_pixel)
    if columns is None and rows is None:
        return None
    y, x = mean.shape
    return Lines(np.zeros(x) if columns is None else columns, np.zeros(y) if rows is None else rows)


def _columns(mean: np.ndarray, cutoff_per_pixel: float) -> np.ndarray | None:
    """Offsets of the columns of a mean frame; None if they are not sure."""
    count, length = mean.shape
    beyond = np.fft.rfftfreq(length) > OUTSIDE * cutoff_per_pixel
    if np.count_nonzero(beyond) < FEWEST or count < 2:
        return None
    window = fading(length, WIDE_FADE)
    lines = fft.rfft((mean - mean.mean()) * window, axis=1)[:, beyond]
    noise = np.maximum(np.var(lines, axis=0, ddof=1) / count, TINY)
    ratio = np.abs(lines.mean(axis=0)) ** 2 / noise  # its distribution is exponential: the median is lower
    above = min(float(np.mean(ratio)), float(np.median(ratio)) / np.log(2)) - 1  # resampled, a few show the object
    if not above > max(CLEARLY, CERTAIN / np.sqrt(ratio.size)):
        return None
    level = float(np.median(noise)) / float(np.sum(window**2))
    offsets = above * level
    dark, bright = np.percentile(mean, [DARK_PERCENT, BRIGHT_PERCENT])
    if np.sqrt(offsets) < LEAST * (bright - dark):
        return None
    line = fft.dct(mean.mean(axis=0), norm="ortho")
    all_of_it = np.maximum(ndimage.uniform_filter1d(line**2, NEIGHBOURS, mode="nearest"), offsets + level)
    line *= offsets / all_of_it
    line[np.arange(length) < 2 * COARSEST * length] = 0.0
    return fft.idct(line, norm="ortho")
