"""Terms of a loss that count in some epochs only: ``first_epoch`` and ``last_epoch`` among their settings.

Epochs count from 0, both are included, and either may be left out. In other epochs the term is 0.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from keras import ops

from srredsim.errors import InputError

FIRST, LAST = "first_epoch", "last_epoch"


class Span(NamedTuple):
    """Epochs in which a term counts."""

    first: float = 0
    last: float = math.inf


ALWAYS = Span()


def is_limited(settings: Any) -> bool:
    """Whether the settings of a term say in which epochs it counts."""
    return isinstance(settings, Mapping) and bool({FIRST, LAST} & set(settings))


def taken(name: str, settings: Any) -> tuple[Span, Any]:
    """The epochs of a term, and its other settings.

    Raises
    ------
    InputError
        If they are no whole numbers from 0 on, or end before they begin.
    """
    if not is_limited(settings):
        return ALWAYS, settings
    for key in (FIRST, LAST):
        value = settings.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise InputError(f"{key} of loss {name} is a whole number, epochs count from 0; got {value!r}")
    span = Span(settings.get(FIRST, ALWAYS.first), settings.get(LAST, ALWAYS.last))
    if span.last < span.first:
        raise InputError(f"loss {name} would count from epoch {span.first} to {span.last}, which is never")
    return span, {key: value for key, value in settings.items() if key not in (FIRST, LAST)}


def weighed(value, weight: float, span: Span, epoch):
    """``weight * value``, or 0 outside the epochs of the term."""
    if span == ALWAYS:
        return weight * value
    epoch = ops.cast(epoch, "float32")
    counts = ops.logical_and(epoch >= span.first, epoch <= min(span.last, 1e9))
    return ops.where(counts, weight * value, ops.zeros_like(value))
