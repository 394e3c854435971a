"""Omni-SR: attention to pixels and to channels, near and far (Wang et al., CVPR 2023).

As in the SR-CACO-2 benchmark.
"""

from keras import Input, Model, layers, ops

from srredsim.layers.bilinear import stretched
from srredsim.layers.convolution import convolution
from srredsim.layers.cropping import cropped, filled
from srredsim.layers.gelu import gelu
from srredsim.layers.linear_attention import unit_length
from srredsim.layers.scales import check_scale
from srredsim.layers.transformer import normalised
from srredsim.layers.windows import Windows, attention, reach

SMALL = {"input_channels": 1, "groups": 1, "blocks": 1, "filters": 4, "heads": 2, "window": 4, "reduction": 2}
SEES_ALL = ("group_1_block_1_grid_projection", "group_1_gate_4")  # these layers bring in what is far away
CONTEXT = 64  # input pixels, see receptive_field
SMALLEST_SIDE_PX = 16  # pixels on a side that the gate at the end of a group needs


def build(
    input_channels: int = 1,
    groups: int = 5,
    blocks: int = 4,
    filters: int = 64,
    heads: int = 4,
    window: int = 8,
    reduction: int = 4,
    scale: int = 2,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, 1), for any y and x; scale 1, 2, 3, 4 or 8.

    ``filters`` are shared among the ``heads``; each block looks in turn at the pixels of a window, at the channels
    within it, at pixels spread evenly over the image, as many as in a ``window``, and at the channels there. The gates
    squeeze the channels by ``reduction``.

    The image goes on with zeros up to a multiple of ``window``, and to 16 pixels at least.
    """
    check_scale(scale, "omnisr")
    image = Input((None, None, input_channels), name="image")
    padded = filled(image, window, "zero", least=-(-SMALLEST_SIDE_PX // window) * window)
    windows = Windows(padded, window)
    shallow = x = convolution(padded, filters, name="first")
    for group in range(1, groups + 1):
        start = x
        for block in range(1, blocks + 1):
            x = _block(x, windows, heads, reduction, f"group_{group}_block_{block}")
        x = layers.Add()([start, convolution(x, filters, 1, name=f"group_{group}_last")])
        x = _gated(x, reduction, f"group_{group}_gate")
    x = layers.Add()([shallow, convolution(x, filters, name="trunk")])
    x = convolution(x, scale**2, dtype="float32", name="last")
    x = ops.depth_to_space(x, scale) if scale > 1 else x
    return Model(image, cropped(x, image, scale), name="omnisr")


def receptive_field(groups: int = 5, blocks: int = 4, window: int = 8, **_) -> int:
    """Input pixels of context on each side: what convolutions and windows of pixels reach, at most ``CONTEXT``.

    The pixels spread over the image, and the weights of the channels, bring in the whole window that the network is
    given, so tiles of a larger image differ from the whole image, however wide their context.
    """
    return min(reach([1, *[1, "windows", *[1] * 6] * (groups * blocks), 1, 1], window), CONTEXT)


def alignment(window: int = 8, **_) -> int:
    """Pixels to whose multiples the image may be moved: the side of a window."""
    return window


def _block(x, windows: Windows, heads: int, reduction: int, name: str):
    x = layers.Add()([x, _local(x, reduction, f"{name}_local")])
    x = _attending(x, windows, heads, f"{name}_window")
    x = _fed_forward(x, f"{name}_forward_1")
    x = _channels_attending(x, windows, heads, 2, f"{name}_window_channels")
    x = _fed_forward(x, f"{name}_forward_2")
    x = windows.gathered(_attending(windows.spread(x), windows, heads, f"{name}_grid"))
    x = _fed_forward(x, f"{name}_forward_3")
    x = _channels_attending(x, windows, heads, 1, f"{name}_grid_channels")
    return _fed_forward(x, f"{name}_forward_4")


def _local(x, reduction: int, name: str):
    """A convolution of each channel between two that mix them, and a weight for each from the means of all."""
    filters = x.shape[-1]
    x = gelu(convolution(x, filters, 1, name=f"{name}_1"))
    x = gelu(layers.DepthwiseConv2D(3, padding="same", name=f"{name}_depthwise")(x))
    weight = layers.GlobalAveragePooling2D(keepdims=True, dtype="float32")(x)
    for units, activation, part in ((filters // reduction, "silu", "squeeze"), (filters, "sigmoid", "excite")):
        dense = layers.Dense(units, activation=activation, use_bias=False, dtype="float32", name=f"{name}_{part}")
        weight = dense(weight)
    return convolution(layers.Multiply()([x, weight]), filters, 1, name=f"{name}_2")


def _attending(x, windows: Windows, heads: int, name: str):
    filters = x.shape[-1]
    y = normalised(x, f"{name}_norm")
    y = windows.split(layers.Dense(3 * filters, use_bias=False, name=f"{name}_qkv")(y))
    y = layers.Reshape((-1, windows.side**2, 3, heads, filters // heads))(y)
    bias = windows.position_bias(heads, f"{name}_position_bias", begin=1.0)
    query, key, value = (y[:, :, :, part] for part in range(3))
    y = windows.join(attention(query, key, value, lambda scores: scores + bias))
    return layers.Add()([x, layers.Dense(filters, use_bias=False, name=f"{name}_projection")(y)])


def _channels_attending(x, windows: Windows, heads: int, axis: int, name: str):
    """Channels that look at one another, over the pixels of a window (axis 2) or the windows of a pixel (axis 1)."""
    filters = x.shape[-1]
    y = normalised(x, f"{name}_norm", 1e-6)
    y = convolution(y, 3 * filters, 1, use_bias=False, name=f"{name}_qkv")
    y = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"{name}_depthwise")(y)
    y = layers.Reshape((-1, windows.side**2, 3, heads, filters // heads))(windows.split(y))
    y = ops.moveaxis(y, axis, -1)  # (batch, the other of the two, 3, heads, channels, what they look over)
    query, key, value = (y[:, :, part] for part in range(3))
    query, key = (unit_length(ops.cast(part, "float32"), 1e-12) for part in (query, key))
    likeness = windows.learned(heads, f"{name}_temperature") * ops.matmul(query, ops.swapaxes(key, -1, -2))
    y = ops.matmul(ops.cast(ops.softmax(likeness, axis=-1), value.dtype), value)
    y = windows.join(ops.moveaxis(y, -1, axis))
    return layers.Add()([x, convolution(y, filters, 1, use_bias=False, name=f"{name}_projection")])


def _fed_forward(x, name: str):
    filters = x.shape[-1]
    y = normalised(x, f"{name}_norm", 1e-6)
    y = convolution(y, 2 * filters, 1, use_bias=False, name=f"{name}_1")
    y = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"{name}_depthwise")(y)
    y = layers.Multiply()([gelu(y[..., :filters]), y[..., filters:]])
    return layers.Add()([x, convolution(y, filters, 1, use_bias=False, name=f"{name}_2")])


def _gated(x, reduction: int, name: str):
    """A weight between 0 and 1 for each channel of each pixel, from a wide neighbourhood."""
    filters = x.shape[-1] // reduction
    near = convolution(x, filters, 1, name=f"{name}_1")
    wide = convolution(near, filters, strides=2, padding="valid", name=f"{name}_2")
    wide = convolution(layers.MaxPooling2D(7, strides=3)(wide), filters, name=f"{name}_3")
    y = layers.Add()([stretched(wide, near), convolution(near, filters, 1, name=f"{name}_near")])
    return layers.Multiply()([x, convolution(y, x.shape[-1], 1, activation="sigmoid", name=f"{name}_4")])
