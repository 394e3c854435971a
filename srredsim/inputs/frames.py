"""The raw frames of one stack, angle first: ``data.input: frames``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srredsim.errors import InputError
from srredsim.inputs._stacks import patterns, refuse_leaves

if TYPE_CHECKING:
    from srredsim.acquisition import Optics, Pattern
    from srredsim.data.catalogue import DataSet
    from srredsim.zoo.recipe import Data, Recipe

WORDS = "raw frames"
OF_STACKS = True


def check_data(data: Data) -> None:
    refuse_leaves(data)
    if len(data.each_pattern) > 1:
        raise InputError("a network of raw frames has one pattern: set data.angles and data.phases")


def check(recipe: Recipe, channels_in: int, scale: int) -> None:
    expected = recipe.data.angles * recipe.data.phases
    if channels_in != expected:
        raise InputError(
            f"the network takes {channels_in} frames, the data have {recipe.data.angles} angles x"
            f" {recipe.data.phases} phases = {expected}; set network.input_channels={expected}"
        )


def check_constants(recipe: Recipe) -> None:
    """None are needed: each stack is normalised by itself."""


def sampling(recipe: Recipe) -> int:
    return 1


def describe(recipe: Recipe) -> dict:
    return {"input": WORDS, "patterns": patterns(recipe.data)}


def suits(data: Data, pattern: Pattern, optics: Optics) -> int:
    """A stack of the very same pattern, whatever its optics."""
    return int((data.angles, data.phases) == (pattern.angles, pattern.phases))


def offer(name: str, data: Data) -> str:
    return f"{name} ({data.angles} x {data.phases})"


def examples(recipe: Recipe, split: str) -> DataSet:
    from srredsim.data import catalogue

    data = recipe.data
    wanted = data.wanted(split)
    return catalogue.open_split(data.name, split, data.angles, data.phases, wanted.count, wanted.options)


def with_constants(recipe: Recipe) -> Recipe:
    return recipe
