r"""PURE-LET: a sum of simple denoisers whose weights make an unbiased estimate of the error as small as it can be.

For :math:`y = a p + n`, p a Poisson count, n Gaussian of variance b, so that :math:`\mathrm{var}\, y = a x + b` for the
clean image :math:`x = \mathrm{E} y`, the mean squared error of a denoiser f is estimated without x by

.. math::

    \mathrm{PURE} = \frac{1}{N} \left( |f|^2 - 2 y^T f^- + 2 b\, \mathrm{div} f^- + |y|^2 - a \sum y \right) - b,
    \quad f^-_n(y) = f_n(y - a e_n) \approx f_n - a \frac{\partial f_n}{\partial y_n}

The simple denoisers :math:`f_k` keep one band of the undecimated Haar transform: all of its coefficients w (filter of
norm 1), or only those that drown in the noise of their neighbourhood, of mean m; the one less the other is a threshold,

.. math:: \theta_1 = w, \quad \theta_2 = w\, e^{-(w / 3t)^8}, \quad t^2 = |a m + b|

With weights :math:`c_k` and the low pass f_0, which is kept as it is, PURE is quadratic, and least where

.. math:: \sum_l (f_k^T f_l)\, c_l = y^T f_k^- - b\, \mathrm{div} f_k^- - f_k^T f_0

With a = 0 this is SURE-LET for Gaussian noise. The image is continued by its mirror image. So near the edges f_n
depends on y_n in two places; these pixels, half a filter from the edge, are not counted in PURE.

References
----------
.. [1] F. Luisier, T. Blu, M. Unser, IEEE Trans. Image Process. 20, 696 (2011).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from srredsim.errors import InputError
from srredsim.noise.line import NoiseLine
from srredsim.noise.one_image import noise_of_image

BANDS = ((1, 0), (0, 1), (1, 1))  # along which of y and x the filter is a difference
SMALLEST_SIDE_PX = 16  # pixels of a side
COARSEST = 16  # the coarsest filters are at most this part of the shorter side long
MOST_LEVELS = 5
STRIP_PIXELS = 1 << 17  # worked on at a time, about 150 bytes each for every level
FAINTEST = 0.1  # photons: no threshold is lower than their noise
DARK_AROUND = 7  # pixels over which dark places are averaged
LARGEST = 2.2  # w / 3t; beyond, nothing is left

Place = tuple[slice, slice]


class Element(NamedTuple):
    """One denoiser f on an image (y, x), with the first and second derivative of each f_n by its own y_n."""

    value: np.ndarray
    first: np.ndarray
    second: np.ndarray


def pure_let(image, noise: NoiseLine | None = None, limits: tuple[float, float] | None = None) -> np.ndarray:
    """Denoised image; float32 (y, x) in the units of the image.

    Parameters
    ----------
    image : (y, x) array_like
        With photon noise and read-out noise, in any unit; 16 pixels a side or more, 32 where the noise is measured.
    noise : NoiseLine, optional
        Left out: measured in the image. What is no light in the image is taken off first and put back; a of 0 or less
        is noise that does not grow with brightness.
    limits : (low, high), optional
        Values at which the camera cuts off, for the measurement.

    Raises
    ------
    InputError
        If the image is not a plane of finite numbers, or noise cannot be measured in it.
    """
    noisy = np.asarray(image, float)
    if noisy.ndim != 2 or min(noisy.shape) < SMALLEST_SIDE_PX or not np.all(np.isfinite(noisy)):
        least = f"{SMALLEST_SIDE_PX} x {SMALLEST_SIDE_PX}"
        raise InputError(f"PURE-LET needs one plane (y, x) of finite numbers, {least} or more; got {noisy.shape}")
    noise = noise or noise_of_image(noisy, limits)
    a, b = noise.coefficients
    if a <= 0:
        a, b = 0.0, float(noise.std(noisy.mean())) ** 2
    pedestal = _pedestal(noisy, a, b)
    y, b = noisy - pedestal, max(a * pedestal + b, 0.0)
    if a == b == 0:
        raise InputError("PURE-LET needs noise of a variance above 0; a and b are both 0")
    levels = levels_for(y.shape)
    return (combined(y, a, b, levels, best_weights(y, a, b, levels)) + pedestal).astype(np.float32)


def _pedestal(noisy: np.ndarray, a: float, b: float) -> float:
    """Value of no light, which goes with the unit of the image: that of its darkest place, if noise is left there.

    The line of the noise does not tell it: it is the same where b is read-out noise and where too much was taken off.
    PURE is close to the error as long as the value is right to about a photon.
    """
    return max(float(ndimage.uniform_filter(noisy, DARK_AROUND).min()), -b / a) if a > 0 else 0.0


def levels_for(shape: tuple[int, int]) -> int:
    """5 for 512 pixels, 4 for 256, and so on."""
    return int(np.clip(np.log2(min(shape) / COARSEST), 1, MOST_LEVELS))


def counted(shape: tuple[int, int], levels: int) -> tuple[slice, slice]:
    """Rows and columns of the pixels over which PURE is taken: no filter that reaches one reaches its mirror image."""
    margin = 2 ** (levels - 1)
    return slice(margin, shape[0] - margin), slice(margin, shape[1] - margin)


def best_weights(y: np.ndarray, a: float, b: float, levels: int) -> np.ndarray:
    """Weight of every element but the low pass, (6 * levels,): the least PURE."""
    number = 2 * len(BANDS) * levels
    matrix, right = np.zeros((number, number)), np.zeros(number)
    for part, (low_pass, *others) in _elements_in_strips(y, a, b, levels):
        values = np.array([f.value.ravel() for f in others])
        matrix += values @ values.T
        right += [_pull(part, f, a, b) for f in others] - values @ low_pass.value.ravel()
    return np.linalg.lstsq(matrix, right, rcond=1e-10)[0]


def combined(y: np.ndarray, a: float, b: float, levels: int, weights) -> np.ndarray:
    """The low pass and the weighed elements, together."""
    result = np.empty_like(y)
    pairs = np.reshape(weights, (-1, 2))
    for place, window, inside in _strips(y, levels, (slice(0, len(y)), slice(0, y.shape[1]))):
        total, bands = _bands(window, levels)
        for (level, band, w, mean), (all_of_it, in_noise) in zip(bands, pairs, strict=True):
            kept = w * (all_of_it + in_noise * _switch(w, mean, a, b)[0])
            total = total + 8.0**-level * _spread(kept, level, band)
        result[place] = total[inside]
    return result


def _pull(y: np.ndarray, f: Element, a: float, b: float) -> float:
    """``y^T f^- - b div f^-``: what stands for the product of f with the clean image."""
    return float(np.sum(y * (f.value - a * f.first)) - b * np.sum(f.first - a * f.second))


def _strips(y: np.ndarray, levels: int, region: tuple[slice, slice]) -> Iterator[tuple[Place, np.ndarray, Place]]:
    """Place of a strip of the region; a window that sees as far around it as the filters reach; its place there."""
    reach = 2**levels
    rows, columns = region
    extended = np.pad(y, reach, mode="symmetric")[:, columns.start : columns.stop + 2 * reach]
    height = max(2 * reach, STRIP_PIXELS // y.shape[1])
    for top in range(rows.start, rows.stop, height):
        strip = slice(top, min(top + height, rows.stop))
        yield (strip, columns), extended[strip.start : strip.stop + 2 * reach], (slice(reach, -reach),) * 2


def _elements_in_strips(y: np.ndarray, a: float, b: float, levels: int) -> Iterator[tuple[np.ndarray, list[Element]]]:
    """Strips of the pixels that are counted, and all elements there, the low pass first."""
    for place, window, inside in _strips(y, levels, counted(y.shape, levels)):
        yield y[place], [Element(*(part[inside] for part in f)) for f in elements(window, a, b, levels)]


def elements(y: np.ndarray, a: float, b: float, levels: int) -> Iterator[Element]:
    """Every simple denoiser of an image that goes round: the low pass, then both of each band, finest first."""
    low_pass, bands = _bands(y, levels)
    none = np.zeros_like(y)
    yield Element(low_pass, np.full_like(y, 4.0**-levels), none)
    for level, band, w, mean in bands:
        yield Element(8.0**-level * _spread(w, level, band), np.full_like(y, 4.0**-level), none)
        yield _thresholded(w, mean, level, band, a, b)


def _bands(
    y: np.ndarray, levels: int
) -> tuple[np.ndarray, Iterator[tuple[int, tuple[int, int], np.ndarray, np.ndarray]]]:
    """Undecimated Haar transform: the low pass, back on the image; level, band, coefficients and local mean of each."""
    sums = [y]
    for level in range(levels):
        sums.append(_box(sums[-1], level))
    details = (
        (level, band, 2.0**-level * _differences(sums[level - 1], level, band), 4.0**-level * sums[level])
        for level in range(1, levels + 1)
        for band in BANDS
    )
    return 16.0**-levels * _spread(sums[-1], levels), details


def _thresholded(w: np.ndarray, mean: np.ndarray, level: int, band: tuple[int, int], a: float, b: float) -> Element:
    r"""Element of :math:`\theta_2`, by the chain rule.

    With d the filter, :math:`\pm 2^{-j}` where it is not 0, and the local mean's filter :math:`4^{-j}` there,

    .. math::

        f_n = 4^{-j} \sum_i d_{n-i} \theta_i, \quad
        \partial w_i / \partial y_n = d_{n-i}, \quad \partial m_i / \partial y_n = 4^{-j}

    so that even powers of d are the box, odd ones the filter again.
    """
    size, norm = 4.0**-level, 2.0**-level
    theta = switched(w, mean, a, b)
    value = size * norm * _spread(theta.value, level, band)
    first = size**2 * (_spread(theta.w, level) + norm * _spread(theta.m, level, band))
    odd = norm * _spread(theta.ww + size * theta.mm, level, band)
    second = size**2 * (odd + 2 * size * _spread(theta.wm, level))
    return Element(value, first, second)


class Switched(NamedTuple):
    """A function of coefficient w and local mean m, with its first and second derivatives."""

    value: np.ndarray
    w: np.ndarray
    m: np.ndarray
    ww: np.ndarray
    wm: np.ndarray
    mm: np.ndarray


def switched(w: np.ndarray, mean: np.ndarray, a: float, b: float) -> Switched:
    r""":math:`w\, e^{-p}` with :math:`p = (w / 3t)^8`, and its derivatives."""
    keep, p, p_by_w, slope = _switch(w, mean, a, b)
    both = keep * p * slope
    return Switched(
        w * keep,
        keep * (1 - 8 * p),
        4 * w * both,
        -keep * p_by_w * (9 - 8 * p),
        4 * both * (9 - 8 * p),
        4 * w * both * slope * (4 * p - 5),
    )


def _switch(w: np.ndarray, mean: np.ndarray, a: float, b: float) -> tuple[np.ndarray, ...]:
    """``exp(-p)``, p, dp / dw, and the slope over m of the logarithm of t^2, at least that of a tenth of a photon."""
    expected = a * mean + b  # below 0 where there is hardly any light, by the noise of the local mean
    variance, least = np.abs(expected), FAINTEST * a**2
    slope = np.where(variance > least, a * np.sign(expected), 0.0)
    np.maximum(variance, least, out=variance)
    slope /= variance
    per_w = 1 / (3 * np.sqrt(variance))
    ratio = np.clip(w * per_w, -LARGEST, LARGEST)
    square = ratio * ratio
    sixth = square * square * square
    p = sixth * square
    return np.exp(-p), p, 8 * sixth * ratio * per_w, slope


# Filters of 2^level pixels a side, on an image that goes round; all of their values are 1 or -1


def _box(sums: np.ndarray, level: int) -> np.ndarray:
    """From sums over 2^level pixels a side those over twice as many."""
    return _differences(sums, level + 1, (0, 0))


def _differences(sums: np.ndarray, level: int, band: tuple[int, int]) -> np.ndarray:
    """From sums over half the filter's side: the sum of four, the farther half less along the axes of the band."""
    for axis, minus in enumerate(band):
        far = np.roll(sums, -(2 ** (level - 1)), axis)
        sums = sums - far if minus else sums + far
    return sums


def _spread(values: np.ndarray, level: int, band: tuple[int, int] = (0, 0)) -> np.ndarray:
    """Adjoint of the filter of a level and band: every value goes to all pixels that it was made of."""
    for axis, minus in enumerate(band):
        for step in range(level):
            near = np.roll(values, 2**step, axis)
            values = values - near if minus and step == level - 1 else values + near
    return values
