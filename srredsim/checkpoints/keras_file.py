"""Weights in Keras's own files, read whole or refused."""

from __future__ import annotations

import warnings
from pathlib import Path

from srredsim.errors import InputError


def load_weights(network, path: Path, complaint: str | None = None) -> None:
    """Give a ``keras.Model`` the weights of exactly this network.

    Raises
    ------
    InputError
        ``complaint`` with Keras's reason, if the file is damaged or of another network.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras only warns of weights that are missing
            network.load_weights(path)
    except (OSError, ValueError, KeyError, UserWarning) as problem:
        reason = " ".join(str(problem).split())[:160]
        raise InputError(f"{complaint or f'the weights {path} are damaged or of another network'}: {reason}") from None
