"""Cutting and filling images of a size that is not known before."""

from keras import ops


def cropped(x, like):
    """The first rows and columns of ``x``, as many as ``like`` has; both are (batch, y, x, channels)."""
    for axis in (1, 2):
        others = [other for other in range(4) if other != axis]
        counted = ops.cumsum(ops.ones_like(ops.sum(like, axis=others), dtype="int32"))
        x = ops.take(x, counted - 1, axis=axis)
    return x


def halves(x, axis: int):
    """Before and from the middle on, rounded down, along an axis of unknown length.

    Traced, that length is no number; but each second element can be counted: of n, n // 2 are odd, the rest even.
    """
    counted = ops.ones_like(ops.sum(x, axis=[other for other in range(4) if other != axis]), dtype="int32")
    counted = ops.expand_dims(counted, 0)  # ONNX has no slices with steps of what has one axis
    before, after = (ops.squeeze(ops.cumsum(counted[:, start::2], axis=1), 0) for start in (1, 0))
    return ops.take(x, before - 1, axis=axis), ops.take(x, after - 1 + ops.sum(counted[:, 1::2]), axis=axis)
