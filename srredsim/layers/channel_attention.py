"""A weight for each channel, from the means of all (Zhang et al., ECCV 2018)."""

from keras import layers

from srredsim.layers.convolution import convolution


def weighed_channels(x, reduction: int, name: str):
    """Features (batch, y, x, channels), each channel times a number between 0 and 1; float32 under any policy.

    Two layers make the numbers from the means, with ``channels // reduction`` in between.
    """
    y = layers.GlobalAveragePooling2D(keepdims=True, dtype="float32")(x)
    y = convolution(y, x.shape[-1] // reduction, 1, activation="relu", dtype="float32", name=f"{name}_squeeze")
    weight = convolution(y, x.shape[-1], 1, activation="sigmoid", dtype="float32", name=f"{name}_excite")
    return layers.Multiply()([x, weight])
