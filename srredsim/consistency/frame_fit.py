"""Frames of one angle, explained by an image as well as anything can: what is fitted before the two are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srredsim.arrays import Array, blurred, namespace, on_host
from srredsim.arrays import parts as rows_of
from srredsim.consistency.splines import View
from srredsim.noise.line import NoiseLine

BLUR = 1.0  # raw pixels: standard deviation over which a place is looked at
WRONG = 5.0  # standard deviations
MOST_WRONG = 0.2  # share of the field: the rest is needed to know the haze by
ROUNDS = 5  # times of looking for places where the image is wrong, and of bridging them
BLOCK = 2**16  # pixels whose products are summed at once


@dataclass(frozen=True)
class Fit:
    """Frames of an angle as mixtures of parts: what was found by `fit`."""

    weights: np.ndarray  # (phases, parts)
    haze_weights: np.ndarray  # (phases,)
    constants: np.ndarray  # (phases,)
    haze: Array  # (y, x)
    variance: Array  # (y, x), smoothed a little: what weighs the pixels
    k_error_per_um: np.ndarray  # (angles, 2), of the first orders: what is left of it in the parts

    def in_focus(self, parts: Array) -> Array:
        return _mixed(self.weights, parts)

    def out_of_focus(self) -> Array:
        both, xp = (self.haze_weights, self.constants), namespace(self.haze)
        weights, constants = (xp.asarray(each.astype(np.float32)[:, None, None]) for each in both)
        return weights * self.haze + constants

    def contrasts(self) -> tuple[float, ...]:
        cosines, sines = self.weights[:, 1::2], self.weights[:, 2::2]
        return tuple((np.hypot(cosines, sines).mean(axis=0) / self.weights[:, 0].mean()).tolist())


def fit(frames: Array, parts: Array, view: View, noise: NoiseLine, of_vectors: np.ndarray | None = None) -> Fit:
    """Explain the frames of one angle by the parts of an image, as well as anything can; both inside the view.

    ``of_vectors`` (orders, angles) is that of `srredsim.reconstruction.forward.Stripes`; left out: of one angle.

    The mean of the frames is fitted where it is not smooth, since haze is; what is smooth in the rest is haze. Then
    each frame's difference from the mean is fitted by the same parts, the haze and a constant, the smooth included:
    haze has no stripes.
    """
    mean = frames.mean(axis=0)
    variance = noise.variance(blurred(mean, 1.0))
    common, haze, weight = _mean_and_haze(mean, parts, variance, len(frames), view)

    count, phases = len(parts), len(frames)
    known = [*parts, haze, view.xp.ones_like(haze)]
    products = _products(weight, [*known, *(frames - mean)], parts[1:], view.positions_um)
    of_known, of_differences = slice(0, count + 2), slice(count + 2, count + 2 + phases)
    of_levers = slice(of_differences.stop, None)
    found = _solved(products[of_known, of_known], products[of_known, of_differences])
    weights = (common[:, None] + found[:count]).T

    across = products[of_known, of_levers]
    levers = products[of_levers, of_levers] - across.T @ _solved(products[of_known, of_known], across)
    rest = products[of_levers, of_differences] - across.T @ found
    of_vectors = np.arange(1, len(parts) // 2 + 1)[:, None] if of_vectors is None else of_vectors
    turns = [_turning(each, of_vectors) for each in weights]
    k_error_per_um = _solved(
        sum(turn.T @ levers @ turn for turn in turns),
        sum(turn.T @ each for turn, each in zip(turns, rest.T, strict=True)),
    )
    return Fit(weights, 1 + found[count], found[count + 1], haze, variance, k_error_per_um.reshape(2, -1).T)


def _mean_and_haze(
    mean: Array, parts: Array, variance: Array, frames: int, view: View
) -> tuple[np.ndarray, Array, Array]:
    """Weights of the parts in the mean of the frames, the smooth rest, and what each pixel weighed.

    Places where the image is clearly wrong take no part: else the haze would bend towards them, and its bending show
    beside them as an error of the other sign.
    """
    xp = view.xp
    rough = xp.stack([view.rough(each) for each in (*parts, mean)])
    wrong = xp.zeros(mean.shape, dtype=bool)
    haze = xp.zeros_like(mean)
    deviation = xp.sqrt(variance / frames / (4 * np.pi * BLUR**2))  # deviation of the mean, blurred
    for _ in range(ROUNDS):
        weight = xp.where(wrong, 0, 1 / variance)
        products = _products(weight, rough)
        common = _solved(products[:-1, :-1], products[:-1, -1])
        rest = mean - _mixed(common, parts)
        for _ in range(ROUNDS if wrong.any() else 1):
            haze = view.smooth(xp.where(wrong, haze, rest))
        sure = xp.abs(blurred(rest - haze, BLUR)) / deviation
        found = sure > max(WRONG, float(xp.quantile(sure, 1 - MOST_WRONG)))
        if bool(xp.all(found == wrong)):
            break
        wrong = found
    return common, haze, weight


def _mixed(weights: np.ndarray, parts: Array) -> Array:
    """Sums of the parts (parts, y, x), with weights (..., parts)."""
    xp = namespace(parts)
    return xp.tensordot(xp.asarray(weights.astype(np.float32)), parts, axes=1)


def _products(weight: Array, images, levered=(), positions_um=None) -> np.ndarray:
    """Weighted scalar products of images (y, x) with one another.

    Those of ``levered`` count twice more: all times their position in y, and then in x.
    """
    size, xp = len(images) + 2 * len(levered), namespace(weight)
    total = np.zeros((size, size))
    y, x = (xp.asarray(each) for each in positions_um or ((), ()))
    for part in rows_of(len(weight), max(1, BLOCK // weight.shape[1]), xp):
        block = [image[part] for image in images]
        block += [image[part] * y[part, None] for image in levered] + [image[part] * x for image in levered]
        flat = xp.stack([each.astype(np.float64) for each in block]).reshape(size, -1)
        total += on_host((flat * weight[part].ravel()) @ flat.T)
    return total


def _solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Least squares from normal equations whose unknowns may have very different scales, or no effect at all."""
    diagonal = np.diag(matrix)
    scale = np.where(diagonal > 0, 1 / np.sqrt(np.maximum(diagonal, 1e-300)), 0.0)
    inverse = scale[:, None] * np.linalg.pinv(matrix * scale[:, None] * scale, rcond=1e-10, hermitian=True) * scale
    return inverse @ right


def _turning(weights: np.ndarray, of_vectors: np.ndarray) -> np.ndarray:
    """(2 modulated parts, 2 angles): a frame's change with the k0 of the angles, those in y and then those in x.

    As a mixture of its modulated parts times position in y, and then in x: a frame has ``C cos + S sin`` of the phase
    ``2 pi b k0 r``, whose derivative is ``2 pi b r (S cos - C sin)``.
    """
    cosines, sines = weights[1::2, None], weights[2::2, None]
    change = 2 * np.pi * np.stack([of_vectors * sines, -of_vectors * cosines], axis=1)
    return np.kron(np.eye(2), change.reshape(2 * len(cosines), of_vectors.shape[1]))
