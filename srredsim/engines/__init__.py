"""Engines: every file here computes networks, and its name is the engine's name. All give the same image.

Each has

``missing()``
    Name of the package that is not installed, None where all are there. It imports nothing.
``precisions()``
    The precisions that it computes in on this machine, the fastest first.
``open(model)``
    Function (1, y, x, channels) float32 -> (1, scale * y, scale * x, 1) of a `srredsim.zoo.models.LoadedModel`.
``PORTABLE``
    Whether it computes the network from its ONNX file (`srredsim.zoo.portable`), and imports neither Keras nor
    TensorFlow; else Keras does with it as its backend.
``HOW``
    How to install it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from srredsim.engines import _keras
from srredsim.errors import InputError
from srredsim.members import Members

if TYPE_CHECKING:
    from srredsim.zoo.models import LoadedModel

LEFT_OUT = {"PORTABLE": True}
_members = Members("engine", __name__, __path__, LEFT_OUT)
names, module = _members.names, _members.module


def installed(name: str) -> bool:
    """Whether an engine can be used here."""
    return module(name).missing() is None


def check(name: str) -> None:
    """InputError if there is no such engine, or it is not installed."""
    if (package := module(name).missing()) is not None:
        raise InputError(f"`engine={name!r}` needs the package {package}: {module(name).HOW}")


def first_missing(*packages: str) -> str | None:
    """The first of these packages that is not installed; nothing is imported."""
    return next((package for package in packages if find_spec(package) is None), None)


def open(model: LoadedModel) -> Callable[[np.ndarray], np.ndarray]:
    """What computes the images of a model: see above."""
    name = model.engine or _keras.backend()
    return module(name).open(model) if name in names() else _keras.compute(model)
