"""Models for other programs: SavedModel for TensorFlow Serving, ONNX, .keras, a zip for bioimage.io.

None of them needs this package. All are one Keras model: raw camera counts in, image above background in the same units
out; the normalisation (`srredsim.normalise`) is part of it, each image of a batch by itself. It is built from Keras's
own layers and operations, in float32. What a kind of input is normalised by, its file in `srredsim.inputs` says. Of a
model of Wiener images only the network is exported, which takes what `srredsim.reconstruction.channels` makes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from srredsim import __version__, checks, io, resources, wire
from srredsim.checkpoints import onnx_file
from srredsim.errors import InputError
from srredsim.workflows import bioimageio
from srredsim.zoo import models, portable
from srredsim.zoo.models import LoadedModel
from srredsim.zoo.windows import Network

SIGNATURES = ("serving_default", "serve")
BYTES = "serving_bytes"  # a third, of models of camera counts
OF_COUNTS = ("raw", "widefield")  # inputs that are such
WARM_UP = "assets.extra/tf_serving_warmup_requests"  # what TensorFlow Serving computes before the first request
WARM_UP_PX = (64, 96)  # pixels on a side
AXES = ("batch", "y", "x", "channel")
LICENCE = "BSD-3-Clause"  # that of the shipped models
TOLERANCE = 1e-4  # share of the brightest pixel; float32 sums in another order differ by about 1e-6


def takes_counts(model: LoadedModel) -> bool:
    """Whether the exported network takes pixels of a camera, and not what only this package makes of them."""
    return model.kind.INPUT_NAME in OF_COUNTS


def export(
    model: LoadedModel | str | Path,
    out: str | Path,
    format: str = "savedmodel",
    version: int | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a model, load it again and compare its image with that of this package.

    Parameters
    ----------
    model : LoadedModel, or its name or folder
        Is loaded again in float32 if it has another precision.
    out : path
        Folder for ``<name>/<version>/`` (savedmodel), ``<name>.onnx``, ``<name>.keras`` or ``<name>.bioimageio.zip``.
    format : {"savedmodel", "onnx", "keras", "bioimageio"}
        The first has the signatures ``serving_default`` and ``serve``. Input ``raw`` (batch, y, x, frames), frames
        angle first, float32; output ``image`` (batch, scale * y, scale * x, 1), any y and x. Of a model of Wiener
        images: input ``channels`` (batch, y, x, 3), output ``image`` (batch, y, x, 1), any even y and x, normalised. Of
        one of widefield images: input ``widefield`` (batch, y, x, 1), output as
        `srredsim.inputs.widefield.of_plane` gives it. Where the input are camera counts there is ``serving_bytes``,
        too: input ``raw_bytes``, these as uint16, the lower byte first, and ``shape``, the four sides; output
        ``image_bytes``, the image as a TensorProto.
    version : int, optional
        Number of the SavedModel: a server takes the highest. The next free one when left out.
    overwrite : bool
        Replace what is there.

    Returns
    -------
    Path
        What was written; whole or not at all.

    Raises
    ------
    InputError
        If the format is unknown, needs what is not installed here or cannot hold this network, or if the result exists.
    """
    checks.one_of("format", format, tuple(WRITERS))
    _check_backend(format)
    if not isinstance(model, LoadedModel):
        model = models.load(model, "float32")
    elif model.precision != "float32":
        model = models.load(model.folder, "float32")
    if format != "savedmodel":
        portable.check_can_be(model.recipe, "give `format='savedmodel'`")
    if format == "bioimageio":
        bioimageio.check(model)
    path = _path(Path(out), model.name, format, version)
    io.refuse_existing(path, overwrite)
    write, load = WRITERS[format]
    with io.atomic(path, overwrite) as unfinished:
        write(served(model), unfinished, model)
        _compare(model, load(unfinished))
    return path


def served(model: LoadedModel):
    """The ``keras.Model`` that is exported: (batch, y, x, channels) -> {"image": (batch, scale*y, scale*x, 1)}.

    An image that is constant, which this package would refuse, comes out as zeros.
    """
    import keras

    channels = model.network.input_shape[-1]
    images = keras.Input((None, None, channels), dtype="float32", name=model.kind.INPUT_NAME)
    image = keras.layers.Identity(name="image", dtype="float32")(model.kind.graph(model, images))
    return keras.Model(images, {"image": image}, name=f"{model.name}_served")


def facts_of(model: LoadedModel) -> dict[str, str]:
    """What is told of a model where a format has a place for it, each in words."""
    shipped = resources.has("models", model.name) and resources.entry("models", model.name) == model.folder
    patterns = ", ".join(model.kind.describe(model.recipe)["patterns"])
    return {
        "model": model.name,
        "version": __version__,
        "licence": LICENCE if shipped else "that of who trained it",
        "input": f"{model.kind.INPUT_NAME} ({', '.join(AXES)}): {model.kind.WORDS}",
        "output": f"image ({', '.join(_magnified(_scale(model)))})",
        "scale": str(_scale(model)),
        "network": model.recipe.network["name"],
        **({"patterns": patterns} if patterns else {}),
    }


def _scale(model: LoadedModel) -> int:
    """Pixels of the exported image per pixel of what is given."""
    return models.scale_of(model.network)


def _magnified(scale: int) -> list[str]:
    """Names of the axes of an image of so many times as many pixels."""
    times = "" if scale == 1 else f"{scale}*"
    return [AXES[0], f"{times}{AXES[1]}", f"{times}{AXES[2]}", AXES[3]]


def _path(out: Path, name: str, format: str, version: int | None) -> Path:
    """Where it goes."""
    if format == "savedmodel":
        there = [int(path.name) for path in (out / name).glob("*") if path.name.isdecimal()]
        version = max(there, default=0) + 1 if version is None else version
        if version < 1:
            raise InputError(f"a version is a number from 1 on; got {version}")
        path = out / name / str(version)
    elif version is None:
        path = out / f"{name}.{SUFFIXES.get(format, format)}"
    else:
        raise InputError(f"only a SavedModel has a version; {format} has none")
    return path


def _check_backend(format: str) -> None:
    import keras

    if format == "savedmodel" and keras.backend.backend() != "tensorflow":
        raise InputError(f"{format} is exported by TensorFlow; set KERAS_BACKEND=tensorflow, or give `format='keras'`")
    if format in ("onnx", "bioimageio"):
        onnx_file.check_installed()


def _compare(model: LoadedModel, image_of: Callable[[np.ndarray], np.ndarray]) -> None:
    """Images of unlike brightness and of a size that was never traced must be those of this package."""
    given, expected = model.kind.trial(Network(model), np.random.default_rng(0))
    found = image_of(given)[..., : expected.shape[-1]]  # where a network makes several images, the first is predicted
    error = np.abs(found - expected).max() / np.abs(expected).max()
    if not error < TOLERANCE:
        raise RuntimeError(f"the exported model gives another image: they differ by {error:.2g} of the brightest pixel")


# The formats: how each is written, and how it is read as a function raw -> image


def _write_savedmodel(network, folder: Path, model: LoadedModel) -> None:
    import keras

    archive = keras.export.ExportArchive()
    archive.track(network)
    signature = [keras.InputSpec(shape=network.input_shape, dtype="float32", name=network.input.name)]
    for name in SIGNATURES:
        archive.add_endpoint(name, lambda images: network(images), signature)
    if of_counts := takes_counts(model):
        archive.add_endpoint(BYTES, *_of_bytes(network))
    archive.write_out(str(folder), verbose=False)
    _write_warm_up(folder, model, of_counts)


def _of_bytes(network) -> tuple[Callable, list]:
    """Function of the bytes of uint16 images and of their shape, and the types of both.

    In base64 they are an eighth of the numbers in JSON; the answer is serialised, as a graph has no other way to bytes.
    """
    import tensorflow as tf

    def image_of(raw_bytes, shape):
        counts = tf.reshape(tf.io.decode_raw(raw_bytes, tf.uint16), shape)
        images = tf.ensure_shape(tf.cast(counts, tf.float32), network.input_shape)
        return {"image_bytes": tf.io.serialize_tensor(network(images)["image"])}

    return image_of, [tf.TensorSpec([], tf.string, "raw_bytes"), tf.TensorSpec([4], tf.int32, "shape")]


def _write_warm_up(folder: Path, model: LoadedModel, of_counts: bool) -> None:
    """Requests of two sizes: what TensorFlow does once for a graph, and once for a size that is not the first."""
    import tensorflow as tf

    path = folder / WARM_UP
    path.parent.mkdir()
    rng, channels, name = np.random.default_rng(0), model.network.input_shape[-1], model.kind.INPUT_NAME
    with tf.io.TFRecordWriter(str(path)) as file:
        for side in WARM_UP_PX:
            counts = rng.poisson(300, (1, side, side, channels)).astype("<u2")
            asked: dict[str, dict] = {SIGNATURES[0]: {name: counts.astype("<f4")}}
            if of_counts:
                asked[BYTES] = {"raw_bytes": counts.tobytes(), "shape": np.array(counts.shape, "<i4")}
            for signature, inputs in asked.items():
                file.write(wire.prediction_log(wire.predict_request(model.name, signature, inputs)))


def _load_savedmodel(folder: Path) -> Callable[[np.ndarray], np.ndarray]:
    import tensorflow as tf

    opened = tf.saved_model.load(str(folder))
    serve = opened.signatures[SIGNATURES[0]]
    (name,) = serve.structured_input_signature[1]
    return lambda images: serve(**{name: tf.constant(images)})["image"].numpy()


def _write_onnx(network, path: Path, model: LoadedModel) -> None:
    facts = facts_of(model)
    onnx_file.write(network, path)
    onnx_file.describe(path, facts, (list(AXES), _magnified(int(facts["scale"]))))


def _load_onnx(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(["image"], {name: images})[0]


def _write_keras(network, path: Path, model: LoadedModel) -> None:
    network.save(path)


def _load_keras(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    import keras

    network = keras.saving.load_model(path, compile=False)
    return lambda images: network.predict_on_batch(images)["image"]


def _write_bioimageio(network, path: Path, model: LoadedModel) -> None:
    bioimageio.write(network, path, model, facts_of(model))


SUFFIXES = {"bioimageio": "bioimageio.zip"}
WRITERS = {
    "savedmodel": (_write_savedmodel, _load_savedmodel),
    "onnx": (_write_onnx, _load_onnx),
    "keras": (_write_keras, _load_keras),
    "bioimageio": (_write_bioimageio, bioimageio.load),
}
