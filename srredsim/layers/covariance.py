"""Second-order statistics of features: how the channels of an image vary together.

Always in float32: in half precision the iterations below have too few digits.
"""

from keras import ops

SMALLEST_TRACE = 1e-12  # below it a matrix counts as zero


def covariance(features):
    r"""Population covariance of the channels over the positions of each image.

    .. math:: C_{cd} = \frac{1}{M} \sum_p (X_{pc} - \bar X_c)(X_{pd} - \bar X_d)

    Parameters
    ----------
    features : (batch, y, x, channels)
        Of any y and x, also unknown ones.

    Returns
    -------
    (batch, channels, channels) float32
    """
    features = ops.cast(features, "float32")
    positions = ops.sum(ops.ones_like(features[..., 0]), axis=(1, 2))[:, None, None]
    centred = features - ops.mean(features, axis=(1, 2), keepdims=True)
    return ops.einsum("byxc,byxd->bcd", centred, centred) / positions


def square_root(matrices, iterations: int = 5):
    r"""Square root of positive semi-definite matrices by coupled Newton-Schulz iterations.

    .. math:: Y \leftarrow \tfrac12 Y (3I - ZY), \quad Z \leftarrow \tfrac12 (3I - ZY) Z

    from :math:`Y = C / \operatorname{tr} C`, :math:`Z = I`; the result is :math:`\sqrt{\operatorname{tr} C}\, Y`. Few
    iterations leave the small eigenvalues smaller than they should be; the networks that use it are trained so. Only
    matrix products: the gradient has no differences of eigenvalues to divide by. The root of zero is zero, and so is
    its gradient.

    Parameters
    ----------
    matrices : (batch, n, n)
    iterations : int
        At least 2.

    Returns
    -------
    (batch, n, n) float32

    References
    ----------
    .. [1] P. Li, J. Xie, Q. Wang, Z. Gao, Towards faster training of global covariance pooling networks by iterative
       matrix square root normalization, CVPR 2018.
    """
    matrices = ops.cast(matrices, "float32")
    trace = ops.maximum(ops.trace(matrices, axis1=1, axis2=2), SMALLEST_TRACE)[:, None, None]
    three = 3.0 * ops.diag(ops.ones_like(ops.sum(matrices, axis=(0, 1))))  # times the identity; traced, not stored
    y = matrices / trace
    z = 0.5 * (three - y)
    y = ops.matmul(y, z)
    for _ in range(iterations - 2):
        step = 0.5 * (three - ops.matmul(z, y))
        y, z = ops.matmul(y, step), ops.matmul(step, z)
    y = 0.5 * ops.matmul(y, three - ops.matmul(z, y))
    return ops.sqrt(trace) * y
