"""Losses: every file is a family; its public functions are losses by their own names, told by their signature.

``(y_true, y_pred, ...)`` is a loss of images: one value per image of (batch, y, x, channels), computed in float32
whatever the policy. Keras averages the values over the batch, over all replicas of a strategy alike. Further arguments
are its settings in a recipe; one without a default has to be given.

``(...) -> FeatureLoss`` is a loss of features of VGG19; its arguments are its settings (`srredsim.losses.features`).
"""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from keras import ops

from srredsim.checkpoints import vgg19
from srredsim.errors import InputError
from srredsim.losses._settings import IMAGES, checked
from srredsim.losses._steps import OVER_STEPS, is_over_steps, over_steps
from srredsim.losses.features import FeatureLoss
from srredsim.members import Functions
from srredsim.metrics import float32_pair
from srredsim.resources import unknown

__all__ = ["function", "get", "is_over_steps", "names", "names_of_features", "over_steps"]

VIEW = {"low": 0.0, "high": 1.0}  # values of an image that VGG19 takes for black and white


def _is_of_images(function: Callable) -> bool:
    return list(inspect.signature(function).parameters)[:2] == IMAGES


def _is_of_features(function: Callable) -> bool:
    return function.__annotations__.get("return") in (FeatureLoss, FeatureLoss.__name__)


_functions = Functions("loss", __name__, __path__, lambda one: _is_of_images(one) or _is_of_features(one))
names, function = _functions.names, _functions.get


def names_of_features() -> list[str]:
    """Names of the losses of features, which need the weights of VGG19."""
    return [name for name in names() if _is_of_features(function(name))]


def get(wanted: str | Mapping, vgg_weights: str | Path | vgg19.Extractor | None = None) -> Callable:
    """The loss a recipe asks for: a name, or several with their weights, whose weighted sum is taken.

    ``{mean_absolute_error: 1.0, ssim: {weight: 0.1, data_range: 1.0}}``: a weight, or a mapping with the weight
    (1 if left out) and the loss's own settings.

    ``<name>_over_steps`` is the sum of a loss over the channels of the prediction (`over_steps`); terms beside it take
    the last channel.

    ``perceptual`` and ``texture`` compare features of VGG19, which all such terms share, and which have the settings
    ``low`` and ``high`` besides (`VIEW`). Its weights are read from ``vgg_weights``, see `srredsim.checkpoints.vgg19`.

    Raises
    ------
    InputError
        If there is no such loss, a setting does not fit, or the weights of VGG19 cannot be had.
    """
    terms = {wanted: 1.0} if isinstance(wanted, str) else wanted
    if not isinstance(terms, Mapping) or not terms:
        raise InputError(f"a loss is a name or a mapping of names to weights; got {wanted!r}")
    needing_vgg = names_of_features()
    of_features = _feature_terms({name: terms[name] for name in terms if name in needing_vgg}, vgg_weights)
    of_images = [_term(name, settings) for name, settings in terms.items() if name not in needing_vgg]
    if vgg_weights is not None and not of_features:
        raise InputError(
            f"`vgg_weights` is for the losses {' and '.join(needing_vgg)}; this loss has neither: {wanted}"
        )
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
    if base not in names() or _is_of_features(function(base)):
        raise InputError(unknown("loss", str(name), names()))
    of = function(base)
    weight, settings = checked(name, settings, of)
    of = partial(of, **settings) if settings else of
    return (weight, of, False) if base == name else (weight, over_steps(of), True)


def _feature_terms(terms: Mapping, vgg_weights) -> list[Callable]:
    """One function for all terms that see the images alike; VGG19 is built once."""
    views: dict[tuple[float, float], list[tuple[float, FeatureLoss]]] = {}
    for name, wanted in terms.items():
        weight, settings = checked(name, wanted, function(name), also=tuple(VIEW))
        low, high = (settings.pop(key, default) for key, default in VIEW.items())
        if low == high:
            raise InputError(f"low and high of loss {name} must differ; both are {low:g}")
        views.setdefault((low, high), []).append((weight, function(name)(**settings)))
    if not views:
        return []
    wanted = {layer: None for group in views.values() for _, term in group for layer in term.layers}  # each once
    given = isinstance(vgg_weights, vgg19.Extractor)
    extractor = vgg_weights if given else vgg19.load(vgg_weights, tuple(wanted))
    return [_of_features(extractor, low, high, group) for (low, high), group in views.items()]


def _of_features(extractor, low: float, high: float, terms: list) -> Callable:
    def loss(y_true, y_pred):
        y_true, y_pred = float32_pair(y_true, y_pred)
        truth, image = extractor(ops.stop_gradient(y_true), low, high), extractor(y_pred, low, high)
        return sum(weight * term.compare(truth, image) for weight, term in terms)

    return loss
