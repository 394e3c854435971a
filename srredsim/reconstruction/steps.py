r"""The phase of every frame, when the steps between them are not what they should be.

Bands that were separated with wrong phases leak into one another. Where band b and band 0 show the same frequencies of
the object, separated with the right phases one is a multiple of the other. So the phases are those for which

.. math:: \sum_b \sum_f w(f) |Y_b(f) - c_b X(f) (1 + g t(f))|^2

is smallest, over the phases, the contrasts c and a change g of the OTF's damping, with :math:`t = |f + b k| - |f|`.
Every band after a change of phases is a mixture of the bands before, so all that has to be known of the frames is the
products of these with each other, summed over the frequencies. How bright each frame is, is fitted too: the mean of a
frame does depend on its phase a little. Phases have a prior, that steps are usually even, so that noise moves nothing.

References
----------
.. [1] K. Wicker et al., Opt. Express 21, 2032 (2013), who make other correlations of the bands vanish.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from srredsim.optics.bands import mixing_matrix, separation_matrix
from srredsim.reconstruction.overlap import DAMPING_SPREAD, Bands, Overlap, overlap

NARROWEST_RAD, WIDEST_RAD = 0.01, 0.25  # standard deviation of a phase about even steps
BRIGHTNESS_SPREAD = 0.005  # of a frame about its mean, standard deviation


def even_steps(phases: int) -> np.ndarray:
    return 2 * np.pi * np.arange(phases) / phases


@dataclass(frozen=True)
class Mixture:
    """Products of all bands with each other in the overlap of one order.

    Square roots of matrices (3 * bands) in the order Y, X, t X: ``signal`` without what noise contributes, ``all`` with
    it.
    """

    order: int
    signal: np.ndarray
    all: np.ndarray
    contrast: complex


def mixtures(bands: Bands, k0_per_um) -> list[Mixture]:
    """Of every order."""
    return [_mixture(overlap(bands, order, k0_per_um, every=True)) for order in range(1, bands.orders + 1)]


def _mixture(found: Overlap) -> Mixture:
    count = len(found.y)
    weights, noise = found.weights, found.noise
    root = np.sqrt(weights)
    x = found.x * (root * found.h_other)
    values = np.concatenate([found.y * (root * found.h), x, x * found.further])
    signal = (values @ values.conj().T).astype(complex)
    values *= np.sqrt(found.trust)
    everything = (values @ values.conj().T).astype(complex)
    same = np.eye(count)
    square = weights * found.h_other**2
    signal[:count, :count] -= noise * np.sum(weights * found.h**2, dtype=float) * same
    moments = [np.sum(square * found.further**power, dtype=float) for power in range(3)]
    signal[count:, count:] -= noise * np.kron([[moments[0], moments[1]], [moments[1], moments[2]]], same)
    return Mixture(found.order, _root(signal), _root(everything), found.contrast()[0])


def _root(matrix: np.ndarray) -> np.ndarray:
    """L with L L^H the positive part of a Hermitian matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0.0))


def fit_steps(bands: Bands, k0_per_um, steps_rad: np.ndarray) -> tuple[np.ndarray, float]:
    """Phases of all frames, up to a common one, and how uncertain they are, both in radians.

    Parameters
    ----------
    bands : Bands
        As separated with `steps_rad`.
    """
    found = mixtures(bands, k0_per_um)
    return fit_mixtures(found, steps_rad, usual_errors([found], steps_rad))


def usual_errors(angles: list[list[Mixture]], steps_rad: np.ndarray) -> float:
    """How much phases differ from even steps, standard deviation in radians, beyond what noise makes of them."""
    fits = [fit_mixtures(found, steps_rad, WIDEST_RAD) for found in angles]
    squares = [np.sum((steps - steps_rad) ** 2) / (len(steps_rad) - 1) - error**2 for steps, error in fits]
    return float(np.clip(np.sqrt(max(np.mean(squares), 0.0)), NARROWEST_RAD, WIDEST_RAD))


def fit_mixtures(found: list[Mixture], steps_rad: np.ndarray, usual_rad: float) -> tuple[np.ndarray, float]:
    """As `fit_steps`, with the standard deviation that phases usually have about even steps."""
    orders, phases = len(found), len(steps_rad)
    nominal = separation_matrix(steps_rad, orders)

    def rows(values: np.ndarray) -> list[np.ndarray]:
        """What turns the products of each order into the difference Y - c X."""
        errors_rad, brightness, damping = values[:phases], values[phases : 2 * phases], values[2 * phases]
        contrasts = values[2 * phases + 1 :: 2] + 1j * values[2 * phases + 2 :: 2]
        mixed = (1 + brightness)[:, None] * mixing_matrix(steps_rad + errors_rad, (2.0,) * orders)
        unmix = np.linalg.inv(nominal @ mixed)
        return [
            np.concatenate([unmix[2 * item.order - 1], -c * unmix[0], -c * damping * unmix[0]])
            for item, c in zip(found, contrasts, strict=True)
        ]

    start = np.concatenate([np.zeros(2 * phases + 1)] + [[item.contrast.real, item.contrast.imag] for item in found])
    certain = _certainty(rows, start, found, phases)
    roots = [item.signal * scale for item, scale in zip(found, certain, strict=True)]
    spreads = np.concatenate([np.full(phases, usual_rad), np.full(phases, BRIGHTNESS_SPREAD), [DAMPING_SPREAD]])

    def residuals(values: np.ndarray) -> np.ndarray:
        parts = np.concatenate([row @ root for row, root in zip(rows(values), roots, strict=True)])
        return np.concatenate([parts.real, parts.imag, values[: len(spreads)] / spreads])

    fit = least_squares(residuals, start, method="lm", xtol=1e-5, ftol=1e-6)
    errors = fit.x[:phases]
    without_common = np.eye(phases) - 1.0 / phases
    spread = without_common @ np.linalg.inv(fit.jac.T @ fit.jac)[:phases, :phases] @ without_common
    return steps_rad + errors - errors.mean(), float(np.sqrt(np.trace(spread) / (phases - 1)))


def _certainty(rows, start: np.ndarray, found: list[Mixture], phases: int) -> list[float]:
    """By how much to scale the sum of each order, so that its curvature is the information that it has on the phases.

    The signal makes the curvature, signal and noise together make the scatter of the slope.
    """
    small = 1e-4
    slopes = [
        [(up - down) / (2 * small) for up, down in zip(rows(start + step), rows(start - step), strict=True)]
        for step in small * np.eye(len(start))[:phases]
    ]
    result = []
    for number, item in enumerate(found):
        signal, everything = (
            sum(np.sum(np.abs(slope[number] @ root) ** 2) for slope in slopes) for root in (item.signal, item.all)
        )
        result.append(float(np.sqrt(signal / max(everything, 1e-30))))
    return result
