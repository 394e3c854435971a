"""Losses that have to be told how many pixels of each grey level the training images have."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np

from srredsim import inputs, losses
from srredsim.data.pairs import Pairs
from srredsim.errors import InputError
from srredsim.losses._outputs import split
from srredsim.zoo.recipe import Recipe

COUNTS = "counts"  # the setting of such a loss
EIGHT_BIT = (0.0, 255.0)  # constants of images whose grey levels are 0 ... 1
Generate = Callable[[Pairs, Iterable[int], str], None]


def with_counts(recipe: Recipe, generate: Generate) -> Recipe:
    """The recipe with the numbers of pixels of all its training truths, for each loss that wants them and lacks them.

    Raises
    ------
    InputError
        If its images are no grey levels of 8 bits.
    """
    terms: Mapping = recipe.loss if isinstance(recipe.loss, Mapping) else {recipe.loss: 1.0}
    lacking = [
        name for name in terms if _wants(name) and not (isinstance(terms[name], Mapping) and COUNTS in terms[name])
    ]
    if not lacking:
        return recipe
    if recipe.data.zscore != EIGHT_BIT:
        raise InputError(
            f"loss {lacking[0]} counts grey levels of 8 bits, as SR-CACO-2 has them with data.normalise=dataset;"
            f" set that, or give {lacking[0]}.{COUNTS}"
        )
    pairs = inputs.module(recipe.data.input).examples(recipe, "train").pairs
    generate(pairs, range(len(pairs)), "training data")
    counts = [int(n) for n in sum(_counted(pairs[index].truth) for index in range(len(pairs)))]
    told = {name: (dict(its) if isinstance(its, Mapping) else {"weight": its}) for name, its in terms.items()}
    return replace(recipe, loss=told | {name: told[name] | {COUNTS: counts} for name in lacking})


def _wants(name: str) -> bool:
    base = split(str(name))[0]
    return base in losses.names() and COUNTS in inspect.signature(losses.function(base)).parameters


def _counted(truth: np.ndarray) -> np.ndarray:
    levels = np.rint(np.clip(truth, 0, 1) * EIGHT_BIT[1]).astype(int)
    return np.bincount(levels.ravel(), minlength=int(EIGHT_BIT[1]) + 1)
