"""Arrays of NumPy, or of a library that computes elsewhere: what the numeric kernels need beyond the array API.

A kernel asks an array for its library, ``xp = namespace(array)``, and computes with that alone: NumPy, or what follows
the Python array API standard, as ``jax.numpy`` does. Where a kernel changes a part of an array, it takes the result of
`added` or `put`: it is the array itself where arrays can be changed, else another one. What is as small as an axis, and
what is looked up once, is made with NumPy.

References
----------
.. [1] Python array API standard, https://data-apis.org/array-api/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import fft, ndimage

WORKERS = 2  # threads of a Fourier transform
Array = Any  # np.ndarray, or an array of another library


@dataclass(frozen=True)
class Device:
    """Where arrays are computed: the library, and within what it computes as NumPy does, in 64 bits where asked."""

    name: str = "cpu"  # for reports
    xp: Any = np
    computing: Callable[[], AbstractContextManager] = nullcontext


HOST = Device()


def namespace(array: Array) -> Any:
    """The library of an array: ``numpy``, of numbers, too, or what it says of itself."""
    return np if isinstance(array, np.ndarray | np.generic | float | int) else array.__array_namespace__()


def on_host(array: Array) -> np.ndarray:
    """The same as an array of NumPy."""
    return array if isinstance(array, np.ndarray) else np.array(array)


def added(array: Array, where: Any, values: Array) -> Array:
    """``array[where] += values``."""
    if hasattr(array, "at"):
        return array.at[where].add(values)
    array[where] += values
    return array


def put(array: Array, where: Any, values: Array) -> Array:
    """``array[where] = values``."""
    if hasattr(array, "at"):
        return array.at[where].set(values)
    array[where] = values
    return array


def within(distances: np.ndarray, reach: float, xp: Any) -> np.ndarray | slice:
    """Where distances are below a reach; for other libraries everywhere: they compile for every shape."""
    if xp is not np:
        return slice(len(distances))
    inside = np.flatnonzero(np.abs(distances) < reach)
    in_a_row = len(inside) and inside[-1] - inside[0] == len(inside) - 1
    return slice(inside[0], inside[-1] + 1) if in_a_row else inside


def lowered(array: Array, most: float) -> Array:
    """Values of at most ``most``; the array may be changed."""
    if isinstance(array, np.ndarray):
        return np.minimum(array, most, out=array)
    return namespace(array).minimum(array, most)


def parts(length: int, most: int, xp: Any) -> Iterator[slice]:
    """So many of a length after the other, which stay in the cache of a core; all at once where NumPy is not asked."""
    most = most if xp is np else length
    return (slice(start, min(start + most, length)) for start in range(0, length, max(most, 1)))


def put_complex(array: Array, where: Any, real: Array, imaginary: Array) -> Array:
    """``array[where] = real + 1j * imaginary``."""
    if not isinstance(array, np.ndarray):
        return put(array, where, real + 1j * imaginary)
    place = array[where]
    place.real, place.imag = real, imaginary
    return array


# Filters. For other libraries than NumPy products with matrices, which know the borders as SciPy has them.


def blurred(image: Array, deviation: float) -> Array:
    """An image (y, x) through a Gaussian of such a standard deviation in pixels; its border is mirrored."""
    if isinstance(image, np.ndarray):
        return ndimage.gaussian_filter(image, deviation)
    return _filtered(image, [_matrix(n, "gaussian_filter1d", deviation, "reflect") for n in image.shape])


def averaged(image: Array, size: int, modes: tuple[str, str]) -> Array:
    """Means of an image (y, x) over squares of so many pixels; ``modes`` of the border are SciPy's."""
    if isinstance(image, np.ndarray):
        return ndimage.uniform_filter(image, size, mode=modes)
    both = zip(image.shape, modes, strict=True)
    return _filtered(image, [_matrix(n, "uniform_filter1d", size, mode) for n, mode in both])


@lru_cache(maxsize=16)
def _matrix(length: int, name: str, size: float, mode: str) -> np.ndarray:
    """What a filter of SciPy does along an axis, (length, length)."""
    return getattr(ndimage, name)(np.eye(length, dtype=np.float32), size, axis=0, mode=mode)


def _filtered(image: Array, matrices: list[np.ndarray]) -> Array:
    rows, columns = (namespace(image).asarray(each) for each in matrices)
    return rows @ image @ columns.T


# Fourier transforms of the last two axes, or of one. Of NumPy SciPy's, on several threads, which keep float32; what is
# transformed is used up.


def fft2(image: Array) -> Array:
    if isinstance(image, np.ndarray):
        return fft.fft2(image, workers=WORKERS, overwrite_x=True)
    return namespace(image).fft.fftn(image, axes=(-2, -1))


def ifft(spectrum: Array, axis: int, workers: int | None = WORKERS) -> Array:
    if isinstance(spectrum, np.ndarray):
        return fft.ifft(spectrum, axis=axis, workers=workers, overwrite_x=True)
    return namespace(spectrum).fft.ifft(spectrum, axis=axis)


def rfft2(image: Array) -> Array:
    if isinstance(image, np.ndarray):
        return fft.rfft2(image, workers=WORKERS)
    return namespace(image).fft.rfftn(image, axes=(-2, -1))


def irfft2(spectrum: Array, shape: tuple[int, ...], used_up: bool = True) -> Array:
    if isinstance(spectrum, np.ndarray):
        return fft.irfft2(spectrum, s=shape, workers=WORKERS, overwrite_x=used_up)
    return namespace(spectrum).fft.irfftn(spectrum, s=shape, axes=(-2, -1))
