"""Settings of a loss as a recipe has them, checked against what its function takes."""

import inspect
import math
from collections.abc import Callable, Mapping

from srredsim.errors import InputError
from srredsim.resources import unknown

IMAGES = ["y_true", "y_pred"]  # the first arguments of a loss of images


def checked(name: str, settings, function: Callable, also: tuple[str, ...] = ()) -> tuple[float, dict]:
    """Weight and settings of the loss ``name``.

    Parameters
    ----------
    settings : number or mapping
        The weight alone, or a mapping with the weight (1 if left out) and the arguments of the function.
    also : names
        Settings that the function itself does not take.

    Raises
    ------
    InputError
        If a setting is not one of the loss, is missing, or has a value of another kind.
    """
    settings = dict(settings) if isinstance(settings, Mapping) else {"weight": settings}
    weight = _number(settings.pop("weight", 1.0), f"the weight of loss {name}")
    own = {key: value for key, value in inspect.signature(function).parameters.items() if key not in IMAGES}
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
