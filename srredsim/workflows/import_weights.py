"""A published PyTorch checkpoint becomes ``model.keras``; with its recipe, a model to predict with."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import checkpoints, inputs, io, networks
from srredsim.checkpoints import predicts
from srredsim.checkpoints.keras_file import reserve
from srredsim.data import description
from srredsim.errors import InputError
from srredsim.schema import choice
from srredsim.zoo import models
from srredsim.zoo import recipe as recipes
from srredsim.zoo.recipe import Recipe

MODEL = "model.keras"
ZSCORES = ("zscore", "sim_zscore")


@dataclass(frozen=True)
class Trained:
    """How a network was trained.

    ``layers_give`` is what the layers of a denoiser predict, image or noise; left out: as the recipe says, or what a
    noisy test image speaks for. ``given`` is what it was given, z, z/255 or png/255; left out: z, if its recipe has
    z-scores. A note says if a noisy test image speaks against it.
    """

    layers_give: str | None = None
    given: str | None = None


def import_weights(
    path: str | Path,
    network: str | None,
    out: str | Path,
    overwrite: bool = False,
    recipe: Recipe | None = None,
    scale: int | None = None,
    trained: Trained | None = None,
) -> dict[str, Any]:
    """Write ``out/model.keras`` with the weights of a checkpoint; whole or not at all.

    Parameters
    ----------
    path, network
        As for `srredsim.checkpoints.read`; or the folder of a run of SR-CACO-2, which says what network it is.
    scale : int, optional
        By how much the network enlarges, where the tensors do not tell it; where they do, it must be that.
    recipe : Recipe, optional
        What the network was trained on, z-scores included; with it ``out`` becomes a model, as a training makes one.
    trained : Trained, optional
        What the network was given in its training, and what its layers give.

    Returns
    -------
    dict
        ``path``, ``network``, ``settings`` of its ``build``, number of ``parameters``, ``dead`` (names of tensors that
        never had an effect, left out), ``predicts`` (None if there is nothing to choose), ``notes``.

    Raises
    ------
    InputError
        As `srredsim.checkpoints.read`; if the result exists; if the recipe is of another network, or lacks what a
        prediction needs; if it has to be said what the layers give.
    """
    trained = trained or Trained()
    path, network, told = _found(Path(path), network, scale)
    if recipe and recipe.network["name"] != network:
        raise InputError(f"the recipe {recipe.name} is of the network {recipe.network['name']}, not of {network}")
    if recipe:
        untold = checkpoints.originals.original(network).untold
        follows = () if _at_any_scale(recipe) else ("scale",)  # else the checkpoint says it
        told = {key: value for key, value in recipe.network.items() if key in (*untold, *follows)} | told
    out = Path(out)
    with io.together(), ExitStack() as stack:
        names = [MODEL, *((models.WEIGHTS, models.RECIPE) if recipe else ())]
        unfinished, *beside = (stack.enter_context(io.atomic(out / name, overwrite)) for name in names)
        model, settings, dead = checkpoints.read(path, network, told)
        wanted = trained.layers_give or (recipe.network.get("predicts") if recipe else None)
        given = trained.given or ("z" if recipe and recipe.data.normalise == "dataset" else None)
        model, chosen, notes = _of_images(model, network, settings, wanted, given)
        reserve(model, unfinished)
        model.save(unfinished)
        if recipe:
            recipe = _at_scale(recipe, settings["scale"]) if _at_any_scale(recipe) else recipe
            described = settings | ({"predicts": chosen} if chosen else {})
            _refuse_another(recipe, network, described)
            _complete(model, replace(recipe, name=out.name, network={"name": network, **described}), path, *beside)
    parameters = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return {
        "path": str(out / MODEL),
        "network": network,
        "settings": settings,
        "parameters": parameters,
        "dead": dead,
        "predicts": chosen,
        "notes": notes,
    }


def _found(path: Path, network: str | None, scale: int | None) -> tuple[Path, str, dict[str, Any]]:
    """The file of the checkpoint, its network, and what was said of it, be it by its run folder."""
    asked = {} if scale is None else {"scale": scale}
    if not path.is_dir():
        if network is None:
            known = ", ".join(checkpoints.originals.names())
            raise InputError(f"{path} does not say what network it is of; give `network`: {known}")
        return path, network, asked
    run = checkpoints.read_run(path)
    for name, wanted, found in (("network", network, run.network), ("scale", scale, run.given.get("scale", scale))):
        if wanted not in (None, found):
            raise InputError(f"{path} is a run of the {name} {found}; {wanted} was asked for")
    return run.checkpoint, run.network, run.given | asked


def trained_by(
    name: str | Path | None,
    data: str | Path | None = None,
    settings: Sequence[str] = (),
    given: str | None = None,
) -> Recipe | None:
    """The recipe of a checkpoint; z-scores that it lacks are those of a data set.

    Parameters
    ----------
    name
        Name of a recipe, as `srredsim.zoo.recipe.load` takes it; None: no recipe, and nothing else may be given.
    data
        Name or folder of the data set by whose z-scores the network was trained; of a layout, as ``w2s``, the published
        ones, without any data.
    settings
        ``key=value`` of the recipe, which have the last word.
    given : {"z", "z/255", "png/255"}, optional
        What the network was given: z-scores (if left out), these over 255, or the values of 8-bit images over 255.
    """
    if name is None:
        if data or settings or given:
            raise InputError("`data`, `given` and `set` are for the recipe of the checkpoint; give `recipe`, too")
        return None
    named = [f"data.name={json.dumps(str(data))}"] if data else []
    recipe = recipes.load(name, [*named, *settings])
    if given and recipe.data.normalise != "dataset":
        raise InputError(
            f"`given` is of z-scores; the recipe {recipe.name} has data.normalise: {recipe.data.normalise}"
        )
    known = _known(recipe, data, given)
    zscores: dict[str, Any] = {key: getattr(recipe.data, key) or known.get(key) for key in ZSCORES}
    return replace(recipe, data=replace(recipe.data, **zscores))


def _known(recipe: Recipe, data: str | Path | None, given: str | None) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation by which the images are made what the network was given, as far as they are told."""
    if given == "png/255":
        return dict.fromkeys(ZSCORES, (0.0, 255.0))
    if data is None:
        return {}
    times = 255.0 if given == "z/255" else 1.0
    described = description.of(data)
    if described.shipped and described.reader.published:
        return {key: (mean, times * std) for key, (mean, std) in described.reader.published(described).items()}
    found = inputs.module(recipe.data.input).with_constants(recipe).data
    constants = {key: getattr(found, key) for key in ZSCORES}
    return {key: (pair[0], times * pair[1]) for key, pair in constants.items() if pair}


def _of_images(
    model, network: str, settings: dict[str, int], wanted: str | None, given: str | None
) -> tuple[Any, str | None, list[str]]:
    """The model whose output is the image, what its layers predict, and what is to be said of that."""
    denoises = network in networks.names() and models.scale_of(model) == 1
    usual = predicts.default_of(network) if denoises else None
    if usual is None:
        if wanted:
            raise InputError(
                f"`layers_give` is of denoisers that are published both ways; {network} is none, leave it out"
            )
        return model, None, []
    if wanted:
        choice("predicts", wanted, predicts.PREDICTS)
    channels = model.input_shape[-1]
    trial = predicts.tried(lambda images: model.predict_on_batch(np.repeat(images, channels, -1)))
    errors = f"a noisy test image gets errors of {trial.errors_of('image', usual)} as the image and"
    errors += f" {trial.errors_of('noise', usual)} as the noise, shares of its contrast"
    found = trial.speaks_for(usual)
    if not (wanted or found):
        raise InputError(
            f"whether the layers of {network} give the image or the noise cannot be told: {errors}; say `layers_give`"
        )
    chosen, notes = wanted or found, []
    if found and wanted is None:
        notes.append(f"it predicts the {found}: {errors}")
    elif found and wanted != found:
        notes.append(f"it was said to predict the {wanted}, but {errors}")
    if found and given and trial.doubts(given):
        notes.append(f"on a noisy test image it does better when given {trial.inputs} instead of {given}: see `given`")
    if chosen != usual:
        weights = model.get_weights()
        model = networks.build(network, **settings, predicts=chosen)
        model.set_weights(weights)
    return model, chosen, notes


def _at_any_scale(recipe: Recipe) -> bool:
    """Whether its data have several scales, of which it names one."""
    return recipe.data.options.get("scale") is not None


def _at_scale(recipe: Recipe, scale: int) -> Recipe:
    """The same at another scale."""
    content = recipe.as_dict()
    content["data"]["scale"] = content["network"]["scale"] = scale
    return recipes.from_dict(content)


def _refuse_another(recipe: Recipe, network: str, settings: Mapping[str, int | str]) -> None:
    """What the recipe says of its network is true of the one that was found."""
    defaults = {key: p.default for key, p in inspect.signature(networks.module(network).build).parameters.items()}
    found = defaults | dict(settings)
    for key, value in recipe.network.items():
        if key != "name" and found.get(key) != value:
            raise InputError(
                f"the recipe {recipe.name} is of another {network}: its {key} is {value}, that of the checkpoint"
                f" {found.get(key)}; name the recipe that it was trained by, or set network.{key}={found.get(key)}"
            )


def _complete(model, recipe: Recipe, checkpoint: str | Path, weights: Path, written: Path) -> None:
    """Recipe and weights as a training leaves them."""
    models.check(recipe, model)
    reserve(model, weights)
    model.save_weights(weights)
    header = f"Weights: imported from {Path(checkpoint).name}, not trained by this recipe here."
    written.write_text(recipes.as_text(recipe, header), encoding="utf-8")
