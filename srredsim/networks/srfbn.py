"""SRFBN: finer sampling, refined in steps by feedback (Li et al., CVPR 2019), as in the W2S benchmark (SRFBN-L).

All steps use the same weights; each receives the features of the low-resolution image and the state that the step
before it left, and makes an image. The image of the last step is the result.
"""

from keras import Input, Model, initializers, layers, ops

from srredsim.layers.bilinear import enlarged
from srredsim.layers.scales import check_scale, window

SMALL = {"input_channels": 1, "steps": 2, "groups": 2, "filters": 4}  # what the tests build
KERNELS = {2: 6, 3: 7, 4: 8, 8: 12}  # scale: side of the up- and down-sampling ones, 2 pixels more on each side
SCALES = tuple(KERNELS)


def build(
    input_channels: int = 1,
    steps: int = 4,
    groups: int = 6,
    filters: int = 64,
    all_steps: bool = False,
    scale: int = 2,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, 1), for any y and x.

    The ``scale`` is 2, 3, 4 or 8: that of the up- and down-sampling, so 1 would make no sense.

    With ``all_steps`` the images of all steps come back as channels (..., steps), the last one last: the sum
    over steps that the original is trained with is ``steps`` times a mean over pixels and channels, each compared with
    the same truth (..., 1). The weights are the same, in the same order, with and without: those learned
    with all steps go into the network of the last with ``set_weights``.

    Every step adds the bilinearly up-sampled mean of the input channels.
    """
    check_scale(scale, "srfbn", SCALES)
    image = Input((None, None, input_channels), name="image")
    start = enlarged(ops.mean(ops.cast(image, "float32"), axis=-1, keepdims=True), scale)
    features = _convolution(4 * filters, 3, "shallow_1")(image)
    features = state = _convolution(filters, 1, "shallow_2")(features)
    feedback = _feedback(groups, filters, scale)
    up = _convolution(filters, KERNELS[scale], "reconstruction_up", layers.Conv2DTranspose, strides=scale)
    reconstruction = layers.Conv2D(1, 3, padding="same", dtype="float32", name="reconstruction")
    images = []
    for step in range(1, steps + 1):
        state = feedback(features, state)
        if step == steps or all_steps:
            images.append(layers.Add(dtype="float32", name=f"step_{step}")([start, reconstruction(up(state))]))
    if all_steps and steps > 1:
        images = [layers.Concatenate(dtype="float32", name="steps")(images)]
    return Model(image, images[0], name="srfbn")


def receptive_field(steps: int = 4, groups: int = 6, scale: int = 2, **_) -> int:
    """Input pixels of context on each side of an output pixel: for each group, what its up- and down-sampling see.

    Down-sampling reaches 2 fine pixels beyond the block of a coarse one, up-sampling a coarse one from 2 away: together
    the coarse pixels whose blocks begin within 3 fine pixels of the block; with the last convolution, within 2.
    """
    of_group, of_end = 1 + 3 // scale, 1 + 2 // scale
    return of_group * groups * steps + of_end + 1  # the first convolution


def largest_window(scale: int = 2, **_) -> int:
    """Input pixels on a side: all maps of a step are kept in the output's sampling, 2 GB at 512 pixels and twice."""
    return window(384, scale)


def _feedback(groups: int, filters: int, scale: int):
    """The block that all steps share: up- and down-sampling in turn, each fed with all its like before."""
    side = KERNELS[scale]
    compress_in = _convolution(filters, 1, "compress_in")
    compress_out = _convolution(filters, 1, "compress_out")
    ups, downs = [], []
    for group in range(1, groups + 1):
        name = f"group_{group}"
        before_up = _convolution(filters, 1, f"{name}_before_up") if group > 1 else None
        ups.append((before_up, _convolution(filters, side, f"{name}_up", layers.Conv2DTranspose, strides=scale)))
        before_down = _convolution(filters, 1, f"{name}_before_down") if group > 1 else None
        downs.append((before_down, _convolution(filters, side, f"{name}_down", strides=scale)))

    def step(features, state):
        low, high = [compress_in(layers.Concatenate()([features, state]))], []
        for up, down in zip(ups, downs, strict=True):
            high.append(_fused(low, *up))
            low.append(_fused(high, *down))
        return compress_out(layers.Concatenate()(low[1:]) if groups > 1 else low[1])

    return step


def _fused(maps: list, fuse, resample):
    return resample(fuse(layers.Concatenate()(maps)) if fuse else maps[0])


def _convolution(filters: int, side: int, name: str, kind=layers.Conv2D, **settings):
    """A convolution and a PReLU with one slope; the same weights wherever it is applied."""
    convolution = kind(filters, side, padding="same", name=name, **settings)
    slope = initializers.Constant(0.2)
    prelu = layers.PReLU(alpha_initializer=slope, shared_axes=[1, 2, 3], name=f"{name}_prelu")
    return lambda x: prelu(convolution(x))
