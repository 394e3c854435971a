"""Attention of all tokens to all, in parts that need little memory at once."""

from keras import layers, ops

from srredsim.layers.cropping import counted
from srredsim.layers.windows import attention


def global_attention(query, key, value, heads: int, parts: int = 16):
    """(batch, y, x, channels) of queries -> the same shape: what each finds in the keys and values (batch, y, x, ...).

    The queries are taken in a number of ``parts``, so that of all scores only the part of a few is there at once.
    """
    query, key, value = (
        layers.Reshape((-1, heads, part.shape[-1] // heads))(part)[:, None] for part in (query, key, value)
    )
    number = counted(query[0, 0, :, 0, 0])
    last = ops.sum(ops.ones_like(number)) - 1
    place = ops.minimum(counted(ops.repeat(number[None, ::parts][0], parts)), last)
    query = layers.Reshape((parts, -1, *query.shape[3:]))(ops.take(query[:, 0], place, axis=1))
    found = [attention(query[:, part : part + 1], key, value) for part in range(parts)]
    return ops.concatenate(found, axis=2)[:, 0] if parts > 1 else found[0][:, 0]
