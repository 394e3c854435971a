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
from typing import Any

from keras import ops

from srredsim.checkpoints import vgg19
from srredsim.errors import InputError
from srredsim.losses import _epochs
from srredsim.losses._outputs import WRAPPERS, is_over_steps, of_outputs, over_steps, split
from srredsim.losses._settings import EPOCH, IMAGES, checked
from srredsim.losses.features import FeatureLoss
from srredsim.members import Functions
from srredsim.metrics import float32_pair
from srredsim.resources import unknown

__all__ = [
    "changes",
    "function",
    "get",
    "is_over_steps",
    "names",
    "names_of_features",
    "of_outputs",
    "over_steps",
    "split",
]

VIEW = {"low": 0.0, "high": 1.0}  # values of an image that VGG19 takes for black and white


def _is_of_images(function: Callable) -> bool:
    return list(inspect.signature(function).parameters)[:2] == IMAGES


def _is_of_features(function: Callable) -> bool:
    return function.__annotations__.get("return") in (FeatureLoss, FeatureLoss.__name__)


_functions = Functions("loss", __name__, __path__, lambda one: _is_of_images(one) or _is_of_features(one))
names, function = _functions.names, _functions.get


def names_of_features() -> list[str]:
    """Names of the losses of features, which need the weights of VGG19."""
    return sorted(name for name, one in _functions.all().items() if _is_of_features(one))


def changes(wanted: str | Mapping) -> bool:
    """Whether the loss is another one in each epoch, so that `get` has to be told it."""
    terms = wanted if isinstance(wanted, Mapping) else {wanted: 1.0}
    bases = (split(str(name))[0] for name in terms)
    stricter = any(base in names() and EPOCH in inspect.signature(function(base)).parameters for base in bases)
    return stricter or any(map(_epochs.is_limited, terms.values()))


def check_epochs(wanted: str | Mapping, epochs: int) -> None:
    """InputError if a term counts only in epochs that a training of so many does not have."""
    for name, settings in wanted.items() if isinstance(wanted, Mapping) else ():
        if (first := _epochs.taken(str(name), settings)[0].first) >= epochs:
            raise InputError(f"loss {name} counts from epoch {first} on: of {epochs}, counted from 0, there is none")


def get(wanted: str | Mapping, vgg_weights: str | Path | vgg19.Extractor | None = None, epoch: Any = 0) -> Callable:
    """The loss a recipe asks for: a name, or several with their weights, whose weighted sum is taken.

    ``{mean_absolute_error: 1.0, ssim: {weight: 0.1, data_range: 1.0}}``: a weight, or a mapping with the weight
    (1 if left out) and the loss's own settings.

    ``<name>_over_steps`` is the sum of a loss over the channels of the prediction (`over_steps`), ``_over_levels``,
    ``_of_residual`` and ``_of_misfit`` are others that need more than the image (`srredsim.losses._outputs`); terms
    beside it take the last channel.

    A term with ``first_epoch`` or ``last_epoch`` among its settings counts in these epochs only. ``epoch``, a number or
    a variable, is for such terms, and for losses that get stricter with time (`changes`).

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
    spans = {name: _epochs.taken(str(name), settings) for name, settings in terms.items()}
    terms = {name: settings for name, (_, settings) in spans.items()}
    with_features = [(name, terms[name], spans[name][0]) for name in terms if name in needing_vgg]
    of_features = _feature_terms(with_features, vgg_weights, epoch)
    of_images = [(*_term(name, terms[name], epoch), spans[name][0]) for name in terms if name not in needing_vgg]
    if vgg_weights is not None and not of_features:
        raise InputError(
            f"`vgg_weights` is for the losses {' and '.join(needing_vgg)}; this loss has neither: {wanted}"
        )
    if isinstance(wanted, str) and of_images:
        return of_images[0][1]
    several = bool(of_outputs(terms))

    def loss(y_true, y_pred):
        last = y_pred[..., -1:] if several else y_pred
        values = [
            _epochs.weighed(of(y_true, y_pred if takes_all else last), weight, span, epoch)
            for weight, of, takes_all, span in of_images
        ]
        return sum(values + [of(y_true, last) for of in of_features])

    return loss


def _term(name: str, settings, epoch) -> tuple[float, Callable, bool]:
    """(weight, loss with its own settings filled in, whether it takes all channels of several images)."""
    base, suffix = split(str(name))
    if base not in names() or _is_of_features(function(base)):
        raise InputError(unknown("loss", str(name), names()))
    of = function(base)
    weight, settings = checked(name, settings, of)
    if EPOCH in inspect.signature(of).parameters:
        settings[EPOCH] = epoch
    of = partial(of, **settings) if settings else of
    return (weight, WRAPPERS[suffix](of), True) if suffix else (weight, of, False)


def _feature_terms(terms: list[tuple[str, Any, _epochs.Span]], vgg_weights, epoch) -> list[Callable]:
    """One function for all terms (name, settings, epochs) that see the images alike; VGG19 is built once."""
    views: dict[tuple[float, float], list[tuple[float, FeatureLoss, _epochs.Span]]] = {}
    for name, wanted, span in terms:
        weight, settings = checked(name, wanted, function(name), also=tuple(VIEW))
        low, high = (settings.pop(key, default) for key, default in VIEW.items())
        if low == high:
            raise InputError(f"low and high of loss {name} must differ; both are {low:g}")
        views.setdefault((low, high), []).append((weight, function(name)(**settings), span))
    if not views:
        return []
    wanted = {layer: None for group in views.values() for _, term, _ in group for layer in term.layers}  # each once
    given = isinstance(vgg_weights, vgg19.Extractor)
    extractor = vgg_weights if given else vgg19.load(vgg_weights, tuple(wanted))
    return [_of_features(extractor, low, high, group, epoch) for (low, high), group in views.items()]


def _of_features(extractor, low: float, high: float, terms: list, epoch) -> Callable:
    def loss(y_true, y_pred):
        y_true, y_pred = float32_pair(y_true, y_pred)
        truth, image = extractor(ops.stop_gradient(y_true), low, high), extractor(y_pred, low, high)
        return sum(_epochs.weighed(term.compare(truth, image), weight, span, epoch) for weight, term, span in terms)

    return loss
