"""The part of a field that is judged, and what is smooth there: haze and background.

Smooth is what cubic splines can follow whose knots are `SMOOTH_UM` apart. They are free at the ends: no border is bent
to anything.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.interpolate import BSpline

from srredsim.arrays import Array, put

BORDER_UM = 0.8  # not judged: light comes from beyond the field
SMOOTH_UM = 0.5  # haze of a Gaussian blur of this standard deviation is followed to within 2 %


class View:
    """The part of the field that is judged, and what is smooth there; images are of the library ``xp``."""

    def __init__(self, shape: tuple[int, int], pixel_size_um: float, xp: Any = np):
        self.whole, self.pixel_size_um, self.xp = shape, pixel_size_um, xp
        self.border = min(int(np.ceil(BORDER_UM / pixel_size_um)), min(shape) // 4)
        self.inside = tuple(slice(self.border, n - self.border) for n in shape)
        self.shape = tuple(n - 2 * self.border for n in shape)
        self.positions_um = tuple((np.arange(n) - (n - 1) / 2) * pixel_size_um for n in self.shape)
        splines = [_splines(n, n * pixel_size_um) for n in self.shape]
        self.inverses = [xp.asarray(np.linalg.inv((each.T @ each).toarray())) for each in splines]
        # sparse, and no larger than the splines are many: hardly any work, whatever the field
        self.splines = splines if xp is np else [xp.asarray(each.toarray()) for each in splines]
        self._transposed = [each.T for each in self.splines]

    @property
    def smooth_functions(self) -> int:
        return self.splines[0].shape[1] * self.splines[1].shape[1]

    def periods(self, k_per_um: np.ndarray) -> float:
        """By how much waves that agree in the middle are apart in a corner, if their vectors (y, x) differ by this.

        Of several waves the most.
        """
        return float(np.max(np.abs(k_per_um) @ np.array(self.shape)) / 2 * self.pixel_size_um)

    def limited(self, k_per_um: np.ndarray, periods: float) -> np.ndarray:
        """The same differences of vectors, or the part of them that makes so many periods."""
        return k_per_um * min(1.0, periods / max(self.periods(k_per_um), 1e-30))

    def blank(self) -> Array:
        """Zeros inside the view."""
        return self.xp.zeros(self.shape, dtype=self.xp.float32)

    def of(self, images: Array) -> Array:
        """Float32 images of the whole field, inside the view."""
        return self.xp.asarray(images[..., *self.inside].astype(np.float32))

    def smooth(self, image: Array) -> Array:
        """The smooth image that is nearest to an image."""
        (rows, columns), (down, across), (above, beside) = self.splines, self._transposed, self.inverses
        heights = above @ (across @ (down @ image).T).T @ beside
        # the sparse ones first: after another matrix they would be transposed anew
        return (columns @ (rows @ heights.astype(np.float32)).T).T.astype(np.float32, copy=False)

    def rough(self, image: Array) -> Array:
        return image - self.smooth(image)

    def filled(self, inside: Array) -> Array:
        """Images of the whole field, 0 at the border."""
        result = self.xp.zeros((*inside.shape[:-2], *self.whole), dtype=self.xp.float32)
        return put(result, (..., *self.inside), inside)


def _splines(pixels: int, length_um: float) -> sparse.csr_array:
    """Cubic splines along an axis, (pixels, functions); free at its ends."""
    pieces = max(1, round(length_um / SMOOTH_UM))
    knots = np.linspace(-0.5, pixels - 0.5, pieces + 1)
    knots = np.concatenate([knots[:1].repeat(3), knots, knots[-1:].repeat(3)])
    return sparse.csr_array(BSpline.design_matrix(np.arange(pixels, dtype=float), knots, 3), dtype=np.float32)
