"""DBPN: up- and down-projections that correct each other (Haris, Shakhnarovich & Ukita, CVPR 2018).

As in the SR-CACO-2 benchmark, the recurrent form: the same projections three times over, and the three results are
put together into the image.
"""

from keras import Input, Model, initializers, layers

from srredsim.layers.scales import check_scale
from srredsim.networks.srfbn import KERNELS, SCALES

SMALL = {"input_channels": 1, "stages": 2, "iterations": 2, "shallow": 6, "filters": 4}  # what the tests build
PADDING = 2  # pixels of the kernels that reach beyond a block
CONTEXT = 128  # output pixels, see receptive_field


def build(
    input_channels: int = 1,
    stages: int = 7,
    iterations: int = 3,
    shallow: int = 256,
    filters: int = 64,
    scale: int = 2,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, 1), for any y and x; scale 2, 3, 4 or 8.

    ``stages`` are the up-projections of an iteration; from the third on, and from the second down-projection on, each
    is fed with all before it. ``shallow`` filters has the first convolution.
    """
    check_scale(scale, "dbpn", SCALES)
    image = Input((None, None, input_channels), name="image")
    low = _convolution(shallow, 3, "shallow_1")(image)
    low = _convolution(filters, 1, "shallow_2")(low)
    ups = [_projection(filters, scale, f"up_{stage}", stage > 2) for stage in range(1, stages + 1)]
    downs = [_projection(filters, scale, f"down_{stage}", stage > 1, down=True) for stage in range(1, stages)]
    found = []
    for _iteration in range(iterations):
        highs: list = []
        lows: list = []
        for up, down in zip(ups, [*downs, None], strict=True):
            highs.insert(0, up(lows if len(lows) > 1 else [low]))
            if down:
                low = down(highs)
                lows.insert(0, low)
        found.append(highs[0])
    x = layers.Concatenate()(found) if iterations > 1 else found[0]
    last = {"kernel_initializer": _begin(), "dtype": "float32", "name": "reconstruction"}
    image_of = layers.Conv2D(1, 3, padding="same", **last)
    return Model(image, image_of(x), name="dbpn")


def receptive_field(stages: int = 7, iterations: int = 3, scale: int = 2, **_) -> int:
    """Input pixels of context on each side of an output pixel, at most ``CONTEXT`` output pixels.

    The published form reaches up to 456 output pixels, for which there is no memory at x8; what lies farther away than
    ``CONTEXT`` changes the image by less than the rounding of float32.
    """
    size = KERNELS[scale]
    up, down = ("up", "down", "up"), ("down", "up", "down")  # convolutions of a projection
    chain = [*(up + down) * ((stages - 1) * iterations), *up]
    farthest = 0
    for output_pixel in range(scale):
        lowest, highest = output_pixel - 1, output_pixel + 1  # the last convolution
        for step in reversed(chain):
            if step == "up":  # input i goes to the output pixels from scale * i - 2 on, ``size`` of them
                lowest, highest = -((size - 1 - PADDING - lowest) // scale), (highest + PADDING) // scale
            else:
                lowest, highest = scale * lowest - PADDING, scale * highest - PADDING + size - 1
        farthest = max(farthest, 1 - lowest, highest + 1)  # the first convolution
    return min(farthest, CONTEXT // scale)


def largest_window(scale: int = 2, **_) -> int:
    """Input pixels on a side: some ten maps of all filters are kept at the sampling of the output."""
    return 640 // scale


def _projection(filters: int, scale: int, name: str, many: bool, down: bool = False):
    """Up-projection, or down-projection, of one map or of several put together, the newest first."""
    squeeze = _convolution(filters, 1, f"{name}_squeeze") if many else None
    steps = [_resampling(filters, scale, f"{name}_{step}", down == (step != 2)) for step in (1, 2, 3)]

    def project(maps: list):
        x = squeeze(layers.Concatenate()(maps)) if squeeze else maps[0]
        there = steps[0](x)
        error = layers.Subtract()([steps[1](there), x])
        return layers.Add()([steps[2](error), there])

    return project


def _resampling(filters: int, scale: int, name: str, down: bool):
    kind = layers.Conv2D if down else layers.Conv2DTranspose
    return _convolution(filters, KERNELS[scale], name, kind, strides=scale)


def _convolution(filters: int, size: int, name: str, kind=layers.Conv2D, **settings):
    """A convolution and a PReLU with one slope; the same weights wherever it is applied."""
    convolution = kind(filters, size, padding="same", kernel_initializer=_begin(), name=name, **settings)
    slope = initializers.Constant(0.25)
    prelu = layers.PReLU(alpha_initializer=slope, shared_axes=[1, 2, 3], name=f"{name}_prelu")
    return lambda x: prelu(convolution(x))


def _begin():
    return initializers.VarianceScaling(2.0, mode="fan_in", distribution="untruncated_normal")
