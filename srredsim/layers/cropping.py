"""Cutting an image to the size of another that is not known before."""

from keras import ops


def cropped(x, like):
    """The first rows and columns of ``x``, as many as ``like`` has; both are (batch, y, x, channels)."""
    for axis in (1, 2):
        others = [other for other in range(4) if other != axis]
        counted = ops.cumsum(ops.ones_like(ops.sum(like, axis=others), dtype="int32"))
        x = ops.take(x, counted - 1, axis=axis)
    return x
