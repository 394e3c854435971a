r"""First weights as PyTorch draws them, for trainings that shall begin like a published one.

``torch`` is PyTorch's default: kernels and biases of convolutions and dense layers uniform within
:math:`\pm1/\sqrt{n}`, where n is the number of numbers that one output is a sum of: channels times pixels of the
kernel (of a transposed convolution: output channels times pixels). Batch normalisation begins as the identity.

``w2s_denoiser`` is that of the denoisers in the W2S benchmark: kernels of convolutions normal with standard deviation
:math:`\sqrt{2/n}`, the factors of batch normalisations normal with 0.0589 = sqrt(2/9/64), clamped to +-0.025.

Layers that a network begins at zero on purpose stay as they are, and so do PReLU slopes and the shifts of RIDNet.
"""

from __future__ import annotations

import keras
import numpy as np

GAMMA_STD = np.sqrt(2 / 9 / 64)
GAMMA_LIMIT = 0.025
STREAM = 7  # of the generator, beside those of the data


def initialise(network, kind: str, seed: int) -> None:
    """Draw the first weights of a network anew, in the order of its layers; ``keras`` leaves them as they are."""
    if kind == "keras":
        return
    rng = np.random.default_rng([seed, STREAM])
    for layer in network.layers:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Conv2DTranspose, keras.layers.Dense)):
            if not isinstance(layer.kernel_initializer, keras.initializers.Zeros):
                _draw(layer, kind == "w2s_denoiser" and not isinstance(layer, keras.layers.Dense), rng)
        elif isinstance(layer, keras.layers.BatchNormalization) and kind == "w2s_denoiser":
            factors = rng.normal(0, GAMMA_STD, layer.gamma.shape)
            layer.gamma.assign(np.clip(factors, -GAMMA_LIMIT, GAMMA_LIMIT))


def _draw(layer, normal: bool, rng: np.random.Generator) -> None:
    shape = tuple(layer.kernel.shape)
    fan_in = np.prod(shape[:-1])  # of a transposed convolution too: (y, x, out, in) in Keras
    kernel = np.sqrt(2) * rng.normal(size=shape) if normal else rng.uniform(-1, 1, shape)
    layer.kernel.assign(kernel / np.sqrt(fan_in))
    if layer.use_bias:
        layer.bias.assign(rng.uniform(-1, 1, layer.bias.shape) / np.sqrt(fan_in))
