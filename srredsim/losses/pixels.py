"""Losses: one value per image of (batch, y, x, channels), computed in float32 whatever the policy.

Keras averages the values over the batch, over all replicas of a strategy alike.
"""

import inspect
import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from keras import ops

from srredsim.errors import InputError
from srredsim.losses import features as perceptual
from srredsim.metrics.images import float32_pair, mean_squared_error, ssim
from srredsim.resources import unknown


def mean_absolute_error(y_true, y_pred):
    """L1 loss: mean of |difference|."""
    y_true, y_pred = float32_pair(y_true, y_pred)
    return ops.mean(ops.abs(y_true - y_pred), axis=(1, 2, 3))


def half_sum_of_squares(y_true, y_pred):
    """Half the sum of squared errors of an image; over a batch of n images, sum / (2 n)."""
    y_true, y_pred = float32_pair(y_true, y_pred)
    return 0.5 * ops.sum(ops.square(y_true - y_pred), axis=(1, 2, 3))


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


def over_steps(loss: Callable) -> Callable:
    """The sum of a loss over the channels of the prediction, each an image to be compared with the same truth.

    For networks that refine an image in steps and return all of them, as SRFBN does (Li et al., CVPR 2019).
    """

    def summed(y_true, y_pred):
        return sum(loss(y_true, y_pred[..., step : step + 1]) for step in range(y_pred.shape[-1]))

    return summed


LOSSES = {
    "mean_squared_error": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "half_sum_of_squares": half_sum_of_squares,
    "charbonnier": charbonnier,
    "log_mean_squared_error": log_mean_squared_error,
    "log_error_variance": log_error_variance,
    "ssim": ssim_loss,
}
OF_FEATURES = {"perceptual": perceptual.perceptual, "texture": perceptual.texture}
OVER_STEPS = "_over_steps"  # behind the name of a loss
VIEW = {"low": 0.0, "high": 1.0}  # values of an image that VGG19 takes for black and white


def is_over_steps(wanted: str | Mapping) -> bool:
    """Whether the loss is for a network that returns the images of all its steps as channels."""
    return any(str(name).endswith(OVER_STEPS) for name in (wanted if isinstance(wanted, Mapping) else [wanted]))


def get(wanted: str | Mapping, vgg_weights: str | Path | perceptual.Extractor | None = None) -> Callable:
    """The loss a recipe asks for: a name, or several with their weights, whose weighted sum is taken.

    ``{mean_absolute_error: 1.0, ssim: {weight: 0.1, data_range: 1.0}}``: a weight, or a mapping with the weight
    (1 if left out) and the loss's own settings.

    ``<name>_over_steps`` is the sum of a loss over the channels of the prediction (`over_steps`); terms beside it take
    the last channel.

    ``perceptual`` and ``texture`` compare features of VGG19, which all such terms share, and which have the settings
    ``low`` and ``high`` besides (`VIEW`). Its weights are read from ``vgg_weights`` (`perceptual.load`).
    """
    terms = {wanted: 1.0} if isinstance(wanted, str) else wanted
    if not isinstance(terms, Mapping) or not terms:
        raise InputError(f"a loss is a name or a mapping of names to weights; got {wanted!r}")
    of_features = _feature_terms({name: terms[name] for name in terms if name in OF_FEATURES}, vgg_weights)
    of_images = [_term(name, settings) for name, settings in terms.items() if name not in OF_FEATURES]
    if vgg_weights is not None and not of_features:
        raise InputError(f"vgg_weights is for the losses {' and '.join(OF_FEATURES)}; this loss has neither: {wanted}")
    if isinstance(wanted, str) and of_images:
        return of_images[0][1]
    stepwise = is_over_steps(terms)

    def loss(y_true, y_pred):
        last = y_pred[..., -1:] if stepwise else y_pred
        values = [weight * of(y_true, y_pred if steps else last) for weight, of, steps in of_images]
        return sum(values + [of(y_true, last) for of in of_features])

    return loss


def _term(name: str, settings) -> tuple[float, Callable, bool]:
    """(weight, loss with its own settings filled in, whether it is over steps)."""
    base = str(name).removesuffix(OVER_STEPS)
    if base not in LOSSES:
        raise InputError(unknown("loss", str(name), [*LOSSES, *OF_FEATURES]))
    weight, settings = _settings(name, settings, LOSSES[base], skip=2)
    function = partial(LOSSES[base], **settings) if settings else LOSSES[base]
    return (weight, function, False) if base == name else (weight, over_steps(function), True)


def _feature_terms(terms: Mapping, vgg_weights) -> list[Callable]:
    """One function for all terms that see the images alike; VGG19 is built once."""
    views: dict[tuple[float, float], list[tuple[float, perceptual.FeatureLoss]]] = {}
    for name, wanted in terms.items():
        weight, settings = _settings(name, wanted, OF_FEATURES[name], also=tuple(VIEW))
        low, high = (settings.pop(key, default) for key, default in VIEW.items())
        if low == high:
            raise InputError(f"low and high of loss {name} must differ; both are {low:g}")
        views.setdefault((low, high), []).append((weight, OF_FEATURES[name](**settings)))
    if not views:
        return []
    wanted = {layer: None for group in views.values() for _, term in group for layer in term.layers}  # each once
    given = isinstance(vgg_weights, perceptual.Extractor)
    extractor = vgg_weights if given else perceptual.load(vgg_weights, tuple(wanted))
    return [_of_features(extractor, low, high, group) for (low, high), group in views.items()]


def _of_features(extractor, low: float, high: float, terms: list) -> Callable:
    def loss(y_true, y_pred):
        y_true, y_pred = float32_pair(y_true, y_pred)
        truth, image = extractor(ops.stop_gradient(y_true), low, high), extractor(y_pred, low, high)
        return sum(weight * term.compare(truth, image) for weight, term in terms)

    return loss


def _settings(name: str, settings, function: Callable, skip: int = 0, also: tuple = ()) -> tuple[float, dict]:
    """(weight, settings of a loss), checked; the first ``skip`` arguments of the function are the images."""
    settings = dict(settings) if isinstance(settings, Mapping) else {"weight": settings}
    weight = _number(settings.pop("weight", 1.0), f"the weight of loss {name}")
    own = dict(list(inspect.signature(function).parameters.items())[skip:])
    for key, value in settings.items():
        if key not in [*own, *also]:
            raise InputError(unknown(f"setting of loss {name}", str(key), ["weight", *own, *also]))
        settings[key] = _setting(value, own[key].default if key in own else None, f"{key} of loss {name}")
    for key, parameter in own.items():
        if parameter.default is parameter.empty and key not in settings:
            raise InputError(f"loss {name} needs {key}: write {name}: {{weight: {weight:g}, {key}: 1.0}}")
    return weight, settings


def _setting(value, default, what: str):
    """The value as what the default is: a choice in words, yes or no, or a number (positive, or any if ``None``)."""
    if isinstance(default, str):
        return value  # the loss itself knows the words
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise InputError(f"{what} must be true or false; got {value!r}")
        return value
    return _number(value, what, positive=default is not None)


def _number(value, what: str, positive: bool = True) -> float:
    """The value as a positive number, or as any; YAML reads 1e-3 as text."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number) or (positive and number <= 0):
        raise InputError(f"{what} must be a {'positive ' if positive else ''}number; got {value!r}")
    return number
