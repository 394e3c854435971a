"""VDSR: what an enlarged image lacks in sharpness, by twenty convolutions (Kim, Lee & Lee, CVPR 2016).

As in the SR-CACO-2 benchmark: no convolution has a bias.
"""

from keras import Input, Model, initializers, layers

from srredsim.layers import bicubic
from srredsim.layers.scales import check_scale

SMALL = {"input_channels": 1, "depth": 3, "filters": 4, "clip": False}  # what the tests build


def build(input_channels: int = 1, depth: int = 20, filters: int = 64, scale: int = 2, clip: bool = True) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, 1), for any y and x.

    The image is enlarged bicubically and, unless ``clip`` is false, kept within 0 ... 1 (layer ``enlarged``); the
    layer ``residual`` is what the convolutions add to that. ``depth`` counts all convolutions.
    """
    check_scale(scale, "vdsr")
    image = Input((None, None, input_channels), name="image")
    start = layers.Identity(dtype="float32", name="enlarged")(bicubic.enlarged(image, scale, clip=clip))
    x = start
    begin = initializers.VarianceScaling(2.0, mode="fan_out", distribution="untruncated_normal")
    bare = {"padding": "same", "use_bias": False, "kernel_initializer": begin}
    for layer in range(1, depth):
        x = layers.Conv2D(filters, 3, activation="relu", **bare, name=f"conv_{layer}")(x)
    x = layers.Conv2D(1, 3, **bare, dtype="float32", name="residual")(x)
    return Model(image, layers.Add(dtype="float32")([start, x]), name="vdsr")


def receptive_field(depth: int = 20, scale: int = 2, **_) -> int:
    """Input pixels of context on each side of an output pixel."""
    return bicubic.receptive_field(depth, scale)


def largest_window(scale: int = 2, **_) -> int:
    """Input pixels on a side: all layers work on output pixels."""
    return 1024 // scale
