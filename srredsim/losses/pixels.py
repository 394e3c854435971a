"""Losses of the difference of single pixels."""

from keras import ops

from srredsim.metrics import float32_pair, pixels


def mean_squared_error(y_true, y_pred):
    """L2 loss: mean of difference^2."""
    return pixels.mean_squared_error(y_true, y_pred)


def mean_absolute_error(y_true, y_pred):
    """L1 loss: mean of |difference|."""
    y_true, y_pred = float32_pair(y_true, y_pred)
    return ops.mean(ops.abs(y_true - y_pred), axis=(1, 2, 3))


def half_sum_of_squares(y_true, y_pred):
    """Half the sum of squared errors of an image; over a batch of n images, sum / (2 n)."""
    y_true, y_pred = float32_pair(y_true, y_pred)
    return 0.5 * ops.sum(ops.square(y_true - y_pred), axis=(1, 2, 3))


def sum_of_squares(y_true, y_pred):
    """Sum of squared errors of each image. Over a batch of n images their mean is the published sum, divided by n."""
    y_true, y_pred = float32_pair(y_true, y_pred)
    return ops.sum(ops.square(y_true - y_pred), axis=(1, 2, 3))


def charbonnier(y_true, y_pred, epsilon=1e-3):
    """Smooth L1: mean of sqrt(difference^2 + epsilon^2), so ``epsilon`` for a perfect image.

    Quadratic for differences much smaller than ``epsilon`` (in the units of the images), absolute for larger ones
    (Charbonnier et al., ICIP 2, 168, 1994).
    """
    y_true, y_pred = float32_pair(y_true, y_pred)
    return ops.mean(ops.sqrt(ops.square(y_true - y_pred) + epsilon**2), axis=(1, 2, 3))


def log_mean_squared_error(y_true, y_pred, epsilon=3e-3):
    """log(MSE + epsilon^2): the PSNR up to sign and scale, so that every image counts alike, however noisy it is.

    ``epsilon``, in the units of the images, keeps crops that show nothing from counting without limit.
    """
    return ops.log(mean_squared_error(y_true, y_pred) + epsilon**2)


def error_variance_by_contrast(y_true, y_pred, epsilon=3e-3):
    """Variance of the error over the deviation of the truth.

    As `log_error_variance`, the mean of the error is free, and images of little and of much light count nearly alike;
    but the weight of an image does not depend on the answer. Where the light does not tell what is there, the best
    answer is the mean of all that may be there: a logarithm pays for a guess that is right at times, this does not.
    ``epsilon``, in the units of the images, keeps crops that show nothing from counting without limit.
    """
    y_true, y_pred = float32_pair(y_true, y_pred)
    error = y_pred - y_true
    error = error - ops.mean(error, axis=(1, 2, 3), keepdims=True)
    return ops.mean(ops.square(error), axis=(1, 2, 3)) / (ops.std(y_true, axis=(1, 2, 3)) + epsilon)


def log_error_variance(y_true, y_pred, epsilon=3e-3):
    """As `log_mean_squared_error`, of what is left of the error when its mean is taken off.

    For images whose background is not known: a network that is not asked for it does not guess it, each place anew.
    """
    y_true, y_pred = float32_pair(y_true, y_pred)
    error = y_pred - y_true
    error = error - ops.mean(error, axis=(1, 2, 3), keepdims=True)
    return ops.log(ops.mean(ops.square(error), axis=(1, 2, 3)) + epsilon**2)
