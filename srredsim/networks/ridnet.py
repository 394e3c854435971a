"""RIDNet: real image denoising with feature attention (Anwar & Barnes, ICCV 2019), as in the W2S benchmark."""

from keras import Input, Model, initializers, layers

from srredsim.layers.bilinear import enlarged
from srredsim.layers.scales import check_scale, reach_through

SMALL = {"input_channels": 1, "blocks": 1, "filters": 4, "reduction": 2}  # what the tests build


def build(
    input_channels: int = 1,
    blocks: int = 4,
    filters: int = 64,
    reduction: int = 16,
    mean: float = 0.0,
    scale: int = 1,
    predicts: str = "image",
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, input_channels), for any y and x.

    ``mean`` is taken from each channel at the start and given back at the end; a gain of 1 and this offset are where
    training begins. Between its two convolutions, the attention of a block has ``filters / reduction`` channels.

    The published network is of images that have their sampling. With a ``scale`` above 1 it works on the bilinearly
    enlarged image, whose sharpness is then part of what it adds.
    Where the same layers were trained to give the noise (``predicts="noise"``), it is subtracted.
    """
    check_scale(scale, "ridnet")
    noisy = Input((None, None, input_channels), name="noisy")
    start = enlarged(noisy, scale)
    x = _shift(start, -mean, "subtract_mean")
    x = _convolution(x, filters, "head")
    for block in range(1, blocks + 1):
        x = _block(x, reduction, f"block_{block}")
    x = layers.Conv2D(input_channels, 3, padding="same", dtype="float32", name="tail")(x)
    x = _shift(x, mean, "add_mean", dtype="float32")
    image = layers.Add(dtype="float32")([start, x])
    if predicts == "noise":
        image = layers.Subtract(dtype="float32")([start, image])
    return Model(noisy, image, name="ridnet")


def receptive_field(blocks: int = 4, scale: int = 1, **_) -> int:
    """Input pixels of context on each side of an output pixel, as far as the convolutions see.

    The attention weighs the channels by their means over the whole image. In tiles it takes the means over the
    window instead, so that tiles come near the image of one pass and do not equal it.
    """
    of_block = 12  # 3 + 4 dilated, merge, 2 of the residual, 2 of the enhanced residual
    return reach_through(of_block * blocks + 2, scale)


def largest_window(scale: int = 1, **_) -> int:
    """Input pixels on a side: everything is computed in the output's sampling."""
    return 768 // scale


def _block(x, reduction: int, name: str):
    """Merge-and-run, residual, enhanced residual, attention; around the last three there is no skip."""
    filters = x.shape[-1]
    near = _convolution(x, filters, f"{name}_near_1")
    near = _convolution(near, filters, f"{name}_near_2", dilation_rate=2)
    far = _convolution(x, filters, f"{name}_far_1", dilation_rate=3)
    far = _convolution(far, filters, f"{name}_far_2", dilation_rate=4)
    merged = _convolution(layers.Concatenate()([near, far]), filters, f"{name}_merge")
    x = layers.Add()([merged, x])

    y = _convolution(x, filters, f"{name}_residual_1")
    y = _convolution(y, filters, f"{name}_residual_2", activation=None)
    x = layers.ReLU()(layers.Add()([x, y]))

    y = _convolution(x, filters, f"{name}_enhanced_1")
    y = _convolution(y, filters, f"{name}_enhanced_2")
    y = _convolution(y, filters, f"{name}_enhanced_3", kernel_size=1, activation=None)
    x = layers.ReLU()(layers.Add()([x, y]))
    return _attention(x, reduction, f"{name}_attention")


def _attention(x, reduction: int, name: str):
    """Each channel, weighed by what the means of all channels say."""
    filters = x.shape[-1]
    weight = layers.GlobalAveragePooling2D(keepdims=True, dtype="float32")(x)
    weight = _convolution(weight, filters // reduction, f"{name}_1", kernel_size=1, dtype="float32")
    weight = _convolution(weight, filters, f"{name}_2", kernel_size=1, activation="sigmoid", dtype="float32")
    return layers.Multiply()([x, weight])


def _convolution(x, filters: int, name: str, **settings):
    settings = {"kernel_size": 3, "activation": "relu", "kernel_initializer": "he_normal"} | settings
    return layers.Conv2D(filters, padding="same", name=name, **settings)(x)


def _shift(x, offset: float, name: str, dtype=None):
    """A gain and an offset for each channel, at first 1 and the one given."""
    bias = initializers.Constant(offset)
    return layers.DepthwiseConv2D(1, depthwise_initializer="ones", bias_initializer=bias, dtype=dtype, name=name)(x)
