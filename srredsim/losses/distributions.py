"""Losses of the distribution of grey levels, wherever in the image they are; images from 0 to 1.

``distance`` of two distributions: the mean ``absolute`` or ``squared`` difference, ``kl`` (of the prediction from the
truth) or ``bhattacharyya``, which is an extended log-barrier of minus their overlap; its sharpness is as in
`srredsim.losses.bounds`. As in SR-CACO-2 (Belharbi et al., 2024).
"""

import math
from typing import Literal

from keras import ops

from srredsim.losses.bounds import extended_log_barrier, sharpness_at
from srredsim.metrics import float32_pair

LEVELS = 256
LEAST_DENSITY = 1e-4
Distance = Literal["absolute", "squared", "kl", "bhattacharyya"]


def histogram_error(y_true, y_pred, distance: Distance = "squared", steepness=1e5, sharpness=1.0, growth=1.01, epoch=0):
    r"""Distance of the histograms of 256 bins, one pixel added to each bin before they are divided by their sum.

    The edges of a bin are logistic functions of ``steepness``: at the published one hardly anything can be learned but
    by values within 1e-4 of an edge, a lower one lets the gradient through.
    """
    truth, image = (_histogram(one, steepness) for one in float32_pair(y_true, y_pred))
    return _distance(truth, image, distance, sharpness_at(epoch, sharpness, growth))


def density_error(
    y_true,
    y_pred,
    distance: Literal["absolute", "squared", "bhattacharyya"] = "squared",
    variance=1.0 / 255.0**2,
    sharpness=1.0,
    growth=1.01,
    epoch=0,
):
    """Distance of the densities of grey levels, Gaussian kernels of ``variance`` at 256 places from 0 to 1.

    The published code divides the mean over these places by 256 once more, and so does this.
    """
    truth, image = (_density(one, variance) for one in float32_pair(y_true, y_pred))
    value = _distance(truth, image, distance, sharpness_at(epoch, sharpness, growth))
    return value if distance == "bhattacharyya" else value / LEVELS


def _histogram(image, steepness):
    """(batch, 256), of sum 1."""
    edges = ops.arange(LEVELS + 1, dtype="float32") / LEVELS
    above = ops.sigmoid((_values(image) - edges) * steepness)
    counts = 1.0 + ops.sum(above[..., :-1] - above[..., 1:], axis=1)
    return counts / ops.sum(counts, axis=-1, keepdims=True)


def _density(image, variance):
    """(batch, 256)"""
    places = ops.arange(LEVELS, dtype="float32") / (LEVELS - 1)
    kernels = ops.exp(-0.5 * ops.square(_values(image) - places) / variance)
    return ops.mean(kernels, axis=1) / math.sqrt(2 * math.pi * variance) + LEAST_DENSITY


def _values(image):
    """(batch, pixels, 1)"""
    return ops.reshape(image, (ops.shape(image)[0], -1, 1))


def _distance(truth, image, distance: str, t):
    if distance == "absolute":
        return ops.mean(ops.abs(image - truth), axis=-1)
    if distance == "squared":
        return ops.mean(ops.square(image - truth), axis=-1)
    if distance == "kl":
        return ops.sum(truth * ops.log(truth / image), axis=-1)
    return extended_log_barrier(-ops.sum(ops.sqrt(truth * image), axis=-1), t)
