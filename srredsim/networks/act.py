"""ACT: a transformer and a convolutional network side by side that tell each other what they find.

Yoo et al., Enriched CNN-Transformer feature aggregation networks for super-resolution, WACV 2023; as in the SR-CACO-2
benchmark.
"""

from keras import Input, Model, initializers, layers, ops

from srredsim.layers.channel_attention import weighed_channels
from srredsim.layers.convolution import convolution, upsampled
from srredsim.layers.cropping import cropped, numbered, whole
from srredsim.layers.gelu import gelu
from srredsim.layers.global_attention import global_attention
from srredsim.layers.scales import check_scale
from srredsim.layers.transformer import normalised
from srredsim.layers.windows import reach

TOKEN_PX = 3  # pixels of a token
SMALL = {
    "input_channels": 1,
    "stages": 2,
    "blocks": 1,
    "filters": 4,
    "heads": 2,
    "reduction": 2,
    "parts": 1,
}  # what the tests build
SEES_ALL = (  # layers of these small ones that bring in what is beyond receptive_field
    *(f"stage_{stage}_{part}_projection" for stage in (1, 2) for part in ("self", "cross_1", "cross_2")),
)
CONTEXT = 64  # input pixels, see receptive_field


def build(
    input_channels: int = 1,
    stages: int = 4,
    blocks: int = 12,
    filters: int = 64,
    heads: int = 8,
    reduction: int = 16,
    scale: int = 2,
    parts: int = 16,
) -> Model:
    """(batch, y, x, input_channels) -> (batch, scale*y, scale*x, 1), for any y and x from 6 on; scale 1, 2, 3, 4 or 8.

    One branch works on tokens of 3 x 3 pixels with all their ``filters``, and looks from each to all; the other has
    ``blocks`` with channel attention in each of the ``stages``, which squeezes to ``filters // reduction``. Rows and
    columns at the end that make no whole token are seen by the second alone. The attention takes its queries in so many
    ``parts``, one after the other, to need less memory; the image is the same.
    """
    check_scale(scale, "act")
    image = Input((None, None, input_channels), name="image")
    shallow = convolution(image, filters, name="first")
    for block in (1, 2):
        y = convolution(shallow, filters, 5, activation="relu", name=f"head_{block}_conv_1")
        shallow = layers.Add()([shallow, convolution(y, filters, 5, name=f"head_{block}_conv_2")])
    x, tokens = shallow, _tokens(shallow)
    tokens = layers.Add()([tokens, _dense(tokens, tokens.shape[-1], "encoding")])
    for stage in range(1, stages + 1):
        name = f"stage_{stage}"
        tokens, x = _transformed(tokens, heads, parts, name), _group(x, blocks, reduction, name)
        both = _fused(layers.Concatenate()([x, _image(tokens, x)]), name)
        if stage < stages:  # from here on the first half belongs to the tokens, though it came from the convolutions
            y = _fed_forward(_tokens(both[..., :filters]), f"{name}_to_tokens")
            tokens = layers.Add()([tokens, y])
            y = convolution(both[..., filters:], filters, activation="relu", name=f"{name}_to_image_1")
            x = layers.Add()([x, convolution(y, filters, name=f"{name}_to_image_2")])
    x = layers.Add()([shallow, convolution(both, filters, name="trunk")])
    return Model(image, convolution(upsampled(x, scale), 1, dtype="float32", name="last"), name="act")


def receptive_field(stages: int = 4, blocks: int = 12, scale: int = 2, **_) -> int:
    """Input pixels of context on each side: what convolutions and neighbouring tokens reach, at most ``CONTEXT``.

    The attention looks at the whole window that it is given, so tiles of a larger image differ from the whole image,
    however wide their context.
    """
    tokens, group = ["windows", TOKEN_PX], 2 * blocks + 1
    later = [(tokens, [2 + group])] * (stages - 1)
    return min(reach([9, (tokens, [group]), *later, 1, 2 if scale > 1 else 1], TOKEN_PX), CONTEXT)


def alignment(**_) -> int:
    """Pixels to whose multiples the image may be moved: the side of a token."""
    return TOKEN_PX


def largest_window(**_) -> int:
    """Input pixels on a side: the attention of 7,225 tokens to as many has 1.7 GB of scores at 256 pixels."""
    return 256


def order(channels: int, halves: int = 1, wide: int = 1) -> list[int]:
    """Numbers that the original has for the numbers of a token here, in order.

    There the channel comes first and then the place in the token; here the half of the channels, the small token in a
    ``wide`` one, the place, the channel within its half.
    """
    blocks = [(y, x) for y in range(wide) for x in range(wide)]
    pixels = [(y, x) for y in range(TOKEN_PX) for x in range(TOKEN_PX)]
    return [
        (channel * wide * TOKEN_PX + TOKEN_PX * v + y) * wide * TOKEN_PX + TOKEN_PX * u + x
        for half in range(halves)
        for v, u in blocks
        for y, x in pixels
        for channel in range(half * channels // halves, (half + 1) * channels // halves)
    ]


def _tokens(x):
    """(batch, y, x, channels) -> (batch, y // 3, x // 3, 9 channels), each half of the channels by itself."""
    x = whole(x, TOKEN_PX)
    half = x.shape[-1] // 2
    return layers.Concatenate()([ops.space_to_depth(part, TOKEN_PX) for part in (x[..., :half], x[..., half:])])


def _image(tokens, like):
    """The inverse of `_tokens`; zero where there are none."""
    half = tokens.shape[-1] // 2
    parts = [ops.depth_to_space(part, TOKEN_PX) for part in (tokens[..., :half], tokens[..., half:])]
    padded = ops.pad(layers.Concatenate()(parts), [(0, 0), (0, TOKEN_PX - 1), (0, TOKEN_PX - 1), (0, 0)])
    return cropped(padded, like)


def _transformed(tokens, heads: int, parts: int, name: str):
    """Self-attention of all; then of one half to larger, overlapping tokens of the other, and the reverse."""
    y = _dense(normalised(tokens, f"{name}_self_norm"), 3 * tokens.shape[-1], f"{name}_self_qkv", use_bias=False)
    query, key, value = ops.split(y, 3, axis=-1)
    tokens = layers.Add()([tokens, _attended(query, key, value, heads, parts, f"{name}_self")])
    tokens = layers.Add()([tokens, _fed_forward(tokens, f"{name}_forward_1")])
    small, large = ops.split(tokens, 2, axis=-1)
    width = small.shape[-1]
    large = gelu(_dense(normalised(_overlapping(large), f"{name}_large_norm"), width, f"{name}_large_1"))
    large = _dense(large, width, f"{name}_large_2")
    small, large = (
        layers.Add()([query, _looking(query, context, heads // 2, parts, f"{name}_cross_{number}")])
        for number, query, context in ((1, small, large), (2, large, small))
    )
    large = gelu(_dense(normalised(large, f"{name}_back_norm"), width, f"{name}_back_1"))
    large = _summed(_dense(large, 4 * width, f"{name}_back_2"))
    tokens = layers.Concatenate()([small, large])
    return layers.Add()([tokens, _fed_forward(tokens, f"{name}_forward_2")])


def _looking(query, context, heads: int, parts: int, name: str):
    q = _dense(normalised(query, f"{name}_norm_1"), query.shape[-1], f"{name}_q", use_bias=False)
    kv = _dense(normalised(context, f"{name}_norm_2"), 2 * query.shape[-1], f"{name}_kv", use_bias=False)
    k, v = ops.split(kv, 2, axis=-1)
    return _attended(q, k, v, heads, parts, name)


def _attended(query, key, value, heads: int, parts: int, name: str):
    found = layers.Reshape((-1, query.shape[-1]))(global_attention(query, key, value, heads, parts))
    return _dense(ops.take(found, numbered(query), axis=1), query.shape[-1], f"{name}_projection")


def _overlapping(tokens):
    """(batch, y, x, channels) -> (batch, y - 1, x - 1, 4 channels): four neighbours make one of 6 x 6 pixels."""
    corners = [tokens[:, y : y - 1 or None, x : x - 1 or None] for y in (0, 1) for x in (0, 1)]
    return layers.Concatenate()(corners)


def _summed(tokens):
    """The transpose of `_overlapping`: each of the four parts goes to its place, and they are added up."""
    corners = zip(ops.split(tokens, 4, axis=-1), ((y, x) for y in (0, 1) for x in (0, 1)), strict=True)
    return layers.Add()([ops.pad(part, [(0, 0), (y, 1 - y), (x, 1 - x), (0, 0)]) for part, (y, x) in corners])


def _fed_forward(tokens, name: str):
    width = tokens.shape[-1]
    y = gelu(_dense(normalised(tokens, f"{name}_norm"), 4 * width, f"{name}_1"))
    return _dense(y, width, f"{name}_2")


def _fused(both, name: str):
    x = both
    for block in range(1, 5):
        y = convolution(x, x.shape[-1], 1, activation="relu", use_bias=False, name=f"{name}_fusion_{block}_1")
        x = layers.Add()([x, convolution(y, x.shape[-1], 1, use_bias=False, name=f"{name}_fusion_{block}_2")])
    return layers.Add()([both, x])


def _group(x, blocks: int, reduction: int, name: str):
    y = x
    for block in range(1, blocks + 1):
        z = convolution(y, x.shape[-1], activation="relu", name=f"{name}_block_{block}_conv_1")
        z = convolution(z, x.shape[-1], name=f"{name}_block_{block}_conv_2")
        y = layers.Add()([y, weighed_channels(z, reduction, f"{name}_block_{block}")])
    return layers.Add()([x, convolution(y, x.shape[-1], name=f"{name}_last")])


def _dense(x, units: int, name: str, **settings):
    begin = initializers.VarianceScaling(1 / 3, mode="fan_in", distribution="uniform")
    return layers.Dense(units, kernel_initializer=begin, name=name, **settings)(x)
