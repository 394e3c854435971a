"""Amplitudes of the frequencies of features, of any y and x, always in float32."""

import math

from keras import ops

from srredsim.layers.cropping import counted, ones_along

SMALLEST_SQUARE = 1e-20  # added to the squares, so that the gradient of the root is finite


def amplitudes(x):
    """(batch, y, x, channels) -> the same shape: amplitude at each frequency, not normalised, zero near the middle.

    Frequency zero is at (n + 1) // 2 along an axis of n, its place after a roll by which the frequency n // 2 comes
    first. Products with cosines and sines, not a fast transform, which ONNX has not: up to a few hundred pixels on a
    side that takes less time than a convolution beside it.
    """
    (rows, positive_y, waves_y), (columns, positive_x, waves_x) = (_frequencies(x, axis) for axis in (1, 2))
    real, imaginary = _transformed(ops.transpose(ops.cast(x, "float32"), (0, 3, 1, 2)), waves_x)
    a_real, a_imaginary = _transformed(ops.swapaxes(real, 2, 3), waves_y)
    b_real, b_imaginary = _transformed(ops.swapaxes(imaginary, 2, 3), waves_y)
    same = ops.square(a_real - b_imaginary) + ops.square(a_imaginary + b_real)  # both frequencies of one sign
    opposite = ops.square(a_real + b_imaginary) + ops.square(b_real - a_imaginary)
    same, opposite = (ops.take(ops.take(part, columns, axis=2), rows, axis=3) for part in (same, opposite))
    squares = ops.where(ops.equal(positive_x[:, None], positive_y), same, opposite)
    return ops.transpose(ops.sqrt(squares + SMALLEST_SQUARE), (0, 3, 2, 1))


def _transformed(x, waves):
    """(..., n) -> (..., n // 2 + 1): real and imaginary part at frequency 0 and the positive ones."""
    cosines, sines = waves
    return ops.matmul(x, cosines), -ops.matmul(x, sines)


def _frequencies(x, axis: int):
    """Absolute number of the frequency at each place along an axis, whether it is one of the first half, and the waves.

    These are cosines and sines (n, n // 2 + 1) of 0 and the positive frequencies.
    """
    place = counted(ones_along(x, axis))
    size = ops.sum(ops.ones_like(place))
    frequency = (place + size // 2) % size
    distinct = counted(ops.concatenate([place[None, :1], place[None, 1::2]], axis=1)[0])
    turns = ops.cast(place[:, None] * distinct % size, "float32") / ops.cast(size, "float32")
    waves = ops.cos(2 * math.pi * turns), ops.sin(2 * math.pi * turns)
    return ops.minimum(frequency, size - frequency), frequency <= size // 2, waves
