"""Attention of each pixel to those of the whole image that are probably like it, found by hashing."""

from keras import layers, ops

from srredsim.layers.cropping import counted, counting, numbered
from srredsim.layers.linear_attention import SMALLEST_NORM, unit_length

UNUSED = 3e38  # below every other number, with a minus


def sparse_attention(x, chunk: int, hashes: int, inner: int, rotation, name: str):
    r"""What the pixels find in others of the same hash (Mei, Fan & Zhou, CVPR 2021; Kitaev et al., ICLR 2020).

    The pixels, with ``inner`` channels, are rotated at random; the axis that a pixel comes nearest to is its hash.
    Sorted by it, pixels are taken in chunks, and each looks at its own chunk, the one before and the one after, in
    turn: :math:`y = \sum_k \operatorname{softmax}_k(q \cdot q_k / |q_k|)\, v_k`. That is done ``hashes`` times with
    different rotations, and the results are weighed by the sums of their exponentials. In float32.

    Parameters
    ----------
    chunk : int
        Pixels in a chunk. There are about as many hashes as chunks, an even number.
    rotation : (inner, hashes * most) array
        Directions, ``most`` for each hash, of which as many are used as there are half the hashes.

    Returns
    -------
    (batch, y, x, channels) float32
    """
    e = layers.Conv2D(inner, 3, padding="same", dtype="float32", name=f"{name}_match")(x)
    v = layers.Conv2D(x.shape[-1], 1, dtype="float32", name=f"{name}_value")(x)
    rotate = layers.Dense(rotation.shape[-1], use_bias=False, trainable=False, dtype="float32", name=f"{name}_rotation")
    order = _order(layers.Reshape((-1, hashes, rotation.shape[-1] // hashes), dtype="float32")(rotate(e)), chunk)
    rotate.kernel.assign(rotation)

    images = counted(x[:, 0, 0, 0])[:, None, None]
    size = ops.sum(ops.ones_like(order[0, 0]))
    rows = images * size + ops.take(order, _whole_chunks(order[0, 0], chunk), axis=2)
    query, value = (
        layers.Reshape((hashes, -1, chunk, part.shape[-1]), dtype="float32")(_taken(part, rows)) for part in (e, v)
    )
    found, strength = _among_neighbours(query, value)

    back = ops.take(ops.argsort(order, axis=-1), numbered(x), axis=2)  # (batch, hashes, y, x): place in the order
    table = counting(ops.zeros_like(size), hashes)[:, None, None]
    back = back + ops.sum(ops.ones_like(rows[0, 0])) * (hashes * images[..., None] + table)
    weight = ops.softmax(ops.take(ops.reshape(strength, (-1,)), back, axis=0), axis=1)[..., None]
    return ops.sum(weight * _taken(found, back), axis=1)


def _order(rotated, chunk: int):
    """(batch, pixels, hashes, most) -> (batch, hashes, pixels): the pixels' numbers, sorted by hash and then number."""
    most = rotated.shape[-1]
    number = counted(rotated[0, :, 0, 0])
    size = ops.sum(ops.ones_like(number))
    chunks = size // chunk
    half = ops.maximum(ops.minimum((chunks + chunks % 2) // 2, most), 1)
    used = counting(ops.zeros_like(half), most) < half
    both = [ops.where(used, rotated, -UNUSED), ops.where(used, -rotated, -UNUSED)]
    _, nearest = ops.top_k(ops.concatenate(both, axis=-1), 1)  # ONNX has it; of equals the first
    code = ops.cast(nearest[..., 0], "int32")
    return ops.cast(ops.argsort(ops.transpose(code, (0, 2, 1)) * size + number, axis=-1), "int32")


def _whole_chunks(like, chunk: int):
    """0, 1 ... the last place, and so many of the last places again that the chunks are whole."""
    place = counted(like)
    size = ops.sum(ops.ones_like(place))
    place = counted(ops.repeat(place[None, ::chunk][0], chunk))
    again = place - (ops.sum(ops.ones_like(place)) - size)
    return ops.where(place < size, place, ops.maximum(again, 0))


def _among_neighbours(query, value):
    """(batch, hashes, chunks, pixels, channels): what is found in the chunks around, and log of the summed weights."""
    key = unit_length(query, SMALLEST_NORM)
    keys, values = ([part, _turned(part, -1), _turned(part, 1)] for part in (key, value))
    scores = [ops.matmul(query, ops.swapaxes(part, -1, -2)) for part in keys]
    strength = ops.logsumexp(ops.concatenate(scores, axis=-1), axis=-1)
    weights = [ops.exp(part - strength[..., None]) for part in scores]
    found = [ops.matmul(*pair) for pair in zip(weights, values, strict=True)]
    return found[0] + found[1] + found[2], strength


def _turned(x, by: int):
    """At each chunk the one before (-1) or after (1) it, in turn."""
    return ops.concatenate([x[:, :, by:], x[:, :, :by]], axis=2)


def _taken(x, rows):
    """Vectors of channels by their number, counted over all that is before them."""
    return ops.take(ops.reshape(x, (-1, x.shape[-1])), rows, axis=0)
