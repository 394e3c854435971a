r"""Bicubic interpolation as five programs have it; each says of itself only "bicubic".

They share the cubic kernel of slope :math:`a` at distance 1,

.. math:: k(t) = (a + 2) t^3 - (a + 3) t^2 + 1 \;(t \le 1), \quad a (t^3 - 5 t^2 + 8 t - 4) \;(t \le 2)

and differ in a, in where the pixels lie, in what is beyond the edge, and in whether a smaller image is smoothed first.
Images are (y, x).

References
----------
.. [1] R. G. Keys, IEEE Trans. Acoust. Speech Signal Process. 29, 1153 (1981).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

SHARP, KEYS = -0.75, -0.5  # slopes of PyTorch and OpenCV; of Keys, TensorFlow, MATLAB and Pillow
Edge = Callable[[np.ndarray, int], np.ndarray]


def kernel(t: np.ndarray, slope: float) -> np.ndarray:
    """The weight of a pixel at distance t."""
    t = np.abs(t)
    inner = ((slope + 2) * t - (slope + 3)) * t**2 + 1
    outer = slope * (((t - 5) * t + 8) * t - 4)
    return np.where(t <= 1, inner, np.where(t < 2, outer, 0.0))


def enlarged(image: np.ndarray, scale: float) -> np.ndarray:
    """PyTorch's ``bicubic`` and OpenCV's cubic in floating point: slope -0.75, centre-aligned, edge repeated; float64.

    A ``scale`` below 1, as 1/2, reduces as PyTorch without ``antialias`` does: pixels in between are not looked at.
    """
    return _resized(image, lambda size: _places(size, scale), SHARP, _repeated)


def enlarged_8bit(image: np.ndarray, scale: int) -> np.ndarray:
    """OpenCV's cubic of an 8-bit image: as `enlarged`, rounded to uint8, what overshoots cut off."""
    return np.clip(np.rint(enlarged(image, scale)), 0, 255).astype(np.uint8)


def enlarged_renormalised(image: np.ndarray, scale: int) -> np.ndarray:
    """PyTorch's ``bicubic`` with ``antialias``, and TensorFlow's: slope -0.5, nothing beyond the edge; float64."""
    return _resized(image, lambda size: _places(size, scale), KEYS, None)


def corner_aligned(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """PyTorch's ``bicubic`` with ``align_corners``: slope -0.75, corner pixels stay in the corners, not smoothed."""
    new = dict(enumerate(shape))

    def places(size: int, axis: int) -> np.ndarray:
        return np.arange(new[axis]) * ((size - 1) / max(new[axis] - 1, 1))

    matrices = [_matrix(size, places(size, axis), SHARP, _repeated) for axis, size in enumerate(image.shape)]
    return matrices[0] @ np.asarray(image, float) @ matrices[1].T


def reduced(image: np.ndarray, scale: int) -> np.ndarray:
    """MATLAB's ``imresize`` to 1/scale: slope -0.5, the kernel ``scale`` times as wide, edge mirrored; float64."""
    return _resized(image, lambda size: _places(size, 1 / scale), KEYS, _mirrored, width=scale)


def _resized(image, places, slope: float, edge: Edge | None, width: float = 1.0) -> np.ndarray:
    rows, columns = (_matrix(size, places(size), slope, edge, width) for size in image.shape)
    return rows @ np.asarray(image, float) @ columns.T


def _places(size: int, scale: float) -> np.ndarray:
    """Where the new pixels lie between the old, which are at 0, 1, 2 ..."""
    return (np.arange(round(size * scale)) + 0.5) / scale - 0.5


def _matrix(size: int, places: np.ndarray, slope: float, edge: Edge | None, width: float = 1.0) -> np.ndarray:
    """(new pixels, old pixels): weights, of sum 1 in each row."""
    first = np.floor(places - 2 * width).astype(int)
    near = first[:, None] + np.arange(int(np.ceil(4 * width)) + 2)
    weights = kernel((near - places[:, None]) / width, slope)
    if edge is None:
        weights = np.where((near >= 0) & (near < size), weights, 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    matrix = np.zeros((len(places), size))
    np.add.at(matrix, (np.arange(len(places))[:, None], (edge or _repeated)(near, size)), weights)
    return matrix


def _repeated(near: np.ndarray, size: int) -> np.ndarray:
    return np.clip(near, 0, size - 1)


def _mirrored(near: np.ndarray, size: int) -> np.ndarray:
    """The outermost pixel twice."""
    near = near % (2 * size)
    return np.minimum(near, 2 * size - 1 - near)
