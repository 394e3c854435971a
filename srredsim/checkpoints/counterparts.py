"""Which tensor of a published checkpoint is which weight of a Keras model, for the usual layers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from srredsim.errors import InputError

LARGEST_SETTING = 1024  # no published network is wider; a damaged file must not ask for one


class Counterpart(NamedTuple):
    """A weight of the Keras model, and the tensor that belongs there."""

    tensor: str  # its name in the checkpoint
    shape: tuple[int, ...]  # its shape there
    weight: Any  # keras.Variable
    convert: Callable[[np.ndarray], np.ndarray]  # from PyTorch's order of axes to that of Keras


class Shapes(dict):
    """Name -> shape of the tensors; a name that is not there is the user's affair, not a KeyError."""

    def __missing__(self, name: str):
        raise InputError(f"it has no tensor {name}")

    def of_kernel(self, name: str) -> tuple[int, ...]:
        """(out, in, y, x)"""
        shape = self[name]
        if len(shape) != 4:
            raise InputError(f"{name} {shape} should have four axes")
        return shape

    def count(self, pattern: str) -> int:
        """How many different parts of this kind there are: matches of the group in the names."""
        return len({match[1] for name in self if (match := re.match(pattern, name))})


class Original(NamedTuple):
    """How a network was published."""

    first: str | tuple[str, ...]  # name of its first tensor, or those it may have: shows a prefix of all names
    settings: Callable[[Shapes], dict[str, Any]]  # arguments of `build`, from the shapes; None: has to be given
    walk: Callable[..., Iterator[Counterpart]]  # (model, settings) -> those of `counterparts`
    dead: str | Callable[[Shapes], str] = r"(?!)"  # pattern of tensors that never had an effect on the output
    untold: tuple[str, ...] = ()  # arguments of `build` that no shape depends on; they can be given, too

    def counterparts(self, model, settings: Mapping[str, Any]) -> Iterator[Counterpart]:
        """One for every weight of the model."""
        return self.walk(_Layers(model), settings)


class _Layers:
    """A model whose layers are found by their names at once: Keras makes a list of all of them for each."""

    def __init__(self, model):
        self._model, self._layers = model, {layer.name: layer for layer in model.layers}

    def get_layer(self, name: str):
        return self._layers[name]

    def __getattr__(self, name: str):
        return getattr(self._model, name)


# The usual layers


def convolution(layer, key: str, shuffle: int = 1) -> Iterator[Counterpart]:
    """(out, in, y, x) -> (y, x, in, out), and the bias.

    ``shuffle`` is the scale of a pixel shuffle that follows: its channels, where PyTorch has the place in the block of
    pixels last and TensorFlow first, are put into the other order.
    """
    height, width, inputs, outputs = layer.kernel.shape
    order = np.arange(outputs).reshape(-1, shuffle**2).T.ravel()
    yield Counterpart(
        f"{key}.weight",
        (outputs, inputs, height, width),
        layer.kernel,
        lambda kernel: kernel[order].transpose(2, 3, 1, 0),
    )
    if layer.use_bias:
        yield Counterpart(f"{key}.bias", (outputs,), layer.bias, lambda bias: bias[order])


def transposed_convolution(layer, key: str) -> Iterator[Counterpart]:
    """(in, out, y, x) -> (y, x, out, in), not flipped, and the bias."""
    height, width, outputs, inputs = layer.kernel.shape
    shape = (inputs, outputs, height, width)
    yield Counterpart(f"{key}.weight", shape, layer.kernel, lambda kernel: kernel.transpose(2, 3, 1, 0))
    if layer.use_bias:
        yield plain(layer.bias, f"{key}.bias")


def depthwise(layer, key: str) -> Iterator[Counterpart]:
    """(channels, 1, y, x) -> (y, x, channels, 1), and the bias."""
    height, width, channels, _ = layer.kernel.shape
    shape = (channels, 1, height, width)
    yield Counterpart(f"{key}.weight", shape, layer.kernel, lambda kernel: kernel.transpose(2, 3, 0, 1))
    if layer.use_bias:
        yield plain(layer.bias, f"{key}.bias")


def dense(layer, key: str, inputs=None, outputs=None, of: int | None = None) -> Iterator[Counterpart]:
    """(out, in) -> (in, out), and the bias; ``inputs`` and ``outputs`` are the original's numbers of ours, in order.

    ``of`` is how many outputs the original has, where other layers here have the rest of them.
    """
    shape = (of or layer.units, layer.kernel.shape[0])
    rows, columns = (slice(None) if order is None else order for order in (outputs, inputs))
    yield Counterpart(f"{key}.weight", shape, layer.kernel, lambda kernel: kernel[rows][:, columns].T)
    if layer.use_bias:
        yield Counterpart(f"{key}.bias", shape[:1], layer.bias, lambda bias: bias[rows])


def dense_of_image(layer, key: str, channels: int, side: int) -> Iterator[Counterpart]:
    """A dense layer of a flattened square: PyTorch flattens (channel, y, x), Keras (y, x, channel)."""
    inputs, outputs = layer.kernel.shape

    def convert(kernel):
        return kernel.reshape(outputs, channels, side, side).transpose(2, 3, 1, 0).reshape(inputs, outputs)

    yield Counterpart(f"{key}.weight", (outputs, inputs), layer.kernel, convert)
    yield plain(layer.bias, f"{key}.bias")


def normalisation(layer, key: str) -> Iterator[Counterpart]:
    """Batch normalisation: factor, offset, and the mean and variance of the training."""
    yield plain(layer.gamma, f"{key}.weight")
    yield plain(layer.beta, f"{key}.bias")
    yield plain(layer.moving_mean, f"{key}.running_mean")
    yield plain(layer.moving_variance, f"{key}.running_var")


def layer_normalisation(layer, key: str, order=None) -> Iterator[Counterpart]:
    """Factor and offset of each channel; ``order`` has the original's numbers of the channels here."""
    rows = slice(None) if order is None else order
    for weight, name in ((layer.gamma, "weight"), (layer.beta, "bias")):
        yield Counterpart(f"{key}.{name}", tuple(weight.shape), weight, lambda values: values[rows])


def slope(layer, key: str) -> Iterator[Counterpart]:
    """PReLU with one slope for all channels, in Keras an array with axes of length 1."""
    shape = tuple(layer.alpha.shape)
    yield Counterpart(f"{key}.weight", (math.prod(shape),), layer.alpha, lambda alpha: alpha.reshape(shape))


def plain(weight, name: str) -> Counterpart:
    """The same shape in both."""
    return Counterpart(name, tuple(weight.shape), weight, np.asarray)


def for_each_head(numbers, name: str) -> Counterpart:
    """(heads, 1, 1) -> (heads, 1)"""
    return Counterpart(name, (numbers.shape[0], 1, 1), numbers, lambda values: values[..., 0])


# What several networks have


def convolutions(model, keys: dict[str, str]) -> Iterator[Counterpart]:
    """Every layer of these names, with the key of its tensors."""
    for name, key in keys.items():
        yield from convolution(model.get_layer(name), key)


def layer_normalisations(model, keys: dict[str, str]) -> Iterator[Counterpart]:
    """Every layer of these names, with the key of its tensors."""
    for name, key in keys.items():
        yield from layer_normalisation(model.get_layer(name), key)


def ends(shapes: Shapes, first: str, upsampling: str, last: str) -> dict[str, int]:
    """Settings that the first and last layers tell; a scale of 4 is twice 2."""
    filters, input_channels, *_ = shapes.of_kernel(f"{first}.weight")
    step = math.isqrt(shapes.of_kernel(f"{upsampling}.0.weight")[0] // filters)
    return {
        "input_channels": input_channels,
        "output_channels": shapes.of_kernel(f"{last}.weight")[0],
        "filters": filters,
        "scale": step ** shapes.count(rf"{upsampling}\.(\d+)\.weight"),
    }


def upsampling(model, key: str, last: str) -> Iterator[Counterpart]:
    """The upsampling and the last convolution; in the sequence of the original, a pixel shuffle follows each layer."""
    for step, layer in enumerate(layer for layer in model.layers if layer.name.startswith("upsampling_")):
        inputs, outputs = layer.kernel.shape[2:]
        yield from convolution(layer, f"{key}.{2 * step}", shuffle=math.isqrt(outputs // inputs))
    yield from convolution(model.get_layer("last"), last)
