"""Keras with its backend TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from srredsim.engines import _keras, first_missing

if TYPE_CHECKING:
    from srredsim.zoo.models import LoadedModel

PORTABLE = False
HOW = "pip install tensorflow"
precisions = _keras.precisions


def missing() -> str | None:
    return first_missing("keras", "tensorflow")


def open(model: LoadedModel) -> Callable[[np.ndarray], np.ndarray]:
    """One graph for windows of every size.

    A graph for one size would have its masks of attention computed beforehand and copied: SwinIR took 7.8 GiB for 512
    x 512 pixels, with this 3.3.
    """
    import tensorflow as tf

    network = model.network
    window = tf.TensorSpec((1, None, None, network.input_shape[-1]), tf.float32)
    image_of = tf.function(lambda window: network(window, training=False), input_signature=[window])
    return lambda window: image_of(window).numpy()
