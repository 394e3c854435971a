r"""The phase of every frame, when the steps between them are not what they should be.

Bands that were separated with wrong phases leak into one another. Where band b and band 0 show the same frequencies of
the object, separated with the right phases one is a multiple of the other. So the phases are those for which

.. math:: \sum_b \sum_f w(f) |Y_b(f) - c_b X(f) (1 + g t(f))|^2

is smallest, over the phases, the contrasts c and a change g of the OTF's damping, with :math:`t = |f + b k| - |f|`.
Every band after a change of phases is a mixture of the bands before, so all that has to be known of the frames is the
products of these with each other, summed over the frequencies, less what noise contributes: bands that were separated
with uneven phases have noise in common. How bright each frame is, is fitted too: the mean of a frame does depend on its
phase a little. Phases have a prior, that steps are usually even, so that noise moves nothing.

The change g is free because the lens is measured in bands that need the phases. It is no estimate of the lens and goes
nowhere; without it, phases are up to 8 % less certain.

References
----------
.. [1] K. Wicker et al., Opt. Express 21, 2032 (2013), who make other correlations of the bands vanish.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg.blas import cherk
from scipy.optimize import least_squares

from srredsim.optics import bands as optics_bands
from srredsim.optics.bands import harmonics, mixed_waves, separated_waves
from srredsim.stripes.bands import Bands, image
from srredsim.stripes.overlap import Overlap, overlap
from srredsim.threads import in_threads

WIDEST_RAD = 0.5  # standard deviation of a phase about even steps, where nothing is known
LEAK_WEIGHT = 0.5  # weight of what bands have in common at lag 0: shot noise is brighter where the stripes are
USUAL_RAD, KNOWN = 0.06, 4.0  # the same of microscopes, and as many phases as this is known from
DAMPING_SPREAD = 0.25  # that of the logarithm of the OTF's damping about the one assumed, standard deviation
BRIGHTNESS_SPREAD = 0.005  # that of a frame about its mean, standard deviation
AT_ONCE = 2**10  # frequencies: so few that BLAS leaves the other cores alone
SMALL = 2.0**-26  # step of a slope by differences, relative


def even_steps(phases: int) -> np.ndarray:
    return 2 * np.pi * np.arange(phases) / phases


@dataclass(frozen=True)
class Mixture:
    """Products of all bands with each other in the overlap of one of them with band 0.

    Square roots of matrices (3 * bands) in the order Y, X, t X: ``signal`` without what noise contributes, ``all`` with
    it.
    """

    order: int  # number of the band
    signal: np.ndarray
    all: np.ndarray
    contrast: complex


def mixtures(bands: Bands, vectors_per_um: Sequence) -> list[Mixture]:
    """Products of the bands in the overlap of every angle and order.

    ``vectors_per_um`` are the first-order vectors of the angles that light the frames at once, None of those that were
    not found.
    """
    orders = bands.orders // len(vectors_per_um)
    several = [
        (angle * orders + order, np.multiply(order, k0_per_um))
        for angle, k0_per_um in enumerate(vectors_per_um)
        if k0_per_um is not None
        for order in range(1, orders + 1)
    ]
    return in_threads(lambda one: _mixture(overlap(bands, *one, every=True)), several)


def _mixture(found: Overlap) -> Mixture:
    count, further = len(found.y), found.further
    assert further is not None  # as of every band
    weights, noise = found.weights, found.noise
    root = np.sqrt(weights)
    x = found.x * (root * found.h_other)
    values = np.concatenate([found.y * (root * found.h), x, x * further])
    signal = products(values)
    values *= np.sqrt(found.trust)
    everything = products(values)
    common = np.eye(count) if found.covariance is None else found.covariance
    square = weights * found.h_other**2
    signal[:count, :count] -= noise * np.sum(weights * found.h**2, dtype=float) * common
    moments = [np.sum(square * further**power, dtype=float) for power in range(3)]
    signal[count:, count:] -= noise * np.kron([[moments[0], moments[1]], [moments[1], moments[2]]], common)
    return Mixture(found.order, _root(signal), _root(everything), found.amplitude)


@dataclass(frozen=True)
class Leak:
    """Products of all bands 0, +1, -1, ... with each other at the same frequencies, and what chance makes of them.

    Different bands show different frequencies of the object there, and have nothing in common unless one leaks.
    """

    products: np.ndarray
    chance: np.ndarray

    def residuals(self, unmix: np.ndarray) -> np.ndarray:
        """One complex number of variance 1 a pair of bands, after a change of phases or (..., bands, bands) of them."""
        found = (unmix @ self.products @ np.swapaxes(unmix.conj(), -1, -2)) / self.chance
        orders = (len(self.products) - 1) // 2
        numbers = np.array([0] + [sign * order for order in range(1, orders + 1) for sign in (1, -1)])
        # the other half is the mirror image of this: frames are real
        return found[..., (numbers[:, None] > numbers) & (numbers[:, None] >= -numbers)] * np.sqrt(2.0) * LEAK_WEIGHT


def leak(bands: Bands) -> Leak:
    """Chance is that of random fields with the spectra and the bright and dark places of the bands."""
    weight = bands.filter()
    filtered = [spectrum * weight for spectrum in bands.spectra]
    images = np.stack([image(each).ravel() for each in filtered])
    both = [0] + [order for order in range(1, bands.orders + 1) for _ in (1, -1)]
    every = images[both]
    every[2::2] = every[2::2].conj()
    pixels = every.shape[1]
    bright = (np.abs(images) ** 2)[both]
    bright_together = bright @ bright.T / np.outer(bright.sum(axis=1), bright.sum(axis=1)) * pixels
    power = np.stack([np.abs(each).ravel() ** 2 for each in filtered])
    mirrored = np.stack([np.roll(each.reshape(weight.shape)[::-1, ::-1], (1, 1), (0, 1)).ravel() for each in power])
    powers = np.stack([power[0]] + [kind[order] for order in range(1, bands.orders + 1) for kind in (power, mirrored)])
    unit = np.ldexp(np.float32(1), np.frexp(powers.max())[1])  # a power of 2 changes no digit; squares stay in range
    powers /= unit
    together = (powers @ powers.T).astype(float) * bright_together
    return Leak(products(every), float(unit) * np.sqrt(together) / pixels)


def products(rows: np.ndarray) -> np.ndarray:
    """Scalar products of complex rows with one another, ``rows @ rows.conj().T``: half of them is computed."""
    half = sum(
        cherk(1.0, rows[:, start : start + AT_ONCE].T, trans=2).astype(complex)
        for start in range(0, rows.shape[1], AT_ONCE)
    )
    half = np.triu(half).conj()
    return half + np.triu(half, 1).conj().T


def _root(matrix: np.ndarray) -> np.ndarray:
    """L with L L^H the positive part of a Hermitian matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0.0))


@dataclass(frozen=True)
class Errors:
    """Errors of the phases of all angles that light the frames at once, one angle after the other.

    ``information`` (angles * phases, angles * phases); ``evidence``: that times the likeliest. The two are kept apart
    because what is most likely may be anything where there is no information.
    """

    information: np.ndarray
    evidence: np.ndarray
    angles: int = 1

    def given(self, usual_rad: float) -> tuple[np.ndarray, np.ndarray]:
        """Errors, mean 0 in each angle, and their covariance, where such errors are usual (standard deviation)."""
        size = len(self.evidence)
        phases = size // self.angles
        without_common = np.eye(size) - np.kron(np.eye(self.angles), np.full((phases, phases), 1.0 / phases))
        covariance = np.linalg.inv(self.information + np.eye(size) / usual_rad**2)
        return without_common @ covariance @ self.evidence, without_common @ covariance @ without_common


def fit_steps(bands: Bands, k0_per_um, steps_rad: np.ndarray) -> tuple[np.ndarray, float]:
    """Phases of all frames of one angle, up to a common one, and how uncertain they are, both in radians.

    Parameters
    ----------
    bands : Bands
        As separated with `steps_rad`.
    """
    found = step_errors(mixtures(bands, [k0_per_um]), leak(bands), steps_rad)
    (steps,), (uncertainty,) = steps_and_uncertainty(found, steps_rad, usual_errors([found]))
    return steps, uncertainty


def steps_and_uncertainty(found: Errors, steps_rad: np.ndarray, usual_rad: float) -> tuple[np.ndarray, np.ndarray]:
    """Phases (angles, phases), and how uncertain those of each angle are."""
    errors, covariance = found.given(usual_rad)
    variances = np.diag(covariance).reshape(found.angles, -1)
    uncertainty = np.sqrt(variances.sum(axis=1) / (variances.shape[1] - 1))
    return np.atleast_2d(steps_rad) + errors.reshape(found.angles, -1), uncertainty


def usual_errors(angles: list[Errors]) -> float:
    """How much the phases of a microscope differ from even steps: standard deviation in radians, most likely.

    From all angles, and from what is known of microscopes where these say little.
    """
    usual = USUAL_RAD
    for _ in range(20):  # expectation and maximisation
        total, count = KNOWN * USUAL_RAD**2, KNOWN
        for each in angles:
            errors, covariance = each.given(usual)
            total += np.sum(errors**2) + np.trace(covariance)
            count += len(errors) - each.angles
        usual = float(np.sqrt(total / count))
    return usual


def step_errors(found: list[Mixture], leaks: Leak, steps_rad: np.ndarray) -> Errors:
    """What the mixtures of all bands say about the phases ((angles,) phases) they were separated with."""
    steps_rad = np.atleast_2d(steps_rad)
    angles, phases = steps_rad.shape
    unknown, orders = steps_rad.size, (len(leaks.products) - 1) // 2 // angles
    nominal = separated_waves(waves_of(steps_rad, orders))

    def unmixing(values: np.ndarray) -> np.ndarray:
        """From the bands as they were separated to what they are with other phases and brightnesses."""
        errors_rad, brightness = values[..., :unknown], values[..., unknown : unknown + phases]
        wrong = steps_rad + errors_rad.reshape(*errors_rad.shape[:-1], angles, phases)
        mixed = (1 + brightness)[..., None] * mixed_waves(waves_of(wrong, orders), 2.0)
        return np.linalg.inv(nominal @ mixed)

    def rows(values: np.ndarray, unmix: np.ndarray) -> list[np.ndarray]:
        """What turns the products of each band into the difference Y - c X."""
        zero, damping = unmix[..., 0, :], values[..., unknown + phases, None]
        first = unknown + phases + 1
        contrasts = values[..., first::2] + 1j * values[..., first + 1 :: 2]
        scaled = [contrasts[..., [number]] * zero for number in range(len(found))]
        return [
            np.concatenate([unmix[..., 2 * item.order - 1, :], -each, -damping * each], axis=-1)
            for item, each in zip(found, scaled, strict=True)
        ]

    start = np.concatenate(
        [np.zeros(unknown + phases + 1)] + [[item.contrast.real, item.contrast.imag] for item in found]
    )
    scales = _certainty(lambda values: rows(values, unmixing(values)), start, found, unknown)
    roots = [item.signal * scale for item, scale in zip(found, scales, strict=True)]
    spreads = np.concatenate([np.full(unknown, WIDEST_RAD), np.full(phases, BRIGHTNESS_SPREAD), [DAMPING_SPREAD]])

    def residuals(values: np.ndarray) -> np.ndarray:
        unmix = unmixing(values)
        differences = [row @ root for row, root in zip(rows(values, unmix), roots, strict=True)]
        parts = np.concatenate([*differences, leaks.residuals(unmix)], axis=-1)
        return np.concatenate([parts.real, parts.imag, values[..., : len(spreads)] / spreads], axis=-1)

    def jacobian(values: np.ndarray) -> np.ndarray:
        """By differences, all at once."""
        step = SMALL * np.maximum(1.0, np.abs(values))
        return ((residuals(values + np.diag(step)) - residuals(values)) / step[:, None]).T

    fit = least_squares(residuals, start, jacobian, method="lm", xtol=1e-5, ftol=1e-6)
    with_prior = np.linalg.inv(np.linalg.inv(fit.jac.T @ fit.jac)[:unknown, :unknown])
    return Errors(with_prior - np.eye(unknown) / WIDEST_RAD**2, with_prior @ fit.x[:unknown], angles)


def waves_of(steps_rad: np.ndarray, orders: int) -> np.ndarray:
    """Phases (..., phases, waves) of all orders of angles (..., angles, phases) that light the frames at once."""
    every = np.moveaxis(harmonics(steps_rad, orders), -3, -2)
    return every.reshape(*every.shape[:-2], every.shape[-2] * orders)


def _certainty(rows, start: np.ndarray, found: list[Mixture], unknown: int) -> list[float]:
    """By how much to scale the sum of each band, so that its curvature is the information that it has on the phases.

    The signal makes the curvature, signal and noise together make the scatter of the slope.
    """
    small = 1e-4
    slopes = [
        [(up - down) / (2 * small) for up, down in zip(rows(start + step), rows(start - step), strict=True)]
        for step in small * np.eye(len(start))[:unknown]
    ]
    result = []
    for number, item in enumerate(found):
        signal, everything = (
            sum(np.sum(np.abs(slope[number] @ root) ** 2) for slope in slopes) for root in (item.signal, item.all)
        )
        result.append(float(np.sqrt(signal / max(everything, 1e-30))))
    return result


def as_if_even(frames: np.ndarray, steps_rad) -> np.ndarray:
    """The frames (phases, y, x) of an angle that even phases would have given."""
    phases = len(frames)
    orders = 2 if optics_bands.condition_number(steps_rad, 2) < optics_bands.LARGEST_CONDITION else 1
    bands = optics_bands.separate(frames, steps_rad, orders)
    mixed = optics_bands.mixing_matrix(even_steps(phases), (2.0,) * orders)[:, 1::2]
    result = np.broadcast_to(bands[0], frames.shape).astype(np.float32)
    for column, band in zip(2 * mixed.T, bands[1:], strict=True):
        result += (column[:, None, None] * band).real.astype(np.float32)
    return result
