"""Metrics of the difference of single pixels, and their correlation."""

from keras import ops

from srredsim.metrics._pair import float32_pair


def mean_squared_error(y_true, y_pred):
    """Mean squared difference of each image."""
    y_true, y_pred = float32_pair(y_true, y_pred)
    return ops.mean(ops.square(y_true - y_pred), axis=(1, 2, 3))


def rmse(y_true, y_pred):
    """Root of the mean squared error, in the units of the images."""
    return ops.sqrt(mean_squared_error(y_true, y_pred))


def nrmse(y_true, y_pred, data_range):
    """RMSE divided by ``data_range`` (other definitions divide by the mean, the norm or the standard deviation)."""
    return rmse(y_true, y_pred) / ops.cast(data_range, "float32")


def psnr(y_true, y_pred, data_range):
    """Peak signal-to-noise ratio, 20 log10(data_range / RMSE), in dB; infinite for a perfect image."""
    peak = ops.log10(ops.cast(data_range, "float32"))
    return 20.0 * peak - 10.0 * ops.log10(mean_squared_error(y_true, y_pred))


def psnr_fitted(y_true, y_pred, data_range):
    """PSNR after gain and offset of each image were fitted to the truth by least squares: blind to units."""
    a, b = map(_centred, float32_pair(y_true, y_pred))
    power = ops.mean(b * b, axis=(1, 2, 3), keepdims=True)
    gain = ops.mean(a * b, axis=(1, 2, 3), keepdims=True) / ops.where(power > 0.0, power, 1.0)
    return psnr(a, gain * b, data_range)


def ncc(y_true, y_pred):
    """Normalised cross-correlation (Pearson's coefficient over all pixels), -1 to 1.

    Blind to offset and gain. Where one of the images is constant it is not defined mathematically; here it is 0.
    """
    a, b = map(_centred, float32_pair(y_true, y_pred))
    norm = _root_mean_square(a) * _root_mean_square(b)
    defined = norm > 0.0
    return ops.where(defined, ops.mean(a * b, axis=(1, 2, 3)) / ops.where(defined, norm, 1.0), 0.0)


def _centred(image):
    """Minus its mean; exactly zero if constant (the first pixel goes first, because a rounded mean would not do it)."""
    image = image - image[:, :1, :1, :1]
    return image - ops.mean(image, axis=(1, 2, 3), keepdims=True)


def _root_mean_square(image):
    return ops.sqrt(ops.mean(ops.square(image), axis=(1, 2, 3)))
