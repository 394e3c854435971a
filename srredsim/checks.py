"""Checks of arguments: each gives the value back, or says in a line what was wanted and what came."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from os import PathLike
from typing import Any

import numpy as np

from srredsim.errors import InputError
from srredsim.schema import nearest

SHOWN = 80  # characters of a value in a message


def above_zero(name: str, value: Any) -> float:
    return _number(Real, name, value, "a number above 0", lambda one: 0 < one < math.inf)


def wiener(name: str, value: Any) -> float:
    return _number(Real, name, value, "a number above 0, at most 1e6: 0.1 is usual", lambda one: 0 < one <= 1e6)


def share(name: str, value: Any) -> float:
    return _number(Real, name, value, "a number from 0 to 1", lambda one: 0 <= one <= 1)


def attenuation(name: str, value: Any) -> float | str | None:
    if value is None or (isinstance(value, str) and value == "auto"):
        return value
    return _number(Real, name, value, "'auto', None or a number from 0 to 1", lambda one: 0 <= one <= 1)


def damping(name: str, value: Any) -> float:
    return _number(Real, name, value, "a number above 0 and up to 1", lambda one: 0 < one <= 1)


def positive(name: str, value: Any) -> int:
    return _number(Integral, name, value, "a whole number above 0", lambda one: one > 0)


def count(name: str, value: Any) -> int:
    return _number(Integral, name, value, "a whole number, 0 or more", lambda one: one >= 0)


def whole(name: str, value: Any) -> int:
    return _number(Integral, name, value, "a whole number", lambda one: True)


def finite(name: str, value: Any) -> float:
    return _number(Real, name, value, "a number", math.isfinite)


def yes_or_no(name: str, value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise wanted(name, "True or False", value)
    return bool(value)


def plain_array(array: Any) -> np.ndarray:
    """An ndarray of what is given; what would be lost on the way is refused."""
    if isinstance(array, np.ma.MaskedArray):
        raise InputError("a masked array has pixels without a value; replace them first, as with `filled()`")
    try:
        plain = np.asarray(array)
    except ValueError:
        raise InputError(f"{shown(array)} is no array: its rows are of unequal length") from None
    if plain.dtype.kind in "OSU":
        raise InputError(f"{shown(array)} is no array of numbers, no image and no path")
    return plain


def real_array(name: str, array: Any) -> np.ndarray:
    """The same of real numbers."""
    plain = plain_array(array)
    if plain.dtype.kind not in "buif":
        raise InputError(f"`{name}` should be an array of real numbers; got {plain.dtype}")
    return plain


def one_of(name: str, value: Any, choices: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        hint = nearest(value, choices) if isinstance(value, str) else ""
        raise InputError(f"no `{name}` {shown(value)}{hint}; there are: {', '.join(choices)}")
    return value


def path(name: str, value: Any) -> Any:
    """A path that the system can have: text without NUL."""
    if not isinstance(value, str | PathLike) or "\0" in str(value) or not str(value):
        raise wanted(name, "a path", value)
    return value


def numbers(name: str, value: Any, words: str, *, shape: tuple[int | None, ...]) -> np.ndarray:
    """Finite numbers as an array of this shape, in which None is any length but 0."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of unequal length
        raise wanted(name, words, value) from None
    fits = array.ndim == len(shape) and array.size and array.dtype.kind in "iuf"
    if not fits or any(n not in (None, m) for n, m in zip(shape, array.shape, strict=True)):
        raise wanted(name, words, value)
    array = array.astype(float)
    if not np.isfinite(array).all():
        raise wanted(name, f"{words}, all of them finite", value)
    return array


def wanted(name: str, words: str, value: Any) -> InputError:
    return InputError(f"`{name}` should be {words}; got {shown(value)}")


def shown(value: Any) -> str:
    """A value in a line that is not too long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _number(kind: type, name: str, value: Any, words: str, fits: Callable[[Any], bool]) -> Any:
    if isinstance(value, bool) or not isinstance(value, kind) or not fits(value):
        raise wanted(name, words, value)
    return value


def image_made(image: np.ndarray, by: str) -> None:
    """InputError if what somebody made is no image: not finite, or the same everywhere."""
    if bad := image.size - int(np.count_nonzero(np.isfinite(image))):
        raise InputError(
            f"{by} made an image of which {bad} of {image.size} pixels are NaN or infinite; it is not kept"
        )
    if image.min() == image.max():
        rounded = "; as float32 it may show more" if image.dtype.kind == "u" else ""
        raise InputError(f"{by} made an image that is {image.flat[0]:g} everywhere; it is not kept{rounded}")
