"""Keras with its backend TensorFlow."""

from srredsim.engines import _keras, first_missing

PORTABLE = False
HOW = "pip install tensorflow"
precisions, open = _keras.precisions, _keras.compute


def missing() -> str | None:
    return first_missing("keras", "tensorflow")
