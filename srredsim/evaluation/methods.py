"""What an evaluation compares on one pair: the model's image, and the baselines of its kind of input."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from srredsim.data import baselines
from srredsim.data.baselines import BICUBIC, FOURIER, WIDEFIELD, WIENER
from srredsim.data.pairs import Pair, Pairs
from srredsim.reconstruction.upscale import bicubic_upscale, fourier_upscale, widefield_of
from srredsim.zoo import recipe as recipes
from srredsim.zoo.models import LoadedModel
from srredsim.zoo.windows import Network

Wiener = Callable[[], np.ndarray | None]
BASELINES: dict[str, Callable[[Pair, Wiener], np.ndarray | None]] = {
    WIENER: lambda pair, wiener: wiener(),
    FOURIER: lambda pair, wiener: fourier_upscale(widefield_of(pair.frames), pair.scale),
    BICUBIC: lambda pair, wiener: bicubic_upscale(widefield_of(pair.frames), pair.scale),
    WIDEFIELD: lambda pair, wiener: widefield_of(pair.frames),
}


def opened(model: LoadedModel, data: str | Path, split: str, pattern: str | None) -> dict[str, Pairs]:
    """The pairs of a split, by the pattern of their stacks (``3x5``), or what else keeps them apart.

    Raises
    ------
    InputError
        If there are none that the model takes.
    """
    sets = model.kind.scored(model, data, split, recipes.pattern(pattern) if pattern else None)
    for pairs in sets.values():
        pairs.generate(range(len(pairs)))
        pairs.check(model.scale)
    return sets


def names(model: LoadedModel) -> list[str]:
    """The model, and what its images are compared with."""
    return [model.name, *model.kind.compared_with(model.scale)]


def images(model: LoadedModel, pair: Pair, pattern: str) -> dict[str, np.ndarray]:
    """What every method makes of the same pair, on the grid of the truth; see `image`."""
    wiener = cache(lambda: wiener_image(pair, pattern))
    made = {name: image(name, model, pair, wiener) for name in names(model)}
    return {name: one for name, one in made.items() if one is not None}


def image(method: str, model: LoadedModel, pair: Pair, wiener: Wiener) -> np.ndarray | None:
    """The image (scale * y, scale * x) of one method; None if this pair does not allow it.

    ``wiener`` makes the Wiener image, if it is asked for.
    """
    if method == model.name:
        return model.kind.of_pair(Network(model), pair, wiener)
    return BASELINES[method](pair, wiener)


def wiener_image(pair: Pair, pattern: str) -> np.ndarray | None:
    """Wiener image of the frames of a pair, whose stripes are found in the frames; None if its optics are not known."""
    return baselines.wiener_image(pair, *recipes.pattern(pattern))
