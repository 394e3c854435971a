"""Cutting and filling images of a size that is not known before.

Traced, such a size is no number; but ones along an axis can be made, added up, thinned out and repeated.
"""

from keras import ops


def ones_along(x, axis: int):
    """1 for each place along an axis of (batch, y, x, channels), int32."""
    return ops.ones_like(ops.sum(x, axis=[other for other in range(4) if other != axis]), dtype="int32")


def counted(x):
    """0, 1, 2 ... of the length of (n,), int32."""
    return ops.cumsum(ops.ones_like(x, dtype="int32")) - 1


def counting(zero, count: int):
    """0, 1, 2 ... ``count - 1``, as part of the network that ``zero``, a whole number, belongs to.

    A constant array of many numbers would become another input of an exported network.
    """
    return counted(ops.broadcast_to(zero, (count,)))


def numbered(x, side: int = 1):
    """(y / side, x / side): the number of each square of (batch, y, x, channels), row by row."""
    rows, columns = (ops.squeeze(ops.expand_dims(ones_along(x, axis), 0)[:, ::side], 0) for axis in (1, 2))
    return (ops.cumsum(rows) - 1)[:, None] * ops.sum(columns) + ops.cumsum(columns) - 1


def cropped(x, like, scale: int = 1):
    """The first rows and columns of ``x``, ``scale`` times as many as ``like`` has; both (batch, y, x, channels)."""
    for axis in (1, 2):
        counted = ones_along(like, axis)
        counted = ops.repeat(counted, scale) if scale > 1 else counted
        x = ops.take(x, ops.cumsum(counted) - 1, axis=axis)
    return x


def whole(x, side: int):
    """The first rows and columns, as many as make whole squares of ``side`` pixels."""
    for axis in (1, 2):
        blocks = ops.squeeze(ops.expand_dims(ones_along(x, axis), 0)[:, side - 1 :: side], 0)
        x = ops.take(x, ops.cumsum(ops.repeat(blocks, side)) - 1, axis=axis)
    return x


def halves(x, axis: int):
    """Before and from the middle on, rounded down, along an axis of unknown length.

    Of n elements, n // 2 are odd, the rest even.
    """
    counted = ops.expand_dims(ones_along(x, axis), 0)  # ONNX has no slices with steps of what has one axis
    before, after = (ops.squeeze(ops.cumsum(counted[:, start::2], axis=1), 0) for start in (1, 0))
    return ops.take(x, before - 1, axis=axis), ops.take(x, after - 1 + ops.sum(counted[:, 1::2]), axis=axis)


def filled(x, multiple: int, edge: str = "mirrored", beyond: bool = False, least: int = 0):
    """(batch, y, x, channels), continued below and to the right to multiples of a number of pixels.

    Parameters
    ----------
    multiple : int
        It goes on to the next multiple, ``beyond`` also from one; to ``least`` pixels, a multiple, at least.
    edge : {"mirrored", "repeated", "zero"}
        What stands there: the image mirrored at its last pixel, mirrored with that pixel twice, or nothing. What is
        smaller than its continuation is mirrored again and again.
    """
    for axis in (1, 2):
        counted = ones_along(x, axis)
        size = ops.sum(counted)
        begun = ops.concatenate([counted, ops.broadcast_to(counted[0], (1,))]) if beyond else counted
        blocks = ops.expand_dims(begun, 0)[:, ::multiple]
        if least:
            first = ops.broadcast_to(counted[0], (1, least // multiple))
            blocks = ops.concatenate([first, blocks[:, least // multiple :]], axis=1)
        blocks = ops.repeat(ops.squeeze(blocks, 0), multiple)
        place = ops.cumsum(blocks) - 1
        if edge == "zero":
            x = ops.take(x, ops.minimum(place, size - 1), axis=axis)
            inside = ops.cast(place < size, x.dtype)
            x = x * (inside[:, None, None] if axis == 1 else inside[:, None])
        elif edge == "repeated":
            place = place % (2 * size)
            x = ops.take(x, ops.minimum(place, 2 * size - 1 - place), axis=axis)
        else:
            period = ops.maximum(2 * size - 2, 1)
            place = place % period
            x = ops.take(x, ops.minimum(place, period - place), axis=axis)
    return x
