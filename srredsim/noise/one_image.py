r"""Noise of one image, without a second one: its variance as a straight line over brightness.

.. math:: \mathrm{var}\, z = a\, \mathrm{E} z + b

A wavelet splits the image into an approximation and into details, which on smooth ground are nothing but noise of the
same deviation. Pixels on smooth ground are sorted by brightness into narrow level sets; the deviation of the details in
each, with its own uncertainty, tells the line. Where the camera cuts values off, what is left of mean and deviation is
compared with what was measured.

References
----------
.. [1] A. Foi, M. Trimeche, V. Katkovnik, K. Egiazarian, IEEE Trans. Image Process. 17, 1737 (2008).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage, optimize
from scipy.special import ndtr

from srredsim.errors import InputError
from srredsim.noise.line import NoiseLine

LEVELS = 300  # sets between the darkest and the brightest value
FEWEST_PIXELS = 20  # pixels of a set
SMALLEST_SIDE = 32  # pixels of a side of the image
AROUND = 7  # pixels over which brightness and noise are averaged to tell smooth ground
FLATTEST = 0.2  # share of the image that counts as smooth ground at least
OUTLIERS = 0.5  # weight of the Cauchy density beside the normal one
DB3 = (  # Daubechies wavelet of three vanishing moments, low pass
    0.3326705529509569,
    0.8068915093133388,
    0.4598775021193313,
    -0.13501102001039084,
    -0.08544127388224149,
    0.035226291882100656,
)


def noise_of_image(image, limits: tuple[float, float] | None = None) -> NoiseLine:
    """Noise of an image (y, x) in any unit.

    Parameters
    ----------
    image : (y, x) array_like
        32 pixels a side or more; noise white, not smoothed or compressed.
    limits : (low, high), optional
        Values at which the camera cuts off; left out: nowhere.

    Raises
    ------
    InputError
        If the image is not a plane of finite numbers, is constant, or has too little smooth ground.
    """
    plane = np.asarray(image, float)
    if plane.ndim != 2 or min(plane.shape) < SMALLEST_SIDE:
        raise InputError(
            f"noise is measured in one plane (y, x), {SMALLEST_SIDE} x {SMALLEST_SIDE} or more; got {plane.shape}"
        )
    if bad := plane.size - int(np.count_nonzero(np.isfinite(plane))):
        raise InputError(f"noise cannot be measured: {bad} of {plane.size} pixels are NaN or infinite")
    low, high = plane.min(), plane.max()
    if low == high:
        raise InputError(f"noise cannot be measured: every pixel is {low:g}")
    scale = high - low
    cut = None if limits is None else tuple((limit - low) / scale for limit in limits)
    a, b = _fitted(_level_sets((plane - low) / scale), cut)
    return NoiseLine(float(scale * a), float(scale**2 * b - scale * a * low))


class _Sets(NamedTuple):
    mean: np.ndarray
    std: np.ndarray
    count: np.ndarray


def wavelet_split(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Approximation (filter of sum 1) and diagonal details (filter of norm 1), every second pixel, edges left out."""
    low = np.array(DB3) / np.sqrt(2)
    high = np.array(DB3)[::-1] * [1, -1, 1, -1, 1, -1]
    parts = []
    for taps in (low, high):
        both = ndimage.correlate1d(ndimage.correlate1d(image, taps, axis=0), taps, axis=1)
        parts.append(both[3:-3:2, 3:-3:2])
    return parts[0], parts[1]


def _level_sets(image: np.ndarray) -> _Sets:
    """Mean brightness, deviation of the noise and number of pixels of smooth ground, level by level."""
    approximation, details = wavelet_split(image)
    brightness = ndimage.uniform_filter(approximation, AROUND)
    spread = np.sqrt(np.pi / 2) * ndimage.uniform_filter(np.abs(details), AROUND)
    # smoothed well, or it would be noise that chooses the pixels it is measured in
    calm = ndimage.uniform_filter(ndimage.median_filter(approximation, 3), 3)
    slope = np.hypot(*np.gradient(calm))
    slope += np.abs(ndimage.laplace(calm))
    steepness = np.divide(slope, spread, out=np.full_like(slope, np.inf), where=spread > 0)
    # a crowded image with little noise has no smooth ground, but where it is flattest the details hardly see the slopes
    smooth = steepness < max(1.0, np.quantile(steepness, FLATTEST))
    level = np.clip((brightness[smooth] * LEVELS).astype(int), 0, LEVELS - 1)
    order = np.argsort(level, kind="stable")
    mean, detail = approximation[smooth][order], np.abs(details[smooth][order])
    counts = np.bincount(level, minlength=LEVELS)
    ends = np.cumsum(counts)
    sets = [
        (mean[end - n : end].mean(), np.median(detail[end - n : end]) / (0.6745 + 0.2 / n), n)
        for end, n in zip(ends, counts, strict=True)
        if n >= FEWEST_PIXELS
    ]
    if len(sets) < 2:
        raise InputError(
            f"noise cannot be measured: {np.count_nonzero(smooth)} pixels of smooth ground in {len(sets)} levels; "
            "an image with larger or smoother areas would do"
        )
    return _Sets(*np.array(sets).T)


def _fitted(sets: _Sets, cut: tuple[float, float] | None) -> tuple[float, float]:
    """Line of the greatest likelihood, from the line of least squares on."""
    if not np.max(sets.std) > 0:
        raise InputError("noise cannot be measured: the smooth ground of the image is constant, without any noise")
    weight = np.sqrt(sets.count) / np.maximum(sets.std**2, 1e-3 * np.max(sets.std) ** 2)
    clear = np.full(len(sets.mean), True)
    if cut is not None:
        reach = 2 * np.median(sets.std)
        clear = (sets.mean > cut[0] + reach) & (sets.mean < cut[1] - reach)
        clear = clear if np.count_nonzero(clear) > 2 else np.full(len(sets.mean), True)
    slope, level = np.polyfit(sets.mean[clear], sets.std[clear] ** 2, 1, w=weight[clear])
    # the variances at both ends of the brightness: of one size, so that the simplex has steps for both
    ends = np.array([sets.mean.min(), sets.mean.max()])
    typical = np.median(sets.std) ** 2

    def line(variances):
        a = (variances[1] - variances[0]) / (ends[1] - ends[0])
        return a, variances[0] - a * ends[0]

    start = np.maximum(slope * ends + level, 1e-2 * typical) / typical
    best = optimize.minimize(
        lambda variances: -_log_likelihood(line(variances * typical), sets, cut),
        start,
        method="Nelder-Mead",
        options={"initial_simplex": [start, start * [1.3, 1], start * [1, 1.3]], "xatol": 1e-5, "fatol": 1e-5},
    )
    return line(best.x * typical)


def _log_likelihood(line: tuple[float, float], sets: _Sets, cut: tuple[float, float] | None) -> float:
    """Log likelihood of deviations, normal or, for outliers, Cauchy; the mean's own error enters to first order."""
    grid = np.linspace(-0.3, 1.3, 1601)
    std = np.sqrt(np.maximum(line[0] * grid + line[1], 1e-12))
    mean = grid
    if cut is not None:
        mean, std = clipped_moments(grid, std, *cut)
    expected = np.interp(sets.mean, mean, std)
    tilt = np.interp(sets.mean, mean, np.gradient(std) / np.maximum(np.gradient(mean), 1e-9))
    width = expected * np.sqrt(1.35 / (sets.count + 1.5) + np.minimum(tilt**2, 1.0) * 0.25 / sets.count)
    off = (sets.std - expected) / width
    normal = np.exp(-(off**2) / 2) / np.sqrt(2 * np.pi)
    cauchy = 1 / (np.pi * (1 + off**2))
    return float(np.sum(np.log(((1 - OUTLIERS) * normal + OUTLIERS * cauchy) / width)))


def clipped_moments(mean, std, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    r"""Mean and deviation of a normal variable that is cut off below and above.

    With :math:`E(u) = u \Phi(u) + \varphi(u)` and :math:`S^2(u) = \Phi(u) + u E(u) - E^2(u)`; the deviation is the
    product of what either cut leaves, exact for one of them.
    """
    below, above = (mean - low) / std, (high - mean) / std
    cut_mean = std * _mean_above_0(below) - std * _mean_above_0(above) + high - mean + low
    return cut_mean, std * _std_above_0(below) * _std_above_0(above)


def _mean_above_0(u: np.ndarray) -> np.ndarray:
    return u * ndtr(u) + np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)


def _std_above_0(u: np.ndarray) -> np.ndarray:
    u = np.minimum(u, 8.0)  # beyond, the cut is not felt, and the difference of squares would only lose digits
    mean = _mean_above_0(u)
    return np.sqrt(np.maximum(ndtr(u) + u * mean - mean**2, 0.0))
