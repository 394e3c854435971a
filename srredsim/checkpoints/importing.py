"""A published PyTorch checkpoint becomes ``model.keras``; with its recipe, a model to predict with."""

from __future__ import annotations

import inspect
import re
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import discriminators, io, models, networks
from srredsim import recipe as recipes
from srredsim.checkpoints.mapping import DISCRIMINATORS, LARGEST_SETTING, ORIGINALS, Counterpart, Original, Shapes
from srredsim.checkpoints.torch_file import read_tensors
from srredsim.errors import InputError
from srredsim.recipe import Recipe
from srredsim.resources import unknown

MODEL = "model.keras"
COUNTERS = ".num_batches_tracked"  # of PyTorch's batch normalisations; Keras has none
KNOWN = ORIGINALS | DISCRIMINATORS
SHOWN = 5  # mismatching tensors in a message


def import_weights(
    path: str | Path, network: str, out: str | Path, overwrite: bool = False, recipe: Recipe | None = None
) -> dict[str, Any]:
    """Write ``out/model.keras`` with the weights of a checkpoint; whole or not at all.

    Parameters
    ----------
    path : path
        What ``torch.save`` wrote: tensors by name, or a whole module. It is read, not run, and without PyTorch.
    network : str
        Which network it is, one of `KNOWN`, networks and discriminators; depth, width and scale are found in it.
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
        If there is no such network, if the file cannot be read safely, if it is of another architecture (the message
        has the first tensors that differ), if a weight is not finite, or if the result exists; if the recipe is of
        another network, or lacks what a prediction needs.
    """
    if network not in KNOWN:
        raise InputError(unknown("network to import weights for", network, sorted(KNOWN)))
    if recipe and recipe.network["name"] != network:
        raise InputError(f"the recipe {recipe.name} is of the network {recipe.network['name']}, not of {network}")
    out = Path(out)
    with ExitStack() as stack:
        names = [MODEL, *((models.WEIGHTS, models.RECIPE) if recipe else ())]
        unfinished, *beside = (stack.enter_context(io.atomic(out / name, overwrite)) for name in names)
        try:
            tensors = _renamed(read_tensors(path), KNOWN[network].first)
            model, settings, dead = filled(network, tensors)
        except InputError as problem:
            raise InputError(f"{path}: {problem}") from None
        model.save(unfinished)
        if recipe:
            _refuse_another(recipe, network, settings)
            _complete(model, replace(recipe, name=out.name, network={"name": network, **settings}), path, *beside)
    parameters = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return {"path": str(out / MODEL), "network": network, "settings": settings, "parameters": parameters, "dead": dead}


def _refuse_another(recipe: Recipe, network: str, settings: dict[str, int]) -> None:
    """What the recipe says of its network is true of the one that was found."""
    defaults = {key: p.default for key, p in inspect.signature(networks.module(network).build).parameters.items()}
    found = defaults | settings
    for key, value in recipe.network.items():
        if key != "name" and found.get(key) != value:
            raise InputError(
                f"the recipe {recipe.name} is of another {network}: its {key} is {value}, that of the checkpoint"
                f" {found.get(key)}; name the recipe that it was trained by, or --set network.{key}={found.get(key)}"
            )


def _complete(model, recipe: Recipe, checkpoint: str | Path, weights: Path, written: Path) -> None:
    """Recipe and weights as a training leaves them."""
    models.check(recipe, model)
    named = weights.with_suffix(".weights.h5")  # Keras takes no other ending
    model.save_weights(named)
    named.replace(weights)
    recipes.save(recipe, written, f"Weights: imported from {Path(checkpoint).name}, not trained by this recipe here.")


def filled(network: str, tensors: dict[str, np.ndarray]) -> tuple[Any, dict[str, int], list[str]]:
    """The Keras model with these weights, the settings it was built with, and the names of tensors without effect."""
    original = KNOWN[network]
    dead = [name for name in tensors if re.match(original.dead, name)]
    live = {name: array for name, array in tensors.items() if name not in set(dead)}
    shapes = Shapes((name, array.shape) for name, array in live.items())
    settings = _settings(network, original, shapes)
    kind = discriminators if network in DISCRIMINATORS else networks
    model = kind.build(network, **settings)
    counterparts = list(original.counterparts(model, settings))
    _compare(network, settings, counterparts, shapes)
    for counterpart in counterparts:
        _assign(counterpart, live[counterpart.tensor])
    return model, settings, dead


def _renamed(tensors: dict[str, np.ndarray], first: str) -> dict[str, np.ndarray]:
    """Without counters, and without the prefix that wrappers such as ``module.`` put before all names."""
    tensors = {name: array for name, array in tensors.items() if not name.endswith(COUNTERS)}
    prefix = next((name[: -len(first)] for name in tensors if name.endswith(f".{first}")), "")
    if first in tensors or not all(name.startswith(prefix) for name in tensors):
        return tensors
    return {name[len(prefix) :]: array for name, array in tensors.items()}


def _settings(network: str, original: Original, shapes: Shapes) -> dict[str, int]:
    try:
        settings = original.settings(shapes)
    except InputError as problem:
        there = ", ".join(f"{name[:60]} {shape}" for name, shape in list(shapes.items())[:SHOWN])
        raise InputError(f"is not a checkpoint of {network}: {problem}; its first tensors are {there}") from None
    if wrong := {name: value for name, value in settings.items() if not 1 <= value <= LARGEST_SETTING}:
        raise InputError(f"is not a checkpoint of {network}: its tensors would mean {wrong}")
    return settings


def _compare(network: str, settings: dict[str, int], counterparts: list[Counterpart], shapes: Shapes) -> None:
    expected = {counterpart.tensor: counterpart.shape for counterpart in counterparts}
    differing = [
        f"{name} {shapes[name]} should be {shape}" if name in shapes else f"{name} {shape} is missing"
        for name, shape in expected.items()
        if shapes.get(name) != shape
    ]
    differing += [
        f"{name[:60]} {shape} is not of this network" for name, shape in shapes.items() if name not in expected
    ]
    if differing:
        more = f"; and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
        built = ", ".join(f"{name} {value}" for name, value in settings.items())
        first = "; ".join(differing[:SHOWN])
        raise InputError(f"does not fit {network} ({built}): {first}{more}")


def _assign(counterpart: Counterpart, tensor: np.ndarray) -> None:
    if not np.issubdtype(tensor.dtype, np.floating):
        raise InputError(f"has whole numbers ({tensor.dtype}) in {counterpart.tensor}, where weights should be")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
        weight = counterpart.convert(tensor.astype(np.float32))
    if not np.isfinite(weight).all():
        raise InputError(
            f"has values that are not finite in {counterpart.tensor}; the file is damaged, or its training failed"
        )
    counterpart.weight.assign(weight)
