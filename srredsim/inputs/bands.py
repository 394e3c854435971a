"""The bands of the frames, separated, moved home and phase-corrected: ``data.input: bands``.

What stands in which channel, `srredsim.reconstruction.parts` says: as many channels as frames, for 3 and for 5 phases.
Their sum is the Wiener image; stripes have the same meaning in all microscopes. The network's output has the pixels of
its input, twice the raw ones.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srredsim.acquisition import Optics, Position, RawStack
from srredsim.errors import InputError
from srredsim.inputs import OtherPattern, _stacks, no_link, wiener
from srredsim.inputs._stacks import patterns, refuse_leaves
from srredsim.io.image import as_dtype
from srredsim.io.raw import raw_stack

if TYPE_CHECKING:
    from srredsim.acquisition import Pattern
    from srredsim.data.catalogue import DataSet
    from srredsim.data.pairs import Pair
    from srredsim.io import Reading
    from srredsim.io.source import Source
    from srredsim.zoo.models import LoadedModel
    from srredsim.zoo.recipe import Data, Recipe
    from srredsim.zoo.windows import Network

WORDS = "bands of raw frames"
OF_STACKS = True
WITH_STRIPES = True
INPUT_NAME = "bands"
check_reading, shown_as = _stacks.check_reading, _stacks.shown_as
tested_on, scored, compared_with = _stacks.tested_on, _stacks.scored, _stacks.compared_with
check_constants, sampling, survey = wiener.check_constants, wiener.sampling, wiener.survey
with_constants, notes, graph, trial = wiener.with_constants, wiener.notes, wiener.graph, wiener.trial


def check_data(data: Data) -> None:
    refuse_leaves(data)
    if len(data.each_pattern) > 1:
        raise InputError("a network of bands has one pattern: set data.angles and data.phases")


def check(recipe: Recipe, channels_in: int, scale: int) -> None:
    from srredsim.reconstruction.parts import count

    (pattern,) = recipe.data.each_pattern
    if channels_in != (wanted := count(*pattern)) or scale != 1:
        raise InputError(
            f"a network of the bands of {pattern[0]} angles x {pattern[1]} phases takes {wanted} channels at scale 1;"
            f" set network.input_channels={wanted} and network.scale=1"
        )


def describe(recipe: Recipe) -> dict:
    return {"input": WORDS, "patterns": patterns(recipe.data)}


def suits(data: Data, pattern: Pattern, optics: Optics) -> int:
    """A stack of the very same pattern that can be reconstructed."""
    (own,) = data.each_pattern
    return int(own == (pattern.angles, pattern.phases) and wiener.suits(data, pattern, optics) > 0)


def offer(name: str, data: Data) -> str:
    return f"{name} ({data.angles} x {data.phases}, with `na`, `wavelength_em_um` and `pixel_size_um`)"


def examples(recipe: Recipe, split: str) -> DataSet:
    from srredsim.data import catalogue

    data = recipe.data
    wanted = data.wanted(split)
    return catalogue.open_reconstructed(data.name, split, data.each_pattern, wanted.count, wanted.options, "bands")


# Prediction


def check_link(name: str) -> None:
    raise no_link(name, WORDS)


def of_plane(network: Network, image: np.ndarray, tile: int | None = None) -> np.ndarray:
    raise no_link(network.model.name, WORDS)


def open(source: Source, path: Path | None, model: LoadedModel, reading: Reading) -> RawStack:
    return stack_of(raw_stack(source, path, reading), model)


def stack_of(array: Any, model: LoadedModel) -> RawStack:
    stack, (pattern,) = wiener.stack_of(array, model), model.recipe.data.each_pattern
    if (stack.pattern.angles, stack.pattern.phases) != pattern:
        raise OtherPattern(
            f"the model {model.name} takes {pattern[0]} angles x {pattern[1]} phases;"
            f" this stack has {stack.pattern.angles} x {stack.pattern.phases}",
            stack.pattern,
        )
    return stack


class Planes(wiener.Planes):
    """Every plane from its bands; phases and contrasts are measured at each time, on the sharpest slice."""

    def __call__(self, position: Position, into: np.ndarray, tick: Callable[[], None] = lambda: None) -> np.ndarray:
        from srredsim.reconstruction.for_networks import only_sure
        from srredsim.reconstruction.parts import STORED, parts

        raw, prepared, stripes, channel = self.known(position)
        scaling, haze = self._survey.scalings[position], only_sure(channel.haze)
        bands = parts(prepared, stripes, channel.transfer, attenuation=haze, unit=scaling.gain, dtype=STORED)
        image = self._network.in_tiles(bands, self._tile)
        wiener.tell_of_bright(self._network, raw, scaling, channel.transfer)
        into[:] = as_dtype(scaling.undo_gain(image), into.dtype)
        tick()
        return raw


def of_pair(network: Network, pair: Pair, pattern: tuple[int, int] | None) -> np.ndarray:
    from srredsim.data.reconstructed import bands_of

    if pattern is None:
        (pattern,) = network.model.recipe.data.each_pattern
    return pair.scaling.undo_gain(network.in_tiles(bands_of(pair, *pattern)))


def baselines(pair: Pair, recipe: Recipe) -> dict[str, np.ndarray]:
    """The sum of the channels, which needs no network."""
    from srredsim.data.baselines import WIENER
    from srredsim.reconstruction.parts import summed

    (pattern,) = recipe.data.each_pattern
    return {WIENER: np.asarray(pair.frames[..., summed(*pattern)], np.float32).sum(axis=-1)}
