"""DFCAN: attention to the channels by what they have at each frequency (Qiao et al., Nature Methods 18, 194, 2021).

As in the SR-CACO-2 benchmark: between 0 and 1 by a sigmoid, and no skip over the groups.
"""

from keras import Input, Model, layers, ops

from srredsim.layers.convolution import convolution
from srredsim.layers.gelu import gelu
from srredsim.layers.scales import check_scale
from srredsim.layers.spectrum import amplitudes

SMALL = {"input_channels": 1, "groups": 1, "blocks": 1, "filters": 4, "reduction": 2}  # what the tests build
SEES_ALL = ("group_1_block_1_excite",)  # layer of the small one that brings in all that is beyond receptive_field
POWER = 0.8  # exponent of the amplitudes, so that the strong low frequencies leave something to the others
CONTEXT = 64  # input pixels, see receptive_field


def build(
    input_channels: int = 1,
    groups: int = 4,
    blocks: int = 4,
    filters: int = 64,
    reduction: int = 16,
    scale: int = 2,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, 1) between 0 and 1, for any y and x and whole scale.

    ``blocks`` are those of one group; the attention squeezes ``filters`` channels to ``filters // reduction``.
    """
    check_scale(scale, "dfcan")
    image = Input((None, None, input_channels), name="image")
    x = gelu(convolution(image, filters, name="first"))
    for group in range(1, groups + 1):
        y = x
        for block in range(1, blocks + 1):
            y = _block(y, reduction, f"group_{group}_block_{block}")
        x = layers.Add()([x, y])
    x = gelu(convolution(x, filters * scale**2, name="upsampling"))
    x = ops.depth_to_space(x, scale) if scale > 1 else x
    return Model(image, convolution(x, 1, activation="sigmoid", dtype="float32", name="last"), name="dfcan")


def receptive_field(groups: int = 4, blocks: int = 4, **_) -> int:
    """Input pixels of context on each side of an output pixel: what the convolutions reach, at most ``CONTEXT``.

    The attention sees the frequencies of the whole window that it is given, so tiles of a larger image differ from the
    whole image, however wide their context.
    """
    return min(2 * groups * blocks + 3, CONTEXT)


def largest_window(scale: int = 2, **_) -> int:
    """Input pixels on a side: before the pixel shuffle there are ``scale**2`` times the filters."""
    return 1536 // scale


def _block(x, reduction: int, name: str):
    y = gelu(convolution(x, x.shape[-1], name=f"{name}_conv_1"))
    y = gelu(convolution(y, x.shape[-1], name=f"{name}_conv_2"))
    return layers.Add()([x, layers.Multiply()([y, _attention(y, reduction, name)])])


def _attention(x, reduction: int, name: str):
    """A weight between 0 and 1 for each channel, from the amplitudes of all; float32 under any policy."""
    full: dict = {"dtype": "float32"}
    y = ops.power(amplitudes(x) + 1e-8, POWER)
    y = convolution(y, x.shape[-1], activation="relu", **full, name=f"{name}_frequencies")
    y = layers.GlobalAveragePooling2D(keepdims=True, **full)(y)
    y = convolution(y, x.shape[-1] // reduction, 1, activation="relu", **full, name=f"{name}_squeeze")
    return convolution(y, x.shape[-1], 1, activation="sigmoid", **full, name=f"{name}_excite")
