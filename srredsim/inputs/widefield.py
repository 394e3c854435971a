"""One widefield image, to be denoised or to be given more pixels: ``data.input: widefield``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srredsim.acquisition import Pattern, Position, RawStack
from srredsim.errors import InputError
from srredsim.inputs import OtherPattern, _graph
from srredsim.io.image import as_dtype
from srredsim.io.plain import checked, plain_images
from srredsim.normalise import SCALINGS, Scaling
from srredsim.reconstruction.survey import Sharpest, Survey

if TYPE_CHECKING:
    from srredsim.acquisition import Optics
    from srredsim.data.catalogue import DataSet
    from srredsim.data.pairs import Pair, Pairs
    from srredsim.io import Reading
    from srredsim.io.source import Source
    from srredsim.zoo.models import LoadedModel
    from srredsim.zoo.recipe import Data, Recipe
    from srredsim.zoo.windows import Network

WORDS = "widefield images"
OF_STACKS = False
WITH_STRIPES = False
INPUT_NAME = "widefield"
SMALLEST_SIDE = 16  # pixels
GREY_LEVELS = 0.0, 255.0  # offset and gain of 8-bit images as 0 ... 1
SCENE_SIZE = 128  # pixels, at least, of leaves and of dense scenes: their noise is measured in them


def check_data(data: Data) -> None:
    if (data.leaves or data.dense) and data.normalise == "dataset":
        name = "leaves" if data.leaves else "dense"
        raise InputError(f"data.{name} is for data.input: widefield with data.normalise: image or noise; leave it out")


def check(recipe: Recipe, channels_in: int, scale: int) -> None:
    """Any scale will do: how many pixels the truth has, the data set knows."""
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
    if data.leaves and split == "train":
        return _with_leaves(recipe, opened)
    return _with_dense(recipe, opened, split) if data.dense else opened


def with_constants(recipe: Recipe) -> Recipe:
    """The recipe with the z-scores of its data set, which a prediction will need."""
    if recipe.data.normalise != "dataset":
        return recipe
    zscores = examples(recipe, "train").pairs.zscores
    constants: dict[str, Any] = {name: (z.offset, z.gain) for name, z in zscores.items()}
    return replace(recipe, data=replace(recipe.data, **constants))


def _painted(key: str, opened: DataSet) -> str:
    """Truth of painted scenes that stand beside the pairs of a data set: the image without noise, or the SIM image."""
    from srredsim.optics.sampling import SCALE

    scale = opened.pairs.scale
    if scale not in (1, SCALE):
        raise InputError(
            f"data.{key} is painted with a truth of 1 or {SCALE} times the pixels, and these pairs have {scale} times;"
            " leave it out"
        )
    return "average" if scale == 1 else "sim"


def _with_leaves(recipe: Recipe, opened: DataSet) -> DataSet:
    from srredsim.data.caco2.leaves import LeafScans
    from srredsim.data.caco2.patches import Patches
    from srredsim.data.leaves import LeafPairs
    from srredsim.data.pairs import Extended

    data = recipe.data
    count = round(len(opened.pairs) * data.leaves / (1 - data.leaves))
    leaves: Pairs
    if isinstance(opened.pairs, Patches):
        leaves = LeafScans(count, data.crop, opened.pairs.scale, data.normalise, recipe.seed)
    else:
        target = _painted("leaves", opened)
        leaves = LeafPairs(count, max(data.crop, SCENE_SIZE), target, data.normalise, recipe.seed)
    return replace(opened, pairs=Extended(opened.pairs, leaves))


def _with_dense(recipe: Recipe, opened: DataSet, split: str) -> DataSet:
    """Dense scenes: behind the others for a training, their share of the first pairs for a validation."""
    from srredsim.data.dense import DensePairs, DenseSeries
    from srredsim.data.pairs import Extended

    data, seed = recipe.data, recipe.seed
    if split not in ("train", "validation"):
        return opened
    target = _painted("dense", opened)
    if split == "train":
        count = round(len(opened.pairs) * data.dense / (1 - data.dense))
        dense = DensePairs(DenseSeries(seed, count, max(data.crop, SCENE_SIZE), target, data.normalise))
        return replace(opened, pairs=Extended(opened.pairs, dense))
    count = round(data.validation_count * data.dense)
    dense = DensePairs(DenseSeries(seed + 1, count, SCENE_SIZE, target, data.normalise))
    return replace(opened, pairs=Extended(dense, opened.pairs))


def tested_on(recipe: Recipe) -> str:
    return recipe.data.name


def scored(
    model: LoadedModel,
    data: str | Path,
    split: str,
    pattern: tuple[int, int] | None,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Pairs]:
    if options:
        raise InputError(f"{model.name} takes {WORDS}, of no microscope with stripes; leave out `{', '.join(options)}`")
    if pattern:
        raise InputError(f"{model.name} takes {WORDS}, which have no `pattern`; leave it out")
    recipe = replace(model.recipe, data=replace(model.recipe.data, name=str(data)))
    return {recipe.data.input: examples(recipe, split).pairs}


def compared_with(scale: int) -> tuple[str, ...]:
    return ("widefield",) if scale == 1 else ("widefield (Fourier)", "widefield (bicubic)")


# Prediction


def check_reading(taker: str, reading: Reading) -> None:
    reading.refuse_of_stacks(taker)


def check_link(name: str) -> None:
    """Any is welcome."""


def shown_as(scale: int) -> str:
    return "noisy" if scale == 1 else "widefield"


def open(source: Source, path: Path | None, model: LoadedModel, reading: Reading) -> RawStack:
    return plain_images(source, path, reading, SMALLEST_SIDE)


def stack_of(array: Any, model: LoadedModel) -> RawStack:
    """Images (..., y, x) as planes of z, or what has one angle and phase already."""
    if not isinstance(array, RawStack):
        images = np.asarray(array)
        if images.ndim < 2 or min(images.shape[-2:]) < SMALLEST_SIDE:
            raise InputError(
                f"the model {model.name} takes images (y, x) of at least {SMALLEST_SIDE} x {SMALLEST_SIDE} pixels, or"
                f" many as (..., y, x); got the shape {images.shape}"
            )
        return RawStack(images.reshape(1, 1, -1, 1, 1, *images.shape[-2:]), Pattern(1, 1))
    if array.pattern.frames != 1:
        raise OtherPattern(
            f"the model {model.name} takes widefield images; this is a raw stack of {array.pattern.angles} angles x"
            f" {array.pattern.phases} phases",
            array.pattern,
        )
    return array


def survey(stack: RawStack, find: Callable[[Sharpest], Any] | None = None, known: Any = None) -> Survey:
    """Nothing: every plane is looked at, and normalised, by itself."""
    return Survey()


class Planes:
    """Every plane by itself; brightness stays comparable, because its normalisation is undone."""

    ticks = 1

    def __init__(self, network: Network, stack: RawStack, survey: Survey, tile: int | None = None):
        self._network, self._stack, self._tile = network, stack, tile

    def __call__(self, position: Position, into: np.ndarray, tick: Callable[[], None] = lambda: None) -> np.ndarray:
        raw = self._stack.raw(*position)
        try:
            image = of_plane(self._network, checked(raw[0, 0]), self._tile)
        except InputError as problem:
            raise InputError(self._stack.refused(position, problem)) from None
        into[:] = as_dtype(image, into.dtype)
        tick()
        return raw


def notes(recipe: Recipe) -> list[str]:
    return [*_inferred(recipe), *_units(recipe)]


def _inferred(recipe: Recipe) -> list[str]:
    """One image shows nothing beyond the cut-off of the lens: whoever makes a SIM image of it has guessed."""
    if recipe.data.target != "sim":
        return []
    return [
        f"warning: {recipe.name} infers detail finer than the lens shows from the shapes that it was trained on, and"
        " may draw what is not there"
    ]


def _units(recipe: Recipe) -> list[str]:
    if recipe.data.normalise != "dataset":
        return []
    mean, std = recipe.data.zscore
    if (mean, std) == GREY_LEVELS:
        return [f"{recipe.name} expects grey levels from 0 to {std:.0f}, as an 8-bit image has"]
    return [f"{recipe.name} expects counts as those of its data set: mean {mean:.4g}, standard deviation {std:.4g}"]


def of_plane(network: Network, image: np.ndarray, tile: int | None = None) -> np.ndarray:
    """(y, x) of any unit -> (scale * y, scale * x) float32.

    A denoised image is in the units of the input. A super-resolved one, too, but above background; unless its model was
    trained on z-scores of the SIM images: then it is in the units of those.

    Raises
    ------
    InputError
        If a pixel is not finite, or all are the same.
    """
    data = network.model.recipe.data
    frames = np.asarray(image, np.float32)[..., None]
    scaling = Scaling(*data.zscore) if data.normalise == "dataset" else SCALINGS[data.normalise](frames)
    result = network.in_tiles(scaling.apply(frames), tile)
    if data.target == "average":
        return scaling.undo(result)
    return Scaling(*data.sim_zscore).undo(result) if data.normalise == "dataset" else scaling.undo_gain(result)


def of_pair(network: Network, pair: Pair, pattern: tuple[int, int] | None) -> np.ndarray:
    """In the units of its data set, as the truth is."""
    return network.in_tiles(pair.normalised()[0])


def baselines(pair: Pair, recipe: Recipe) -> dict[str, np.ndarray]:
    from srredsim.data import baselines

    return baselines.of_plane(pair.frames[..., 0], pair.scale)


# Export


def graph(model: LoadedModel, images):
    data = model.recipe.data
    if data.normalise == "dataset":
        offset, gain = data.zscore
    else:
        offset, gain = {"image": _graph.scaling_of, "noise": _graph.noise_scaling_of}[data.normalise](images)
    image = model.network((images - offset) / gain)
    if data.target == "average":
        return image * gain + offset
    if data.normalise == "dataset":
        offset, gain = data.sim_zscore
        return image * gain + offset
    return image * gain


def trial(network: Network, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    images = (rng.poisson(300, (2, 37, 52)) + 100).astype(np.float32) * np.float32([[[1]], [[5]]])
    return images[..., None], np.stack([of_plane(network, image) for image in images])[..., None]
