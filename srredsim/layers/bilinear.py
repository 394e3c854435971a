"""Bilinear up-sampling of images of any size."""

from keras import layers, ops

from srredsim.layers.cropping import ones_along


def enlarged(image, scale: int):
    """(batch, y, x, channels) -> (batch, scale*y, scale*x, channels), float32: bilinear, centre-aligned, edge repeated.

    Each pixel is repeated, then averaged over as many as it was repeated; for an even scale with half of the outermost
    two, so that the average lies where the pixel does: 1/4, 1/2, 1/4 for a scale of 2.
    ``UpSampling2D(interpolation="bilinear")`` is the same function, but cannot be traced for unknown sizes. A scale of
    1 changes nothing.
    """
    if scale == 1:
        return image
    image = layers.UpSampling2D(scale, dtype="float32")(image)
    around = scale // 2
    image = ops.concatenate([image[:, :1]] * around + [image] + [image[:, -1:]] * around, axis=1)
    image = ops.concatenate([image[:, :, :1]] * around + [image] + [image[:, :, -1:]] * around, axis=2)
    for side in (scale,) if scale % 2 else (scale, 2):
        image = layers.AveragePooling2D(side, strides=1, dtype="float32")(image)
    return image


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
