"""Bilinear up-sampling of images of any size."""

from keras import layers, ops


def twice(image):
    """(batch, y, x, channels) -> (batch, 2y, 2x, channels), float32: bilinear, centre-aligned, edge repeated.

    Each pixel is repeated, then averaged with the weights 1/4, 1/2, 1/4. ``UpSampling2D(interpolation="bilinear")`` is
    the same function, but cannot be traced for unknown sizes.
    """
    image = layers.UpSampling2D(2, dtype="float32")(image)
    image = ops.concatenate([image[:, :1], image, image[:, -1:]], axis=1)
    image = ops.concatenate([image[:, :, :1], image, image[:, :, -1:]], axis=2)
    for _ in range(2):
        image = layers.AveragePooling2D(2, strides=1, dtype="float32")(image)
    return image
