"""DnCNN: predicts the noise and subtracts it (Zhang et al., IEEE TIP 26, 3142, 2017), as in the W2S benchmark.

No convolution has a bias; the batch normalisations provide them.
"""

from keras import Input, Model, layers

SMALL = {"input_channels": 1, "depth": 3, "filters": 4}  # what the tests build


def build(input_channels: int = 1, depth: int = 17, filters: int = 64) -> Model:
    """(batch, y, x, input_channels) -> the same shape, for any y and x."""
    noisy = x = Input((None, None, input_channels), name="noisy")
    for layer in range(depth - 1):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
        x = layers.BatchNormalization(epsilon=1e-5, momentum=0.9)(x) if layer else x
        x = layers.ReLU()(x)
    noise = layers.Conv2D(input_channels, 3, padding="same", use_bias=False, dtype="float32", name="noise")(x)
    return Model(noisy, layers.Subtract(dtype="float32")([noisy, noise]), name="dncnn")


def receptive_field(depth: int = 17, **_) -> int:
    """Pixels of context on each side of an output pixel."""
    return depth
