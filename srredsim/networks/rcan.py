"""RCAN: residual groups of blocks with channel attention (Zhang et al., ECCV 2018), as in the W2S benchmark.

Without the shift by the mean colour that the release for photographs has.
"""

from keras import Input, Model, layers

from srredsim.errors import InputError
from srredsim.layers.channel_attention import weighed_channels
from srredsim.layers.convolution import convolution, upsampled
from srredsim.layers.scales import check_scale, window

SMALL = {"input_channels": 1, "groups": 2, "blocks": 1, "filters": 4, "reduction": 2}  # what the tests build
CONTEXT = 64  # input pixels, see receptive_field


def build(
    input_channels: int = 1,
    output_channels: int = 1,
    groups: int = 10,
    blocks: int = 20,
    filters: int = 64,
    reduction: int = 16,
    scale: int = 2,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, output_channels), for any y and x.

    ``blocks`` are those of one group; the attention squeezes ``filters`` channels to ``filters // reduction``.
    """
    check_scale(scale, "rcan")
    if not 1 <= reduction <= filters:
        raise InputError(f"`reduction` of rcan is from 1 to its filters, here {filters}; got {reduction!r}")
    image = Input((None, None, input_channels), name="image")
    shallow = x = convolution(image, filters, name="first")
    for group in range(1, groups + 1):
        x = _group(x, blocks, reduction, f"group_{group}")
    x = layers.Add()([shallow, convolution(x, filters, name="trunk")])
    x = upsampled(x, scale)
    return Model(image, convolution(x, output_channels, dtype="float32", name="last"), name="rcan")


def receptive_field(groups: int = 10, blocks: int = 20, scale: int = 2, **_) -> int:
    """Input pixels of context on each side of an output pixel: what the convolutions reach, at most ``CONTEXT``.

    Channel attention averages over the window that it is given, so tiles of a larger image differ from the whole
    image, however wide their context. The published size reaches 414 pixels, but only the nearest matter: with random
    weights, 64-pixel tiles of a 256-pixel image (bright cells on a dark ground) differ by a root mean square of 0.18
    without context, 0.006 with 8 pixels, 0.0045 with 16 and with 32, where the difference of the averages is left, and
    0.003 with 64 (0.012 at most), in standard deviations of the output. An image that fits into one window (768
    pixels by default) is not tiled.
    """
    around_groups = 4 if scale > 1 else 3  # the first, trunk, (up-sampling,) and last convolutions
    return min((2 * blocks + 1) * groups + around_groups, CONTEXT)


def largest_window(scale: int = 2, **_) -> int:
    """Input pixels on a side: before the last pixel shuffle there are ``scale**2`` times the filters for each."""
    return window(768, scale)


def _group(x, blocks: int, reduction: int, name: str):
    y = x
    for block in range(1, blocks + 1):
        y = _block(y, reduction, f"{name}_block_{block}")
    return layers.Add()([x, convolution(y, x.shape[-1], name=f"{name}_last")])


def _block(x, reduction: int, name: str):
    y = convolution(x, x.shape[-1], activation="relu", name=f"{name}_conv_1")
    y = convolution(y, x.shape[-1], name=f"{name}_conv_2")
    return layers.Add()([x, weighed_channels(y, reduction, name)])
