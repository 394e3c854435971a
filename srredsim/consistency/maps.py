"""Maps of how far the frames support an image, and what is flagged in them; see `srredsim.consistency.compare`."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy import ndimage

from srredsim.arrays import Array
from srredsim.noise.line import NoiseLine
from srredsim.optics.sampling import SCALE
from srredsim.threads import in_threads
from srredsim.tiling import Tile, magnified

SURE = 5.0  # standard deviations: chance reaches it less than once in a field of 512 x 512 pixels
LARGE = 0.05  # share of the light of bright structures
BRIGHT_PERCENT = 99.0
GRAINY = 0.02  # share of the light of bright structures
STRIP = 256  # rows of an image that are looked at at once
NOISE_ALONE = 1.1  # residual up to which there is little but noise, whose model is right to a few percent
HALO_UM = 0.4  # from an error, where it may leave one of the other sign


@dataclass(frozen=True)
class AngleFit:
    """What was fitted to the frames of one angle, or to those of several at once."""

    gain: float  # brightness of the frames over that of the image
    contrasts: tuple[float, ...]  # contrast of the stripes of each order, if the image is true
    moved_periods: float  # by which the fit moved the stripes in a corner of the field, at most


@dataclass(frozen=True)
class Consistency:
    """Maps (2y, 2x) on the grid of the image; NaN in the maps, and False in the masks, where nothing is known."""

    summary: float | None  # mean residual; 1: explained to within noise
    structure: float | None  # mean square of the score; 1: nothing but noise
    unexplained: float | None  # share of the frames' mean's variance that is left beyond noise: about 0 or below
    between_angles: float | None  # what of this differs from angle to angle
    residual: np.ndarray
    score: np.ndarray
    unsupported: np.ndarray
    missing: np.ndarray
    grainy: np.ndarray  # part of what is unsupported
    noise: NoiseLine | None
    damping_factor: float | None  # that of the image over that of the lens; above 1: it is less sharp than the frames
    angles: tuple[AngleFit, ...]

    def fraction(self, flagged: np.ndarray) -> float:
        """Share of the field that was judged."""
        return float(np.count_nonzero(flagged) / max(np.count_nonzero(np.isfinite(self.score)), 1))

    def report(self) -> dict:
        """Everything but the maps, ready for JSON."""
        return {
            "residual": self.summary,
            "structure": self.structure,
            "unexplained_fraction": self.unexplained,
            "between_angles_fraction": self.between_angles,
            "unsupported_fraction": self.fraction(self.unsupported),
            "missing_fraction": self.fraction(self.missing),
            "grain_fraction": self.fraction(self.grainy),
            "gain_adu": self.noise and self.noise.gain_adu,
            "damping_factor": self.damping_factor,
            "angles": [
                {"gain": fit.gain, "contrasts": list(fit.contrasts), "moved_periods": fit.moved_periods}
                for fit in self.angles
            ],
        }


def unjudged(shape: tuple[int, int]) -> Consistency:
    """Maps of an image (2y, 2x) of which nothing is known."""
    nothing, nowhere = np.full(shape, np.nan, np.float32), np.zeros(shape, bool)
    return Consistency(None, None, None, None, nothing, nothing, nowhere, nowhere, nowhere, None, None, ())


FINE = ("score", "grain")  # on the grid of the image


@dataclass(frozen=True)
class Maps:
    """What the windows of a field come to: raw grid but for `FINE`; ``expected`` is 0 where nothing is known."""

    squares: np.ndarray  # squares of the residuals, over the variance that weighs
    expected: np.ndarray  # the same if there is nothing but noise
    blurred_squares: np.ndarray
    blurred_expected: np.ndarray
    excess: np.ndarray  # mean square of the residuals less the variance, blurred
    between_angles: np.ndarray  # what of the excess is that of the angles' own means
    in_focus: np.ndarray  # what the image explains, mean of the frames
    seen: np.ndarray  # mean of the frames
    score: np.ndarray
    grain: np.ndarray  # standard deviation, in units of the image

    @classmethod
    def of(cls, shape: tuple[int, int]) -> Maps:
        doubled = tuple(SCALE * n for n in shape)
        blank = {field.name: np.zeros(shape, np.float32) for field in fields(cls)}
        return cls(**blank | {name: np.zeros(doubled, np.float32) for name in FINE})

    def place(self, window: Maps, part: Tile) -> None:
        """Take over what is exact of a window."""
        for field in fields(self):
            scale = SCALE if field.name in FINE else 1
            getattr(self, field.name)[magnified(part.place, scale)] = getattr(window, field.name)[
                magnified(part.kept, scale)
            ]

    def judged(
        self, noise: NoiseLine, damping_factor: float, angles: tuple[AngleFit, ...], pixel_size_um: float
    ) -> Consistency:
        known = self.expected != 0
        residual = self.blurred_squares / np.maximum(self.blurred_expected, 1e-6 * self.blurred_expected.max())
        bright = max(float(np.percentile(self.in_focus[known], BRIGHT_PERCENT)), 1e-30)
        large = fine(known & (self.excess > (LARGE * bright) ** 2))
        residual[~known] = np.nan
        score, here = self.score, fine(known)
        score[~here] = np.nan
        gain = float(np.mean([angle.gain for angle in angles]))  # brightness of the frames over that of the image
        grainy = self.grain > GRAINY * bright / max(gain, 1e-30)
        grainy &= here
        (unsupported, missing), squares = _flagged(score, pixel_size_um)
        return Consistency(
            summary=float(self.squares.sum(dtype=float) / self.expected.sum(dtype=float)),
            structure=squares / max(int(np.count_nonzero(here)), 1),
            unexplained=self._of_structure(self.excess),
            between_angles=self._of_structure(self.between_angles),
            residual=fine(residual),
            score=score,
            unsupported=unsupported & large | grainy,
            missing=missing & large,
            grainy=grainy,
            noise=noise,
            damping_factor=damping_factor,
            angles=angles,
        )

    def _of_structure(self, squares: np.ndarray) -> float:
        """Mean of squares of what is left, as a share of the variance of the frames' mean."""
        known = self.expected != 0
        return float(np.mean(squares[known], dtype=float) / max(np.var(self.seen[known]), 1e-30))


def _flagged(score: np.ndarray, pixel_size_um: float) -> tuple[tuple[np.ndarray, np.ndarray], float]:
    """Where a score of either sign, negative first, is sure and no halo of another close by; and its sum of squares."""
    reach = round(SCALE * HALO_UM / pixel_size_um)
    flagged = np.zeros((2, *score.shape), bool)

    def some(start: int) -> float:
        rows = slice(start, min(start + STRIP, len(score)))
        first = max(start - reach, 0)
        around = np.nan_to_num(score[first : rows.stop + reach])
        inside = slice(start - first, rows.stop - first)
        for number, sign in enumerate((-1, 1)):
            beside = ndimage.maximum_filter(-sign * around, 2 * reach + 1)[inside]
            found = sign * around[inside]
            flagged[number, rows] = (found > SURE) & (found > beside / 2)
        return float(np.sum(np.square(around[inside]), dtype=float))

    squares = in_threads(some, range(0, len(score), STRIP))
    return (flagged[0], flagged[1]), sum(squares)


def fine(image: Array) -> Array:
    """(y, x) -> (2y, 2x), each pixel four times."""
    return image.repeat(SCALE, axis=0).repeat(SCALE, axis=1)
