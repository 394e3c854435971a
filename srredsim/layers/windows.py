"""Attention within windows of an image of any size, as in Swin transformers (Liu et al., ICCV 2021).

The size of the image is not known before, and Keras reshapes to one unknown axis only: the windows are cut by
``space_to_depth`` and put in a row; to go back, a map of their numbers is looked up.
"""

import math

from keras import initializers, layers, ops

from srredsim.layers.cropping import counting, numbered, ones_along

APART = -100.0  # added to the likeness of pixels that are no neighbours


class Windows:
    """The windows of one image; what all blocks of a network share is made once.

    Parameters
    ----------
    image : (batch, y, x, channels)
        Of y and x that are multiples of ``side``.
    side : int
        Pixels of a window on a side.
    """

    def __init__(self, image, side: int):
        self.side = side
        self._shift = side // 2
        rows, columns = (ones_along(image, axis) for axis in (1, 2))
        self._places = numbered(image, side)
        self._apart = _apart(rows, columns, side, self._shift)
        counts = [(ops.cumsum(ones) - 1, ops.sum(ones) // side) for ones in (rows, columns)]  # places, windows
        self._spread = [place % side * count + place // side for place, count in counts]
        self._gathered = [place % count * side + place // count for place, count in counts]
        self._zero = ops.zeros_like(image[0, 0, 0, 0], dtype="int32")

    def split(self, x, shifted: bool = False, side: int | None = None):
        """(batch, y, x, channels) -> (batch, windows, side * side, channels); windows and pixels row by row.

        ``shifted`` windows begin half a window later, those at the end go on at the beginning. Another ``side`` is
        that of a window in an image of another sampling.
        """
        side = side or self.side
        if shifted:
            x = _rolled(x, self._shift)
        return layers.Reshape((-1, side * side, x.shape[-1]))(ops.space_to_depth(x, side))

    def join(self, x, shifted: bool = False):
        """The image of windows (batch, windows, pixels, ...), back where they came from."""
        x = layers.Reshape((-1, math.prod(x.shape[2:])))(x)
        x = ops.depth_to_space(ops.take(x, self._places, axis=1), self.side)
        return _rolled(x, -self._shift) if shifted else x

    def spread(self, x):
        """The pixels in another order, so that those of a window lay as far apart as there are windows."""
        return self._ordered(x, self._spread)

    def gathered(self, x):
        """The inverse of `spread`."""
        return self._ordered(x, self._gathered)

    def _ordered(self, x, orders):
        for axis, order in zip((1, 2), orders, strict=True):
            x = ops.take(x, order, axis=axis)
        return x

    def masked(self, scores, shifted: bool):
        """Scores (batch, windows, heads, pixels, pixels); pixels that only the shift made neighbours are kept apart."""
        return scores + self._apart if shifted else scores

    def counting(self, count: int):
        """0, 1, 2 ... as part of the network."""
        return counting(self._zero, count)

    def offsets(self, side: int, other: int | None = None):
        """For each pixel of a window and each of another, the number of the offset from the second to the first."""
        other = other or side
        here, there = (self.counting(size**2) for size in (side, other))
        y, x = here[:, None] // side - there // other, here[:, None] % side - there % other
        return (y + other - 1) * (side + other - 1) + x + other - 1

    def learned(self, heads: int, name: str, begin: float = 1.0):
        """A learned number (heads, 1, 1) for each head."""
        settings = {"embeddings_initializer": initializers.Constant(begin), "dtype": "float32", "name": name}
        numbers = layers.Embedding(heads, 1, **settings)(self.counting(heads))
        return numbers[..., None]

    def position_bias(self, heads: int, name: str, begin: float = 0.02):
        """A learned number (heads, pixels, pixels) for each offset in y and x between two pixels of a window."""
        settings = {"embeddings_initializer": initializers.TruncatedNormal(stddev=begin), "dtype": "float32"}
        table = layers.Embedding((2 * self.side - 1) ** 2, heads, **settings, name=name)
        return ops.transpose(table(self.offsets(self.side)), (2, 0, 1))


def attention(query, key, value, bias=None, scale: float | None = None):
    r"""What each query finds: :math:`\operatorname{softmax}_k(s\, q \cdot k + b)\, v`; the softmax is in float32.

    Parameters
    ----------
    query, key, value : (batch, windows, pixels, heads, channels)
    bias : callable, optional
        Of the scores (batch, windows, heads, queries, keys), what is added to or done with them.
    scale : float, optional
        One over the root of the channels, if not given.

    Returns
    -------
    (batch, windows, queries, heads, channels)
    """
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    query, key, value = (ops.swapaxes(part, 2, 3) for part in (query * scale, key, value))
    scores = ops.cast(ops.matmul(query, ops.swapaxes(key, 3, 4)), "float32")
    scores = bias(scores) if bias else scores
    return ops.swapaxes(ops.matmul(ops.cast(ops.softmax(scores, axis=-1), value.dtype), value), 2, 3)


def reach(steps, side: int) -> int:
    """Pixels of context on each side of an output pixel.

    ``steps``, from the input on: a number is a convolution that sees so many pixels on each side, "windows" and
    "shifted" are windows of ``side`` pixels, a tuple of lists of steps are branches that are put together.
    """
    ends = [(pixel, *_seen(pixel, pixel, steps, side)) for pixel in range(side)]
    return max(max(pixel - lowest, highest - pixel) for pixel, lowest, highest in ends)


def _seen(lowest: int, highest: int, steps, side: int) -> tuple[int, int]:
    """First and last input pixel that these output pixels are made of."""
    for step in reversed(list(steps)):
        if isinstance(step, int):
            lowest, highest = lowest - step, highest + step
        elif isinstance(step, tuple):
            branches = [_seen(lowest, highest, branch, side) for branch in step]
            lowest, highest = min(first for first, _ in branches), max(last for _, last in branches)
        else:
            start = side // 2 if step == "shifted" else 0
            lowest = (lowest - start) // side * side + start
            highest = (highest - start) // side * side + start + side - 1
    return lowest, highest


def _apart(rows, columns, side: int, shift: int):
    """(1, windows, 1, pixels, pixels): keeps apart what lay at the end of the image and what at its beginning."""
    parts = []
    for ones in (rows, columns):
        place = ops.cumsum(ones) - ops.sum(ones) - 1  # from the end: -1 is the last
        parts.append(ops.cast(place >= -side, "float32") + ops.cast(place >= -shift, "float32"))
    part = (3 * parts[0][:, None] + parts[1])[None, ..., None]
    part = layers.Reshape((-1, side * side), dtype="float32")(ops.space_to_depth(part, side))
    return APART * ops.cast(ops.not_equal(part[..., :, None], part[..., None, :]), "float32")[:, :, None]


def _rolled(x, pixels: int):
    """Begins ``pixels`` later in y and x, and goes on at the beginning."""
    for axis in (1, 2):
        before, after = (slice(None),) * axis + (slice(None, pixels),), (slice(None),) * axis + (slice(pixels, None),)
        x = ops.concatenate([x[after], x[before]], axis=axis)
    return x
