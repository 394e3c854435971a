"""Which tensor of a published checkpoint is which weight of a network here: one entry of `ORIGINALS` per network.

To add a network, write what reads its settings off the shapes of the tensors, and what yields one `Counterpart` for
every weight of the Keras model. The functions `convolution`, `normalisation` and so on make them for the usual layers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
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

    first: str  # name of its first tensor, by which a prefix of all names is recognised
    settings: Callable[[Shapes], dict[str, int]]  # of `build`, from the shapes
    counterparts: Callable[..., Iterator[Counterpart]]  # of (model, settings), for every weight of the model
    dead: str = r"(?!)"  # pattern of tensors that never had an effect on the output


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


def dense(layer, key: str, inputs=None, outputs=None) -> Iterator[Counterpart]:
    """(out, in) -> (in, out), and the bias; ``inputs`` and ``outputs`` are the original's numbers of ours, in order."""
    shape = tuple(layer.kernel.shape[::-1])
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


def slope(layer, key: str) -> Iterator[Counterpart]:
    """PReLU with one slope for all channels, in Keras an array with axes of length 1."""
    shape = tuple(layer.alpha.shape)
    yield Counterpart(f"{key}.weight", (math.prod(shape),), layer.alpha, lambda alpha: alpha.reshape(shape))


def plain(weight, name: str) -> Counterpart:
    """The same shape in both."""
    return Counterpart(name, tuple(weight.shape), weight, np.asarray)


# The networks


def _dncnn_settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("dncnn.0.weight")
    depth = sum(len(shape) == 4 for shape in shapes.values())
    return {"input_channels": input_channels, "depth": depth, "filters": filters}


def _dncnn(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    """A sequence: convolution 0, then from 2 on convolution, normalisation, ReLU; the last convolution alone."""
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    normalisations = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
    for number, layer in enumerate(convolutions):
        yield from convolution(layer, f"dncnn.{3 * number - 1 if number else 0}")
    for number, layer in enumerate(normalisations, start=1):
        yield from normalisation(layer, f"dncnn.{3 * number}")


def _rrdb_settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("conv_first.weight")
    return {
        "input_channels": input_channels,
        "output_channels": shapes.of_kernel("tail.1.weight")[0],
        "blocks": shapes.count(r"RRDB_trunk\.(\d+)\."),
        "filters": filters,
        "growth": shapes.of_kernel("RRDB_trunk.0.RDB1.conv1.weight")[0],
        "scale": math.isqrt(shapes.of_kernel("tail.0.0.weight")[0] // filters),
    }


def _rrdb(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    yield from convolution(model.get_layer("first"), "conv_first")
    for block in range(settings["blocks"]):
        for part in (1, 2, 3):
            for layer in range(1, 6):
                here = model.get_layer(f"block_{block + 1}_dense_{part}_conv_{layer}")
                yield from convolution(here, f"RRDB_trunk.{block}.RDB{part}.conv{layer}")
    yield from convolution(model.get_layer("trunk"), "trunk_conv")
    yield from convolution(model.get_layer("upsampling"), "tail.0.0", shuffle=settings["scale"])
    yield from convolution(model.get_layer("last"), "tail.1")


RCAN_BLOCK = {"conv_1": "body.0", "conv_2": "body.2", "squeeze": "body.3.conv_du.0", "excite": "body.3.conv_du.2"}


def _rcan_settings(shapes: Shapes) -> dict[str, int]:
    ends = _ends(shapes, "head.0", "tail.0", "tail.1")
    return ends | {
        "groups": shapes.count(r"body\.(\d+)\.body\."),
        "blocks": shapes.count(r"body\.0\.body\.(\d+)\.body\."),
        "reduction": ends["filters"] // shapes.of_kernel("body.0.body.0.body.3.conv_du.0.weight")[0],
    }


def _rcan(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    yield from convolution(model.get_layer("first"), "head.0")
    for group in range(settings["groups"]):
        for block in range(settings["blocks"]):
            for name, key in RCAN_BLOCK.items():
                layer = model.get_layer(f"group_{group + 1}_block_{block + 1}_{name}")
                yield from convolution(layer, f"body.{group}.body.{block}.{key}")
        yield from convolution(model.get_layer(f"group_{group + 1}_last"), f"body.{group}.body.{settings['blocks']}")
    yield from convolution(model.get_layer("trunk"), f"body.{settings['groups']}")
    yield from _upsampling(model, "tail.0", "tail.1")


def _edsr_settings(shapes: Shapes) -> dict[str, int]:
    return _ends(shapes, "head.0", "tail.0", "tail.1") | {"blocks": shapes.count(r"body\.(\d+)\.body\.")}


def _edsr(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    yield from convolution(model.get_layer("first"), "head.0")
    for block in range(settings["blocks"]):
        for layer, place in ((1, 0), (2, 2)):
            yield from convolution(model.get_layer(f"block_{block + 1}_conv_{layer}"), f"body.{block}.body.{place}")
    yield from convolution(model.get_layer("trunk"), f"body.{settings['blocks']}")
    yield from _upsampling(model, "tail.0", "tail.1")


def _rdn_settings(shapes: Shapes) -> dict[str, int]:
    return _ends(shapes, "sfe1", "upscale", "output") | {
        "blocks": shapes.count(r"rdbs\.(\d+)\."),
        "layers_per_block": shapes.count(r"rdbs\.0\.layers\.(\d+)\."),
        "growth": shapes.of_kernel("rdbs.0.layers.0.conv.weight")[0],
    }


def _rdn(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"first": "sfe1", "second": "sfe2", "fusion": "gff.0", "trunk": "gff.1"}
    for block in range(settings["blocks"]):
        for layer in range(settings["layers_per_block"]):
            keys[f"block_{block + 1}_conv_{layer + 1}"] = f"rdbs.{block}.layers.{layer}.conv"
        keys[f"block_{block + 1}_fusion"] = f"rdbs.{block}.lff"
    yield from _convolutions(model, keys)
    yield from _upsampling(model, "upscale", "output")


def _memnet_settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("feature_extractor.conv.weight")
    return {
        "input_channels": input_channels,
        "blocks": shapes.count(r"dense_memory\.(\d+)\."),
        "units": shapes.count(r"dense_memory\.0\.recursive_unit\.(\d+)\."),
        "filters": filters,
    }


def _memnet(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"extractor": "feature_extractor", "reconstruction": "reconstructor"}
    for block in range(settings["blocks"]):
        keys[f"block_{block + 1}_gate"] = f"dense_memory.{block}.gate_unit"
        for unit in range(settings["units"]):
            for layer in (1, 2):
                key = f"dense_memory.{block}.recursive_unit.{unit}.relu_conv{layer}"
                keys[f"block_{block + 1}_unit_{unit + 1}_conv_{layer}"] = key
    for name, key in keys.items():
        yield from convolution(model.get_layer(name), f"{key}.conv")
        yield from normalisation(model.get_layer(f"{name}_normalisation"), f"{key}.bn")


RIDNET_BLOCK = {
    "near_1": "r1.body1.0",
    "near_2": "r1.body1.2",
    "far_1": "r1.body2.0",
    "far_2": "r1.body2.2",
    "merge": "r1.body3.0",
    "residual_1": "r2.body.0",
    "residual_2": "r2.body.2",
    "enhanced_1": "r3.body.0",
    "enhanced_2": "r3.body.2",
    "enhanced_3": "r3.body.4",
    "attention_1": "ca.c1.body.0",
    "attention_2": "ca.c2.body.0",
}


def _ridnet_settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("head.body.0.weight")
    return {
        "input_channels": input_channels,
        "blocks": shapes.count(r"b(\d+)\."),
        "filters": filters,
        "reduction": filters // shapes.of_kernel("b1.ca.c1.body.0.weight")[0],
    }


def _ridnet(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"subtract_mean": "sub_mean", "head": "head.body.0", "tail": "tail", "add_mean": "add_mean"}
    for block in range(1, settings["blocks"] + 1):
        keys |= {f"block_{block}_{name}": f"b{block}.{key}" for name, key in RIDNET_BLOCK.items()}
    yield from _convolutions(model, keys)


def _san_settings(shapes: Shapes) -> dict[str, int]:
    ends = _ends(shapes, "head.0", "tail.0", "tail.1")
    return ends | {
        "groups": shapes.count(r"RG\.(\d+)\.rcab\."),
        "blocks": shapes.count(r"RG\.0\.rcab\.(\d+)\."),
        "reduction": ends["filters"] // shapes.of_kernel("RG.0.soca.conv_du.0.weight")[0],
        "inner": shapes.of_kernel("non_local.non_local.theta.weight")[0],
    }


def _san(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    parts = {"query": "theta", "key": "phi.0", "value": "g.0", "output": "W"}
    keys = {f"non_local_{part}": f"non_local.non_local.{key}" for part, key in parts.items()} | {"first": "head.0"}
    for group in range(settings["groups"]):
        here, there = f"group_{group + 1}", f"RG.{group}"
        for block in range(settings["blocks"]):
            for layer, place in ((1, 0), (2, 2)):
                keys[f"{here}_block_{block + 1}_conv_{layer}"] = f"{there}.rcab.{block}.conv_first.{place}"
        keys |= {f"{here}_squeeze": f"{there}.soca.conv_du.0", f"{here}_excite": f"{there}.soca.conv_du.2"}
        keys[f"{here}_last"] = f"{there}.conv_last"
    yield from _convolutions(model, keys)
    yield Counterpart("gamma", (1,), model.get_layer("gamma").kernel, lambda gamma: gamma.reshape(1, 1))
    yield from _upsampling(model, "tail.0", "tail.1")


def _srfbn_settings(shapes: Shapes) -> dict[str, int]:
    from srredsim.networks.srfbn import KERNELS

    side = shapes.of_kernel("out.0.weight")[-1]
    scales = {kernel: scale for scale, kernel in KERNELS.items()}
    if side not in scales:
        raise InputError(f"out.0.weight has {side} x {side} pixels; of srfbn it has {', '.join(map(str, scales))}")
    return {
        "scale": scales[side],
        "input_channels": shapes.of_kernel("conv_in.0.weight")[1],
        "groups": shapes.count(r"block\.upBlocks\.(\d+)\."),
        "filters": shapes.of_kernel("feat_in.0.weight")[0],
    }


def _srfbn(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    keys = {"shallow_1": "conv_in", "shallow_2": "feat_in"}
    keys |= {"compress_in": "block.compress_in", "compress_out": "block.compress_out"}
    transposed = {"reconstruction_up": "out"}
    for group in range(settings["groups"]):
        transposed[f"group_{group + 1}_up"] = f"block.upBlocks.{group}"
        keys[f"group_{group + 1}_down"] = f"block.downBlocks.{group}"
    for group in range(settings["groups"] - 1):
        keys |= {f"group_{group + 2}_before_{way}": f"block.{way}tranBlocks.{group}" for way in ("up", "down")}
    for name, key in (keys | transposed).items():
        of_kind = transposed_convolution if name in transposed else convolution
        yield from of_kind(model.get_layer(name), f"{key}.0")
        yield from slope(model.get_layer(f"{name}_prelu"), f"{key}.1")
    yield from convolution(model.get_layer("reconstruction"), "conv_out.0")


def _vgg_style_settings(shapes: Shapes) -> dict[str, int]:
    filters, input_channels, *_ = shapes.of_kernel("conv0_0.weight")
    levels = shapes.count(r"conv(\d+)_1\.")
    if len(shapes["linear1.weight"]) != 2:
        raise InputError(f"linear1.weight {shapes['linear1.weight']} should have two axes")
    hidden, inputs = shapes["linear1.weight"]
    side = math.isqrt(inputs // shapes.of_kernel(f"conv{levels - 1}_1.weight")[0])
    return {
        "input_channels": input_channels,
        "size": side * 2**levels,
        "filters": filters,
        "levels": levels,
        "hidden": hidden,
    }


def _vgg_style(model, settings: dict[str, int]) -> Iterator[Counterpart]:
    for level in range(settings["levels"]):
        for part in (0, 1):
            name, key = f"level_{level}_conv_{part}", f"{level}_{part}"
            yield from convolution(model.get_layer(name), f"conv{key}")
            if level or part:
                yield from normalisation(model.get_layer(f"{name}_normalisation"), f"bn{key}")
    channels = model.get_layer(f"level_{settings['levels'] - 1}_conv_1").filters
    yield from dense_of_image(
        model.get_layer("dense_1"), "linear1", channels, settings["size"] // 2 ** settings["levels"]
    )
    yield from dense(model.get_layer("dense_2"), "linear2")


def _convolutions(model, keys: dict[str, str]) -> Iterator[Counterpart]:
    for name, key in keys.items():
        yield from convolution(model.get_layer(name), key)


def _ends(shapes: Shapes, first: str, upsampling: str, last: str) -> dict[str, int]:
    """What the first and last layers say; a scale of 4 is twice 2."""
    filters, input_channels, *_ = shapes.of_kernel(f"{first}.weight")
    step = math.isqrt(shapes.of_kernel(f"{upsampling}.0.weight")[0] // filters)
    return {
        "input_channels": input_channels,
        "output_channels": shapes.of_kernel(f"{last}.weight")[0],
        "filters": filters,
        "scale": step ** shapes.count(rf"{upsampling}\.(\d+)\.weight"),
    }


def _upsampling(model, upsampling: str, last: str) -> Iterator[Counterpart]:
    """In the sequence of the original, a pixel shuffle stands after each convolution."""
    for step, layer in enumerate(layer for layer in model.layers if layer.name.startswith("upsampling_")):
        inputs, outputs = layer.kernel.shape[2:]
        yield from convolution(layer, f"{upsampling}.{2 * step}", shuffle=math.isqrt(outputs // inputs))
    yield from convolution(model.get_layer("last"), last)


ORIGINALS = {
    "dncnn": Original("dncnn.0.weight", _dncnn_settings, _dncnn),
    "edsr": Original("head.0.weight", _edsr_settings, _edsr),
    "memnet": Original("feature_extractor.conv.weight", _memnet_settings, _memnet),
    "rcan": Original("head.0.weight", _rcan_settings, _rcan),
    "rdn": Original("sfe1.weight", _rdn_settings, _rdn),
    "ridnet": Original("head.body.0.weight", _ridnet_settings, _ridnet),
    "rrdb": Original("conv_first.weight", _rrdb_settings, _rrdb, dead=r"(upconv[1-4]|HRconv|conv_last)\."),
    "san": Original("head.0.weight", _san_settings, _san, dead=r"(RG\.\d+\.gamma$|conv_last\.|non_local\.soca\.)"),
    "srfbn": Original("conv_in.0.weight", _srfbn_settings, _srfbn),
}

DISCRIMINATORS = {"vgg_style": Original("conv0_0.weight", _vgg_style_settings, _vgg_style)}
