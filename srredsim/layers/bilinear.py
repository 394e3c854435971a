"""Bilinear up-sampling of images of any size."""

from keras import layers, ops


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
