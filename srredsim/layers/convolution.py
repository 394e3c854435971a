"""Convolutions as the networks of the W2S benchmark have them, begun as their originals begin."""

from keras import initializers, layers, ops

from srredsim.layers.scales import FACTORS


def convolution(x, filters: int, size: int = 3, **settings):
    """A convolution with bias that keeps y and x.

    The kernel begins uniform within +-1/sqrt(fan_in), a third of Glorot's variance: without normalisation layers,
    hundreds of residual blocks in series would otherwise blow up.
    """
    begin = initializers.VarianceScaling(1 / 3, mode="fan_in", distribution="uniform")
    settings = {"padding": "same", "kernel_initializer": begin} | settings
    return layers.Conv2D(filters, size, **settings)(x)


def upsampled(x, scale: int):
    """Convolution and pixel shuffle, no activation; for a scale of 4 twice by two, for 8 three times."""
    for stage, factor in enumerate(FACTORS[scale], start=1):
        x = convolution(x, x.shape[-1] * factor**2, name=f"upsampling_{stage}")
        x = ops.depth_to_space(x, factor)
    return x
