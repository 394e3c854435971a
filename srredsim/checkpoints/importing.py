"""A published PyTorch checkpoint becomes a Keras model."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import discriminators, networks
from srredsim.checkpoints import originals
from srredsim.checkpoints.counterparts import LARGEST_SETTING, Counterpart, Original, Shapes
from srredsim.checkpoints.torch_file import read_tensors
from srredsim.errors import InputError

COUNTERS = ".num_batches_tracked"  # part of PyTorch's batch normalisations; Keras has none
SHOWN = 5  # mismatching tensors in a message


def read(path: str | Path, network: str, given: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any], list[str]]:
    """The Keras model of a checkpoint, see `filled`.

    Parameters
    ----------
    path : path
        What ``torch.save`` wrote: tensors by name, or a whole module. It is read, not run, and without PyTorch.
    network : str
        Which network it is, one of `srredsim.checkpoints.originals`; depth, width and scale are found in it.
    given : dict, optional
        Settings of its `build`: those that the tensors do not tell; the others must be as they are in the checkpoint.

    Raises
    ------
    InputError
        If there is no such network, if the file cannot be read safely, if it is of another architecture (the message
        has the first tensors that differ) or of other settings than those given, if a setting has to be given, or if a
        weight is not finite.
    """
    original = originals.original(network)
    try:
        return filled(network, _renamed(read_tensors(path), original.first), given)
    except InputError as problem:
        raise InputError(f"{path}: {problem}") from None


def filled(
    network: str, tensors: dict[str, np.ndarray], given: dict[str, Any] | None = None
) -> tuple[Any, dict[str, Any], list[str]]:
    """The Keras model with these weights, the settings it was built with, and the names of tensors without effect."""
    original = originals.original(network)
    pattern = original.dead
    if not isinstance(pattern, str):
        pattern = pattern(Shapes((name, array.shape) for name, array in tensors.items()))
    dead = [name for name in tensors if re.match(pattern, name)]
    live = {name: array for name, array in tensors.items() if name not in set(dead)}
    shapes = Shapes((name, array.shape) for name, array in live.items())
    settings = _completed(network, original, _settings(network, original, shapes), given or {})
    kind = networks if network in networks.names() else discriminators
    model = kind.build(network, **settings)
    counterparts = list(original.counterparts(model, settings))
    _compare(network, settings, counterparts, shapes)
    for counterpart in counterparts:
        _assign(counterpart, live[counterpart.tensor])
    return model, settings, dead


def _renamed(tensors: dict[str, np.ndarray], first: str | tuple[str, ...]) -> dict[str, np.ndarray]:
    """Without counters, and without the prefix that wrappers such as ``module.`` put before all names."""
    tensors = {name: array for name, array in tensors.items() if not name.endswith(COUNTERS)}
    firsts = (first,) if isinstance(first, str) else first
    prefix = next((name[: -len(one)] for one in firsts for name in tensors if name.endswith(f".{one}")), "")
    if any(one in tensors for one in firsts) or not all(name.startswith(prefix) for name in tensors):
        return tensors
    return {name[len(prefix) :]: array for name, array in tensors.items()}


def _settings(network: str, original: Original, shapes: Shapes) -> dict[str, Any]:
    try:
        settings = original.settings(shapes)
    except InputError as problem:
        there = ", ".join(f"{name[:60]} {shape}" for name, shape in list(shapes.items())[:SHOWN])
        raise InputError(f"is not a checkpoint of {network}: {problem}; its first tensors are {there}") from None
    if wrong := {name: value for name, value in settings.items() if value is not None and not _plausible(value)}:
        would = ", ".join(f"{name} {value}" for name, value in wrong.items())
        raise InputError(f"is not a checkpoint of {network}: its tensors would mean {would}")
    return settings


def _completed(network: str, original: Original, told: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """With what was given where the tensors do not tell it; what they tell, or what is always so, must be the same."""
    settings = dict(told)
    kind = networks if network in networks.names() else discriminators
    always = {name: one.default for name, one in inspect.signature(kind.module(network).build).parameters.items()}
    for name, value in given.items():
        if name in original.untold or told.get(name, "") is None:
            settings[name] = value
        elif (known := told.get(name, always.get(name))) != value:
            raise InputError(f"is of a {network} whose {name} is {known}; {value} was asked for")
    for name in (name for name, value in settings.items() if value is None):
        raise InputError(f"could be of any {name}: the tensors of {network} do not tell it; give `{name}`")
    return settings


def _plausible(value: int | list[int]) -> bool:
    return all(1 <= number <= LARGEST_SETTING for number in (value if isinstance(value, list) else [value]))


def _compare(network: str, settings: dict[str, Any], counterparts: list[Counterpart], shapes: Shapes) -> None:
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
