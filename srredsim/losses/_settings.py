"""Settings of a loss as a recipe has them, checked against what its function takes."""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args, get_origin

from srredsim.errors import InputError
from srredsim.resources import unknown

IMAGES = ["y_true", "y_pred"]  # the first arguments of a loss of images
EPOCH = "epoch"  # an argument that the training knows: epochs done


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
    own = {key: one for key, one in inspect.signature(function).parameters.items() if key not in [*IMAGES, EPOCH]}
    for key, value in settings.items():
        if key not in [*own, *also]:
            raise InputError(unknown(f"setting of loss {name}", str(key), ["weight", *own, *also]))
        what = f"{key} of loss {name}"
        settings[key] = _setting(value, own[key], what) if key in own else _number(value, what, positive=False)
    for key, parameter in own.items():
        if parameter.default is parameter.empty and key not in settings:
            example = "[...]" if parameter.annotation is Sequence else "1.0"
            raise InputError(f"loss {name} needs {key}: write {name}: {{weight: {weight:g}, {key}: {example}}}")
    return weight, settings


def _setting(value, parameter: inspect.Parameter, what: str):
    """The value as its parameter wants it: one of a few, several numbers, yes or no, whole, or a positive number."""
    kind, default = parameter.annotation, parameter.default
    if get_origin(kind) is Literal:
        if value not in get_args(kind) or isinstance(value, bool):
            raise InputError(f"{what} is {' or '.join(map(str, get_args(kind)))}; got {value!r}")
        return value
    if kind is Sequence:
        if not isinstance(value, list | tuple):
            raise InputError(f"{what} must be a list of numbers; got {value!r}")
        return tuple(_number(one, what, positive=False) for one in value)
    if isinstance(default, str):
        return value  # the loss itself knows the words
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise InputError(f"{what} must be true or false; got {value!r}")
        return value
    number = _number(value, what, positive=default is not None)
    if kind is int:
        if not number.is_integer():
            raise InputError(f"{what} must be a whole number; got {value!r}")
        return int(number)
    return number


def _number(value, what: str, positive: bool = True) -> float:
    """The value as a positive number, or as any; YAML reads 1e-3 as text."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number) or (positive and number <= 0):
        raise InputError(f"{what} must be a {'positive ' if positive else ''}number; got {value!r}")
    return number
