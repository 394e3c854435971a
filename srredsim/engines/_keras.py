"""What the engines have in common that are backends of Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from srredsim.zoo.precision import POLICIES, resolve

if TYPE_CHECKING:
    from srredsim.zoo.models import LoadedModel


def precisions() -> tuple[str, ...]:
    fastest = resolve("auto")
    return fastest, *(each for each in POLICIES if each != fastest)


def compute(model: LoadedModel) -> Callable[[np.ndarray], np.ndarray]:
    import keras

    if keras.backend.backend() == "tensorflow":
        return _graph(model.network)
    return model.network.predict_on_batch


def _graph(network: Any) -> Callable[[np.ndarray], np.ndarray]:
    """One graph for windows of every size.

    A graph for one size would have its masks of attention computed beforehand and copied: SwinIR took 7.7 GiB for 512
    x 512 pixels, with this 3.2.
    """
    import tensorflow as tf

    window = tf.TensorSpec((1, None, None, network.input_shape[-1]), tf.float32)
    image_of = tf.function(lambda window: network(window, training=False), input_signature=[window])
    return lambda window: image_of(window).numpy()
