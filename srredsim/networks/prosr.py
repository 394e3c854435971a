"""ProSR: dense blocks at every level of a pyramid, an image at each (Wang et al., CVPR Workshops 2018).

As in the SR-CACO-2 benchmark; its convolutions see the image mirrored beyond the edge.
"""

import math

from keras import Input, Model, layers, ops

from srredsim.errors import InputError
from srredsim.layers import bicubic
from srredsim.layers.convolution import convolution
from srredsim.layers.scales import check_scale

RESIDUAL_SCALE = 0.2
CONTEXT = 128  # output pixels, see receptive_field
SCALES = (2, 4, 8)
SMALL = {
    "input_channels": 1,
    "units": [1, 1, 1],
    "layers_per_unit": 1,
    "filters": 4,
    "growth": 2,
    "scale": 8,
}  # what the tests build
SMALL |= {"clip": False}


def build(
    input_channels: int = 1,
    units: tuple[int, ...] = (9, 3, 1),
    layers_per_unit: int = 8,
    filters: int = 160,
    growth: int = 40,
    scale: int = 2,
    clip: bool = True,
    all_levels: bool = False,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, 1), for any y and x from 2 on; scale 2, 4 or 8.

    ``units`` are those of each level, of which log2(scale) are used; in a unit, ``growth`` is the number of channels
    that each dense layer appends. Each level doubles the sampling and adds its image to the bicubically enlarged one,
    which is kept within 0 ... 1 unless ``clip`` is false. With ``all_levels`` the images of all levels come back as a
    list, the largest last.
    """
    check_scale(scale, "prosr", SCALES)
    levels = _levels(units, scale)
    image = Input((None, None, input_channels), name="image")
    x = _mirrored(image, filters, f"first_{len(levels)}")
    pictures = []
    for level, count in enumerate(levels, start=1):
        x = layers.Add()([x, _dense_units(x, count, layers_per_unit, growth, level)])
        x = ops.depth_to_space(_mirrored(x, 4 * filters, f"level_{level}_up"), 2)
        x = layers.ReLU()(x)
        start = bicubic.enlarged(image, 2**level, clip=clip)
        picture = _mirrored(x, 1, f"level_{level}_image", dtype="float32")
        pictures.append(layers.Add(dtype="float32", name=f"level_{level}")([start, picture]))
    return Model(image, pictures if all_levels else pictures[-1], name="prosr")


def receptive_field(units=(9, 3, 1), layers_per_unit: int = 8, scale: int = 2, **_) -> int:
    """Input pixels of context on each side of an output pixel, at most ``CONTEXT`` output pixels.

    The published form reaches up to 728 output pixels, for which there is no memory at x8.
    """
    farthest = 0
    for output_pixel in range(scale):
        lowest, highest = output_pixel - 1, output_pixel + 1  # the convolution that makes the image
        for count in reversed(_levels(units, scale)):
            around = count * layers_per_unit + 2  # the last one of the level, and the one before the pixel shuffle
            lowest, highest = lowest // 2 - around, highest // 2 + around
        farthest = max(farthest, 1 - lowest, highest + 1)  # the first convolution
    return max(min(farthest, CONTEXT // scale), bicubic.receptive_field(0, scale))


def largest_window(scale: int = 2, **_) -> int:
    """Input pixels on a side: before the last pixel shuffle there are four times the filters."""
    return 1024 // scale


def _levels(units, scale: int) -> list[int]:
    """Number of units at each level."""
    if 2 ** len(units) < scale:
        raise InputError(f"`units` of prosr are one number for each doubling of scale {scale}; got {list(units)}")
    return list(units)[: round(math.log2(scale))]


def _dense_units(x, units: int, layers_per_unit: int, growth: int, level: int):
    filters = x.shape[-1]
    bare = {"use_bias": False}
    if level > 1:
        x = convolution(x, filters, 1, **bare, name=f"level_{level}_compression")
    for unit in range(1, units + 1):
        name = f"level_{level}_unit_{unit}"
        features = x
        for layer in range(1, layers_per_unit + 1):
            y = convolution(features, filters, 1, activation="relu", name=f"{name}_layer_{layer}_squeeze")
            y = _mirrored(y, growth, f"{name}_layer_{layer}_conv")
            features = layers.Concatenate()([features, y])
        y = convolution(features, filters, 1, **bare, name=f"{name}_fusion")
        x = layers.Add()([x, RESIDUAL_SCALE * y])
    return _mirrored(x, filters, f"level_{level}_last")


def _mirrored(x, filters: int, name: str, **settings):
    """A convolution of 3 x 3 pixels that sees the image mirrored beyond the edge, which is not repeated."""
    x = ops.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], mode="reflect")
    return convolution(x, filters, padding="valid", name=name, **settings)
