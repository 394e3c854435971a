"""GRL: attention in windows, through anchors, and to the channels (Li et al., CVPR 2023).

As in the SR-CACO-2 benchmark, where the stripes of the anchored attention are as small as the windows.
"""

import math

from keras import Input, Model, layers, ops

from srredsim.layers.channel_attention import weighed_channels
from srredsim.layers.convolution import convolution, upsampled
from srredsim.layers.cropping import cropped, filled
from srredsim.layers.gelu import gelu
from srredsim.layers.linear_attention import unit_length
from srredsim.layers.scales import check_scale
from srredsim.layers.transformer import dense, left_out, normalised
from srredsim.layers.windows import Windows, attention, reach

STRETCH = 8  # offsets between places in a window go from minus to plus this, and to a logarithm
SMALL = {"input_channels": 1, "stages": [2], "filters": 4, "heads": 1, "window": 4, "hidden": 6}  # what the tests build
SMALL |= {"compression": 2, "reduction": 2, "classical": 3, "stochastic_depth": 0.0}


def build(
    input_channels: int = 1,
    stages: tuple[int, ...] = (4, 4, 8, 8, 8, 4, 4),
    filters: int = 180,
    heads: int = 3,
    window: int = 8,
    wider: int = 2,
    hidden: int = 512,
    compression: int = 4,
    reduction: int = 18,
    classical: int = 64,
    stochastic_depth: float = 0.1,
    scale: int = 2,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, 1), for any y and x; scale 1, 2, 3, 4 or 8.

    ``stages`` are numbers of blocks. Half of the ``filters``, shared among ``heads``, look at their ``window``, half at
    the means of 2 x 2 pixels of it that have looked at it; ``hidden`` neurons say how places are weighed. Beside it,
    two convolutions with ``filters // compression`` in between, and channel attention with ``filters // reduction``.
    For the other settings see swinir.

    The image goes on mirrored up to a multiple of ``window``.
    """
    check_scale(scale, "grl")
    image = Input((None, None, input_channels), name="image")
    padded = filled(image, window)
    windows = Windows(padded, window)
    shallow = convolution(padded, filters, name="first")
    x = normalised(shallow, "first_norm")
    depth = 0
    for stage, blocks in enumerate(stages, start=1):
        start = x
        for block in range(blocks):
            name = f"stage_{stage}_block_{block + 1}"
            dropped = stochastic_depth * depth / max(sum(stages) - 1, 1)
            y = _mixed(x, windows, block % 2 == 0, heads, hidden, name)
            beside = _beside(x, compression, reduction, name)
            x = layers.Add()([x, left_out(normalised(y, f"{name}_norm_1"), dropped), beside])
            y = dense(gelu(dense(x, wider * filters, f"{name}_mlp_1")), filters, f"{name}_mlp_2")
            x = layers.Add()([x, left_out(normalised(y, f"{name}_norm_2"), dropped)])
            depth += 1
        x = layers.Add()([start, convolution(x, filters, name=f"stage_{stage}_last")])
    x = layers.Add()([shallow, convolution(normalised(x, "last_norm"), filters, name="trunk")])
    x = layers.LeakyReLU(negative_slope=0.01)(convolution(x, classical, name="before_upsampling"))
    x = convolution(upsampled(x, scale), 1, dtype="float32", name="last")
    return Model(image, cropped(x, image, scale), name="grl")


def receptive_field(stages=(4, 4, 8, 8, 8, 4, 4), window: int = 8, scale: int = 2, **_) -> int:
    """Input pixels of context on each side of an output pixel, but for what weighs the channels."""
    steps: list = [1]
    for blocks in stages:
        for block in range(blocks):
            looked = [["shifted"], ["windows"]] if block % 2 == 0 else [["windows"]]
            steps.append((*looked, [2]))  # the attention, and the convolutions beside it
        steps.append(1)
    return reach([*steps, 1, 3 if scale > 1 else 2], window)


def alignment(window: int = 8, **_) -> int:
    """Pixels to whose multiples the image may be moved without another result: the side of a window."""
    return window


def largest_window(**_) -> int:
    """Input pixels on a side: query, key, value and scores are kept at once, some 2 GB at 512 pixels."""
    return 512


def _mixed(x, windows: Windows, shifted: bool, heads: int, hidden: int, name: str):
    """Attention within the window, and through anchors within the window that is never shifted."""
    filters, side = x.shape[-1], windows.side
    near, far = (dense(x, 3 * filters // 2, f"{name}_{half}") for half in ("near", "far"))  # no copies: less memory
    query, key, value = _heads(windows.split(near, shifted), 3, heads)
    cosine = _cosine(windows, windows.offsets(side), 2 * side - 1, heads, hidden, f"{name}_window")
    near = attention(query, key, value, lambda scores: windows.masked(cosine(scores), shifted), 1.0)

    query, key, value = _heads(windows.split(far), 3, heads)
    anchor = dense(layers.AveragePooling2D(2)(x), filters // 2, f"{name}_anchor")
    (anchor,) = _heads(windows.split(anchor, side=side // 2), 1, heads)
    anchors, pixels = side // 2, side
    span = anchors + pixels - 1
    gathering = _cosine(windows, windows.offsets(anchors, pixels), span, heads, hidden, f"{name}_gathering")
    spreading = _cosine(windows, windows.offsets(pixels, anchors), span, heads, hidden, f"{name}_spreading")
    found = attention(anchor, key, value, gathering, 1.0)
    far = attention(query, anchor, found, spreading, 1.0)
    both = layers.Concatenate()([windows.join(near, shifted), windows.join(far)])
    return dense(both, filters, f"{name}_projection")


def _heads(x, parts: int, heads: int):
    """Query, key and value, or an anchor, (batch, windows, pixels, heads, channels); of unit length, not the value."""
    x = layers.Reshape((-1, x.shape[2], parts, heads, x.shape[-1] // parts // heads))(x)
    *compared, last = (x[:, :, :, part] for part in range(parts))
    compared = compared if parts > 1 else [last]
    compared = [unit_length(ops.cast(part, "float32"), 1e-12) for part in compared]
    return [*compared, last] if parts > 1 else compared


def _cosine(windows: Windows, index, span: int, heads: int, hidden: int, name: str):
    """What makes scores of cosines: times a learned factor, plus a number for each offset, by a small network."""
    factor = ops.exp(ops.minimum(windows.learned(heads, f"{name}_scale", math.log(10)), math.log(100)))
    number = windows.counting(span**2)
    table = ops.cast(ops.stack([number // span, number % span], axis=-1), "float32")
    table = STRETCH * (table * (2 / (span - 1)) - 1.0)
    table = ops.sign(table) * ops.log2(ops.abs(table) + 1.0) / math.log2(STRETCH)
    table = dense(table, hidden, f"{name}_place_1", activation="relu", dtype="float32")
    table = dense(table, heads, f"{name}_place_2", use_bias=False, dtype="float32")
    bias = ops.transpose(ops.take(16.0 * ops.sigmoid(table), index, axis=0), (2, 0, 1))
    return lambda scores: scores * factor + bias


def _beside(x, compression: int, reduction: int, name: str):
    y = gelu(convolution(x, x.shape[-1] // compression, name=f"{name}_beside_1"))
    return weighed_channels(convolution(y, x.shape[-1], name=f"{name}_beside_2"), reduction, f"{name}_beside")
