"""Weights in Keras's own files, read whole or refused."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import documents, io
from srredsim.errors import InputError

BYTES, OVERHEAD = 4, 4096  # bytes of a number, and what HDF5 adds to each variable


def load_weights(network, path: Path, complaint: str | None = None) -> None:
    """Give a ``keras.Model`` the weights of exactly this network.

    Raises
    ------
    InputError
        ``complaint`` with Keras's reason, if the file is damaged or of another network.
    """
    documents.regular(path)
    if not path.is_file():
        raise InputError(f"the weights {path} are missing")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras only warns of weights that are missing
            network.load_weights(path)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, UserWarning) as problem:
        reason = " ".join(str(problem).split())[:160]
        raise InputError(f"{complaint or f'the weights {path} are damaged or of another network'}: {reason}") from None
    for weight in network.weights:
        if not np.all(np.isfinite(np.asarray(weight, np.float32))):
            raise InputError(f"the weights {path} are NaN or infinite in {weight.path}: their training failed")


def save_weights(network: Any, path: Path) -> None:
    """Write the weights of a network, whole or not at all."""
    with io.atomic(path, overwrite=True) as temporary:
        reserve(network, temporary)
        network.save_weights(temporary)


def reserve(network: Any, path: Path) -> None:
    """OSError if there is no space for a network: HDF5, which finds it out half-way, may end the process then."""
    variables = [*network.variables, *getattr(getattr(network, "optimizer", None), "variables", ())]
    size = sum(math.prod(one.shape) * BYTES + OVERHEAD for one in variables)
    path.touch()
    io.allocate(path, size + OVERHEAD)
    path.unlink()
