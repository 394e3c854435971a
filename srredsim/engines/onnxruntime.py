"""ONNX Runtime: float32, and there in a tenth of a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from srredsim.engines import first_missing
from srredsim.processes import cores

if TYPE_CHECKING:
    from srredsim.zoo.models import LoadedModel

HOW = "pip install onnxruntime"


def missing() -> str | None:
    return first_missing("onnxruntime")


def precisions() -> tuple[str, ...]:
    return ("float32",)


def open(model: LoadedModel) -> Callable[[np.ndarray], np.ndarray]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()  # by itself it counts those of the machine, and takes them
    options.enable_mem_pattern = False  # made for images of one size
    options.log_severity_level = 3  # errors
    path = str(model.portable_or_refuse().path)
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})[0]
