"""Convolutions as the networks of the W2S benchmark have them, begun as their originals begin."""

from keras import initializers, layers, ops

from srredsim.errors import InputError

DOUBLINGS_OR_TRIPLING = {1: (), 2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}


def convolution(x, filters: int, size: int = 3, **settings):
    """A convolution with bias that keeps y and x.

    The kernel begins uniform within +-1/sqrt(fan_in), a third of Glorot's variance: without normalisation layers,
    hundreds of residual blocks in series would otherwise blow up.
    """
    begin = initializers.VarianceScaling(1 / 3, mode="fan_in", distribution="uniform")
    settings = {"padding": "same", "kernel_initializer": begin} | settings
    return layers.Conv2D(filters, size, **settings)(x)


def upsampled(x, scale: int):
    """Convolution and pixel shuffle, no activation; a scale of four is twice two, one of eight thrice."""
    if scale not in DOUBLINGS_OR_TRIPLING:
        raise InputError(f"the scale of this network is 1, 2, 3, 4 or 8; got {scale!r}")
    for stage, factor in enumerate(DOUBLINGS_OR_TRIPLING[scale], start=1):
        x = convolution(x, x.shape[-1] * factor**2, name=f"upsampling_{stage}")
        x = ops.depth_to_space(x, factor)
    return x
