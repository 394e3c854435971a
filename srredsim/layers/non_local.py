"""Non-local means with learned likeness, within each quarter of an image of any size."""

from keras import layers, ops

from srredsim.layers.cropping import halves


def non_local(filters: int, inner: int, name: str = "non_local"):
    r"""A function that adds to each pixel what pixels like it in its quarter of the image have.

    .. math:: y_p = x_p + W \sum_k \operatorname{softmax}_k(\theta_p \cdot \phi_k)\, g_k

    with :math:`\theta, \phi, g` of ``inner`` channels, convolutions of one pixel; :math:`\phi` and :math:`g` are the
    largest of 2 x 2 pixels. :math:`W` begins at zero. The quarters meet at y // 2 and x // 2; a last row or column
    that makes no 2 x 2 block is no key. All in float32. The same weights wherever the function is applied.

    The bias of :math:`\phi` adds the same to all keys of a pixel, so it has no effect; it is there because it is in
    published weights.

    Memory: for each quarter y x / 4 pixels times y x / 16 keys.
    """
    query, key, value = (
        layers.Conv2D(inner, 1, dtype="float32", name=f"{name}_{part}") for part in ("query", "key", "value")
    )
    output = layers.Conv2D(filters, 1, kernel_initializer="zeros", dtype="float32", name=f"{name}_output")
    pool = layers.MaxPooling2D(2, dtype="float32")
    flat = layers.Reshape((-1, inner), dtype="float32")

    def quarter(x):
        keys, values = flat(pool(key(x))), flat(pool(value(x)))
        likeness = ops.softmax(ops.einsum("byxc,bkc->byxk", query(x), keys), axis=-1)
        return ops.einsum("byxk,bkc->byxc", likeness, values)

    def apply(x):
        bands = [[quarter(part) for part in halves(band, axis=2)] for band in halves(x, axis=1)]
        mixed = ops.concatenate([ops.concatenate(band, axis=2) for band in bands], axis=1)
        return layers.Add()([x, output(mixed)])

    return apply
