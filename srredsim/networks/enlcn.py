"""ENLCN: residual blocks with efficient non-local attention between them (Xia et al., AAAI 2022).

As in the SR-CACO-2 benchmark. The contrastive term of its training is left out: there it had no effect.
"""

from keras import Model

from srredsim.layers.attended_body import attended_body, convolutions_reach
from srredsim.layers.linear_attention import linear_attention
from srredsim.layers.scales import check_scale

SMALL = {
    "input_channels": 1,
    "blocks": 1,
    "between": 1,
    "filters": 4,
    "inner": 2,
    "features": 4,
}  # what the tests build
SEES_ALL = ("attention_1_value", "attention_2_value")  # layers of these that bring in what is beyond receptive_field
CONTEXT = 64  # input pixels, see receptive_field


def build(
    input_channels: int = 1,
    blocks: int = 32,
    between: int = 8,
    filters: int = 256,
    inner: int = 64,
    features: int = 128,
    scale: int = 2,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, 1), for any y and x; scale 1, 2, 3, 4 or 8.

    There is attention first and after each ``between`` of the ``blocks``; it compares pixels by ``inner`` channels, and
    approximates the comparison by a number of random ``features`` (Keras's random seed decides which).
    """
    check_scale(scale, "enlcn")

    def attend(x, name: str):
        return linear_attention(x, filters, inner, features, name)

    return attended_body("enlcn", input_channels, blocks, between, filters, scale, attend)


def receptive_field(blocks: int = 32, scale: int = 2, **_) -> int:
    """Input pixels of context on each side of an output pixel: what the convolutions reach, at most ``CONTEXT``.

    The attention looks at the whole window that it is given, so tiles of a larger image differ from the whole image,
    however wide their context. At eight times the pixels half of it is all there is memory for.
    """
    return min(convolutions_reach(blocks, scale), CONTEXT if scale < 8 else CONTEXT // 2)


def largest_window(scale: int = 2, **_) -> int:
    """Input pixels on a side: before the last pixel shuffle there are four times the filters, 1 GB at 512 of twice."""
    return 1024 // scale if scale > 2 else 384
