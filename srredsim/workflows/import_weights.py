"""A published PyTorch checkpoint becomes ``model.keras``; with its recipe, a model to predict with."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import checkpoints, inputs, io, networks
from srredsim.checkpoints.keras_file import reserve
from srredsim.errors import InputError
from srredsim.zoo import models
from srredsim.zoo import recipe as recipes
from srredsim.zoo.recipe import Recipe

MODEL = "model.keras"


def import_weights(
    path: str | Path,
    network: str | None,
    out: str | Path,
    overwrite: bool = False,
    recipe: Recipe | None = None,
    scale: int | None = None,
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

    Returns
    -------
    dict
        ``path``, ``network``, ``settings`` of its ``build``, number of ``parameters``, ``dead`` (names of tensors that
        never had an effect, left out).

    Raises
    ------
    InputError
        As `srredsim.checkpoints.read`; if the result exists; if the recipe is of another network, or lacks what a
        prediction needs.
    """
    path, network, given = _found(Path(path), network, scale)
    if recipe and recipe.network["name"] != network:
        raise InputError(f"the recipe {recipe.name} is of the network {recipe.network['name']}, not of {network}")
    if recipe:
        untold = checkpoints.originals.original(network).untold
        given = {key: value for key, value in recipe.network.items() if key in (*untold, "scale")} | given
    out = Path(out)
    with io.together(), ExitStack() as stack:
        names = [MODEL, *((models.WEIGHTS, models.RECIPE) if recipe else ())]
        unfinished, *beside = (stack.enter_context(io.atomic(out / name, overwrite)) for name in names)
        model, settings, dead = checkpoints.read(path, network, given)
        reserve(model, unfinished)
        model.save(unfinished)
        if recipe:
            _refuse_another(recipe, network, settings)
            _complete(model, replace(recipe, name=out.name, network={"name": network, **settings}), path, *beside)
    parameters = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return {"path": str(out / MODEL), "network": network, "settings": settings, "parameters": parameters, "dead": dead}


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


def trained_by(name: str | Path | None, data: str | Path | None = None, settings: Sequence[str] = ()) -> Recipe | None:
    """The recipe of a checkpoint; z-scores that it lacks are those of a data set.

    Parameters
    ----------
    name
        Name of a recipe, as `srredsim.zoo.recipe.load` takes it; None: no recipe, and nothing else may be given.
    data
        Name or folder of the data set by whose z-scores the network was trained.
    settings
        ``key=value`` of the recipe, which have the last word.
    """
    if name is None:
        if data or settings:
            raise InputError("`data` and `set` are for the recipe of the checkpoint; give `recipe`, too")
        return None
    named = [f"data.name={json.dumps(str(data))}"] if data else []
    recipe = recipes.load(name, [*named, *settings])
    known = inputs.module(recipe.data.input).with_constants(recipe).data if data else recipe.data
    zscores = {key: getattr(recipe.data, key) or getattr(known, key) for key in ("zscore", "sim_zscore")}
    return replace(recipe, data=replace(recipe.data, **zscores))


def _refuse_another(recipe: Recipe, network: str, settings: dict[str, int]) -> None:
    """What the recipe says of its network is true of the one that was found."""
    defaults = {key: p.default for key, p in inspect.signature(networks.module(network).build).parameters.items()}
    found = defaults | settings
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
