"""Amplitudes of the frequencies of features, of any y and x, always in float32."""

from keras import ops

SMALLEST = 1e-20  # added to the squares, so that the gradient of the root is finite


def amplitudes(x):
    """(batch, y, x, channels) -> the same shape: amplitude at each frequency, not normalised, zero near the middle.

    Frequency zero is at (n + 1) // 2 along an axis of n, its place after a roll by which the frequency n // 2 comes
    first. Made of one-dimensional transforms of real numbers, of which Keras needs not know the size before.
    """
    real, imaginary = ops.rfft(ops.transpose(ops.cast(x, "float32"), (0, 3, 1, 2)))  # of the rows
    a_real, a_imaginary = ops.rfft(ops.swapaxes(real, 2, 3))
    b_real, b_imaginary = ops.rfft(ops.swapaxes(imaginary, 2, 3))
    same = ops.square(a_real - b_imaginary) + ops.square(a_imaginary + b_real)  # both frequencies of one sign
    opposite = ops.square(a_real + b_imaginary) + ops.square(b_real - a_imaginary)
    (rows, positive_y), (columns, positive_x) = (_frequencies(x, axis) for axis in (1, 2))
    same, opposite = (ops.take(ops.take(part, columns, axis=2), rows, axis=3) for part in (same, opposite))
    squares = ops.where(ops.equal(positive_x[:, None], positive_y), same, opposite)
    return ops.transpose(ops.sqrt(squares + SMALLEST), (0, 3, 2, 1))


def _frequencies(x, axis: int):
    """Absolute number of the frequency at each place along an axis, and whether it is one of the first half."""
    counted = ops.ones_like(ops.sum(x, axis=[other for other in range(4) if other != axis]), dtype="int32")
    size = ops.sum(counted)
    frequency = (ops.cumsum(counted) - 1 + size // 2) % size
    return ops.minimum(frequency, size - frequency), frequency <= size // 2
