"""OpenVINO: float32, and bfloat16 where the processor has it; there in a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from srredsim.engines import first_missing
from srredsim.processes import cores
from srredsim.resources import cache_folder, install
from srredsim.zoo.precision import cpu_has_bfloat16

if TYPE_CHECKING:
    from srredsim.zoo.models import LoadedModel

HOW = install("fast")
TYPES = {"float32": "f32", "bfloat16": "bf16"}


def missing() -> str | None:
    return first_missing("openvino")


def precisions() -> tuple[str, ...]:
    return ("bfloat16", "float32") if cpu_has_bfloat16() else ("float32",)


def open(model: LoadedModel) -> Callable[[np.ndarray], np.ndarray]:
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": TYPES[model.precision],
        "INFERENCE_NUM_THREADS": cores(),
        "CACHE_DIR": str(cache_folder() / "openvino"),  # of compiled networks
    }
    compiled = openvino.Core().compile_model(str(model.portable_or_refuse().path), "CPU", settings)
    return lambda images: compiled(images)[0]
