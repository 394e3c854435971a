"""SRCNN: three convolutions that sharpen an enlarged image (Dong et al., ECCV 2014), as in the SR-CACO-2 benchmark.

There it has 1024 filters of 5 x 5 pixels, then 128 and one of a single pixel.
"""

from keras import Input, Model, initializers, layers, ops

from srredsim.layers import bicubic
from srredsim.layers.scales import check_scale

SMALL = {"input_channels": 1, "filters": 8, "mapped": 6, "clip": False}  # what the tests build


def build(
    input_channels: int = 1,
    filters: int = 1024,
    mapped: int = 128,
    size: int = 5,
    scale: int = 2,
    clip: bool = True,
    eight_bit: bool = False,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, 1), for any y and x.

    The image is enlarged bicubically, kept within 0 ... 1 unless ``clip`` is false, and with ``eight_bit`` rounded to
    256 grey levels, as in the benchmark's evaluation (its training did not round). A ``scale`` of 1 is for an image
    that is on the output grid already.
    """
    check_scale(scale, "srcnn")
    image = Input((None, None, input_channels), name="image")
    x = bicubic.enlarged(image, scale, clip=clip and scale > 1)
    if eight_bit:
        x = ops.round(x * 255.0) / 255.0
    x = _convolution(x, filters, size, "features", activation="relu")
    x = _convolution(x, mapped, 1, "map", activation="relu")
    last = {"kernel_initializer": initializers.RandomNormal(stddev=0.001), "dtype": "float32"}
    return Model(image, _convolution(x, 1, 1, "reconstruction", **last), name="srcnn")


def receptive_field(size: int = 5, scale: int = 2, **_) -> int:
    """Input pixels of context on each side of an output pixel."""
    return bicubic.receptive_field(size // 2, scale)


def largest_window(filters: int = 1024, scale: int = 2, **_) -> int:
    """Input pixels on a side: all filters of all output pixels are there at once, 1 GB at 512 output pixels."""
    return max(64, 512 // scale) if filters > 256 else 768 // scale


def _convolution(x, filters: int, size: int, name: str, **settings):
    begin = initializers.VarianceScaling(2.0, mode="fan_out", distribution="untruncated_normal")
    settings = {"padding": "same", "kernel_initializer": begin} | settings
    return layers.Conv2D(filters, size, name=name, **settings)(x)
