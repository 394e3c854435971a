"""Losses: one value per image of (batch, y, x, channels), computed in float32 whatever the policy.

Keras averages the values over the batch, over all replicas of a strategy alike.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import partial

from keras import ops

from srredsim.errors import InputError
from srredsim.metrics import float32_pair, mean_squared_error, ssim
from srredsim.resources import unknown


def mean_absolute_error(y_true, y_pred):
    """L1 loss: mean of |difference|."""
    y_true, y_pred = float32_pair(y_true, y_pred)
    return ops.mean(ops.abs(y_true - y_pred), axis=(1, 2, 3))


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
    y_true, y_pred = float32_pair(y_true, y_pred)
    return ops.log(mean_squared_error(y_true, y_pred) + epsilon**2)


def log_error_variance(y_true, y_pred, epsilon=3e-3):
    """As `log_mean_squared_error`, of what is left of the error when its mean is taken off.

    For images whose background is not known: a network that is not asked for it does not guess it, each place anew.
    """
    y_true, y_pred = float32_pair(y_true, y_pred)
    error = y_pred - y_true
    error = error - ops.mean(error, axis=(1, 2, 3), keepdims=True)
    return ops.log(ops.mean(ops.square(error), axis=(1, 2, 3)) + epsilon**2)


def ssim_loss(y_true, y_pred, data_range):
    """1 - SSIM, from 0 for a perfect image to 2."""
    return 1.0 - ssim(y_true, y_pred, data_range)


LOSSES = {
    "mean_squared_error": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "charbonnier": charbonnier,
    "log_mean_squared_error": log_mean_squared_error,
    "log_error_variance": log_error_variance,
    "ssim": ssim_loss,
}


def get(wanted: str | Mapping) -> Callable:
    """The loss a recipe asks for: a name, or several with their weights, whose weighted sum is taken.

    ``{mean_absolute_error: 1.0, ssim: {weight: 0.1, data_range: 1.0}}``: a weight, or a mapping with the weight
    (1 if left out) and the loss's own settings.
    """
    terms = {wanted: 1.0} if isinstance(wanted, str) else wanted
    if not isinstance(terms, Mapping) or not terms:
        raise InputError(f"a loss is a name or a mapping of names to weights; got {wanted!r}")
    terms = [_term(name, settings) for name, settings in terms.items()]

    def loss(y_true, y_pred):
        return sum(weight * function(y_true, y_pred) for weight, function in terms)

    return terms[0][1] if isinstance(wanted, str) else loss


def _term(name: str, settings) -> tuple[float, Callable]:
    """(weight, loss with its own settings filled in)."""
    if name not in LOSSES:
        raise InputError(unknown("loss", str(name), list(LOSSES)))
    settings = dict(settings) if isinstance(settings, Mapping) else {"weight": settings}
    weight = _number(settings.pop("weight", 1.0), f"the weight of loss {name}")
    own = dict(list(inspect.signature(LOSSES[name]).parameters.items())[2:])
    for key, value in settings.items():
        if key not in own:
            raise InputError(unknown(f"setting of loss {name}", str(key), ["weight", *own]))
        settings[key] = _number(value, f"{key} of loss {name}")
    for key, parameter in own.items():
        if parameter.default is parameter.empty and key not in settings:
            raise InputError(f"loss {name} needs {key}: write {name}: {{weight: {weight:g}, {key}: 1.0}}")
    return weight, partial(LOSSES[name], **settings) if settings else LOSSES[name]


def _number(value, what: str) -> float:
    """The value as a positive number; YAML reads 1e-3 as text."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if isinstance(value, bool) or not 0 < number < float("inf"):
        raise InputError(f"{what} must be a positive number; got {value!r}")
    return number
