"""Attention of all pixels to all, in a time that only grows with their number, by random features."""

import keras
from keras import layers, ops

SMALLEST_NORM = 5e-5
FLOOR = 1e-4  # least value of a random feature
AMPLIFICATION = 6.0  # factor of the likeness, a cosine


def linear_attention(x, filters: int, inner: int, features: int, name: str):
    r"""What the pixels find in all others.

    .. math:: y_p = \frac{\sum_k \phi(q_p) \cdot \phi(k_k)\, v_k}{\sum_k \phi(q_p) \cdot \phi(k_k)},\quad
        \phi(z) = e^{P z - |z|^2 / 2} + \epsilon

    with ``inner`` channels of :math:`q` and :math:`k`, of the length of the root of `AMPLIFICATION`, and ``filters`` of
    :math:`v`, all convolutions of one pixel. In the mean over random :math:`P`, :math:`\phi(q)\cdot\phi(k)` is
    :math:`e^{q \cdot k}` (Choromanski et al., ICLR 2021); the ``features`` rows of :math:`P` are saved with the
    weights, and do not learn. In float32.

    Returns
    -------
    (batch, y, x, filters) float32
    """
    query, key, value = (
        layers.Conv2D(channels, 1, dtype="float32", name=f"{name}_{part}")(x)
        for part, channels in (("query", inner), ("key", inner), ("value", filters))
    )
    projection = layers.Dense(features, use_bias=False, trainable=False, dtype="float32", name=f"{name}_projection")
    query, key = (_features(part, projection) for part in (query, key))
    projection.kernel.assign(ops.transpose(_orthogonal(features, inner)))
    key, value = (layers.Reshape((-1, part.shape[-1]), dtype="float32")(part) for part in (key, value))
    known = ops.matmul(ops.swapaxes(key, 1, 2), value)  # (batch, features, filters)
    strength = ops.matmul(query, ops.sum(key, axis=1)[:, None, :, None])
    return ops.matmul(query, known[:, None]) / strength


def unit_length(x, smallest: float):
    """Divided by the length along the last axis, or by ``smallest`` where that is shorter."""
    squares = ops.sum(ops.square(x), axis=-1, keepdims=True)
    return x / ops.sqrt(ops.maximum(squares, smallest**2))


def _features(x, projection):
    x = AMPLIFICATION**0.5 * unit_length(x, SMALLEST_NORM)
    projected = projection(x)
    half = 0.5 * ops.sum(ops.square(x), axis=-1, keepdims=True)
    return projected.shape[-1] ** -0.5 * (ops.exp(projected - half) + FLOOR)


def _orthogonal(rows: int, columns: int):
    """Blocks of orthogonal rows, each as long as a row of normally distributed numbers."""
    blocks = [ops.transpose(ops.qr(keras.random.normal((columns, columns)))[0]) for _ in range(0, rows, columns)]
    lengths = ops.norm(keras.random.normal((rows, columns)), axis=1, keepdims=True)
    return ops.concatenate(blocks)[:rows] * lengths
