"""What the engines have in common that are backends of Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from srredsim.zoo.precision import POLICIES, resolve

if TYPE_CHECKING:
    from srredsim.zoo.models import LoadedModel


def precisions() -> tuple[str, ...]:
    fastest = resolve("auto")
    return fastest, *(each for each in POLICIES if each != fastest)


def backend() -> str:
    """The one that Keras runs on."""
    import keras

    return keras.backend.backend()


def compute(model: LoadedModel) -> Callable[[np.ndarray], np.ndarray]:
    return model.network.predict_on_batch
