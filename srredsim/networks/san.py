"""SAN: residual groups, each with second-order channel attention (Dai et al., CVPR 2019), as in the W2S benchmark.

The channels are weighed by the square root of their covariance, where RCAN has their means. Without the shift by the
mean colour that the release for photographs has, and without its parameters that never have an effect.
"""

from keras import Input, Model, layers, ops

from srredsim.errors import InputError
from srredsim.layers.convolution import convolution, upsampled
from srredsim.layers.covariance import covariance, square_root
from srredsim.layers.non_local import non_local
from srredsim.layers.scales import check_scale, window

SMALL = {"input_channels": 1, "groups": 2, "blocks": 1, "filters": 4, "reduction": 2, "inner": 2}  # for tests
CONTEXT = 32  # input pixels, see receptive_field
SEES_ALL = ("non_local_output",)  # layers that bring in what is farther away than receptive_field; at first zero


def build(
    input_channels: int = 1,
    output_channels: int = 1,
    groups: int = 20,
    blocks: int = 10,
    filters: int = 64,
    reduction: int = 16,
    inner: int = 8,
    scale: int = 2,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, output_channels), for any y and x from 4 on.

    ``blocks`` are those of one group; the attention squeezes ``filters`` channels to ``filters // reduction``.
    ``inner`` is the number of channels by which the non-local part compares pixels.

    The covariance is always that of the whole input; the original takes the central 1000 pixels of larger ones.
    """
    check_scale(scale, "san")
    if not 1 <= reduction <= filters:
        raise InputError(f"`reduction` of san is from 1 to its filters, here {filters}; got {reduction!r}")
    image = Input((None, None, input_channels), name="image")
    shallow = convolution(image, filters, name="first")
    with_others = non_local(filters, inner)
    x = start = with_others(shallow)
    skip = _times_one_scalar(start, "gamma")
    for group in range(1, groups + 1):
        x = layers.Add()([_group(x, blocks, reduction, f"group_{group}"), skip])
    x = layers.Add()([shallow, with_others(x)])
    x = upsampled(x, scale)
    return Model(image, convolution(x, output_channels, dtype="float32", name="last"), name="san")


def receptive_field(groups: int = 20, blocks: int = 10, scale: int = 2, **_) -> int:
    """Input pixels of context on each side of an output pixel: what the convolutions reach, at most ``CONTEXT``.

    Attention and non-local part look at the whole window that they are given, so tiles of a larger image differ from
    the whole image, however wide their context. With random weights in 6 groups of 4 blocks and in the non-local part,
    64-pixel tiles of a 192-pixel image of sparse spots differ by a root mean square of 0.16 without context, 0.04 with
    8, 16 and 32 pixels (0.8 at most) and 0.03 with 48, in standard deviations of the output.

    The non-local part holds side^4 / 64 numbers for a quarter of the window, so no window is made larger than
    `largest_window` (0.3 GB a quarter; 22 GB at 768 pixels).
    """
    around_groups = 3 if scale > 1 else 2  # the first, (up-sampling,) and last convolutions
    return min((2 * blocks + 1) * groups + around_groups, CONTEXT)


def largest_window(scale: int = 2, **_) -> int:
    """Input pixels on a side: memory grows with the square of their number, see `receptive_field`."""
    return min(256, window(768, scale))


def _group(x, blocks: int, reduction: int, name: str):
    y = x
    for block in range(1, blocks + 1):
        z = convolution(y, x.shape[-1], activation="relu", name=f"{name}_block_{block}_conv_1")
        y = layers.Add()([y, convolution(z, x.shape[-1], name=f"{name}_block_{block}_conv_2")])
    y = layers.Multiply()([y, _attention(y, reduction, name)])
    return layers.Add()([x, convolution(y, x.shape[-1], name=f"{name}_last")])


def _attention(x, reduction: int, name: str):
    """A weight between 0 and 1 for each channel, from the root of the covariance of all; float32 under any policy."""
    filters = x.shape[-1]
    y = ops.mean(square_root(covariance(x)), axis=1)
    y = layers.Reshape((1, 1, filters), dtype="float32")(y)
    y = convolution(y, filters // reduction, 1, activation="relu", dtype="float32", name=f"{name}_squeeze")
    return convolution(y, filters, 1, activation="sigmoid", dtype="float32", name=f"{name}_excite")


def _times_one_scalar(x, name: str):
    """One learned factor for all channels, at first zero."""
    factor = layers.Dense(1, use_bias=False, kernel_initializer="zeros", dtype="float32", name=name)
    return factor(x[..., None])[..., 0]
