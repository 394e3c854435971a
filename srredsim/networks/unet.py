"""U-Net that predicts the noise and subtracts it (Ronneberger et al., MICCAI 2015).

The finest layers work on every second pixel, as in FFDNet (Zhang et al., IEEE TIP 27, 4608, 2018).
"""

from keras import Input, Model, layers, ops

from srredsim.layers.bilinear import enlarged
from srredsim.layers.cropping import cropped
from srredsim.layers.scales import check_scale

SMALL = {"input_channels": 1, "filters": 4, "most_filters": 6, "depth": 1}  # what the tests build
STEP = 2  # pixels between those that the finest layers work on


def build(input_channels: int = 1, filters: int = 48, most_filters: int = 128, depth: int = 3, scale: int = 1) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, input_channels), for any y and x.

    ``depth`` times the sampling is halved, and the number of filters doubled up to ``most_filters``. The last
    convolution begins at zero, so that an untrained network returns its input.

    With a ``scale`` above 1 the layers work on the same pixels, and the last one makes ``scale**2`` times as many: what
    is subtracted from the bilinearly enlarged image is the noise with what it lacks in sharpness.
    """
    check_scale(scale, "unet")
    noisy = Input((None, None, input_channels), name="noisy")
    widths = [min(filters * 2**level, most_filters) for level in range(depth + 1)]
    x = _convolution(noisy, widths[0], "subsampling", 3 * STEP, STEP)
    x = _convolution(x, widths[0], "down_0")
    left = []
    for level, width in enumerate(widths[1:], start=1):
        left.append(x)
        x = layers.MaxPooling2D(2, padding="same", name=f"halving_{level}")(x)
        x = _convolution(_convolution(x, width, f"down_{level}_1"), width, f"down_{level}_2")
    for level in reversed(range(depth)):
        x = layers.UpSampling2D(2, name=f"doubling_{level}")(x)
        x = layers.Concatenate(name=f"both_{level}")([cropped(x, left[level]), left[level]])
        x = _convolution(_convolution(x, widths[level], f"up_{level}_1"), widths[level], f"up_{level}_2")
    settings = {"padding": "same", "use_bias": False, "kernel_initializer": "zeros", "dtype": "float32"}
    plain, block = enlarged(noisy, scale), STEP * scale
    noise = layers.Conv2D(input_channels * block**2, 3, name="noise", **settings)(x)
    noise = cropped(ops.depth_to_space(noise, block), plain)
    return Model(noisy, layers.Subtract(dtype="float32")([plain, noise]), name="unet")


def receptive_field(depth: int = 3, **_) -> int:
    """Input pixels of context on each side of an output pixel: two convolutions
    a level each way, blocks, the last one.
    """
    convolutions = sum(2 * STEP * 2**level for level in range(depth + 1)) + sum(2 * STEP * 2**lv for lv in range(depth))
    return convolutions + STEP + alignment(depth) - 1


def alignment(depth: int = 3, **_) -> int:
    """Input pixels to whose multiples the image may be moved without another result."""
    return STEP * 2**depth


def _convolution(x, filters: int, name: str, size: int = 3, step: int = 1):
    settings = {"padding": "same", "activation": "relu", "kernel_initializer": "he_normal"}
    return layers.Conv2D(filters, size, strides=step, name=name, **settings)(x)
