"""Models for other programs: SavedModel for TensorFlow Serving, ONNX, .keras. None of them needs this package.

All three are one Keras model: raw camera counts in, image above background in the same units out; the normalisation
(`srredsim.normalise`) is part of it, each image of a batch by itself. It is built from Keras's own layers and
operations, in float32. A model of widefield images takes and gives counts, too
(`srredsim.workflows.predict_widefield`). Of a model of Wiener images only the network is exported, which takes
what `srredsim.reconstruction.channels` makes: finding the stripes is no work for a graph.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from srredsim import io
from srredsim.acquisition import frames_from_raw
from srredsim.errors import InputError
from srredsim.normalise import HIGH_PERCENT, LARGEST_RANGE, LOW_PERCENT, NOISE, NORMAL_MEDIAN
from srredsim.reconstruction.channels import CHANNELS
from srredsim.workflows.predict import predict_frames
from srredsim.workflows.predict_widefield import restored
from srredsim.zoo import models
from srredsim.zoo.models import LoadedModel
from srredsim.zoo.windows import Network

SIGNATURES = ("serving_default", "serve")
TOLERANCE = 1e-4  # of the brightest pixel; float32 sums in another order differ by about 1e-6


def export(
    model: LoadedModel | str | Path, out: str | Path, format: str = "savedmodel", version: int | None = None
) -> Path:
    """Write a model, load it again and compare its image with that of this package.

    Parameters
    ----------
    model : LoadedModel, or its name or folder
        Is loaded again in float32 if it has another precision.
    out : path
        Folder for ``<name>/<version>/`` (savedmodel), ``<name>.onnx`` or ``<name>.keras``.
    format : {"savedmodel", "onnx", "keras"}
        The first has the signatures ``serving_default`` and ``serve``. Input ``raw`` (batch, y, x, frames), frames
        angle first, float32; output ``image`` (batch, scale * y, scale * x, 1), any y and x. Of a model of Wiener
        images: input ``channels`` (batch, y, x, 3), output ``image`` (batch, y, x, 1), any even y and x, normalised. Of
        one of widefield images: input ``widefield`` (batch, y, x, 1), output as a chain of models
        gives it (`srredsim.workflows.predict_widefield`).
    version : int, optional
        Of the SavedModel: a server takes the highest. The next free one when left out.

    Returns
    -------
    Path
        What was written; whole or not at all, and nothing is overwritten.

    Raises
    ------
    InputError
        If the format is unknown or needs what is not installed here, or if the result exists.
    """
    if format not in WRITERS:
        raise InputError(f"no format {format!r} to export to; there are: {', '.join(WRITERS)}")
    _check_backend(format)
    if not isinstance(model, LoadedModel):
        model = models.load(model, "float32")
    elif model.precision != "float32":
        model = models.load(model.folder, "float32")
    path = _path(Path(out), model.name, format, version)
    write, load = WRITERS[format]
    with io.atomic(path) as unfinished:
        write(served(model), unfinished)
        _compare(model, load(unfinished))
    return path


def served(model: LoadedModel):
    """The ``keras.Model`` that is exported: frames (batch, y, x, frames) -> {"image": (batch, scale*y, scale*x, 1)}.

    An image that is constant, which this package would refuse, comes out as zeros.
    """
    import keras

    if model.recipe.data.input == "wiener":
        channels = keras.Input((None, None, len(CHANNELS)), dtype="float32", name=input_name(model))
        image = keras.layers.Identity(name="image", dtype="float32")(model.network(channels))
        return keras.Model(channels, {"image": image}, name=f"{model.name}_served")
    channels = 1 if (model.recipe.data.input == "widefield") else model.angles * model.phases
    frames = keras.Input((None, None, channels), dtype="float32", name=input_name(model))
    offset, gain = _constants(model) or _of_each_image(model, frames)
    image = model.network((frames - offset) / gain)
    image = _in_units(model, image, offset, gain) if (model.recipe.data.input == "widefield") else image * gain
    image = keras.layers.Identity(name="image", dtype="float32")(image)
    return keras.Model(frames, {"image": image}, name=f"{model.name}_served")


def input_name(model: LoadedModel) -> str:
    if model.recipe.data.input == "widefield":
        return "widefield"
    return "channels" if (model.recipe.data.input == "wiener") else "raw"


def _constants(model: LoadedModel) -> tuple[float, float] | None:
    """Offset and gain of a model of z-scores."""
    data = model.recipe.data
    return data.zscore if data.input == "widefield" and data.normalise == "dataset" else None


def _percentiles(frames):
    """Offset and gain of each image by itself, as `srredsim.normalise` has them."""
    from keras import ops

    widefield = ops.mean(frames, axis=-1)
    low, high = ops.unstack(ops.quantile(widefield, [LOW_PERCENT / 100, HIGH_PERCENT / 100], axis=(1, 2)), 2, axis=0)
    offset, gain = (ops.reshape(value, (-1, 1, 1, 1)) for value in (low, high - low))
    return offset, ops.maximum(gain, 1e-12)


def _of_each_image(model: LoadedModel, frames):
    """Offset and gain of each image by itself, by its percentiles or by its noise."""
    from keras import ops

    offset, gain = _percentiles(frames)
    if model.recipe.data.input != "widefield" or model.recipe.data.normalise != "noise":
        return offset, gain
    details = frames[:, :-1, :-1] - frames[:, :-1, 1:] - frames[:, 1:, :-1] + frames[:, 1:, 1:]
    noise = ops.quantile(ops.abs(details), 0.5, axis=(1, 2, 3), keepdims=True) / (2 * NORMAL_MEDIAN)
    return offset, ops.maximum(noise / NOISE, gain / LARGEST_RANGE)


def _in_units(model: LoadedModel, image, offset, gain):
    """As `srredsim.workflows.predict_widefield.restored` undoes the normalisation."""
    data = model.recipe.data
    if data.target == "average":
        return image * gain + offset
    if data.normalise == "dataset":
        offset, gain = data.sim_zscore
        return image * gain + offset
    return image * gain


def _path(out: Path, name: str, format: str, version: int | None) -> Path:
    """Where it goes; nothing may be there yet."""
    if format == "savedmodel":
        there = [int(path.name) for path in (out / name).glob("*") if path.name.isdecimal()]
        version = max(there, default=0) + 1 if version is None else version
        if version < 1:
            raise InputError(f"a version is a number from 1 on; got {version}")
        path = out / name / str(version)
    elif version is None:
        path = out / f"{name}.{format}"
    else:
        raise InputError(f"only a SavedModel has a version; {name}.{format} has none")
    if path.exists():
        raise InputError(f"{path} exists already; remove it, or give another --out")
    return path


def _check_backend(format: str) -> None:
    import keras

    if format != "keras" and keras.backend.backend() != "tensorflow":
        raise InputError(f"{format} is exported by TensorFlow; set KERAS_BACKEND=tensorflow, or give --format keras")
    try:
        if format == "onnx":
            import onnxruntime  # noqa: F401
            import tf2onnx  # noqa: F401
    except ModuleNotFoundError as missing:
        raise InputError(
            f"ONNX needs the package {missing.name}, which is not installed; pip install 'srredsim[export]'"
        ) from None


def _compare(model: LoadedModel, image_of: Callable[[np.ndarray], np.ndarray]) -> None:
    """Two stacks of unlike brightness and of a size that was never traced must give the images of this package."""
    rng = np.random.default_rng(0)
    if model.recipe.data.input == "wiener":
        images = rng.random((2, 38, 52, len(CHANNELS))).astype(np.float32)
        return _same(image_of(images), model.network.predict_on_batch(images))
    if model.recipe.data.input == "widefield":
        images = (rng.poisson(300, (2, 37, 52)) + 100).astype(np.float32) * np.float32([[[1]], [[5]]])
        network = Network(model)
        expected = np.stack([restored(network, image) for image in images])
        return _same(image_of(images[..., None])[..., 0], expected)
    counts = rng.poisson(300, (2, model.angles, model.phases, 37, 52)) + 100
    counts[1] = 5 * counts[1] + 50
    raw = np.stack([frames_from_raw(stack) for stack in counts]).astype(np.float32)
    expected = np.stack([predict_frames(model, frames) for frames in raw])
    return _same(image_of(raw)[..., 0], expected)


def _same(found: np.ndarray, expected: np.ndarray) -> None:
    error = np.abs(found - expected).max() / np.abs(expected).max()
    if not error < TOLERANCE:
        raise RuntimeError(f"the exported model gives another image: they differ by {error:.2g} of the brightest pixel")


# The formats: how each is written, and how it is read as a function raw -> image


def _write_savedmodel(network, folder: Path) -> None:
    import keras

    archive = keras.export.ExportArchive()
    archive.track(network)
    signature = [keras.InputSpec(shape=network.input_shape, dtype="float32", name=network.input.name)]
    for name in SIGNATURES:
        archive.add_endpoint(name, lambda images: network(images), signature)
    archive.write_out(str(folder), verbose=False)


def _load_savedmodel(folder: Path) -> Callable[[np.ndarray], np.ndarray]:
    import tensorflow as tf

    opened = tf.saved_model.load(str(folder))
    serve = opened.signatures[SIGNATURES[0]]
    (name,) = serve.structured_input_signature[1]
    return lambda images: serve(**{name: tf.constant(images)})["image"].numpy()


def _write_onnx(network, path: Path) -> None:
    network(np.zeros((1, 8, 8, network.input_shape[-1]), np.float32))  # Keras exports no model that was never called
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of the converter, about NumPy
        network.export(str(path), format="onnx", verbose=False)


def _load_onnx(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(["image"], {name: images})[0]


def _write_keras(network, path: Path) -> None:
    network.save(path)


def _load_keras(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    import keras

    network = keras.saving.load_model(path, compile=False)
    return lambda images: network.predict_on_batch(images)["image"]


WRITERS = {
    "savedmodel": (_write_savedmodel, _load_savedmodel),
    "onnx": (_write_onnx, _load_onnx),
    "keras": (_write_keras, _load_keras),
}
