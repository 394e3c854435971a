"""DRRN: one residual unit, applied again and again to an enlarged image (Tai, Yang & Liu, CVPR 2017).

As in the SR-CACO-2 benchmark: one block of 25 units that share their weights; no bias, no normalisation.
"""

from keras import Input, Model, initializers, layers

from srredsim.layers import bicubic
from srredsim.layers.scales import check_scale

SMALL = {"input_channels": 1, "units": 2, "filters": 4, "clip": False}  # what the tests build


def build(input_channels: int = 1, units: int = 25, filters: int = 128, scale: int = 2, clip: bool = True) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, 1), for any y and x.

    The image is enlarged bicubically and, unless ``clip`` is false, kept within 0 ... 1 (layer ``enlarged``); the
    layer ``residual`` is what the units add to that. Each unit adds the features *after* their ReLU to what its two
    convolutions make, as the published weights were trained.
    """
    check_scale(scale, "drrn")
    image = Input((None, None, input_channels), name="image")
    start = layers.Identity(dtype="float32", name="enlarged")(bicubic.enlarged(image, scale, clip=clip))
    x = _convolution(filters, "first")(start)
    identity = layers.ReLU()(x)
    unit_1, unit_2 = _convolution(filters, "unit_conv_1"), _convolution(filters, "unit_conv_2")
    for _ in range(units):
        x = layers.ReLU()(unit_1(layers.ReLU()(x)))
        x = layers.Add()([unit_2(x), identity])
    x = _convolution(1, "residual", dtype="float32")(layers.ReLU()(x))
    return Model(image, layers.Add(dtype="float32")([start, x]), name="drrn")


def receptive_field(units: int = 25, scale: int = 2, **_) -> int:
    """Input pixels of context on each side of an output pixel."""
    return bicubic.receptive_field(2 * units + 2, scale)


def largest_window(scale: int = 2, **_) -> int:
    """Input pixels on a side: all layers work on output pixels."""
    return 1024 // scale


def _convolution(filters: int, name: str, **settings):
    begin = initializers.VarianceScaling(2.0, mode="fan_out", distribution="untruncated_normal")
    return layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer=begin, name=name, **settings)
