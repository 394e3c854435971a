"""RRDBNet: residual in residual dense blocks (ESRGAN: Wang et al., ECCV Workshops 2018), as in the W2S benchmark.

23 blocks are the ESRGAN generator, 16 the joint denoising and super-resolution network of W2S. Up-sampling is a pixel
shuffle without activation, at any scale one, where the ESRGAN release has nearest neighbours and two more convolutions.
"""

from keras import Input, Model, layers, ops

from srredsim.layers.scales import check_scale, window

SMALL = {"input_channels": 1, "blocks": 1, "filters": 4, "growth": 2}  # what the tests build
RESIDUAL_SCALE = 0.2
CONVOLUTIONS_PER_BLOCK = 15  # three dense blocks of five


def build(
    input_channels: int = 1,
    output_channels: int = 1,
    blocks: int = 16,
    filters: int = 64,
    growth: int = 32,
    scale: int = 2,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, output_channels), for any y and x."""
    check_scale(scale, "rrdb")
    image = Input((None, None, input_channels), name="image")
    shallow = x = layers.Conv2D(filters, 3, padding="same", name="first")(image)
    for block in range(1, blocks + 1):
        x = _residual_in_residual(x, growth, f"block_{block}")
    x = layers.Add()([shallow, layers.Conv2D(filters, 3, padding="same", name="trunk")(x)])
    if scale > 1:
        x = layers.Conv2D(filters * scale**2, 3, padding="same", name="upsampling")(x)
        x = ops.depth_to_space(x, scale)
    return Model(image, layers.Conv2D(output_channels, 3, padding="same", dtype="float32", name="last")(x), name="rrdb")


def receptive_field(blocks: int = 16, scale: int = 2, **_) -> int:
    """Input pixels of context on each side of an output pixel."""
    around_blocks = 4 if scale > 1 else 3  # the first, trunk, (up-sampling,) and last convolutions
    return CONVOLUTIONS_PER_BLOCK * blocks + around_blocks


def largest_window(scale: int = 2, **_) -> int:
    """Input pixels on a side: before the pixel shuffle there are ``scale**2`` times the filters for each."""
    return window(768, scale)


def _residual_in_residual(x, growth: int, name: str):
    y = x
    for dense in range(1, 4):
        y = _dense(y, growth, f"{name}_dense_{dense}")
    return layers.Add()([x, RESIDUAL_SCALE * y])


def _dense(x, growth: int, name: str):
    """Five convolutions, each fed with the input and all outputs before it."""
    features = [x]
    for layer in range(1, 5):
        y = layers.Concatenate()(features) if layer > 1 else x
        y = layers.Conv2D(growth, 3, padding="same", name=f"{name}_conv_{layer}")(y)
        features.append(layers.LeakyReLU(negative_slope=0.2)(y))
    y = layers.Conv2D(x.shape[-1], 3, padding="same", name=f"{name}_conv_5")(layers.Concatenate()(features))
    return layers.Add()([x, RESIDUAL_SCALE * y])
