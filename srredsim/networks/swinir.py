"""SwinIR: residual blocks of attention within shifted windows (Liang et al., ICCV Workshops 2021).

As in the SR-CACO-2 benchmark: four groups, and the image directly from a pixel shuffle.
"""

from keras import Input, Model, layers, ops

from srredsim.layers.convolution import convolution, upsampled
from srredsim.layers.cropping import cropped, filled
from srredsim.layers.gelu import gelu
from srredsim.layers.scales import check_scale
from srredsim.layers.transformer import dense, left_out, normalised
from srredsim.layers.windows import Windows, attention, reach

SMALL: dict = {"input_channels": 1, "groups": 1, "blocks": 2, "filters": 4, "heads": 2, "window": 4}  # for tests
SMALL |= {"stochastic_depth": 0.0}


def build(
    input_channels: int = 1,
    groups: int = 4,
    blocks: int = 6,
    filters: int = 180,
    heads: int = 6,
    window: int = 8,
    wider: int = 2,
    stochastic_depth: float = 0.1,
    scale: int = 2,
    classical: int = 0,
    extra_window: bool = False,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, 1), for any y and x; scale 1, 2, 3, 4 or 8.

    ``filters`` are shared among the ``heads`` of the attention; the two layers after it have ``wider`` times as many in
    between. In training each block is left out with a probability that grows up to ``stochastic_depth``. ``classical``
    is the number of filters of the classical head, of which each doubling has a convolution; with 0, one convolution
    makes all pixels of a block.

    The image goes on mirrored up to a multiple of ``window``. ``extra_window`` is the published evaluation: it goes on
    mirrored with its edge, and by a whole window where it is a multiple already.
    """
    check_scale(scale, "swinir")
    image = Input((None, None, input_channels), name="image")
    padded = filled(image, window, "repeated", beyond=True) if extra_window else filled(image, window)
    windows = Windows(padded, window)
    shallow = convolution(padded, filters, name="first")
    x = normalised(shallow, "first_norm")
    for group in range(groups):
        start = x
        for block in range(blocks):
            depth = group * blocks + block
            dropped = stochastic_depth * depth / max(groups * blocks - 1, 1)
            name = f"group_{group + 1}_block_{block + 1}"
            x = _block(x, windows, block % 2 == 1, heads, wider, dropped, name)
        x = layers.Add()([start, convolution(x, filters, name=f"group_{group + 1}_last")])
    x = layers.Add()([shallow, convolution(normalised(x, "last_norm"), filters, name="trunk")])
    return Model(image, cropped(_head(x, scale, classical), image, scale), name="swinir")


def receptive_field(groups: int = 4, blocks: int = 6, window: int = 8, scale: int = 2, classical: int = 0, **_) -> int:
    """Input pixels of context on each side of an output pixel."""
    group = [("windows", "shifted")[block % 2] for block in range(blocks)] + [1]
    head = (3 if scale > 1 else 2) if classical else 1
    return reach([1, *group * groups, 1, head], window)


def alignment(window: int = 8, **_) -> int:
    """Pixels to whose multiples the image may be moved without another result: the side of a window."""
    return window


def largest_window(**_) -> int:
    """Input pixels on a side: query, key, value and scores are kept at once, some 2 GB at 512 pixels."""
    return 512


def _block(x, windows: Windows, shifted: bool, heads: int, wider: int, dropped: float, name: str):
    y = _attention(normalised(x, f"{name}_norm_1"), windows, shifted, heads, name)
    x = layers.Add()([x, left_out(y, dropped)])
    y = gelu(dense(normalised(x, f"{name}_norm_2"), wider * x.shape[-1], f"{name}_mlp_1"))
    return layers.Add()([x, left_out(dense(y, x.shape[-1], f"{name}_mlp_2"), dropped)])


def _attention(x, windows: Windows, shifted: bool, heads: int, name: str):
    filters = x.shape[-1]
    x = windows.split(dense(x, 3 * filters, f"{name}_qkv"), shifted)
    x = layers.Reshape((-1, windows.side**2, 3, heads, filters // heads))(x)
    bias = windows.position_bias(heads, f"{name}_position_bias")
    query, key, value = (x[:, :, :, part] for part in range(3))
    x = attention(query, key, value, lambda scores: windows.masked(scores + bias, shifted))
    return dense(windows.join(x, shifted), filters, f"{name}_projection")


def _head(x, scale: int, classical: int):
    if not classical:
        x = convolution(x, scale**2, dtype="float32", name="last")
        return ops.depth_to_space(x, scale) if scale > 1 else x
    x = layers.LeakyReLU(negative_slope=0.01)(convolution(x, classical, name="before_upsampling"))
    return convolution(upsampled(x, scale), 1, dtype="float32", name="last")
