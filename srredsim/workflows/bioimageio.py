"""A model as one zip for bioimage.io: ONNX, a description, tensors to test it with, a text and a picture.

The description is that of version 0.5 of the format: https://bioimage.io/docs. Only models that take pixels of a camera
are of use there: what is prepared elsewhere, as the channels of a Wiener image, no program of others can make.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from srredsim import __version__, picture
from srredsim.acquisition import frames_from_raw
from srredsim.checkpoints import onnx_file
from srredsim.errors import InputError
from srredsim.simulation.sim import simulate_stack
from srredsim.zoo.models import LoadedModel

FORMAT_VERSION = "0.5.3"
INPUTS = ("raw", "widefield")  # names of inputs that are pixels of a camera
SMALLEST_SIDE_PX, TEST_SIDE_PX, STEP_PX = 32, 96, 16
TAGS = ["super-resolution", "denoising", "fluorescence-light-microscopy", "2d", "structured-illumination", "srredsim"]
CITED = {
    "red_net": ("Shah et al., Photonics Research 9, B168 (2021)", "10.1364/PRJ.416437"),
}
OURS = ("Keras and the srredsim package, which trained it", "https://keras.io")
PIXELS = (
    "The values are counts of the camera, as they are; the normalisation, by percentiles of the whole image that is"
    " given, is part of the model. So give whole images, or blocks that are much larger than the halo: in a block by"
    " itself the gain is found anew. The pixel size of the image is that of the input divided by {scale}."
)


def check(model: LoadedModel) -> None:
    """InputError if a model does not take pixels of a camera."""
    if model.kind.INPUT_NAME not in INPUTS:
        raise InputError(
            f"{model.name} takes {model.kind.WORDS}, which no program of bioimage.io makes of a camera's pixels; give"
            ' `format="onnx"` for the network alone'
        )


def write(network: Any, path: Path, model: LoadedModel, facts: dict[str, str]) -> None:
    """The zip of a ``keras.Model`` (batch, y, x, channels) -> {"image": ...} of a model."""
    check(model)
    onnx = path.with_suffix(".onnx")
    try:
        onnx_file.write(network, onnx)
        names = ["batch", "y", "x", "channel"]
        onnx_file.describe(onnx, facts, (names, names))
        weights = onnx.read_bytes()
    finally:
        onnx.unlink(missing_ok=True)
    given, shown = _example(model)
    image = _session(weights)(given)
    files = {
        "model.onnx": weights,
        "test_input.npy": _npy(given),
        "test_output.npy": _npy(image),
        "cover.png": _cover(model, shown, image[0, ..., 0]),
        "README.md": _text(model, facts).encode(),
    }
    files["rdf.yaml"] = yaml.safe_dump(_description(model, files, image.shape[-1]), sort_keys=False).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(
                zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED
            )  # of no date: the same bytes each time


def load(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """What the network in a zip makes of its input."""
    with zipfile.ZipFile(path) as archive:
        return _session(archive.read("model.onnx"))


def _session(weights: bytes) -> Callable[[np.ndarray], np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(weights, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(["image"], {name: images})[0]


def _smallest(model: LoadedModel) -> int:
    """Pixels of a side that is more than context."""
    return max(SMALLEST_SIDE_PX, STEP_PX * (2 * model.receptive_field // STEP_PX + 1))


def _example(model: LoadedModel) -> tuple[np.ndarray, np.ndarray]:
    """A simulated input (1, y, x, channels) of the model, and what it shows as one image (y, x)."""
    angles, phases = (model.angles, model.phases) if model.kind.OF_STACKS else (3, 3)
    size, light = max(TEST_SIDE_PX, _smallest(model)), (200.0, 200.0)
    sample = simulate_stack(2, angles=angles, phases=phases, size=size, photons=light, phantom="filaments")
    frames = frames_from_raw(sample.raw).astype(np.float32)
    if model.kind.OF_STACKS:
        return frames[None], frames.mean(axis=-1)
    return frames[None, ..., :1], frames[..., 0]


def _npy(array: np.ndarray) -> bytes:
    data = BytesIO()
    np.save(data, array)
    return data.getvalue()


def _cover(model: LoadedModel, shown: np.ndarray, image: np.ndarray) -> bytes:
    data = BytesIO()
    name = "mean of the frames" if model.kind.OF_STACKS else "input"
    picture.side_by_side(data, shown, image, names=(name, model.name), title="simulated")
    return data.getvalue()


def _text(model: LoadedModel, facts: dict[str, str]) -> str:
    """The card of the model, and what is different where it runs by itself."""
    card = model.folder / "card.md" if model.folder else None
    told = card.read_text(encoding="utf-8") if card and card.is_file() else f"# {model.name}\n"
    pixels = f"Input: {facts['input']}.\n\n{PIXELS.format(scale=facts['scale'])}"
    judged = (
        "Scores, with those of what is simpler, are above, if they were measured; `srredsim evaluate` measures them."
    )
    return f"{told.rstrip()}\n\n## Used without srredsim\n\n{pixels}\n\n## Validation\n\n{judged}\n"


def _description(model: LoadedModel, files: dict[str, bytes], images: int) -> dict[str, Any]:
    def source(name: str) -> dict[str, str]:
        return {"source": name, "sha256": hashlib.sha256(files[name]).hexdigest()}

    network = model.recipe.network["name"]
    of_stacks = model.kind.OF_STACKS
    what = f"{model.angles} angles x {model.phases} phases of structured illumination" if of_stacks else "images"
    cited, where = CITED.get(network, OURS)
    given = model.kind.INPUT_NAME
    return {
        "format_version": FORMAT_VERSION,
        "type": "model",
        "name": f"srredsim {model.name}",
        "description": f"From {model.kind.WORDS} ({what}) to an image of {model.scale} times the pixels in y and x.",
        "authors": [{"name": "The srredsim developers"}],
        "cite": [{"text": cited, ("url" if where.startswith("http") else "doi"): where}],
        "license": "BSD-3-Clause",
        "documentation": "README.md",
        "covers": ["cover.png"],
        "tags": [*TAGS, network],
        "version": __version__.split("+")[0].split(".dev")[0],
        "inputs": [
            {
                "id": given,
                "axes": [{"type": "batch"}, *(_side(axis, model) for axis in "yx"), _channels(_names(model))],
                "data": {"type": "float32"},
                "test_tensor": source("test_input.npy"),
            }
        ],
        "outputs": [
            {
                "id": "image",
                "axes": [
                    {"type": "batch"},
                    *(_image_side(axis, given, model) for axis in "yx"),
                    _channels([f"image_{n + 1}" for n in range(images)]),
                ],
                "data": {"type": "float32"},
                "test_tensor": source("test_output.npy"),
            }
        ],
        "weights": {"onnx": source("model.onnx") | {"opset_version": _opset(files["model.onnx"])}},
    }


def _side(axis: str, model: LoadedModel) -> dict[str, Any]:
    return {"type": "space", "id": axis, "size": {"min": _smallest(model), "step": 1}}


def _image_side(axis: str, given: str, model: LoadedModel) -> dict[str, Any]:
    size = {"tensor_id": given, "axis_id": axis}
    halo = model.scale * model.receptive_field
    return {"type": "space", "id": axis, "size": size, "scale": 1 / model.scale, "halo": halo}


def _channels(names: list[str]) -> dict[str, Any]:
    return {"type": "channel", "channel_names": names}


def _names(model: LoadedModel) -> list[str]:
    if not model.kind.OF_STACKS:
        return ["widefield"]
    return [f"angle_{a + 1}_phase_{p + 1}" for a in range(model.angles) for p in range(model.phases)]


def _opset(weights: bytes) -> int:
    import onnx

    return int(
        next(one.version for one in onnx.load_from_string(weights).opset_import if one.domain in ("", "ai.onnx"))
    )
