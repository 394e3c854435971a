"""MemNet: memory blocks that keep what earlier ones found (Tai et al., ICCV 2017), in the form of the W2S benchmark.

That form is smaller than the published one: 20 channels, no weights shared between the units of a block, one output.
Every convolution comes after its batch normalisation and ReLU, and has no bias.
"""

from keras import Input, Model, layers

from srredsim.layers.bilinear import enlarged
from srredsim.layers.scales import check_scale, reach_through

SMALL = {"input_channels": 1, "blocks": 2, "units": 2, "filters": 4}  # what the tests build


def build(
    input_channels: int = 1,
    blocks: int = 6,
    units: int = 4,
    filters: int = 20,
    scale: int = 1,
    predicts: str = "noise",
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, input_channels), for any y and x.

    The layer ``noise`` is the output of the original: the input plus the last convolution. W2S trained it to be the
    noise, and the image is the input minus this noise: the last convolution is the negative of the image.

    Others trained the same layers to give the image itself: ``predicts="image"``.

    With a ``scale`` above 1 all layers work on the enlarged image, as the published network does for super-resolution;
    it is enlarged bilinearly here.
    """
    check_scale(scale, "memnet")
    noisy = Input((None, None, input_channels), name="noisy")
    start = enlarged(noisy, scale)
    x = _convolution(start, filters, 3, "extractor")
    memories = [x]
    for block in range(1, blocks + 1):
        short_term = []
        for unit in range(1, units + 1):
            y = _convolution(x, filters, 3, f"block_{block}_unit_{unit}_conv_1")
            y = _convolution(y, filters, 3, f"block_{block}_unit_{unit}_conv_2")
            x = layers.Add()([x, y])
            short_term.append(x)
        x = layers.Concatenate()([*short_term, *memories])
        x = _convolution(x, filters, 1, f"block_{block}_gate")
        memories.append(x)
    x = _convolution(x, input_channels, 3, "reconstruction", dtype="float32")
    noise = layers.Add(dtype="float32", name="noise")([start, x])
    image = noise if predicts == "image" else layers.Subtract(dtype="float32")([start, noise])
    return Model(noisy, image, name="memnet")


def receptive_field(blocks: int = 6, units: int = 4, scale: int = 1, **_) -> int:
    """Input pixels of context on each side of an output pixel."""
    return reach_through(2 * blocks * units + 2, scale)


def largest_window(scale: int = 1, **_) -> int:
    """Input pixels on a side: everything is computed in the output's sampling."""
    return 768 // scale


def _convolution(x, filters: int, side: int, name: str, dtype=None):
    """Batch normalisation, ReLU and convolution, in this order."""
    x = layers.BatchNormalization(epsilon=1e-5, momentum=0.9, name=f"{name}_normalisation")(x)
    settings = {"padding": "same", "use_bias": False, "kernel_initializer": "he_normal"}
    return layers.Conv2D(filters, side, **settings, dtype=dtype, name=name)(layers.ReLU()(x))
