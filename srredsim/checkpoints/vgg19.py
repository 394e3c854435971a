"""Features of VGG19 (Simonyan & Zisserman, ICLR 2015), for losses that compare images by them.

The weights come from a file or from keras.applications; they are never random. There are two kinds. Those of
keras.applications were trained in Caffe, on 0 ... 255 with blue first and the mean colour taken off; those of
torchvision on 0 ... 1, each colour with its own mean and standard deviation. The kind of file says which it is.
"""

import hashlib
import http.client
import os
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras import Input, Model, layers, ops

from srredsim import io
from srredsim.checkpoints.counterparts import convolution
from srredsim.checkpoints.keras_file import load_weights
from srredsim.checkpoints.torch_file import read_tensors
from srredsim.errors import InputError
from srredsim.resources import cache_folder, unknown

BLOCKS = ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512))  # convolutions of each block, and their filters
TORCHVISION = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)  # places of the convolutions in its list
LAYERS = ("block1_conv2", "block2_conv2", "block3_conv4", "block4_conv4", "block5_conv4")
DEEPEST = LAYERS[-1]
SCALES = {  # how an image 0 ... 1 is brought to the three colours as the weights take them: (x - mean) / deviation
    "torchvision": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "caffe": ((103.939 / 255, 116.779 / 255, 123.68 / 255), (1 / 255, 1 / 255, 1 / 255)),
}
HDF5_START = b"\x89HDF\r\n\x1a\n"
URL = (
    "https://storage.googleapis.com/tensorflow/keras-applications/vgg19/"
    "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
)
MD5 = "253f8cb515780f3b799900260a226db6"
TIMEOUT_S = 30.0
SMALLEST_SIDE_PX = 16  # pixels: the fifth block sees a sixteenth of them
WANTED = "it takes VGG19 of keras.applications without its dense layers (.h5) or of torchvision (.pth)"

Features = Mapping[str, Any]  # layer -> (batch, y, x, channels)


@dataclass(frozen=True)
class Extractor:
    """VGG19 with its weights, frozen."""

    network: Model
    layers: tuple[str, ...]  # names of its outputs
    kind: str  # a key of SCALES

    def __call__(self, images, low: float = 0.0, high: float = 1.0) -> Features:
        """Layer -> its output before the ReLU, float32, for images (batch, y, x, 1).

        ``low`` and ``high`` are the values of the images that count as black and as white.
        """
        shape = tuple(images.shape)
        least = SMALLEST_SIDE_PX
        if len(shape) != 4 or shape[-1] != 1 or any(isinstance(side, int) and side < least for side in shape[1:3]):
            raise ValueError(f"VGG features are of images (batch, y, x, 1), {least} pixels or more; got {shape}")
        mean, deviation = (ops.convert_to_tensor(numbers, "float32") for numbers in SCALES[self.kind])
        grey = (ops.cast(images, "float32") - low) / (high - low)
        colours = (ops.repeat(grey, 3, axis=-1) - mean) / deviation
        return self.network(colours, training=False)


def load(weights: str | Path | None = None, wanted: Iterable[str] = LAYERS, divisor: int = 1) -> Extractor:
    """VGG19 up to the deepest wanted layer.

    Parameters
    ----------
    weights : path, optional
        What keras.applications or Keras saved of VGG19 without its dense layers (.h5 or .weights.h5), or a checkpoint
        of torchvision's vgg19 (.pth; it is read, not run). Left out: the file of keras.applications, downloaded once.
    wanted : names of layers
        By the names that Keras has for them, such as ``block5_conv4``.
    divisor : int
        What the numbers of filters are divided by: a smaller network of the same shape, for tests.

    Raises
    ------
    InputError
        If the weights cannot be read or downloaded, if they are of another network, or if one is not finite.
    """
    path = Path(weights) if weights is not None else _downloaded()
    network = _network(divisor)
    try:
        kind = "caffe" if _is_hdf5(path) else "torchvision"
        if kind == "caffe":
            load_weights(network, path, f"are not weights of VGG19 without its dense layers ({WANTED})")
        else:
            _read_torchvision(network, path)
        if not all(bool(ops.all(ops.isfinite(weight))) for weight in network.weights):
            raise InputError("has weights that are not finite; the file is damaged")
    except InputError as problem:
        raise InputError(f"{path}: {problem}") from None
    names = known_layers(wanted)
    part = Model(network.input, {name: network.get_layer(name).output for name in names}, name="vgg19")
    part.trainable = False
    return Extractor(part, names, kind)


def known_layers(wanted: str | Iterable[str]) -> tuple[str, ...]:
    """``all`` (the five of `LAYERS`), one name or several; InputError if VGG19 has no such convolution."""
    every = [f"block{block}_conv{layer}" for block, (count, _) in enumerate(BLOCKS, 1) for layer in range(1, count + 1)]
    if wanted == "all":
        return LAYERS
    names = (wanted,) if isinstance(wanted, str) else tuple(wanted) if isinstance(wanted, Iterable) else ()
    if not names:
        raise InputError(f"layers of VGG19 are all, a name or a list of names, e.g. {DEEPEST}; got {wanted!r}")
    for name in names:
        if name not in every:
            raise InputError(unknown("convolution of VGG19", str(name), ["all", *every]))
    return names


def _network(divisor: int) -> Model:
    """Each ReLU is a layer of its own, so that the output of a convolution is the one before it."""
    x = image = Input((None, None, 3), name="image", dtype="float32")
    for block, (count, filters) in enumerate(BLOCKS, start=1):
        for layer in range(1, count + 1):
            name = f"block{block}_conv{layer}"
            x = layers.Conv2D(filters // divisor, 3, padding="same", dtype="float32", name=name)(x)
            x = layers.ReLU(dtype="float32", name=f"{name}_relu")(x)
        x = layers.MaxPooling2D(2, dtype="float32", name=f"block{block}_pool")(x)
    return Model(image, x, name="vgg19")


def _is_hdf5(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(HDF5_START)) == HDF5_START
    except OSError as problem:
        raise InputError(f"cannot be read: {problem.strerror}; {WANTED}") from None


def _read_torchvision(network: Model, path: Path) -> None:
    tensors = read_tensors(path)
    first = next((name for name in tensors if name == "0.weight" or name.endswith("features.0.weight")), "0.weight")
    prefix = first[: -len("0.weight")]
    convolutions = [layer for layer in network.layers if isinstance(layer, layers.Conv2D)]
    for place, layer in zip(TORCHVISION, convolutions, strict=True):
        for name, shape, weight, convert in convolution(layer, f"{prefix}{place}"):
            if name not in tensors or tensors[name].shape != shape:
                there = f"it is {tensors[name].shape}" if name in tensors else "there is none"
                raise InputError(f"is not a checkpoint of vgg19: {name} should be {shape}, but {there}; {WANTED}")
            weight.assign(convert(tensors[name]))


def _downloaded() -> Path:
    """The file of keras.applications: where Keras keeps it, or in the cache, where it is downloaded to."""
    name = URL.rpartition("/")[2]
    path = cache_folder() / name
    keras_home = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    for there in (path, keras_home / "models" / name):
        if there.is_file():
            return there
    try:
        with urllib.request.urlopen(URL, timeout=TIMEOUT_S) as answer:
            content = answer.read()
    except (OSError, http.client.HTTPException) as problem:
        raise InputError(
            f"losses of VGG19 features need its weights, which cannot be downloaded from {URL} ({problem}); give"
            f" `vgg_weights`, a file: {WANTED}"
        ) from None
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != MD5:
        raise InputError(
            f"what came from {URL} is not the file that was expected; give `vgg_weights`, a file ({WANTED})"
        )
    with io.atomic(path, overwrite=True) as unfinished:
        unfinished.write_bytes(content)
    return path
