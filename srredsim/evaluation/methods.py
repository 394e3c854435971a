"""What an evaluation compares on one pair: the model's image, and the baselines of its kind of input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import checks
from srredsim.data.baselines import (
    BICUBIC,
    FOURIER,
    RICHARDSON_LUCY,
    WIDEFIELD,
    WIENER,
    richardson_lucy_image,
    wiener_image,
)
from srredsim.data.pairs import Pair, Pairs
from srredsim.data.reconstructed import OF_IMAGES, with_white_noise
from srredsim.data.some import Some
from srredsim.evaluation.runner import classical
from srredsim.reconstruction.upscale import bicubic_upscale, fourier_upscale, widefield_of
from srredsim.zoo import recipe as recipes
from srredsim.zoo.models import LoadedModel
from srredsim.zoo.windows import Network

BASELINES: dict[str, Callable[[Pair, str], np.ndarray | None]] = {
    WIENER: lambda pair, pattern: wiener_image(pair, *recipes.pattern(pattern)),
    RICHARDSON_LUCY: lambda pair, pattern: richardson_lucy_image(pair, *recipes.pattern(pattern)),
    FOURIER: lambda pair, pattern: fourier_upscale(widefield_of(pair.frames), pair.scale),
    BICUBIC: lambda pair, pattern: bicubic_upscale(widefield_of(pair.frames), pair.scale),
    WIDEFIELD: lambda pair, pattern: widefield_of(pair.frames),
}


OF_UPSCALING = ("reconstruction/upscale.py",)
OF_WIENER = (*OF_IMAGES, "data/baselines.py")
SOURCES = {  # that make the image of a baseline
    WIENER: OF_WIENER,
    RICHARDSON_LUCY: OF_WIENER,
    FOURIER: OF_UPSCALING,
    BICUBIC: OF_UPSCALING,
    WIDEFIELD: OF_UPSCALING,
}


@dataclass(frozen=True)
class First:
    """The first ``count`` images of a split: of each pattern, condition and light level."""

    split: str
    count: int

    def __post_init__(self):
        checks.positive("count", self.count)

    def __str__(self) -> str:
        return self.split


def opened(
    model: LoadedModel,
    data: str | Path,
    split: str | First,
    pattern: str | None,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Pairs]:
    """The pairs of a split, by the pattern of their stacks (``3x5``), or what else keeps them apart.

    Raises
    ------
    InputError
        If there are none that the model takes.
    """
    sets = model.kind.scored(model, data, str(split), recipes.pattern(pattern) if pattern else None, options)
    if isinstance(split, First):
        sets = {name: Some(pairs, pairs.first(split.count)) for name, pairs in sets.items()}
    for pairs in sets.values():
        pairs.generate(range(len(pairs)))
        pairs.check(model.scale)
    return sets


def names(model: LoadedModel, pairs: Pairs | None = None) -> list[str]:
    """The model, and what its images of these pairs are compared with."""
    usual = model.kind.compared_with(model.scale)
    beside = () if pairs is None else (name for name in pairs.beside if name not in usual)
    return [model.name, *beside, *usual]


def made_by(method: str, model: LoadedModel) -> str:
    """What the images of a method depend on besides the pairs: a model, and what makes its input of stacks; source."""
    if method != model.name:
        return classical(*SOURCES[method])
    return f"{model.identity} {classical(*OF_IMAGES)}" if model.kind.OF_STACKS else model.identity


def images(model: LoadedModel, pair: Pair, pattern: str) -> dict[str, np.ndarray]:
    """What every method makes of the same pair, on the grid of the truth; see `image`."""
    made = {name: image(name, model, pair, pattern) for name in names(model)}
    return {name: one for name, one in made.items() if one is not None}


def image(method: str, model: LoadedModel, pair: Pair, pattern: str) -> np.ndarray | None:
    """The image (scale * y, scale * x) of one method; None if this pair does not allow it.

    ``pattern`` is that of its frames, as ``3x5``.
    """
    if method == model.name:
        of_stacks = recipes.pattern(pattern) if model.kind.OF_STACKS else None
        seen = with_white_noise(pair, *of_stacks) if of_stacks else pair
        return model.kind.of_pair(Network(model), seen, of_stacks)
    return BASELINES[method](pair, pattern)
