"""A loss of what small patches are like: their mean and variance."""

from keras import ops

from srredsim.errors import InputError
from srredsim.metrics import float32_pair

ADDED_VARIANCE = 1.0


def local_moments(y_true, y_pred, size: int = 3, flat_only: bool = False):
    r"""Kullback-Leibler divergence of normal distributions with the mean and variance of each patch.

    .. math:: \ln\frac{\hat\sigma}{\sigma} + \frac{\sigma^2 + (m - \hat m)^2}{2 \hat\sigma^2} - \frac12

    Variances are unbiased, and 1 is added to each; patches of ``size`` pixels a side (odd), mirrored at the border. The
    mean over all pixels, where patches of the truth that show nothing (variance 0) count as 0, as was meant. Published
    code has it the other way round, and 3 pixels whatever size is asked for: ``flat_only: true`` (reference) counts
    these patches alone.
    """
    y_true, y_pred = float32_pair(y_true, y_pred)
    if size < 3 or size % 2 != 1:
        raise InputError(f"size of loss local_moments is an odd number of pixels from 3 on; got {size}")
    mean, own_variance = _moments(ops.stop_gradient(y_true), size)
    mean_pred, variance_pred = _moments(y_pred, size)
    variance, variance_pred = own_variance + ADDED_VARIANCE, variance_pred + ADDED_VARIANCE
    ratio = 0.5 * ops.log(variance_pred / variance)
    divergence = ratio + (variance + ops.square(mean - mean_pred)) / (2.0 * variance_pred) - 0.5
    flat = own_variance == 0.0
    counts = flat if flat_only else ops.logical_not(flat)
    return ops.mean(ops.where(counts, divergence, 0.0), axis=(1, 2, 3))


def _moments(image, size: int):
    """Mean and unbiased variance of the patch around each pixel; exactly 0 where all pixels are the same."""
    reach = size // 2
    around = ops.pad(image, [(0, 0), (reach, reach), (reach, reach), (0, 0)], mode="reflect")
    last = size - 1
    patch = ops.stack(
        [around[:, y : y - last or None, x : x - last or None] for y in range(size) for x in range(size)], axis=-1
    )
    off = patch - image[..., None]  # from the pixel itself, so that what is constant has no rounding
    mean = ops.mean(off, axis=-1, keepdims=True)
    variance = ops.sum(ops.square(off - mean), axis=-1) / (size * size - 1)
    return image + mean[..., 0], variance
