"""Enlarging images of any size: by a whole factor, bilinear or cubic as in PyTorch and OpenCV; to another's size."""

from keras import layers, ops

from srredsim.layers.cropping import ones_along

SHARPNESS = -0.75  # the slope of the cubic kernel one pixel away; TensorFlow's own has -0.5


def enlarged(image, scale: int, kernel: str = "bicubic", clip: bool = False):
    """(batch, y, x, channels) -> (batch, scale*y, scale*x, 1), float32: the mean of the channels, enlarged.

    Centre-aligned, edge repeated, no smoothing. ``clip`` puts what overshoots back to 0 ... 1. ``kernel`` is one of
    `KERNELS`; every output pixel of a block is a weighted sum of the input pixels around it, with constant weights.
    """
    image = ops.cast(image, "float32")
    if image.shape[-1] > 1:
        image = ops.mean(image, axis=-1, keepdims=True)
    if scale > 1:
        reach, weight = KERNELS[kernel]
        weights = _weights(weight, reach, scale)
        matrix = [[a * b for a in rows for b in columns] for rows in weights for columns in weights]
        image = ops.depth_to_space(ops.matmul(_around(image, reach), ops.array(matrix, "float32")), scale)
    return ops.clip(image, 0.0, 1.0) if clip else image


def stretched(x, like):
    """(batch, y, x, channels) to the y and x of another, bilinearly, centre-aligned, edge repeated."""
    for axis in (1, 2):
        size = ops.sum(ones_along(x, axis))
        place = ops.cast(ops.cumsum(ones_along(like, axis)), "float32") - 0.5
        ratio = ops.cast(size, "float32") / ops.cast(ops.sum(ones_along(like, axis)), "float32")
        place = ops.maximum(place * ratio - 0.5, 0.0)
        before = ops.minimum(ops.cast(ops.floor(place), "int32"), size - 1)
        part = ops.cast(place - ops.cast(before, "float32"), x.dtype)
        part = part[:, None, None] if axis == 1 else part[:, None]
        after = ops.take(x, ops.minimum(before + 1, size - 1), axis=axis)
        x = (1.0 - part) * ops.take(x, before, axis=axis) + part * after
    return x


def receptive_field(after: int, scale: int, kernel: str = "bicubic") -> int:
    """Input pixels of context on each side, where what follows the enlarging sees ``after`` of its output pixels."""
    if scale == 1:
        return after
    reach, weight = KERNELS[kernel]
    weights = _weights(weight, reach, scale)

    def farthest(output_pixel: int) -> int:
        block, place = divmod(output_pixel, scale)
        return max(abs(block + pixel - reach) for pixel, row in enumerate(weights) if row[place])

    return max(farthest(pixel) for place in range(scale) for pixel in (place - after, place + after))


def _cubic(distance: float) -> float:
    t, a = abs(distance), SHARPNESS
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * (t**3 - 5 * t**2 + 8 * t - 4) if t < 2 else 0.0


def _linear(distance: float) -> float:
    return max(0.0, 1 - abs(distance))


KERNELS = {"bicubic": (2, _cubic), "bilinear": (1, _linear)}  # name -> pixels of reach, weight at a distance


def _weights(weight, reach: int, scale: int) -> list[list[float]]:
    """Of each input pixel from ``-reach`` to ``reach``: its weights in the ``scale`` output pixels of a block."""
    centres = [(place + 0.5) / scale - 0.5 for place in range(scale)]
    return [[weight(pixel - centre) for centre in centres] for pixel in range(-reach, reach + 1)]


def _around(image, reach: int):
    """The neighbours of each pixel as channels, row by row."""
    rows = [image[:, :1]] * reach + [image] + [image[:, -1:]] * reach
    image = ops.concatenate(rows, axis=1)
    columns = [image[:, :, :1]] * reach + [image] + [image[:, :, -1:]] * reach
    image = ops.concatenate(columns, axis=2)
    near = range(2 * reach + 1)
    shifted = [image[:, y : y - 2 * reach or None, x : x - 2 * reach or None] for y in near for x in near]
    return layers.Concatenate(dtype="float32")(shifted)
