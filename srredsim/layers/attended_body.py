"""The frame that NLSN and ENLCN share: EDSR, with attention to the whole image between its residual blocks."""

from collections.abc import Callable

from keras import Input, Model, layers

from srredsim.layers.convolution import convolution, upsampled

RESIDUAL_SCALE = 0.1  # share of what blocks and attentions add


def attended_body(
    name: str, input_channels: int, blocks: int, between: int, filters: int, scale: int, attend: Callable
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, 1).

    ``attend`` makes of features and a name what is added to the features: at the beginning and after each ``between``
    of the ``blocks``.
    """
    image = Input((None, None, input_channels), name="image")
    shallow = x = convolution(image, filters, name="first")
    x = layers.Add()([x, RESIDUAL_SCALE * attend(x, "attention_1")])
    for block in range(1, blocks + 1):
        y = convolution(x, filters, activation="relu", name=f"block_{block}_conv_1")
        y = convolution(y, filters, name=f"block_{block}_conv_2")
        x = layers.Add()([x, RESIDUAL_SCALE * y])
        if block % between == 0:
            x = layers.Add()([x, RESIDUAL_SCALE * attend(x, f"attention_{block // between + 1}")])
    x = layers.Add()([shallow, convolution(x, filters, name="trunk")])
    return Model(image, convolution(upsampled(x, scale), 1, dtype="float32", name="last"), name=name)


def convolutions_reach(blocks: int, scale: int) -> int:
    """Input pixels of context on each side that the convolutions alone see."""
    return 2 * blocks + (4 if scale > 1 else 3)  # the first, trunk, (up-sampling,) and last convolutions
