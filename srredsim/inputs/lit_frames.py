"""Raw frames with the light that fell on each, lens, noise and the classical image: ``data.input: lit_frames``.

What stands in which channel, `srredsim.reconstruction.lit` says. Stripes are found in the frames, as for Wiener images,
and a network that knows them takes stacks of any pattern; of more frames than it was built for, by being built again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from srredsim.errors import InputError
from srredsim.inputs import _stacks, wiener
from srredsim.inputs._stacks import refuse_leaves
from srredsim.io.image import as_dtype

if TYPE_CHECKING:
    from srredsim.acquisition import Optics, Pattern, Position, RawStack
    from srredsim.data.catalogue import DataSet
    from srredsim.data.pairs import Pair
    from srredsim.reconstruction.lit import Lit
    from srredsim.reconstruction.survey import Survey
    from srredsim.zoo.models import LoadedModel
    from srredsim.zoo.recipe import Data, Recipe
    from srredsim.zoo.windows import Network

WORDS = "raw frames with the light on them"
OF_STACKS = True
WITH_STRIPES = True
INPUT_NAME = "lit_frames"
check_reading, shown_as = _stacks.check_reading, _stacks.shown_as
tested_on, scored, compared_with = _stacks.tested_on, _stacks.scored, _stacks.compared_with
offer, open, stack_of, survey = wiener.offer, wiener.open, wiener.stack_of, wiener.survey


def check_data(data: Data) -> None:
    refuse_leaves(data)
    if data.gain_jitter:
        raise InputError(
            "with data.input: lit_frames the light belongs to the frames: a gain of the input alone is wrong; set"
            " data.gain_jitter=0"
        )


def check(recipe: Recipe, channels_in: int, scale: int) -> None:
    from srredsim.optics.sampling import SCALE
    from srredsim.reconstruction.lit import channels_for

    most = max(angles * phases for angles, phases in recipe.data.each_pattern)
    if channels_in != channels_for(most) or scale != SCALE:
        raise InputError(
            f"a network of up to {most} frames with their light takes {channels_for(most)} channels at scale {SCALE};"
            f" set network.input_channels={channels_for(most)} and network.scale={SCALE}"
        )


def check_constants(recipe: Recipe) -> None:
    """None are needed: each stack is normalised by itself."""


def sampling(recipe: Recipe) -> int:
    return 1


def describe(recipe: Recipe) -> dict:
    return {"input": WORDS, "patterns": _stacks.patterns(recipe.data)}


def suits(data: Data, pattern: Pattern, optics: Optics) -> int:
    """Any stack that can be reconstructed, where no model of Wiener images is there."""
    return min(1, wiener.suits(data, pattern, optics))


def examples(recipe: Recipe, split: str) -> DataSet:
    from srredsim.data import catalogue

    data = recipe.data
    wanted = data.wanted(split)
    return catalogue.open_lit(data.name, split, data.each_pattern, wanted.count, wanted.options)


def with_constants(recipe: Recipe) -> Recipe:
    return recipe


# Prediction


def check_link(name: str) -> None:
    raise wiener.no_link(name, WORDS)


def of_plane(network: Network, image: np.ndarray, tile: int | None = None) -> np.ndarray:
    raise wiener.no_link(network.model.name, WORDS)


class Planes(wiener.Planes):
    """Every plane with the stripes of its channel, phases and contrasts measured at each time."""

    def __init__(self, network: Network, stack: RawStack, survey: Survey, tile: int | None = None):
        super().__init__(fitting(network, stack.pattern.frames), stack, survey, tile)
        self._whole = network  # which says what is to be said

    def __call__(self, position: Position, into: np.ndarray, tick: Callable[[], None] = lambda: None) -> np.ndarray:
        from srredsim.reconstruction.for_networks import lit_with

        raw, prepared, stripes, _ = self.known(position)
        channel = replace(self._survey.channels[position[1]], parameters=stripes)
        scaling = self._survey.scalings[position]
        image = of_lit(self._network, lit_with(raw, prepared, channel, scaling, self._network.device), self._tile)
        wiener.tell_of_bright(self._whole, raw, scaling, channel.transfer)
        into[:] = as_dtype(scaling.undo_gain(image), into.dtype)
        tick()
        return raw


def notes(recipe: Recipe) -> list[str]:
    return []


def fitting(network: Network, frames: int) -> Network:
    """The network itself, or one of the same weights for stacks of more frames than it takes."""
    from srredsim.reconstruction.lit import channels_for

    wanted = channels_for(frames)
    if network.model.channels >= wanted:
        return network
    return network.rebuilt(input_channels=wanted)


def of_lit(network: Network, lit: Lit, tile: int | None = None) -> np.ndarray:
    """Image (2y, 2x) of one stack, normalised."""
    from srredsim.reconstruction.lit import slots_of

    return network.in_tiles(lit.channels(slots_of(network.model.channels)), tile)


def of_pair(network: Network, pair: Pair, pattern: tuple[int, int]) -> np.ndarray:
    from srredsim.data.lit import lit_pair

    lit = lit_pair(pair, *pattern)
    return pair.scaling.undo_gain(of_lit(fitting(network, len(lit.frames)), lit))


def baselines(pair: Pair, recipe: Recipe) -> dict[str, np.ndarray]:
    """What stands in the channels needs no network."""
    from srredsim.data.baselines import BICUBIC, WIENER
    from srredsim.reconstruction.lit import start_of, widefield_of
    from srredsim.reconstruction.upscale import bicubic_upscale

    return {BICUBIC: bicubic_upscale(widefield_of(pair.frames), pair.scale), WIENER: start_of(pair.frames)}


# Export: the network alone


def graph(model: LoadedModel, images):
    return model.network(images)


def trial(network: Network, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    images = rng.uniform(0.1, 1.0, (2, 37, 52, network.model.channels)).astype(np.float32)
    return images, network.model.network.predict_on_batch(images)
