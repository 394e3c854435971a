"""Enlarging an image of any size by a whole factor with the cubic kernel of PyTorch and OpenCV."""

from keras import layers, ops

SHARPNESS = -0.75  # the slope of the kernel one pixel away; TensorFlow's own has -0.5
REACH = 2  # pixels on each side


def enlarged(image, scale: int, clip: bool = False):
    """(batch, y, x, channels) -> (batch, scale*y, scale*x, 1), float32: the mean of the channels, enlarged.

    Centre-aligned, edge repeated, no smoothing; ``clip`` puts what overshoots back to 0 ... 1. Every output pixel of a
    block is a weighted sum of the input pixels around it, with constant weights.
    """
    image = ops.cast(image, "float32")
    if image.shape[-1] > 1:
        image = ops.mean(image, axis=-1, keepdims=True)
    if scale > 1:
        weights = _weights(scale)
        matrix = [[a * b for a in rows for b in columns] for rows in weights for columns in weights]
        image = ops.depth_to_space(ops.matmul(_around(image), ops.array(matrix, "float32")), scale)
    return ops.clip(image, 0.0, 1.0) if clip else image


def receptive_field(after: int, scale: int) -> int:
    """Input pixels of context on each side, where what follows the enlarging sees ``after`` of its output pixels."""
    if scale == 1:
        return after
    weights = _weights(scale)

    def farthest(output_pixel: int) -> int:
        block, place = divmod(output_pixel, scale)
        return max(abs(block + pixel - REACH) for pixel, row in enumerate(weights) if row[place])

    return max(farthest(pixel) for place in range(scale) for pixel in (place - after, place + after))


def _weight(distance: float) -> float:
    t, a = abs(distance), SHARPNESS
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * (t**3 - 5 * t**2 + 8 * t - 4) if t < 2 else 0.0


def _weights(scale: int) -> list[list[float]]:
    """Of each input pixel around one: its weights in the ``scale`` output pixels of a block."""
    centres = [(place + 0.5) / scale - 0.5 for place in range(scale)]
    return [[_weight(pixel - centre) for centre in centres] for pixel in range(-REACH, REACH + 1)]


def _around(image):
    """The neighbours of each pixel as channels, row by row."""
    image = ops.concatenate([image[:, :1]] * REACH + [image] + [image[:, -1:]] * REACH, axis=1)
    image = ops.concatenate([image[:, :, :1]] * REACH + [image] + [image[:, :, -1:]] * REACH, axis=2)
    near = range(2 * REACH + 1)
    shifted = [image[:, y : y - 2 * REACH or None, x : x - 2 * REACH or None] for y in near for x in near]
    return layers.Concatenate(dtype="float32")(shifted)
