"""Keras with its backend JAX."""

from srredsim.engines import _keras, first_missing
from srredsim.resources import install

PORTABLE = False
HOW = install("jax")
precisions, open = _keras.precisions, _keras.compute


def missing() -> str | None:
    return first_missing("keras", "jax")
