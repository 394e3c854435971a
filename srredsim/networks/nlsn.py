"""NLSN: residual blocks with non-local sparse attention between them (Mei, Fan & Zhou, CVPR 2021).

As in the SR-CACO-2 benchmark. There the random rotations of the attention were drawn anew for each image; here they
are drawn once, and saved with the weights.
"""

import keras
from keras import Model, ops

from srredsim.errors import InputError
from srredsim.layers.attended_body import attended_body, convolutions_reach
from srredsim.layers.scales import check_scale
from srredsim.layers.sparse_attention import sparse_attention

# what the tests build
SMALL = {"input_channels": 1, "blocks": 1, "between": 1, "filters": 4, "inner": 2, "hashes": 2, "chunk": 16}
SEES_ALL = ("attention_1_value", "attention_2_value")  # layers of these that bring in what is beyond receptive_field
CONTEXT = 64  # input pixels, see receptive_field
MOST = 64  # half the largest number of hashes


def build(
    input_channels: int = 1,
    blocks: int = 32,
    between: int = 8,
    filters: int = 256,
    inner: int = 64,
    hashes: int = 4,
    chunk: int = 144,
    scale: int = 2,
    seed: int = 0,
    rotations=None,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, 1), for any y and x; scale 1, 2, 3, 4 or 8.

    There is attention first and after each ``between`` of the ``blocks``; it compares pixels by ``inner`` channels,
    each with three times ``chunk`` others, found by ``hashes``.

    Parameters
    ----------
    seed : int
        The rotations are drawn from it.
    rotations : list of (inner, hashes, n) arrays, optional
        Of each attention, instead: ``n`` is half the largest number of buckets, up to 64.
    """
    check_scale(scale, "nlsn")
    count = blocks // between + 1
    if rotations is None:
        shape = (inner, hashes, MOST)
        rotations = [keras.random.normal(shape, seed=seed + n) for n in range(count)]
    if len(rotations) != count or any(tuple(one.shape[:2]) != (inner, hashes) for one in rotations):
        shapes = [tuple(one.shape) for one in rotations]
        raise InputError(f"`rotations` of nlsn are {count} arrays of ({inner}, {hashes}, n); got {shapes}")
    remaining = iter(rotations)

    def attend(x, name: str):
        rotation = ops.reshape(next(remaining), (inner, -1))
        return sparse_attention(x, chunk, hashes, inner, rotation, name)

    return attended_body("nlsn", input_channels, blocks, between, filters, scale, attend)


def receptive_field(blocks: int = 32, scale: int = 2, **_) -> int:
    """Input pixels of context on each side of an output pixel: what the convolutions reach, at most ``CONTEXT``.

    The attention looks at the whole window that it is given, so tiles of a larger image differ from the whole image,
    however wide their context. At eight times the pixels half of it is all there is memory for.
    """
    return min(convolutions_reach(blocks, scale), CONTEXT if scale < 8 else CONTEXT // 2)


def largest_window(scale: int = 2, **_) -> int:
    """Input pixels on a side: the attention keeps some 10,000 numbers for each pixel, 2.6 GB at 256 pixels.

    Before the last pixel shuffle there are four times the filters, 1 GB at half of 1024 pixels.
    """
    return min(256, 1024 // scale)
