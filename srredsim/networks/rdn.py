"""RDN: residual dense blocks, all of them fused at the end (Zhang et al., CVPR 2018), as in the W2S benchmark."""

from keras import Input, Model, layers

from srredsim.layers.convolution import convolution, upsampled
from srredsim.layers.scales import check_scale, window

SMALL = {"input_channels": 1, "blocks": 2, "layers_per_block": 2, "filters": 4, "growth": 3}  # what the tests build


def build(
    input_channels: int = 1,
    output_channels: int = 1,
    blocks: int = 16,
    layers_per_block: int = 8,
    filters: int = 64,
    growth: int = 64,
    scale: int = 2,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, output_channels), for any y and x.

    ``growth`` is the number of channels that each layer of a dense block appends.
    """
    check_scale(scale, "rdn")
    image = Input((None, None, input_channels), name="image")
    shallow = convolution(image, filters, name="first")
    x = convolution(shallow, filters, name="second")
    fused = []
    for block in range(1, blocks + 1):
        x = _dense(x, layers_per_block, growth, f"block_{block}")
        fused.append(x)
    x = layers.Concatenate()(fused) if blocks > 1 else x
    x = convolution(x, filters, 1, name="fusion")
    x = layers.Add()([shallow, convolution(x, filters, name="trunk")])
    x = upsampled(x, scale)
    return Model(image, convolution(x, output_channels, dtype="float32", name="last"), name="rdn")


def receptive_field(blocks: int = 16, layers_per_block: int = 8, scale: int = 2, **_) -> int:
    """Input pixels of context on each side of an output pixel."""
    around_blocks = 5 if scale > 1 else 4  # the first, second, trunk, (up-sampling,) and last convolutions
    return layers_per_block * blocks + around_blocks


def largest_window(scale: int = 2, **_) -> int:
    """Input pixels on a side: the outputs of all blocks are kept until the end, 1 GB at 512 pixels and again fused."""
    return min(512, window(768, scale))


def _dense(x, layers_per_block: int, growth: int, name: str):
    """Each layer is fed with the input and all outputs before it; a 1x1 convolution fuses them all."""
    features = x
    for layer in range(1, layers_per_block + 1):
        y = convolution(features, growth, activation="relu", name=f"{name}_conv_{layer}")
        features = layers.Concatenate()([features, y])
    return layers.Add()([x, convolution(features, x.shape[-1], 1, name=f"{name}_fusion")])
