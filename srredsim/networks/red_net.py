"""RED-Net: raw frames to one image of finer sampling, or a reconstructed image to a cleaner one.

SR-REDSIM and RED-fairSIM of Shah et al., Photonics Research 9, B168 (2021).

The paper's stride-1 transposed convolutions are built as ordinary convolutions: with flipped kernels they are the same
function with the same number of weights, and much faster on a CPU.
"""

from collections.abc import Sequence

from keras import Input, Model, layers, ops

from srredsim.errors import InputError
from srredsim.layers.bilinear import enlarged
from srredsim.layers.scales import FACTORS, check_scale, window

SMALL = {"input_channels": 15, "depth": 5, "filters": 4}  # what the tests build


def build(
    input_channels: int = 15,
    output_channels: int = 1,
    depth: int = 21,
    filters: int = 64,
    wiring: str = "symmetric",
    widefield_skip: bool = False,
    scale: int = 2,
    skipped: Sequence[int] = (0,),
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, output_channels), for any y and x.

    ``depth`` counts the convolutions of the encoder, and again those of the decoder. Every second decoder layer
    receives the encoder layer that mirrors it; ``wiring="published"`` repeats the published source, where the last
    three receive earlier stages again. ``widefield_skip`` adds the up-sampled mean of the input to the output (no
    weights) and lets the last layer begin at zero: the network starts as the widefield image and learns what is
    missing. Up-sampling is a transposed convolution; for a ``scale`` of 4 or 8 one follows the other, each by two.

    ``scale=1`` is for images that are on the output grid already, y and x even: the first convolution (4x4, stride 2)
    halves the sampling, and the layers see as far and cost as little as they do with raw frames.
    ``widefield_skip`` then adds the image that is to be cleaned: the sum of the channels of the numbers ``skipped``.
    """
    check_scale(scale, "red_net")
    skip_from = _wiring(wiring, depth)
    frames = x = Input((None, None, input_channels), name="frames")
    convolution = {"padding": "same", "activation": "relu", "kernel_initializer": "he_normal"}
    encoded = {}
    for stage in range(1, depth + 1):
        halving = {"kernel_size": 4, "strides": 2} if (scale, stage) == (1, 1) else {"kernel_size": 3}
        x = encoded[stage] = layers.Conv2D(filters, **halving, **convolution, name=f"encoder_{stage}")(x)
    for stage in range(1, depth + 1):
        x = layers.Conv2D(filters, 3, **convolution, name=f"decoder_{stage}")(x)
        if stage in skip_from:
            x = layers.ReLU(name=f"skip_{stage}")(layers.Add()([x, encoded[skip_from[stage]]]))
    for stage, factor in enumerate(FACTORS[max(scale, 2)], start=1):
        name = "upsampling" if stage == 1 else f"upsampling_{stage}"
        x = layers.Conv2DTranspose(filters, 3, strides=factor, **convolution, name=name)(x)
    image = layers.Conv2D(
        output_channels,
        3,
        padding="same",
        kernel_initializer="zeros" if widefield_skip else "glorot_uniform",
        dtype="float32",
        name="image",
    )(x)
    if widefield_skip:
        start = ops.cast(frames, "float32")
        start = enlarged(ops.mean(start, axis=-1, keepdims=True), scale) if scale > 1 else _sum_of(start, skipped)
        image = layers.Add(dtype="float32")([image, start])
    return Model(frames, image, name="red_net")


def _sum_of(channels, numbers: Sequence[int]):
    """(batch, y, x, 1)"""
    parts = [channels[..., number : number + 1] for number in numbers]
    return sum(parts[1:], start=parts[0])


def receptive_field(depth: int = 21, scale: int = 2, **_) -> int:
    """Pixels of the input, an even number where they are halved, of context on each side of an output pixel."""
    return 2 * depth + 1 if scale > 1 else 2 * (2 * depth + 1) + 2


def largest_window(scale: int = 2, **_) -> int:
    """Input pixels on a side: up-sampled, there are ``scale**2`` times the filters for each.

    A window of 640 takes half a gigabyte in float32; larger ones would spare 5 % of the work.
    """
    return window(640, scale)


def _wiring(wiring: str, depth: int) -> dict[int, int]:
    """Decoder stage -> encoder stage whose output is added to it."""
    mirror = {stage: depth - stage for stage in range(1, depth - 1, 2)}
    if wiring == "symmetric":
        return mirror
    if wiring == "published" and depth == 21:
        return mirror | {15: 12, 17: 10, 19: 8}
    raise InputError(f"`wiring` is 'symmetric', or 'published' with `depth` 21; got {wiring!r} with depth {depth}")
