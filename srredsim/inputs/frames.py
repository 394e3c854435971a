"""The raw frames of one stack, angle first: ``data.input: frames``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srredsim import tiling
from srredsim.acquisition import Position, RawStack, frames_from_raw
from srredsim.errors import InputError
from srredsim.inputs import OtherPattern, _graph, _stacks, no_link
from srredsim.inputs._stacks import patterns, refuse_array, refuse_leaves
from srredsim.io.image import as_dtype
from srredsim.io.raw import raw_stack
from srredsim.normalise import Scaling, scaling_of
from srredsim.reconstruction.survey import Sharpest, Survey, surveyed

if TYPE_CHECKING:
    from srredsim.acquisition import Optics, Pattern
    from srredsim.data.catalogue import DataSet
    from srredsim.data.pairs import Pair
    from srredsim.io import Reading
    from srredsim.io.source import Source
    from srredsim.zoo.models import LoadedModel
    from srredsim.zoo.recipe import Data, Recipe
    from srredsim.zoo.windows import Network

WORDS = "raw frames"
OF_STACKS = True
WITH_STRIPES = False
INPUT_NAME = "raw"
check_reading, shown_as = _stacks.check_reading, _stacks.shown_as
check_constants, with_constants, notes = _stacks.check_constants, _stacks.with_constants, _stacks.notes
tested_on, scored, compared_with = _stacks.tested_on, _stacks.scored, _stacks.compared_with


def check_data(data: Data) -> None:
    refuse_leaves(data)
    if len(data.each_pattern) > 1:
        raise InputError("a network of raw frames has one pattern: set data.angles and data.phases")
    if data.each_pattern == [(1, 1)]:
        raise InputError("raw frames are several, 1 angle x 1 phase is a single image: set data.input=widefield")


def check(recipe: Recipe, channels_in: int, scale: int) -> None:
    expected = recipe.data.angles * recipe.data.phases
    if channels_in != expected:
        raise InputError(
            f"the network takes {channels_in} frames, the data have {recipe.data.angles} angles x"
            f" {recipe.data.phases} phases = {expected}; set network.input_channels={expected}"
        )


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


# Prediction


def check_link(name: str) -> None:
    raise no_link(name, WORDS)


def of_plane(network: Network, image: np.ndarray, tile: int | None = None) -> np.ndarray:
    raise no_link(network.model.name, WORDS)


def open(source: Source, path: Path | None, model: LoadedModel, reading: Reading) -> RawStack:
    """The stack as angles and phases that the model takes; where nobody else says which, the model decides."""
    decided = reading
    if reading.microscope is None:
        decided = replace(reading, angles=reading.angles or model.angles, phases=reading.phases or model.phases)
    try:
        stack = raw_stack(source, path, decided)
    except InputError:
        stack = raw_stack(source, path, reading)  # says what the file is, or what ails it
    return stack_of(stack, model)


def stack_of(array: Any, model: LoadedModel) -> RawStack:
    if not isinstance(array, RawStack):
        refuse_array(model.name, WORDS)
    if (array.pattern.angles, array.pattern.phases) != (model.angles, model.phases):
        raise OtherPattern(
            f"the model {model.name} takes {model.angles} angles x {model.phases} phases;"
            f" this stack has {array.pattern.angles} x {array.pattern.phases}",
            array.pattern,
        )
    return array


def survey(stack: RawStack, find: Callable[[Sharpest], Any] | None = None, known: Any = None) -> Survey:
    return surveyed(stack, find)


class Planes:
    """Every plane tile by tile, while the next window is being prepared."""

    def __init__(self, network: Network, stack: RawStack, survey: Survey, tile: int | None = None):
        model = network.model
        self._network, self._stack, self._scalings = network, stack, survey.scalings
        tile = tile or network.tile
        self._tiles = tiling.tiles(stack.array.shape[-2:], tile, model.receptive_field, model.alignment)

    @property
    def ticks(self) -> int:
        return len(self._tiles)

    def __call__(self, position: Position, into: np.ndarray, tick: Callable[[], None] = lambda: None) -> np.ndarray:
        raw, scaling = self._stack.raw(*position), self._scalings[position]
        for part, window in _one_ahead(self._windows(raw, scaling)):
            image = scaling.undo_gain(self._network.kept(window, part))
            into[tiling.magnified(part.place, self._network.model.scale)] = as_dtype(image, into.dtype)
            tick()
        return raw

    def _windows(self, raw: np.ndarray, scaling: Scaling) -> Iterator[tuple[tiling.Tile, np.ndarray]]:
        """What the network is given: normalised frames (y, x, frames) of every tile."""
        for part in self._tiles:
            yield part, np.ascontiguousarray(frames_from_raw(scaling.apply(raw[:, :, *part.window])))


def of_frames(network: Network, frames: np.ndarray, tile: int | None = None) -> np.ndarray:
    """One super-resolved image from the frames (y, x, frames) of one raw stack.

    Returns
    -------
    (scale * y, scale * x) float32 ndarray
        In the units of the frames, above background.

    Raises
    ------
    InputError
        If the frames are not as many as the model takes, not finite, or constant.
    """
    model = network.model
    if frames.shape[-1] != model.angles * model.phases:
        raise InputError(
            f"the model {model.name} takes {model.angles} angles x {model.phases} phases ="
            f" {model.angles * model.phases} frames; got {frames.shape[-1]}"
        )
    scaling = scaling_of(frames)
    return scaling.undo_gain(network.in_tiles(scaling.apply(frames), tile))


def of_pair(network: Network, pair: Pair, pattern: tuple[int, int] | None) -> np.ndarray:
    return of_frames(network, pair.frames)


def baselines(pair: Pair, recipe: Recipe) -> dict[str, np.ndarray]:
    from srredsim.data import baselines

    return baselines.of_frames(pair, recipe.data.angles, recipe.data.phases)


def _one_ahead(items: Iterator) -> Iterator:
    """The same items; the next one is prepared in a thread while the current one is used."""
    end = object()
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, items, end)
        while (item := following.result()) is not end:
            following = thread.submit(next, items, end)
            yield item


# Export


def graph(model: LoadedModel, images):
    offset, gain = _graph.scaling_of(images)
    return model.network((images - offset) / gain) * gain


def trial(network: Network, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    counts = rng.poisson(300, (2, network.model.angles, network.model.phases, 37, 52)) + 100
    counts[1] = 5 * counts[1] + 50
    raw = np.stack([frames_from_raw(stack) for stack in counts]).astype(np.float32)
    return raw, np.stack([of_frames(network, frames) for frames in raw])[..., None]
