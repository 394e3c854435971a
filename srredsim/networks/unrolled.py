"""Unrolled reconstruction: steps towards the frames, with the known light and lens, and small corrections in turn.

Deep unrolling, as Adler and Oktem have it for tomography (IEEE TMI 37, 1322, 2018): it starts from the classical image;
each stage makes a step of `srredsim.layers.data_step`, keeps what is positive, and corrects it by a few convolutions,
which begin as none. Untrained, it is a reconstruction that knows how photons are counted.
"""

from keras import Input, Model, layers, ops

from srredsim.errors import InputError
from srredsim.layers.data_step import DataStep, Optics, Residual, mean_of_lit
from srredsim.layers.scales import check_scale

NUMBERS = 7  # as of srredsim.reconstruction.lit, which NumPy alone imports
FIXED, PER_FRAME = NUMBERS + 6, 5
SMALL = {"input_channels": FIXED + 4 * PER_FRAME, "stages": 2, "depth": 2, "filters": 4}  # what the tests build
SCALES = (2,)
PORTABLE = False
SEES_ALL = ("step_1", "step_2")  # of `SMALL`; the others likewise
NOISE_UNIT = 0.1  # standard deviation that fills its channel with 1
LEAST_CUTOFF, LEAST_DAMPING, LEAST_VARIANCE = 0.02, 0.01, 1e-8


def build(
    input_channels: int = FIXED + 16 * PER_FRAME,
    stages: int = 3,
    depth: int = 6,
    filters: int = 32,
    with_misfit: bool = False,
    scale: int = 2,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, 2y, 2x, 1), for any y and x.

    The channels are those of `srredsim.reconstruction.lit`, with an even number of frames; the weights are the same for
    any. ``depth`` counts the convolutions of a stage, at the sampling of the raw frames. With ``with_misfit`` the image
    comes second of two channels (..., 2): the first is what is left of the frames, as a share of their noise: the root
    of the mean square over frames.
    """
    check_scale(scale, "unrolled", SCALES)
    frames_wanted, left = divmod(input_channels - FIXED, PER_FRAME)
    if left or frames_wanted < 2 or frames_wanted % 2:
        raise InputError(
            f"`input_channels` of unrolled are {FIXED} and {PER_FRAME} for each of an even number of frames;"
            f" got {input_channels}"
        )
    channels = Input((None, None, input_channels), name="lit_frames")
    whole = ops.cast(channels, "float32")
    cutoff, damping, gain, dark, wiener, slope, reach = (whole[:, :1, :1, n : n + 1] for n in range(NUMBERS))
    cutoff = ops.maximum(cutoff, LEAST_CUTOFF)
    damping, gain, dark = ops.maximum(damping, LEAST_DAMPING), ops.maximum(gain, 0.0), ops.maximum(dark, LEAST_VARIANCE)
    widefield, haze = whole[..., NUMBERS : NUMBERS + 1], whole[..., NUMBERS + 1 : NUMBERS + 2]
    noise = ops.sqrt(gain * ops.maximum(widefield, 0.0) + dark) / NOISE_UNIT
    frames = _images(whole[..., FIXED::PER_FRAME])
    parts = [whole[..., FIXED + n :: PER_FRAME] for n in range(1, PER_FRAME)]
    light = _images(ops.depth_to_space(ops.concatenate(parts, axis=-1), 2))
    optics = Optics(name="optics")(light, cutoff, ops.maximum(reach, cutoff), damping, wiener, slope)
    recorded = frames, light, _images(haze), gain, dark

    image = whole[..., NUMBERS + 2 : FIXED]
    for stage in range(1, stages + 1):
        fine = _fine(image)
        left = Residual(name=f"residual_{stage}")(ops.stop_gradient(fine), recorded, optics)
        step = DataStep(name=f"step_{stage}")(fine, left, light, optics)
        step = ops.space_to_depth(ops.expand_dims(step, -1), 2)
        kept = ops.relu(image + step)
        image = kept + _correction(ops.concatenate([kept, step, widefield, noise], -1), stage, depth, filters)
    result = ops.depth_to_space(image, 2)
    if with_misfit:
        residual, variance = Residual(name="residual")(_fine(image), recorded, optics)
        misfit = ops.sqrt(mean_of_lit(ops.square(residual) / variance, light)[:, 0] + 1e-6)[..., None]
        result = ops.concatenate([layers.UpSampling2D(2, dtype="float32")(misfit), result], axis=-1)
    return Model(channels, result, name="unrolled")


def receptive_field(stages: int = 3, depth: int = 6, **_) -> int:
    """Raw pixels of context on each side that the corrections see; the steps towards the frames look at all."""
    return stages * depth


def largest_window(**_) -> int:
    """Raw pixels on a side: the light on all frames is kept in the output's sampling."""
    return 320


def _correction(x, stage: int, depth: int, filters: int):
    for layer in range(1, depth):
        name = f"correction_{stage}_{layer}"
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=name)(x)
    last = {"kernel_initializer": "zeros", "dtype": "float32", "name": f"correction_{stage}"}
    return layers.Conv2D(4, 3, padding="same", **last)(x)


def _images(channels):
    """(batch, y, x, n) -> (batch, n, y, x)"""
    return ops.transpose(channels, (0, 3, 1, 2))


def _fine(four):
    """(batch, y, x, 4) -> (batch, 2y, 2x)"""
    return ops.depth_to_space(four, 2)[..., 0]
