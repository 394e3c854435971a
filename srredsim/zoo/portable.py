"""A network as an ONNX file: what the engines compute that need neither Keras nor TensorFlow.

Beside the file are the facts of the network that tiling has to know, and a seal on all of it: where the weights or
settings of the model have changed since, or one of these files is damaged, it is not taken.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from srredsim import documents, io
from srredsim.errors import InputError
from srredsim.resources import cache_folder
from srredsim.zoo.identity import WEIGHTS

if TYPE_CHECKING:
    from srredsim.zoo.models import LoadedModel
    from srredsim.zoo.recipe import Recipe

NETWORK, FACTS = "network.onnx", "network.json"


@dataclass(frozen=True)
class Facts:
    """What tiling has to know of a network, in pixels of its input."""

    receptive_field: int  # context on each side
    alignment: int  # to whose multiples tiles are moved
    largest_window: float  # on a side, that memory allows
    sees_all: bool  # of what it is given


@dataclass(frozen=True)
class Portable:
    path: Path  # of the ONNX file
    channels: int  # of its input
    scale: int  # output pixels per input pixel
    facts: Facts


def find(folder: Path, recipe: Recipe) -> Portable | None:
    """That of a model: shipped in its folder, or made here before; None if there is none that is whole and its own."""
    print_ = fingerprint(folder, recipe)
    for home in (folder, kept(print_)):
        path = home / NETWORK
        if path.is_file() and (told := remembered(home / FACTS)):
            seal = told.pop("seal", None)
            if seal == _seal(print_, told, path):
                return _told(path, told)
    return None


def remembered(path: Path) -> dict:
    """What a JSON file holds that can be made again; nothing where there is none, or it is damaged."""
    try:
        told = documents.read_json(path)
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _seal(fingerprint: str, told: dict, path: Path) -> str:
    """Hash of what a network was made of, of its facts, and of its file."""
    digest = hashlib.sha256(f"{fingerprint} {json.dumps(told, sort_keys=True)}".encode())
    digest.update(path.read_bytes())
    return digest.hexdigest()


def check_can_be(recipe: Recipe, remedy: str = "leave `engine` out") -> None:
    """InputError, with what would work, if the network is not made of Keras's own layers alone."""
    from srredsim import networks

    if not networks.module(recipe.network["name"]).PORTABLE:
        raise InputError(
            f"{recipe.network['name']} knows light and lens by layers of this package, which neither ONNX nor a .keras"
            f" file can hold; {remedy}"
        )


def make(model: LoadedModel, home: Path | None = None) -> Portable:
    """Write that of a model with weights in float32, into the cache or another folder.

    Raises
    ------
    InputError
        If what writes ONNX is not installed, or the network needs this package.
    """
    from srredsim.checkpoints import onnx_file

    check_can_be(model.recipe)
    onnx_file.check_installed()
    print_ = fingerprint(model.folder, model.recipe)
    home = home or kept(print_)
    home.mkdir(parents=True, exist_ok=True)
    facts, network = model.facts, model.network
    told = {"channels": network.input_shape[-1], "scale": model.scale // model.sampling, **asdict(facts)}
    told["largest_window"] = None if math.isinf(facts.largest_window) else facts.largest_window
    with io.atomic(home / NETWORK, overwrite=True) as unfinished:
        onnx_file.write(network, unfinished)
    with io.atomic(home / FACTS, overwrite=True) as unfinished:
        unfinished.write_text(json.dumps(told | {"seal": _seal(print_, told, home / NETWORK)}, indent=2) + "\n")
    return _told(home / NETWORK, told)


def _told(path: Path, told: dict) -> Portable:
    """From what stands beside the file."""
    largest = told["largest_window"]
    rest = {key: told[key] for key in ("receptive_field", "alignment", "sees_all")}
    facts = Facts(**rest, largest_window=math.inf if largest is None else largest)
    return Portable(path, told["channels"], told["scale"], facts)


def fingerprint(folder: Path, recipe: Recipe) -> str:
    """Hash of the weights of a model and of the settings of its network; InputError if there are no weights."""
    path = folder / WEIGHTS
    documents.regular(path)
    if not path.is_file():
        raise InputError(f"the weights {path} are missing")
    status = path.stat()
    return _hash(path, status.st_size, status.st_mtime_ns, json.dumps(recipe.network, sort_keys=True, default=str))


@cache
def _hash(path: Path, size: int, modified_ns: int, settings: str) -> str:
    digest = hashlib.sha256(path.read_bytes())
    digest.update(settings.encode())
    return digest.hexdigest()


def kept(fingerprint: str) -> Path:
    """Folder in the cache for what was made of a model."""
    return cache_folder() / "networks" / fingerprint[:32]
