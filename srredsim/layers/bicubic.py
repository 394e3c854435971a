"""Enlarging an image of any size by a whole factor with the cubic kernel of PyTorch and OpenCV."""

import math

from keras import layers, ops

from srredsim.layers.cropping import counting

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
        image = ops.depth_to_space(ops.matmul(_around(image), _matrix(image, scale)), scale)
    return ops.clip(image, 0.0, 1.0) if clip else image


def receptive_field(after: int, scale: int) -> int:
    """Input pixels of context on each side, where what follows the enlarging sees ``after`` of its output pixels."""
    if scale == 1:
        return after
    outermost = [place + side * after for place in range(scale) for side in (-1, 1)]
    return max(abs(pixel) for output_pixel in outermost for pixel in _seen(output_pixel, scale))


def _seen(output_pixel: int, scale: int) -> list[int]:
    """Input pixels that an output pixel is made of."""
    centre = (output_pixel + 0.5) / scale - 0.5
    if centre == round(centre):
        return [round(centre)]
    return [math.floor(centre) - 1, math.floor(centre) + 2]


def _matrix(image, scale: int):
    """(neighbours, output pixels of a block): the weights, constant; made here, as ONNX wants it."""
    zero = ops.zeros_like(image[0, 0, 0, 0], dtype="int32")
    near = ops.cast(counting(zero, 2 * REACH + 1), "float32") - REACH
    t = ops.abs(near[:, None] - (ops.cast(counting(zero, scale), "float32") + 0.5) / scale + 0.5)
    inner = 1.0 + t * t * ((SHARPNESS + 2) * t - (SHARPNESS + 3))
    outer = SHARPNESS * (t - 1.0) * ops.square(t - 2.0)
    weights = ops.where(t <= 1, inner, ops.where(t < 2, outer, ops.zeros_like(t)))
    return ops.reshape(weights[:, None, :, None] * weights[None, :, None, :], ((2 * REACH + 1) ** 2, scale**2))


def _around(image):
    """The neighbours of each pixel as channels, row by row."""
    image = ops.concatenate([image[:, :1]] * REACH + [image] + [image[:, -1:]] * REACH, axis=1)
    image = ops.concatenate([image[:, :, :1]] * REACH + [image] + [image[:, :, -1:]] * REACH, axis=2)
    near = range(2 * REACH + 1)
    shifted = [image[:, y : y - 2 * REACH or None, x : x - 2 * REACH or None] for y in near for x in near]
    return layers.Concatenate(dtype="float32")(shifted)
