"""Normalisation as `srredsim.normalise` has it, inside a graph: each image of a batch by itself."""

from __future__ import annotations

from srredsim.normalise import HIGH_PERCENT, LARGEST_RANGE, LOW_PERCENT, NOISE, NORMAL_MEDIAN


def scaling_of(frames):
    """Offset and gain (batch, 1, 1, 1) of frames (batch, y, x, frames), by percentiles of their mean."""
    from keras import ops

    widefield = ops.mean(frames, axis=-1)
    low, high = ops.unstack(ops.quantile(widefield, [LOW_PERCENT / 100, HIGH_PERCENT / 100], axis=(1, 2)), 2, axis=0)
    offset, gain = (ops.reshape(value, (-1, 1, 1, 1)) for value in (low, high - low))
    return offset, ops.maximum(gain, 1e-12)


def noise_scaling_of(images):
    """Offset and gain of images (batch, y, x, 1), by their noise."""
    from keras import ops

    offset, gain = scaling_of(images)
    details = images[:, :-1, :-1] - images[:, :-1, 1:] - images[:, 1:, :-1] + images[:, 1:, 1:]
    noise = ops.quantile(ops.abs(details), 0.5, axis=(1, 2, 3), keepdims=True) / (2 * NORMAL_MEDIAN)
    return offset, ops.maximum(noise / NOISE, gain / LARGEST_RANGE)
