"""Keras models as ONNX files."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import __version__
from srredsim.errors import InputError
from srredsim.resources import install


def check_installed() -> None:
    """InputError if what writes such files is not there, or Keras runs on another backend than TensorFlow."""
    import keras

    if keras.backend.backend() != "tensorflow":
        raise InputError("onnx is exported by TensorFlow; set KERAS_BACKEND=tensorflow, or give `format='keras'`")
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import tf2onnx  # noqa: F401
    except ModuleNotFoundError as missing:
        raise InputError(
            f"ONNX needs the package {missing.name}, which is not installed: {install('export')}"
        ) from None


def write(network: Any, path: Path) -> None:
    """A ``keras.Model`` with one input (batch, y, x, channels), float32, as ONNX."""
    network(np.zeros((1, 8, 8, network.input_shape[-1]), np.float32))  # Keras exports no model that was never called
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the converter's, about NumPy
        network.export(str(path), format="onnx", verbose=False)


def describe(path: Path, facts: dict[str, str], axes: tuple[list[str], list[str]]) -> None:
    """Write into the file what the model is, and names for the axes of input and output that the converter left out."""
    import onnx

    content = onnx.load(str(path))
    content.producer_name, content.producer_version = "srredsim", __version__
    content.doc_string = f"{facts['model']}: {facts['input']} -> {facts['output']}"
    onnx.helper.set_model_props(content, facts)
    for values, names in zip((content.graph.input, content.graph.output), axes, strict=True):
        found = _axes(values[0])
        if (len(values), len(found)) != (1, len(names)):
            told = "; ".join(f"{value.name} of {len(_axes(value))} axes" for value in values)
            raise RuntimeError(f"the converter has written {told}; wanted: one image of the axes {', '.join(names)}")
        for axis, name in zip(found, names, strict=True):
            if not axis.HasField("dim_value"):
                axis.dim_param = name
    onnx.checker.check_model(content)
    onnx.save(content, str(path))


def _axes(value):
    return value.type.tensor_type.shape.dim
