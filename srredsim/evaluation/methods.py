"""What an evaluation compares on one pair: the model's image, and the baselines of its kind of input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from srredsim.data import catalogue
from srredsim.data.pairs import Pair, Pairs
from srredsim.errors import InputError
from srredsim.inputs import _baselines
from srredsim.inputs._baselines import BICUBIC, FOURIER, WIDEFIELD, WIENER
from srredsim.reconstruction.upscale import bicubic_upscale, fourier_upscale, widefield_of
from srredsim.zoo import recipe as recipes
from srredsim.zoo.models import LoadedModel
from srredsim.zoo.windows import Network

SIMULATED = "simulated"


def default_data(model: LoadedModel) -> str:
    """The data set on which a model is tested if nobody names one."""
    return SIMULATED if model.kind.OF_STACKS else model.recipe.data.name


def opened(model: LoadedModel, data: str | Path, split: str, pattern: str | None) -> dict[str, Pairs]:
    """The pairs of a split, by the pattern of their stacks (``3x5``), or by the kind of input (``widefield``).

    Raises
    ------
    InputError
        If there are none that the model takes.
    """
    if model.kind.OF_STACKS:
        sets = {
            f"{angles}x{phases}": catalogue.open_split(data, split, angles, phases).pairs
            for angles, phases in _patterns(model, data, pattern)
        }
    elif pattern:
        raise InputError(f"{model.name} takes {model.kind.WORDS}, which have no `pattern`; leave it out")
    else:
        recipe = replace(model.recipe, data=replace(model.recipe.data, name=str(data)))
        sets = {recipe.data.input: model.kind.examples(recipe, split).pairs}
    for pairs in sets.values():
        pairs.generate(range(len(pairs)))
        pairs.check(model.scale)
    return sets


def _patterns(model: LoadedModel, data: str | Path, wanted: str | None) -> list[tuple[int, int]]:
    """(angles, phases) of the stacks that the model is tested on."""
    patterns = [recipes.pattern(wanted)] if wanted else model.recipe.data.each_pattern
    if len(patterns) > 1 and Path(data).is_dir():
        named = " and ".join("x".join(map(str, pattern)) for pattern in patterns)
        raise InputError(f"{model.name} is for stacks of {named}; say with `pattern` which of them {data} holds")
    return patterns


def names(model: LoadedModel) -> list[str]:
    """The model, and what its images are compared with."""
    if model.kind.OF_STACKS:
        return [model.name, WIENER, FOURIER, BICUBIC]
    return [model.name, *((WIDEFIELD,) if model.scale == 1 else (FOURIER, BICUBIC))]


def images(model: LoadedModel, pair: Pair, pattern: str) -> dict[str, np.ndarray]:
    """What every method makes of the same pair, on the grid of the truth; see `image`."""
    wiener = cache(lambda: wiener_image(pair, pattern))
    made = {name: image(name, model, pair, wiener) for name in names(model)}
    return {name: one for name, one in made.items() if one is not None}


def image(method: str, model: LoadedModel, pair: Pair, wiener: Callable[[], np.ndarray | None]) -> np.ndarray | None:
    """The image (scale * y, scale * x) of one method; None if this pair does not allow it.

    ``wiener`` makes the Wiener image, if it is asked for.
    """
    if method == model.name:
        return model.kind.of_pair(Network(model), pair, wiener)
    if method == WIENER:
        return wiener()
    return {FOURIER: fourier_upscale, BICUBIC: bicubic_upscale, WIDEFIELD: _as_it_is}[method](
        widefield_of(pair.frames), pair.scale
    )


def wiener_image(pair: Pair, pattern: str) -> np.ndarray | None:
    """Wiener image of the frames of a pair, whose stripes are found in the frames; None if its optics are not known."""
    return _baselines.wiener_image(pair, *recipes.pattern(pattern))


def _as_it_is(image: np.ndarray, scale: int) -> np.ndarray:
    return image
