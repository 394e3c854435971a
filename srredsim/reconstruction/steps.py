r"""The phase of every frame, when the steps between them are not what they should be.

Bands that were separated with wrong phases leak into one another, and then show something in common where there can be
nothing: band b and band b' share the object's frequencies only at the lag :math:`(b - b') k`. Every other correlation
is a measure of the leak. The phases are those that make these correlations as small as chance has them, with a
prior that steps are usually even, so that noise moves nothing.

References
----------
.. [1] K. Wicker et al., Opt. Express 21, 2032 (2013).
"""

from __future__ import annotations

import numpy as np
from scipy import fft
from scipy.optimize import least_squares

from srredsim.optics.bands import mixing_matrix, separation_matrix
from srredsim.reconstruction.overlap import Bands, image, wave
from srredsim.reconstruction.preprocess import WORKERS

NARROWEST_RAD, WIDEST_RAD = 0.01, 0.25  # standard deviation of a phase about even steps


def even_steps(phases: int) -> np.ndarray:
    return 2 * np.pi * np.arange(phases) / phases


def fit_steps(bands: Bands, k0_per_um, steps_rad: np.ndarray) -> tuple[np.ndarray, float]:
    """Phases of all frames, up to a common one, and how uncertain they are, both in radians.

    The prior is first wide, then as wide as the errors found are beyond their uncertainty.

    Parameters
    ----------
    bands : Bands
        As separated with `steps_rad`.
    """
    tables = [_correlations(bands, lag, k0_per_um) for lag in range(bands.orders + 1)]
    errors, uncertainty = _fit(tables, steps_rad, bands.orders, WIDEST_RAD)
    found = np.sum(errors**2) / (len(errors) - 1)
    prior = float(np.clip(np.sqrt(max(found - uncertainty**2, 0.0)), NARROWEST_RAD, WIDEST_RAD))
    errors, uncertainty = _fit(tables, steps_rad, bands.orders, prior)
    return steps_rad + errors, uncertainty


def _fit(tables: list, steps_rad: np.ndarray, orders: int, prior_rad: float) -> tuple[np.ndarray, float]:
    nominal = separation_matrix(steps_rad, orders)

    def residuals(errors_rad: np.ndarray) -> np.ndarray:
        unmix = np.linalg.inv(nominal @ mixing_matrix(steps_rad + errors_rad, (2.0,) * orders))
        found = [(unmix @ table @ unmix.conj().T)[vanishing] / chance[vanishing] for table, chance, vanishing in tables]
        parts = np.concatenate(found) * np.sqrt(2.0)  # real and imaginary part, each of unit variance
        return np.concatenate([parts.real, parts.imag, errors_rad / prior_rad])

    fit = least_squares(residuals, np.zeros(len(steps_rad)), method="lm")
    without_common = np.eye(len(steps_rad)) - 1.0 / len(steps_rad)
    spread = without_common @ np.linalg.inv(fit.jac.T @ fit.jac) @ without_common
    return fit.x - fit.x.mean(), float(np.sqrt(np.trace(spread) / (len(steps_rad) - 1)))


def _correlations(bands: Bands, lag: int, k0_per_um) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every band with every other at one multiple of k: value, what chance makes it, and whether it should vanish.

    Bands come in the order 0, +1, -1, +2, -2. Chance is that of two random fields with the power spectra and the bright
    and dark places of the two bands.
    """
    shift = lag * np.asarray(k0_per_um)
    home = wave(bands.spectra.shape[1:], -shift / bands.step_per_um)
    for_x, for_y = bands.filter(-shift), bands.filter(shift)
    x, y = [], []  # images; y moved home
    for order, spectrum in enumerate(bands.spectra):
        one, other = image(spectrum * for_x), image(spectrum * for_y)
        x.append(one)
        y.append(other * home)
        if order:
            x.append(other.conj())
            y.append(one.conj() * home)
    pixels = home.size
    power_y, power_x = (
        np.stack([np.abs(fft.fft2(each, workers=WORKERS)) ** 2 for each in images]).reshape(len(images), -1) / pixels
        for images in (y, x)
    )
    x, y = (np.stack(images).reshape(len(images), -1) for images in (x, y))
    table = y @ x.conj().T
    chance = power_y @ power_x.T
    local_y, local_x = np.abs(y) ** 2, np.abs(x) ** 2
    chance *= local_y @ local_x.T / np.outer(local_y.sum(axis=1), local_x.sum(axis=1)) * pixels
    numbers = np.array([0] + [sign * order for order in range(1, bands.orders + 1) for sign in (1, -1)])
    return table, np.sqrt(chance), numbers[:, None] - numbers != lag
