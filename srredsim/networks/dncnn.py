"""DnCNN: predicts the noise and subtracts it (Zhang et al., IEEE TIP 26, 3142, 2017), as in the W2S benchmark.

No convolution has a bias; the batch normalisations provide them.
"""

from keras import Input, Model, layers, ops

from srredsim.layers.bilinear import enlarged
from srredsim.layers.cropping import cropped
from srredsim.layers.scales import check_scale

SMALL = {"input_channels": 1, "depth": 3, "filters": 4}  # what the tests build


def build(
    input_channels: int = 1,
    depth: int = 17,
    filters: int = 64,
    subsampling: int = 1,
    batch_norm: bool = True,
    scale: int = 1,
    predicts: str = "noise",
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, input_channels), for any y and x.

    With a ``subsampling`` of 2 the layers work on the four images of every second pixel, as in FFDNet (Zhang et al.,
    IEEE TIP 27, 4608, 2018): a quarter of the time, and twice the context. Without ``batch_norm`` the convolutions have
    biases of their own. With a ``scale`` above 1 the image is enlarged bilinearly, and what is subtracted from that is
    the noise with what it lacks in sharpness, as in VDSR (Kim, Lee, Lee, CVPR 2016); the layers work before that.
    Layers that were trained to give the image (``predicts="image"``) are not subtracted from anything.
    """
    check_scale(scale, "dncnn")
    noisy = x = Input((None, None, input_channels), name="noisy")
    bare = {"padding": "same", "use_bias": not batch_norm, "kernel_initializer": "he_normal"}
    for layer in range(depth - 1):
        first = layer == 0 and subsampling > 1
        around = {"kernel_size": 3 * subsampling, "strides": subsampling} if first else {"kernel_size": 3}
        x = layers.Conv2D(filters, **around, **bare, name=f"conv_{layer + 1}")(x)
        if layer and batch_norm:
            x = layers.BatchNormalization(epsilon=1e-5, momentum=0.9, name=f"norm_{layer + 1}")(x)
        x = layers.ReLU()(x)
    plain, block = enlarged(noisy, scale), subsampling * scale
    channels = input_channels * block**2
    noise = layers.Conv2D(channels, 3, padding="same", use_bias=False, dtype="float32", name="noise")(x)
    if block > 1:
        noise = ops.depth_to_space(noise, block)
    if subsampling > 1:
        noise = cropped(noise, plain)
    image = noise if predicts == "image" else layers.Subtract(dtype="float32")([plain, noise])
    return Model(noisy, image, name="dncnn")


def receptive_field(depth: int = 17, subsampling: int = 1, **_) -> int:
    """Pixels of context on each side of an output pixel."""
    return depth if subsampling == 1 else subsampling * (depth + 1)


def alignment(subsampling: int = 1, **_) -> int:
    """Pixels to whose multiples the image may be moved without another result."""
    return subsampling
