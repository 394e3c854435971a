r"""First weights as PyTorch draws them, for trainings that shall begin like a published one.

``torch`` is PyTorch's default: kernels and biases of convolutions and dense layers uniform within
:math:`\pm1/\sqrt{n}`, where n is the number of numbers that one output is a sum of: channels times pixels of the
kernel (of a transposed convolution: output channels times pixels). Batch normalisation begins as the identity.

``kaiming_clamped``, with which published denoisers were trained: kernels of convolutions normal with standard deviation
:math:`\sqrt{2/n}`, the factors of batch normalisations normal with 0.0589 = sqrt(2/9/64), clamped to +-0.025.

Layers that a network begins at zero or one on purpose stay as they are, as the shifts of RIDNet, and so do PReLU slopes
and what no training changes: the rotations of NLSN, the projections of ENLCN.

``looks_linear`` (Balduzzi et al., ICML 2017, arXiv 1702.08591) lets a plain chain of convolutions and ReLUs (DnCNN)
begin as the identity: of the channels, the second half are the negatives of the first, so that one of each two passes
its ReLU, and their difference goes through every layer unchanged but for a rotation of the channels in each pixel; the
last convolution begins at zero. The gradients of a chain of random layers are nearly noise, these are not.
"""

from __future__ import annotations

import keras
import numpy as np

from srredsim.errors import InputError

KINDS = keras.layers.Conv2D, keras.layers.Conv2DTranspose, keras.layers.DepthwiseConv2D, keras.layers.Dense
ON_PURPOSE = keras.initializers.Zeros, keras.initializers.Ones
GAMMA_STD = np.sqrt(2 / 9 / 64)
GAMMA_LIMIT = 0.025
STREAM = 7  # stream of the generator, beside those of the data


def initialise(network, kind: str, seed: int) -> None:
    """Draw the first weights of a network anew, in the order of its layers; ``keras`` leaves them as they are."""
    if kind == "keras":
        return
    rng = np.random.default_rng([seed, STREAM])
    if kind == "looks_linear":
        _draw_mirrored(network, rng)
        return
    for layer in network.layers:
        if not layer.trainable:  # rotations and projections, which have to stay what they are
            continue
        if isinstance(layer, KINDS):
            depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
            begins = layer.depthwise_initializer if depthwise else layer.kernel_initializer
            if not isinstance(begins, ON_PURPOSE):
                _draw(layer, kind == "kaiming_clamped" and not isinstance(layer, keras.layers.Dense), rng)
        elif isinstance(layer, keras.layers.BatchNormalization) and kind == "kaiming_clamped":
            factors = rng.normal(0, GAMMA_STD, layer.gamma.shape)
            layer.gamma.assign(np.clip(factors, -GAMMA_LIMIT, GAMMA_LIMIT))


def _draw(layer, normal: bool, rng: np.random.Generator) -> None:
    shape = tuple(layer.kernel.shape)
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)  # each output is of one channel
    fan_in = np.prod(
        shape[:2] if depthwise else shape[:-1]
    )  # of a transposed convolution, too: (y, x, out, in) in Keras
    kernel = np.sqrt(2) * rng.normal(size=shape) if normal else rng.uniform(-1, 1, shape)
    layer.kernel.assign(kernel / np.sqrt(fan_in))
    if layer.use_bias:
        layer.bias.assign(rng.uniform(-1, 1, layer.bias.shape) / np.sqrt(fan_in))


def _draw_mirrored(network, rng: np.random.Generator) -> None:
    """The first kernel has an orthonormal set of patterns and their negatives, the next ones rotate in each pixel."""
    first, *inner, last = _chain(network)
    height, width, channels, filters = first.kernel.shape
    half = filters // 2
    patterns = _rotation(max(height * width * channels, half), rng)[: height * width * channels, :half]
    first.kernel.assign(_mirrored(patterns.reshape(height, width, channels, half), axis=-1))
    for layer in inner:
        kernel = np.zeros((*layer.kernel.shape[:2], half, half))
        kernel[layer.kernel.shape[0] // 2, layer.kernel.shape[1] // 2] = _rotation(half, rng)
        layer.kernel.assign(_mirrored(_mirrored(kernel, axis=-1), axis=-2))
    last.kernel.assign(np.zeros(last.kernel.shape))


def _chain(network) -> list:
    """The convolutions of a network that is one chain of them, with a ReLU after each but the last."""
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    activations = [layer for layer in network.layers if isinstance(layer, keras.layers.ReLU)]
    filters = {layer.filters for layer in convolutions[:-1]}
    into = {layer.kernel.shape[2] for layer in convolutions[1:]}
    if len(activations) != len(convolutions) - 1 or len(filters) != 1 or into != filters or min(filters) % 2:
        raise InputError(
            "initialisation: looks_linear is for a chain of convolutions and ReLUs with one even number of filters, "
            f"such as dncnn; {network.name} is none; use keras or torch"
        )
    return convolutions


def _mirrored(kernel: np.ndarray, axis: int) -> np.ndarray:
    return np.concatenate([kernel, -kernel], axis)


def _rotation(size: int, rng: np.random.Generator) -> np.ndarray:
    """A random orthogonal matrix."""
    return np.linalg.qr(rng.normal(size=(size, size)))[0]
