r"""Generalised Anscombe transform: noise that depends on brightness becomes noise of standard deviation 1.

For :math:`z = a p + n`, with p a Poisson count and n Gaussian of mean 0 and variance b (so that
:math:`\mathrm{var}\, z = a\, \mathrm{E} z + b`),

.. math:: f(z) = \frac{2}{a} \sqrt{\max(0,\; a z + \tfrac{3}{8} a^2 + b)}

The mean of f is not f of the mean, so a denoised f must not go back through the formula solved for z, which is too
dark at low counts. The exact unbiased inverse is the y for which the mean of f is what the denoiser found.

References
----------
.. [1] M. Makitalo, A. Foi, IEEE Trans. Image Process. 22, 91 (2013).
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, xlogy

from srredsim.errors import InputError

COUNTS = 200.0  # photons: up to here the mean of f is summed; beyond, its expansion is right to 0.01 photons
NODES = 500  # places of the table, evenly in the square root of the count
STEPS = 400  # places of the integral over the Gaussian noise
REACH = 10.0  # standard deviations of the Gaussian that are integrated
WIDE = 50.0  # read-out noise, in photons, from which on the expansion is enough at every count


def stabilised(image, a: float, b: float) -> np.ndarray:
    """f of an image whose noise has the variance ``a * mean + b``; float64 of the same shape.

    Parameters
    ----------
    image : array_like
        In any unit.
    a : float
        Image units per photon, above 0.
    b : float
        Variance of the read-out noise in squared image units, 0 or more.

    Raises
    ------
    InputError
        If a or b are out of range.
    """
    _check(a, b)
    return 2.0 / a * np.sqrt(np.maximum(a * np.asarray(image, float) + 0.375 * a**2 + b, 0.0))


def unbiased_inverse(stabilised_mean, a: float, b: float) -> np.ndarray:
    """Image whose f has this mean; 0 where the mean is below that of an image of 0.

    Parameters are those of `stabilised`; ``stabilised_mean`` is what a denoiser made of its result.
    """
    _check(a, b)
    mean = np.asarray(stabilised_mean, float)
    read_noise = np.sqrt(b) / a
    photons = closed_form_inverse(mean, read_noise)
    if read_noise <= WIDE:
        nodes = np.linspace(0.0, np.sqrt(COUNTS), NODES) ** 2
        means = mean_stabilised(nodes, read_noise)
        summed = np.interp(
            mean, means, nodes + read_noise**2 - means**2 / 4
        )  # nearly straight, unlike the count itself
        photons = np.where(mean < means[-1], summed + mean**2 / 4 - read_noise**2, photons)
        photons = np.where(mean <= means[0], 0.0, photons)
    return a * np.maximum(photons, 0.0)


def closed_form_inverse(mean, read_noise: float) -> np.ndarray:
    """Expansion of the exact inverse, in photons, for many of them (or, at their least, a mean of f of sqrt(3/2))."""
    d, root = np.maximum(mean, np.sqrt(1.5)), np.sqrt(1.5)
    return d**2 / 4 + root / (4 * d) - 11 / (8 * d**2) + 5 * root / (8 * d**3) - 1 / 8 - read_noise**2


def mean_stabilised(photons, read_noise: float) -> np.ndarray:
    r"""Mean of f over both kinds of noise, for a = 1.

    .. math:: \sum_k \mathrm{Poisson}(k; y) \int 2 \sqrt{\max(0, k + s t + \tfrac{3}{8} + s^2)}\, N(t; 0, 1)\, dt

    Parameters
    ----------
    photons : (n,) array_like
        Mean counts y.
    read_noise : float
        Standard deviation s of the Gaussian noise, in photons.
    """
    y = np.atleast_1d(np.asarray(photons, float))
    counts = np.arange(np.ceil(y.max() + 12 * np.sqrt(y.max()) + 30))
    probability = np.exp(xlogy(counts, y[:, None]) - y[:, None] - gammaln(counts + 1))
    return probability @ _mean_over_read_noise(counts + 0.375 + read_noise**2, read_noise)


def _mean_over_read_noise(centre: np.ndarray, read_noise: float) -> np.ndarray:
    """Mean of 2 sqrt(max(0, x)), x normal; over u = sqrt(x) nothing has a corner, and the trapezoid rule is exact."""
    if read_noise == 0:
        return 2 * np.sqrt(centre)
    lower = np.sqrt(np.maximum(centre - REACH * read_noise, 0.0))
    upper = np.sqrt(centre + REACH * read_noise)
    u = lower + (upper - lower) * np.linspace(0.0, 1.0, STEPS)[:, None]
    density = np.exp(-(((u**2 - centre) / read_noise) ** 2) / 2) / (np.sqrt(2 * np.pi) * read_noise)
    return np.trapezoid(4 * u**2 * density, u, axis=0)


def _check(a: float, b: float) -> None:
    if not (np.isfinite(a) and a > 0 and np.isfinite(b) and b >= 0):
        raise InputError(
            f"noise of variance a x + b needs a > 0 and b >= 0 to be stabilised, not a = {a}, b = {b}; "
            "without photon noise (a = 0) an image needs no transform"
        )
