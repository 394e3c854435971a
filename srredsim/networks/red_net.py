"""RED-Net of SR-REDSIM: raw frames to one image at twice the sampling (Shah et al., Photonics Research 9, B168, 2021).

The paper's stride-1 transposed convolutions are built as ordinary convolutions: with flipped kernels they are the same
function with the same number of weights, and much faster on a CPU.
"""

from keras import Input, Model, layers, ops

from srredsim.errors import InputError

SMALL = {"input_channels": 15, "depth": 5, "filters": 4}  # what the tests build


def build(
    input_channels: int = 15,
    output_channels: int = 1,
    depth: int = 21,
    filters: int = 64,
    wiring: str = "symmetric",
    widefield_skip: bool = False,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, 2*y, 2*x, output_channels), for any y and x.

    ``depth`` counts the convolutions of the encoder, and again those of the decoder. Every second decoder layer
    receives the encoder layer that mirrors it; ``wiring="published"`` repeats the published source, where the last
    three receive earlier stages again. ``widefield_skip`` adds the up-sampled mean of the input to the output (no
    weights) and lets the last layer begin at zero: the network starts as the widefield image and learns what is
    missing.
    """
    skip_from = _wiring(wiring, depth)
    frames = x = Input((None, None, input_channels), name="frames")
    convolution = {"padding": "same", "activation": "relu", "kernel_initializer": "he_normal"}
    encoded = {}
    for stage in range(1, depth + 1):
        x = encoded[stage] = layers.Conv2D(filters, 3, **convolution, name=f"encoder_{stage}")(x)
    for stage in range(1, depth + 1):
        x = layers.Conv2D(filters, 3, **convolution, name=f"decoder_{stage}")(x)
        if stage in skip_from:
            x = layers.ReLU(name=f"skip_{stage}")(layers.Add()([x, encoded[skip_from[stage]]]))
    x = layers.Conv2DTranspose(filters, 3, strides=2, **convolution, name="upsampling")(x)
    image = layers.Conv2D(
        output_channels,
        3,
        padding="same",
        kernel_initializer="zeros" if widefield_skip else "glorot_uniform",
        dtype="float32",
        name="image",
    )(x)
    if widefield_skip:
        widefield = ops.mean(ops.cast(frames, "float32"), axis=-1, keepdims=True)
        image = layers.Add(dtype="float32")([image, _twice(widefield)])
    return Model(frames, image, name="red_net")


def _twice(image):
    """Bilinear up-sampling by two, centre-aligned: each pixel repeated, then averaged with the weights 1/4, 1/2, 1/4.

    ``UpSampling2D(interpolation="bilinear")`` is the same function, but cannot be traced for unknown sizes.
    """
    image = layers.UpSampling2D(2, dtype="float32")(image)
    image = ops.concatenate([image[:, :1], image, image[:, -1:]], axis=1)
    image = ops.concatenate([image[:, :, :1], image, image[:, :, -1:]], axis=2)
    for _ in range(2):
        image = layers.AveragePooling2D(2, strides=1, dtype="float32")(image)
    return image


def receptive_field(depth: int = 21, **_) -> int:
    """Raw pixels of context on each side of an output pixel."""
    return 2 * depth + 1


def _wiring(wiring: str, depth: int) -> dict[int, int]:
    """Decoder stage -> encoder stage whose output is added to it."""
    mirror = {stage: depth - stage for stage in range(1, depth - 1, 2)}
    if wiring == "symmetric":
        return mirror
    if wiring == "published" and depth == 21:
        return mirror | {15: 12, 17: 10, 19: 8}
    raise InputError(f"wiring is 'symmetric', or 'published' with depth 21; got {wiring!r} with depth {depth}")
