"""MS-LapSRN: twice the sampling again and again, an image at each level (Lai et al., TPAMI 41, 2599, 2019).

As in the SR-CACO-2 benchmark: no weights are shared between levels, and what enlarges the image is learned, too.
"""

import math

from keras import Input, Model, initializers, layers

from srredsim.layers.convolution import convolution
from srredsim.layers.scales import check_scale

SCALES = (2, 4, 8)
SMALL = {"input_channels": 1, "convolutions": 1, "filters": 4, "scale": 4}  # what the tests build


def build(
    input_channels: int = 1, convolutions: int = 10, filters: int = 64, scale: int = 2, all_levels: bool = False
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, 1), for any y and x; a power of two for the scale.

    Each level has ``convolutions`` and doubles the sampling. With ``all_levels`` the images of all levels come back as
    a list, the largest last.
    """
    check_scale(scale, "mslapsrn", SCALES)
    picture = image = Input((None, None, input_channels), name="image")
    x = _leaky(convolution(image, filters, name="first"))
    pictures = []
    for level in range(1, round(math.log2(scale)) + 1):
        for layer in range(1, convolutions + 1):
            x = _leaky(convolution(x, filters, name=f"level_{level}_conv_{layer}"))
        x = _leaky(_doubled(x, filters, f"level_{level}_features_up"))
        picture = _doubled(picture, 1, f"level_{level}_image_up", dtype="float32")
        residual = convolution(x, 1, dtype="float32", name=f"level_{level}_residual")
        picture = layers.Add(dtype="float32", name=f"level_{level}")([picture, residual])
        pictures.append(picture)
    return Model(image, pictures if all_levels else picture, name="mslapsrn")


def receptive_field(convolutions: int = 10, scale: int = 2, **_) -> int:
    """Input pixels of context on each side of an output pixel."""
    lowest = highest = 0
    farthest = 0
    for output_pixel in range(scale):
        lowest, highest = output_pixel - 1, output_pixel + 1  # the residual
        for _level in range(round(math.log2(scale))):
            # output pixel p of a transposed convolution of four pixels is made of (p - 1) // 2 and the one after it
            lowest, highest = (lowest - 1) // 2 - convolutions, (highest - 1) // 2 + 1 + convolutions
        farthest = max(farthest, 1 - lowest, highest + 1)  # the first convolution
    return farthest


def largest_window(scale: int = 2, **_) -> int:
    """Input pixels on a side: the last level works on ``scale / 2`` times that."""
    return 1024 // scale


def _doubled(x, filters: int, name: str, **settings):
    begin = initializers.VarianceScaling(1 / 3, mode="fan_in", distribution="uniform")
    settings |= {"strides": 2, "padding": "same", "kernel_initializer": begin}
    return layers.Conv2DTranspose(filters, 4, name=name, **settings)(x)


def _leaky(x):
    return layers.LeakyReLU(negative_slope=0.2)(x)
