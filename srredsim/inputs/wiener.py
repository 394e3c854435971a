"""The Wiener image of the frames, the widefield image and how noisy they are: ``data.input: wiener``.

What stands in which channel, `srredsim.reconstruction.channels` says. The stripes are gone, so a network takes images
of any pattern; and its output has the pixels of its input, twice the raw ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from srredsim.errors import InputError
from srredsim.inputs._stacks import patterns, refuse_leaves

if TYPE_CHECKING:
    from srredsim.acquisition import Optics, Pattern
    from srredsim.data.catalogue import DataSet
    from srredsim.zoo.recipe import Data, Recipe

WORDS = "Wiener images"
OF_STACKS = True
FEWEST_PHASES = 3


def check_data(data: Data) -> None:
    refuse_leaves(data)


def check(recipe: Recipe, channels_in: int, scale: int) -> None:
    from srredsim.reconstruction.channels import CHANNELS

    if channels_in != len(CHANNELS) or scale != 1:
        raise InputError(
            f"a network of Wiener images takes {len(CHANNELS)} channels ({', '.join(CHANNELS)}) at scale 1; set"
            f" network.input_channels={len(CHANNELS)} and network.scale=1"
        )


def check_constants(recipe: Recipe) -> None:
    """None are needed: each stack is normalised by itself."""


def sampling(recipe: Recipe) -> int:
    from srredsim.optics.sampling import SCALE

    return SCALE


def describe(recipe: Recipe) -> dict:
    return {"input": WORDS, "patterns": patterns(recipe.data)}


def suits(data: Data, pattern: Pattern, optics: Optics) -> int:
    """Any stack that can be reconstructed, and better than a model of its raw frames."""
    from srredsim.optics.transfer import transfer_of

    if pattern.phases < FEWEST_PHASES:
        return 0
    try:
        transfer_of(optics)
    except InputError:
        return 0
    return 2


def offer(name: str, data: Data) -> str:
    return f"{name} (any, with `na`, `wavelength_em_um` and `pixel_size_um`)"


def examples(recipe: Recipe, split: str) -> DataSet:
    from srredsim.data import catalogue

    data = recipe.data
    wanted = data.wanted(split)
    return catalogue.open_reconstructed(data.name, split, data.each_pattern, wanted.count, wanted.options)


def with_constants(recipe: Recipe) -> Recipe:
    return recipe
