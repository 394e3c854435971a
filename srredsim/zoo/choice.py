"""Which engine computes a model fastest on this machine, as a trial found; what it found is kept in the cache.

A trial costs the start of every engine, some ten seconds with TensorFlow. Work that would be done before is not tried:
it takes what starts fastest.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np

from srredsim import engines, io, keras_start
from srredsim.errors import InputError
from srredsim.zoo import models, portable
from srredsim.zoo import recipe as recipes
from srredsim.zoo.models import LoadedModel
from srredsim.zoo.precision import gpu_compute_capability, processor, resolve

AUTO = "auto"
FIRST = "first"  # what starts fastest, whatever a trial found: Keras only where nothing else computes the model
PREFERRED = ("openvino", "onnxruntime")  # before the backend of Keras: what starts fastest first
WORTH_S = 60.0  # in the network, as expected: work above it is worth a trial
TRIED, ROUNDS = 128, 3  # input pixels on a side of what is computed in a trial, and how often
GUESSED = 64  # input pixels on a side of what is computed to guess how long work will take
SLOWEST_S = 1e-3  # for a raw pixel, more than any network takes: where that is too little, nothing is guessed


def load(name_or_folder: str | Path, precision: str = "auto", engine: str = AUTO) -> LoadedModel:
    """`srredsim.zoo.models.load` for an engine, or that which a trial has found to be the fastest, or starts first.

    ``engine`` may be `AUTO` or `FIRST`, too.

    Raises
    ------
    InputError
        Also if no installed engine has this precision.
    """
    if engine not in (AUTO, FIRST):
        return models.load(name_or_folder, precision, engine)
    folder = models.find(name_or_folder)
    choices = _choices(folder, precision)
    found = {} if engine == FIRST else _remembered(folder)
    best = min(choices, key=lambda choice: found.get("/".join(choice), np.inf))  # the first, where nothing is known
    return models.load(folder, best[1], best[0])


def settled(model: LoadedModel, precision: str, pixels: int) -> tuple[LoadedModel, str | None]:
    """The model again, for the engine that is worth while for so many raw pixels, and what is to be said of that.

    There may be a trial now.
    """
    if SLOWEST_S * pixels < WORTH_S:
        return model, None
    choices = _choices(model.folder, precision)
    if len(choices) < 2 or _remembered(model.folder) or _seconds_a_pixel(model, GUESSED, 1) * pixels < WORTH_S:
        return model, None
    found = {"/".join(choice): _seconds_a_pixel(models.load(model.folder, *choice[::-1])) for choice in choices}
    best = min(choices, key=lambda choice: found["/".join(choice)])
    return models.load(model.folder, best[1], best[0]), _keep(_path(model.folder), found)


def _keep(path: Path, found: dict[str, float]) -> str | None:
    """Write what a trial found; where that cannot be kept, why."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with io.atomic(path, overwrite=True) as unfinished:
            unfinished.write_text(json.dumps(_machine() | {"seconds_a_pixel": found}, indent=2) + "\n")
    except (OSError, InputError) as problem:
        why = getattr(problem, "strerror", None) or problem
        return f"which engine is fastest was tried, but cannot be kept: {path}: {why}"
    return None


def _choices(folder: Path, precision: str) -> list[tuple[str, str]]:
    """(engine, precision), what starts fastest first; where a GPU or `KERAS_BACKEND` says it, Keras alone."""
    resolve(precision)  # there may be no such precision
    names = [keras_start.backend()]
    chosen = keras_start.BACKEND in os.environ or gpu_compute_capability() is not None
    if not chosen and portable.find(folder, recipes.load(folder)):
        names = [*filter(engines.installed, PREFERRED), *names]
    choices = list(_precise(names, precision))
    if not choices:
        raise InputError(f"`precision={precision!r}` is none of {names[-1]}; leave it out")
    return choices


def _precise(names: list[str], precision: str) -> Iterator[tuple[str, str]]:
    for name in names:
        has = engines.module(name).precisions()
        if precision == "auto" or precision in has:
            yield name, has[0] if precision == "auto" else precision


def _seconds_a_pixel(model: LoadedModel, side: int = TRIED, rounds: int = ROUNDS) -> float:
    """Time of the fastest round, after one that does not count."""
    side = -(-side // model.alignment) * model.alignment * model.sampling
    images = np.random.default_rng(0).random((1, side, side, model.channels)).astype(np.float32)
    images_of, seconds = engines.open(model), []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        images_of(images)
        seconds.append(time.perf_counter() - started)
    return min(seconds[1:]) / (side // model.sampling) ** 2


def _remembered(folder: Path) -> dict[str, float]:
    """What a trial on this machine found, by ``engine/precision``; empty without one."""
    told = portable.remembered(_path(folder))
    found = told.get("seconds_a_pixel")
    if not isinstance(found, dict) or {key: told.get(key) for key in _machine()} != _machine():
        return {}
    return {name: seconds for name, seconds in found.items() if isinstance(seconds, float)}


def _path(folder: Path) -> Path:
    return portable.kept(portable.fingerprint(folder, recipes.load(folder))) / "trial.json"


def _machine() -> dict:
    """What a trial depends on."""
    found = [name for name in (*PREFERRED, keras_start.backend()) if engines.installed(name)]
    return {"processor": processor(), "system": platform.system(), "versions": {name: version(name) for name in found}}
