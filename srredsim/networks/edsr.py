"""EDSR: residual blocks without normalisation (Lim et al., CVPR Workshops 2017), as the generator of EPSR in W2S.

Without the shift by the mean colour that the release for photographs has.
"""

from keras import Input, Model, layers

from srredsim.layers.convolution import convolution, upsampled
from srredsim.layers.scales import check_scale, window

SMALL = {"input_channels": 1, "blocks": 2, "filters": 4}  # what the tests build


def build(
    input_channels: int = 1,
    output_channels: int = 1,
    blocks: int = 32,
    filters: int = 256,
    residual_scale: float = 0.1,
    scale: int = 2,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, output_channels), for any y and x.

    ``residual_scale`` multiplies what each block adds to its input. EDSR's small variant has 16 blocks of 64 filters
    and a residual scale of 1.
    """
    check_scale(scale, "edsr")
    image = Input((None, None, input_channels), name="image")
    shallow = x = convolution(image, filters, name="first")
    for block in range(1, blocks + 1):
        x = _block(x, residual_scale, f"block_{block}")
    x = layers.Add()([shallow, convolution(x, filters, name="trunk")])
    x = upsampled(x, scale)
    return Model(image, convolution(x, output_channels, dtype="float32", name="last"), name="edsr")


def receptive_field(blocks: int = 32, scale: int = 2, **_) -> int:
    """Input pixels of context on each side of an output pixel."""
    around_blocks = 4 if scale > 1 else 3  # the first, trunk, (up-sampling,) and last convolutions
    return 2 * blocks + around_blocks


def largest_window(filters: int = 256, scale: int = 2, **_) -> int:
    """Input pixels on a side: before the pixel shuffle there are four times the filters, 1 GB at 512 pixels and 256."""
    return window(768 if filters <= 64 else 384, scale)


def _block(x, residual_scale: float, name: str):
    y = convolution(x, x.shape[-1], activation="relu", name=f"{name}_conv_1")
    y = convolution(y, x.shape[-1], name=f"{name}_conv_2")
    return layers.Add()([x, residual_scale * y])
