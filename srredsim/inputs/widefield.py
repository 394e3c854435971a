"""One widefield image, to be denoised or to be given more pixels: ``data.input: widefield``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from srredsim.errors import InputError

if TYPE_CHECKING:
    from srredsim.acquisition import Optics, Pattern
    from srredsim.data.catalogue import DataSet
    from srredsim.zoo.recipe import Data, Recipe

WORDS = "widefield images"
OF_STACKS = False
LEAVES_SIZE = 128  # pixels, at least: their noise is measured in them


def check_data(data: Data) -> None:
    if data.leaves and data.normalise == "dataset":
        raise InputError("data.leaves is for data.input: widefield with data.normalise: image or noise; leave it out")


def check(recipe: Recipe, channels_in: int, scale: int) -> None:
    """Of any scale: how many pixels the truth has, the data set knows."""
    if channels_in != 1:
        raise InputError(
            f"a network of widefield images takes 1 channel, this one takes {channels_in}; set network.input_channels=1"
        )


def check_constants(recipe: Recipe) -> None:
    """A model of z-scores knows by which; only a training may find them in its data set."""
    data = recipe.data
    if data.normalise != "dataset":
        return
    for key in ("zscore",) if data.target == "average" else ("zscore", "sim_zscore"):
        if getattr(data, key) is None:
            raise InputError(
                f"the recipe of {recipe.name} has data.normalise: dataset, but no data.{key}; give the mean and the"
                " standard deviation of the images it was trained on, as [154.5, 66.03]"
            )


def sampling(recipe: Recipe) -> int:
    return 1


def describe(recipe: Recipe) -> dict:
    return {"input": WORDS, "patterns": []}


def suits(data: Data, pattern: Pattern, optics: Optics) -> int:
    """Never a raw stack unasked."""
    return 0


def offer(name: str, data: Data) -> None:
    return None


def examples(recipe: Recipe, split: str) -> DataSet:
    from srredsim.data import catalogue

    data = recipe.data
    opened = catalogue.open_images(data.name, split, data.wanted(split))
    return _with_leaves(recipe, opened) if data.leaves and split == "train" else opened


def with_constants(recipe: Recipe) -> Recipe:
    """The recipe with the z-scores of its data set, which a prediction will need."""
    if recipe.data.normalise != "dataset":
        return recipe
    constants = {name: (z.offset, z.gain) for name, z in examples(recipe, "train").pairs.zscores.items()}
    return replace(recipe, data=replace(recipe.data, **constants))


def _with_leaves(recipe: Recipe, opened: DataSet) -> DataSet:
    from srredsim.data.leaves import LeafPairs
    from srredsim.data.pairs import Extended

    data = recipe.data
    count = round(len(opened.pairs) * data.leaves / (1 - data.leaves))
    leaves = LeafPairs(count, max(data.crop, LEAVES_SIZE), data.target, data.normalise, recipe.seed)
    return replace(opened, pairs=Extended(opened.pairs, leaves))
