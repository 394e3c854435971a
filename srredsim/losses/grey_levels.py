"""Losses that know the 256 grey levels of an 8-bit image."""

from collections.abc import Sequence

from keras import ops

from srredsim.errors import InputError
from srredsim.metrics import float32_pair

LEVELS = 256
LEAST_SHARE = 1e-8


def grey_level_cross_entropy(y_true, y_pred):
    """Cross-entropy of 256 channels of logits with the grey level floor(255 y) of a truth from 0 to 1."""
    y_true, logits = (ops.cast(ops.convert_to_tensor(one), "float32") for one in (y_true, y_pred))
    if y_true.shape[-1] != 1 or logits.shape[-1] != LEVELS or len(y_true.shape) != 4:
        raise InputError(
            f"truth and prediction must be (batch, y, x, 1) and (batch, y, x, {LEVELS}); got {tuple(y_true.shape)} and"
            f" {tuple(logits.shape)}"
        )
    level = ops.cast(ops.clip(ops.floor(y_true * (LEVELS - 1)), 0, LEVELS - 1), "int32")
    of_truth = ops.take_along_axis(logits, level, axis=-1)[..., 0]
    return ops.mean(ops.logsumexp(logits, axis=-1) - of_truth, axis=(1, 2))


def importance_weighted_absolute_error(y_true, y_pred, counts: Sequence, least=0.001):
    """Mean of weight * |difference|; the weight is that of the grey level of the truth (`importance`).

    ``counts`` are the 256 numbers of pixels of each grey level in the training images; a training counts them itself
    where a recipe leaves them out, and keeps them in the recipe of the run.
    """
    y_true, y_pred = float32_pair(y_true, y_pred)
    level = ops.cast(ops.clip(ops.round(y_true * (LEVELS - 1)), 0, LEVELS - 1), "int32")
    weights = ops.take(ops.convert_to_tensor(importance(counts, least), "float32"), level)
    return ops.mean(weights * ops.abs(y_pred - y_true), axis=(1, 2, 3))


def importance(counts: Sequence, least: float = 0.001) -> list[float]:
    """Weights of the grey levels: the rarer a level, the larger; from ``least`` of the most frequent to 1.

    One pixel is added to each count; the inverse of its share, of sum 1, is stretched to these ends. All levels alike
    frequent: all weights 1.

    Raises
    ------
    InputError
        Unless there are 256 counts, none of them negative.
    """
    if len(counts) != LEVELS or min(counts) < 0:
        raise InputError(
            f"counts are {LEVELS} numbers of pixels, one for each grey level, none below 0; got {len(counts)}"
        )
    total = sum(counts) + LEVELS
    inverse = [total / (LEVELS * (count + 1)) for count in counts]
    weights = [value / sum(inverse) + LEAST_SHARE for value in inverse]
    low, high = min(weights), max(weights)
    if low == high:
        return [1.0] * LEVELS
    return [least + (1 - least) * (weight - low) / (high - low) for weight in weights]
