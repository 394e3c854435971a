"""Every network at every scale: parameters, and where the image lies; sizes and reach are in test_every_network.py."""

import inspect

import keras
import numpy as np
import pytest
from scipy.ndimage import zoom

from srredsim import networks
from srredsim.errors import InputError
from srredsim.zoo.windows import SMALLEST_TILE, WINDOW

SMALL = {name: networks.module(name).SMALL for name in networks.names()}


# Built at one scale only: that takes long, and what up-samples at the end is tested with others.
LARGE = ("act", "enlcn", "grl", "nlsn", "omnisr", "swinir", "dfcan", "drrn", "srcnn")


def scales(name):
    return (2,) if name in LARGE else networks.module(name).SCALES


# Parameters, counted from the published layer tables


def conv(inputs, outputs, side=3, bias=True):
    return side**2 * inputs * outputs + bias * outputs


def shuffled(filters, scale):
    """A convolution for each pixel shuffle: one by 2 or 3, two by 2, three by 2."""
    shuffles = {1: [], 2: [2], 3: [3], 4: [2, 2], 8: [2, 2, 2]}[scale]
    return sum(conv(filters, filters * shuffle**2) for shuffle in shuffles)


def edsr(scale, frames=1, images=1, blocks=32, filters=256):
    body = (2 * blocks + 1) * conv(filters, filters)
    return conv(frames, filters) + body + shuffled(filters, scale) + conv(filters, images)


def rcan(scale, frames=1, images=1, groups=10, blocks=20, filters=64, reduction=16):
    narrow = filters // reduction
    block = 2 * conv(filters, filters) + conv(filters, narrow, 1) + conv(narrow, filters, 1)
    body = groups * (blocks * block + conv(filters, filters)) + conv(filters, filters)
    return conv(frames, filters) + body + shuffled(filters, scale) + conv(filters, images)


def rdn(scale, frames=1, images=1, blocks=16, layers_per_block=8, filters=64, growth=64):
    dense = sum(conv(filters + growth * layer, growth) for layer in range(layers_per_block))
    dense += conv(filters + growth * layers_per_block, filters, 1)
    body = conv(filters, filters) + blocks * dense + conv(blocks * filters, filters, 1) + conv(filters, filters)
    return conv(frames, filters) + body + shuffled(filters, scale) + conv(filters, images)


def rrdb(scale, frames=1, images=1, blocks=16, filters=64, growth=32):
    dense = sum(conv(filters + growth * layer, growth) for layer in range(4)) + conv(filters + 4 * growth, filters)
    shuffle = conv(filters, filters * scale**2) if scale > 1 else 0
    return conv(frames, filters) + 3 * blocks * dense + conv(filters, filters) + shuffle + conv(filters, images)


def san(scale, frames=1, images=1, groups=20, blocks=10, filters=64, reduction=16, inner=8):
    narrow = filters // reduction
    group = 2 * blocks * conv(filters, filters) + conv(filters, narrow, 1) + conv(narrow, filters, 1)
    body = groups * (group + conv(filters, filters)) + 3 * conv(filters, inner, 1) + conv(inner, filters, 1) + 1
    return conv(frames, filters) + body + shuffled(filters, scale) + conv(filters, images)


def srfbn(scale, frames=1, images=1, groups=6, filters=64):
    side = {2: 6, 3: 7, 4: 8, 8: 12}[scale]
    resampling = conv(filters, filters, side) + 1  # each with its slope
    fusions = sum(conv(filters * before, filters, 1) + 1 for before in range(2, groups + 1))
    shallow = conv(frames, 4 * filters) + conv(4 * filters, filters, 1) + 2
    compress = conv(2 * filters, filters, 1) + conv(groups * filters, filters, 1) + 2
    return shallow + compress + 2 * (groups * resampling + fusions) + resampling + conv(filters, images)


def red_net(scale, frames, depth, filters):
    stages = {1: 1, 2: 1, 3: 1, 4: 2, 8: 3}[scale]
    first = conv(frames, filters, 4 if scale == 1 else 3)
    return first + (2 * depth - 1 + stages) * conv(filters, filters) + conv(filters, 1)


def dncnn(scale, frames, depth, filters):
    normalised = conv(filters, filters, bias=False) + 4 * filters  # two of the four are moving statistics
    inner = (depth - 2) * normalised
    return conv(frames, filters, bias=False) + inner + conv(filters, frames * scale**2, bias=False)


def memnet(scale, frames, blocks, units, filters):
    def unit(inputs, outputs, side=3):
        return conv(inputs, outputs, side, bias=False) + 4 * inputs

    gates = sum(unit((units + block) * filters, filters, 1) for block in range(1, blocks + 1))
    return unit(frames, filters) + 2 * blocks * units * unit(filters, filters) + gates + unit(filters, frames)


def ridnet(scale, frames, blocks, filters, reduction):
    narrow = filters // reduction
    block = 8 * conv(filters, filters) + conv(2 * filters, filters) + conv(filters, filters, 1)
    block += conv(filters, narrow, 1) + conv(narrow, filters, 1)
    return 2 * 2 * frames + conv(frames, filters) + blocks * block + conv(filters, frames)


def unet(scale, frames, filters, most_filters):
    """Weights of a U-Net with one halving."""
    down = conv(frames, filters, 6) + conv(filters, filters) + conv(filters, most_filters)
    up = conv(most_filters, most_filters) + conv(filters + most_filters, filters) + conv(filters, filters)
    return down + up + conv(filters, frames * (2 * scale) ** 2, bias=False)


def dbpn(scale, stages, iterations, shallow, filters):
    """Three resamplings in each of the up- and down-projections, of which there are two and one here."""
    side = {2: 6, 3: 7, 4: 8, 8: 12}[scale]
    projections = 3 * (2 * stages - 1) * (conv(filters, filters, side) + 1)  # each with its slope
    return conv(1, shallow) + conv(shallow, filters, 1) + 2 + projections + conv(iterations * filters, 1)


def dfcan(scale, filters, reduction):
    narrow = filters // reduction
    block = 3 * conv(filters, filters) + conv(filters, narrow, 1) + conv(narrow, filters, 1)
    return conv(1, filters) + block + conv(filters, scale**2 * filters) + conv(filters, 1)


def mslapsrn(scale, filters):
    level = conv(filters, filters) + conv(filters, filters, 4) + conv(1, 1, 4) + conv(filters, 1)
    return conv(1, filters) + {2: 1, 4: 2, 8: 3}[scale] * level


def prosr(scale, filters, growth):
    """One dense layer at each level; a compression at each but the first."""
    dense = conv(filters, filters, 1) + conv(filters, growth) + conv(filters + growth, filters, 1, bias=False)
    level = dense + conv(filters, filters) + conv(filters, 4 * filters)
    levels = {2: 1, 4: 2, 8: 3}[scale]
    compressions = (levels - 1) * conv(filters, filters, 1, bias=False)
    return conv(1, filters) + levels * level + compressions + conv(filters, 1)


COUNTS = {
    "dbpn": lambda scale: dbpn(scale, stages=2, iterations=2, shallow=6, filters=4),
    "dfcan": lambda scale: dfcan(scale, filters=4, reduction=2),
    "drrn": lambda scale: sum(conv(*sizes, bias=False) for sizes in ((1, 4), (4, 4), (4, 4), (4, 1))),
    "mslapsrn": lambda scale: mslapsrn(scale, filters=4),
    "prosr": lambda scale: prosr(scale, filters=4, growth=2),
    "srcnn": lambda scale: conv(1, 8, 5) + conv(8, 6, 1) + conv(6, 1, 1),
    "vdsr": lambda scale: sum(conv(*sizes, bias=False) for sizes in ((1, 4), (4, 4), (4, 1))),
    "dncnn": lambda scale: dncnn(scale, 1, 3, 4),
    "edsr": lambda scale: edsr(scale, blocks=2, filters=4),
    "memnet": lambda scale: memnet(scale, 1, 2, 2, 4),
    "rcan": lambda scale: rcan(scale, groups=2, blocks=1, filters=4, reduction=2),
    "rdn": lambda scale: rdn(scale, blocks=2, layers_per_block=2, filters=4, growth=3),
    "red_net": lambda scale: red_net(scale, 15, 5, 4),
    "ridnet": lambda scale: ridnet(scale, 1, 1, 4, 2),
    "rrdb": lambda scale: rrdb(scale, blocks=1, filters=4, growth=2),
    "san": lambda scale: san(scale, groups=2, blocks=1, filters=4, reduction=2, inner=2),
    "srfbn": lambda scale: srfbn(scale, groups=2, filters=4),
    "unet": lambda scale: unet(scale, 1, 4, 6),
}


# Parameters of the layers that depend on the scale, where all others are many
ENDS = {
    "act": lambda scale: shuffled(4, scale),
    "enlcn": lambda scale: shuffled(4, scale),
    "grl": lambda scale: shuffled(3, scale),
    "nlsn": lambda scale: shuffled(4, scale),
    "omnisr": lambda scale: conv(4, scale**2),
    "swinir": lambda scale: conv(4, scale**2),
}


@pytest.mark.parametrize(
    ("name", "scale"), [(name, scale) for name in COUNTS for scale in networks.module(name).SCALES]
)
def test_parameters_are_those_of_the_layer_table(name, scale, parameters_of):
    assert parameters_of(name, scale) == COUNTS[name](scale)


@pytest.mark.parametrize(
    ("name", "scale"),  # act takes seconds each, and ends as enlcn and nlsn do
    [pytest.param(name, scale, marks=pytest.mark.slow if name == "act" else ()) for name in ENDS for scale in (1, 3)],
)
def test_another_scale_changes_the_parameters_of_the_end_alone(name, scale, parameters_of):
    assert parameters_of(name, scale) - parameters_of(name, 2) == ENDS[name](scale) - ENDS[name](2)


def test_parameters_of_every_network_are_counted():
    assert sorted([*COUNTS, *ENDS, "unrolled"]) == networks.names()  # that one is not published


@pytest.mark.parametrize(
    ("name", "count", "parameters"),
    [
        ("edsr", edsr, 40_720_385),
        ("rcan", rcan, 15_442_337),
        ("rdn", rdn, 22_121_089),
        ("rrdb", rrdb, 11_696_641),
        ("san", san, 15_672_426),
    ],
)
def test_left_alone_they_are_those_of_the_w2s_benchmark(name, count, parameters):
    of_network, of_table = (
        {key: value.default for key, value in inspect.signature(each).parameters.items()}
        for each in (networks.module(name).build, count)
    )
    assert {key: of_network[key] for key in of_table if key in of_network and key != "scale"} == {
        key: value for key, value in of_table.items() if key not in ("scale", "frames", "images")
    }
    assert (of_network["input_channels"], of_network["output_channels"], of_network["scale"]) == (1, 1, 2)
    assert count(2) == parameters


@pytest.mark.parametrize(
    ("count", "scale", "millions"),
    [
        (edsr, 2, 40.73), (edsr, 3, 43.68), (edsr, 4, 43.09),
        (rdn, 2, 22.12), (rdn, 3, 22.31), (rdn, 4, 22.27),
        (rcan, 2, 15.44), (rcan, 3, 15.63), (rcan, 4, 15.59), (rcan, 8, 15.74),
        (srfbn, 2, 2.14), (srfbn, 3, 2.83), (srfbn, 4, 3.63),
    ],
)  # fmt: skip
def test_the_layer_tables_are_those_of_the_published_networks_for_colour_images(count, scale, millions):
    assert count(scale, frames=3, images=3) / 1e6 == pytest.approx(millions, abs=0.006)


# Where the image lies


def run(model, image):
    return keras.ops.convert_to_numpy(model(image, training=False))


LAST = {"dncnn": "noise", "red_net": "image", "ridnet": "tail", "srfbn": "reconstruction", "unet": "noise"}


@pytest.mark.parametrize(("name", "scale"), [(name, s) for name in LAST for s in scales(name) if s > 1])
def test_what_is_added_to_is_the_bilinear_image_about_the_same_centre(name, scale):
    """The last convolution shut."""
    settings = SMALL[name] | ({"widefield_skip": True} if name == "red_net" else {})
    model = networks.build(name, **settings, scale=scale)
    last = model.get_layer(LAST[name])
    last.set_weights([np.zeros(weight.shape) for weight in last.weights])
    frames = np.random.default_rng(2).random((1, 6, 9, model.input_shape[-1])).astype("float32")
    expected = zoom(frames[0].mean(-1), scale, order=1, mode="nearest", grid_mode=True)
    np.testing.assert_allclose(run(model, frames)[0, ..., 0], expected, atol=1e-5)


def turn(model, name, scale):
    """Every kernel, and the places in the block of each pixel shuffle, by half a turn."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose | keras.layers.DepthwiseConv2D):
            if layer.name.endswith("frequencies"):  # sees amplitudes: those of the turned image are the same
                continue
            weights = [layer.get_weights()[0][::-1, ::-1], *layer.get_weights()[1:]]
            if (block := block_after(layer.name, name, scale)) > 1:
                shape = (block**2, weights[0].shape[-1] // block**2)
                weights = [w.reshape(*w.shape[:-1], *shape)[..., ::-1, :].reshape(w.shape) for w in weights]
            layer.set_weights(weights)
        if layer.name.endswith("position_bias"):  # a row for each offset in a window
            layer.set_weights([layer.get_weights()[0][::-1]])
        if layer.name.endswith("place_1"):  # sees the offsets themselves
            layer.set_weights([-layer.get_weights()[0], layer.get_weights()[1]])


def block_after(layer, name, scale):
    """Pixels on a side of the blocks that a pixel shuffle makes of what this layer gives; 1 without one."""
    if layer == "noise" and name in ("dncnn", "unet"):
        return scale * (2 if name == "unet" else 1)
    if layer.startswith("upsampling") and name != "red_net":
        return scale if name in ("rrdb", "dfcan") else {2: 2, 3: 3, 4: 2, 8: 2}[scale]
    if name == "prosr" and layer.endswith("_up"):
        return 2
    if name == "swinir" and layer == "last":
        return scale
    return 1


# The transposed convolutions of red_net by two reach to one side, as published; so do the gates of omnisr. nlsn takes
# pixels in the order of their rows, act knows the place in a token.
ONE_SIDED = ("red_net", "act", "nlsn", "omnisr")


TURNED = [(name, s) for name in networks.names() if name not in (*ONE_SIDED, "unrolled") for s in scales(name)]
TURNED += [("red_net", 3), ("swinir", 1), ("swinir", 3)]
AGAIN = [(name, scale) for name in ("rcan", "rdn", "san") for scale in (3, 4, 8)]  # edsr ends as they do


@pytest.mark.parametrize(
    ("name", "scale"), [pytest.param(*one, marks=pytest.mark.slow if one in AGAIN else ()) for one in TURNED]
)
def test_a_turned_network_makes_the_turned_image(name, scale, build_small):
    """So nothing is moved to one side, by padding or by the order of the pixels of a block."""
    model = build_small(name, scale)
    rng = np.random.default_rng(4)
    model.set_weights([w + rng.normal(0, 0.1, w.shape) if w.ndim == 4 else w for w in model.get_weights()])
    frames = rng.random((1, 12, 16, model.input_shape[-1])).astype("float32")
    plain = run(model, frames)
    turn(model, name, scale)
    expected = plain[:, ::-1, ::-1]
    assert plain.shape == (1, scale * 12, scale * 16, 1)
    assert plain.std() > 1e-3
    assert np.abs(plain - expected).max() > 0.1 * plain.std()
    np.testing.assert_allclose(run(model, frames[:, ::-1, ::-1]), expected, atol=1e-5 * np.abs(plain).max())


@pytest.mark.parametrize("name", networks.names())
def test_other_scales_are_refused_before_anything_is_built(name):
    known = networks.module(name).SCALES
    listed = f"{', '.join(map(str, known[:-1]))} or {known[-1]}"
    for scale in (5, 0, "two"):
        with pytest.raises(InputError, match=rf"^`scale` of {name} is {listed}; got {scale!r}$"):
            networks.build(name, scale=scale)


@pytest.mark.parametrize("name", ["nlsn", "enlcn", "dfcan"])
def test_memory_does_not_grow_with_the_scale(name):
    """The map before the last pixel shuffle has 1.1 GB at most in the largest window; at x8 one of 256 pixels has 4."""
    network = networks.module(name)
    for scale in (2, 4, 8):
        context = network.receptive_field(scale=scale)
        side = max(SMALLEST_TILE, min(network.largest_window(scale=scale), WINDOW) - 2 * context) + 2 * context
        filters, pixels = (64 * scale**2, side**2) if name == "dfcan" else (4 * 256, (side * scale // 2) ** 2)
        assert 4 * filters * pixels < 1.1e9
        assert side >= 128
