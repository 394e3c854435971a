"""MemNet: memory blocks that keep what earlier ones found (Tai et al., ICCV 2017).

As in the W2S benchmark by itself: 20 channels, no weights shared between the units of a block, one output. As in the
SR-CACO-2 benchmark with 64 ``filters``, 6 ``units`` of 6 ``residuals``, ``recursive``, ``skip``, and a ``last`` of 1.
Every convolution comes after its batch normalisation and ReLU, and has no bias.
"""

from keras import Input, Model, layers

from srredsim.layers import bicubic
from srredsim.layers.bilinear import enlarged
from srredsim.layers.scales import check_scale, reach_through

SMALL = {"input_channels": 1, "blocks": 2, "units": 2, "filters": 4}  # what the tests build

CONTEXT = 128  # output pixels, see receptive_field


def build(
    input_channels: int = 1,
    blocks: int = 6,
    units: int = 4,
    filters: int = 20,
    scale: int = 1,
    predicts: str = "noise",
    residuals: int = 1,
    recursive: bool = False,
    skip: bool = False,
    last: int = 3,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, input_channels), for any y and x.

    A block keeps what each of its ``units`` of ``residuals`` in a row finds; if it is ``recursive``, they are one unit
    that is applied again and again. All layers work on the enlarged image.

    The layer ``noise`` is the output of the original: the input plus the last convolution. W2S trained it to be the
    noise, and the image is the input minus this noise: the last convolution is the negative of the image. Others
    trained the same layers to give the image itself: ``predicts="image"``. With a ``scale`` above 1 the input is
    enlarged bilinearly. With ``skip``, as in SR-CACO-2, it is enlarged bicubically and kept within 0 ... 1, and the
    image is that plus the last convolution; it has one channel. ``last`` is the pixels of that convolution on a side.
    """
    check_scale(scale, "memnet")
    noisy = Input((None, None, input_channels), name="noisy")
    start = bicubic.enlarged(noisy, scale, clip=True) if skip else enlarged(noisy, scale)
    x = _convolution(filters, 3, "extractor")(start)
    memories = [x]
    for block in range(1, blocks + 1):
        short_term = []
        unit = _unit(filters, residuals, f"block_{block}_unit_1")
        for number in range(1, units + 1):
            if number > 1 and not recursive:
                unit = _unit(filters, residuals, f"block_{block}_unit_{number}")
            x = unit(x)
            short_term.append(x)
        x = layers.Concatenate()([*short_term, *memories])
        x = _convolution(filters, 1, f"block_{block}_gate")(x)
        memories.append(x)
    x = _convolution(start.shape[-1], last, "reconstruction", dtype="float32")(x)
    noise = layers.Add(dtype="float32", name="noise")([start, x])
    image = noise if skip or predicts == "image" else layers.Subtract(dtype="float32")([start, noise])
    return Model(noisy, image, name="memnet")


def receptive_field(
    blocks: int = 6, units: int = 4, scale: int = 1, residuals: int = 1, skip: bool = False, last: int = 3, **_
) -> int:
    """Input pixels of context on each side of an output pixel, at most what ``CONTEXT`` output pixels see.

    The recursive form of SR-CACO-2 has 432 convolutions in a row, more than there is memory for: its tiles differ from
    the whole image by what lies farther away.
    """
    reach = min(2 * blocks * units * residuals + 1 + last // 2, CONTEXT)
    return bicubic.receptive_field(reach, scale) if skip else reach_through(reach, scale)


def largest_window(scale: int = 1, units: int = 4, blocks: int = 6, filters: int = 20, **_) -> int:
    """Input pixels on a side: all memories of the last gate are there three times, at the output's sampling."""
    return (768 if (units + blocks) * filters <= 256 else 640) // scale


def _unit(filters: int, residuals: int, name: str):
    """Residual blocks in a row; the same weights wherever it is applied."""
    names = [name] if residuals == 1 else [f"{name}_{residual}" for residual in range(1, residuals + 1)]
    blocks = [[_convolution(filters, 3, f"{each}_conv_{layer}") for layer in (1, 2)] for each in names]

    def apply(x):
        for first, second in blocks:
            x = layers.Add()([x, second(first(x))])
        return x

    return apply


def _convolution(filters: int, side: int, name: str, dtype=None):
    """Batch normalisation, ReLU and convolution, in this order."""
    normalisation = layers.BatchNormalization(epsilon=1e-5, momentum=0.9, name=f"{name}_normalisation")
    settings = {"padding": "same", "use_bias": False, "kernel_initializer": "he_normal"}
    convolution = layers.Conv2D(filters, side, **settings, dtype=dtype, name=name)
    return lambda x: convolution(layers.ReLU()(normalisation(x)))
