"""The discriminator of ESRGAN (Wang et al., ECCV Workshops 2018) and EPSR, as in the W2S benchmark.

Each level is a convolution that widens and one of stride 2 that halves the image; two dense layers follow. The very
first convolution has a bias and no batch normalisation.
"""

from keras import Input, Model, layers

from srredsim.errors import InputError

SMALL = {"input_channels": 1, "size": 32, "filters": 4, "levels": 3, "hidden": 5}  # what the tests build
WIDEST = 8  # times filters


def build(
    input_channels: int = 1,
    size: int = 128,
    filters: int = 64,
    levels: int = 5,
    hidden: int = 100,
) -> Model:
    """(batch, size, size, input_channels) -> (batch, 1), a logit: large for what looks real."""
    if levels < 1 or size < 1 or size % 2**levels:
        raise InputError(
            f"vgg_style halves its image {levels} times: `size` must be a multiple of {2 ** max(levels, 1)}; got {size}"
        )
    image = x = Input((size, size, input_channels), name="image")
    for level in range(levels):
        width = filters * min(2**level, WIDEST)
        x = _convolution(x, width, size=3, stride=1, name=f"level_{level}_conv_0", normalised=level > 0)
        x = _convolution(x, width, size=4, stride=2, name=f"level_{level}_conv_1")
    x = layers.Flatten()(x)
    x = layers.LeakyReLU(negative_slope=0.2)(layers.Dense(hidden, kernel_initializer="he_normal", name="dense_1")(x))
    return Model(image, layers.Dense(1, dtype="float32", name="dense_2")(x), name="vgg_style")


def _convolution(x, filters: int, size: int, stride: int, name: str, normalised: bool = True):
    x = layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same",
        use_bias=not normalised,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    if normalised:
        x = layers.BatchNormalization(epsilon=1e-5, momentum=0.9, name=f"{name}_normalisation")(x)
    return layers.LeakyReLU(negative_slope=0.2)(x)
