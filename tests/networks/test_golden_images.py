"""The networks of the W2S benchmark give the numbers of their original definitions in PyTorch.

The reference numbers were computed in float64 with the original layers. Every parameter is filled from a random
generator seeded with the CRC-32 of its name in the original state dictionary, in the original shape, and is then
brought to Keras: convolutions (out, in, y, x) -> (y, x, in, out), and before a pixel shuffle to C channels the output
channel 4c + q goes to q * C + c.
"""

import inspect
import zlib

import keras
import numpy as np
import pytest

from srredsim import networks
from srredsim.checkpoints.mapping import ORIGINALS

POINTS = [(0, 0), (5, 7), (-1, -1), "middle"]  # "middle" is row height // 2, column 3


def filled(key, shape, gain):
    """The original parameter of this name."""
    u = np.random.RandomState(zlib.crc32(key.encode("ascii"))).uniform(-1, 1, shape)
    if key.endswith("running_mean"):
        return 0.1 * u
    if key.endswith("running_var"):
        return 1 + 0.5 * u
    if len(shape) > 1:
        return gain * u / np.sqrt(np.prod(shape[1:]))
    return 0.05 * u if key.endswith("bias") else 1 + 0.1 * u


def fill_convolution(layer, key, gain, shuffle=1):
    """``shuffle`` is the square of the pixel shuffle that follows."""
    height, width, *channels = layer.kernel.shape  # (in, out), of a transposed convolution (out, in)
    original = (channels[1], channels[0], height, width)  # (out, in, y, x) or (in, out, y, x)
    outputs = layer.bias.shape[0] if layer.use_bias else channels[1]
    weights = [filled(f"{key}.weight", original, gain)]
    if layer.use_bias:
        weights.append(filled(f"{key}.bias", (outputs,), gain))
    if shuffle > 1:
        order = np.arange(outputs).reshape(outputs // shuffle, shuffle).T.ravel()
        weights = [weight[order] for weight in weights]
    layer.set_weights([weights[0].transpose(2, 3, 1, 0), *weights[1:]])


def fill_normalisation(layer, key):
    names = ("weight", "bias", "running_mean", "running_var")
    layer.set_weights([filled(f"{key}.{name}", layer.gamma.shape, 1.0) for name in names])


def fill_rrdb(model, blocks):
    fill_convolution(model.get_layer("first"), "conv_first", 1.0)
    for block in range(blocks):
        for dense in (1, 2, 3):
            for layer in range(1, 6):
                name = f"block_{block + 1}_dense_{dense}_conv_{layer}"
                fill_convolution(model.get_layer(name), f"RRDB_trunk.{block}.RDB{dense}.conv{layer}", 1.0)
    fill_convolution(model.get_layer("trunk"), "trunk_conv", 1.0)
    fill_convolution(model.get_layer("upsampling"), "tail.0.0", 1.0, shuffle=4)
    fill_convolution(model.get_layer("last"), "tail.1", 1.0)


def fill_dncnn(model):
    """The places in the original sequence: convolution 0, then convolution, normalisation, ReLU from 2 on."""
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    normalisations = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for place, layer in zip([0, *range(2, 48, 3)], convolutions, strict=True):
        fill_convolution(layer, f"dncnn.{place}", 2.2)
    for place, layer in zip(range(3, 48, 3), normalisations, strict=True):
        fill_normalisation(layer, f"dncnn.{place}")


def fill_upsampling_and_last(model, gain, upsampling="tail.0.0", last="tail.1"):
    fill_convolution(model.get_layer("upsampling_1"), upsampling, gain, shuffle=4)
    fill_convolution(model.get_layer("last"), last, gain)


RCAN_BLOCK = {"conv_1": "body.0", "conv_2": "body.2", "squeeze": "body.3.conv_du.0", "excite": "body.3.conv_du.2"}


def fill_rcan(model):
    fill_convolution(model.get_layer("first"), "head.0", 1.0)
    for group in range(10):
        for block in range(20):
            for name, key in RCAN_BLOCK.items():
                layer = model.get_layer(f"group_{group + 1}_block_{block + 1}_{name}")
                fill_convolution(layer, f"body.{group}.body.{block}.{key}", 1.0)
        fill_convolution(model.get_layer(f"group_{group + 1}_last"), f"body.{group}.body.20", 1.0)
    fill_convolution(model.get_layer("trunk"), "body.10", 1.0)
    fill_upsampling_and_last(model, 1.0)


def fill_edsr(model):
    fill_convolution(model.get_layer("first"), "head.0", 1.5)
    for block in range(32):
        fill_convolution(model.get_layer(f"block_{block + 1}_conv_1"), f"body.{block}.body.0", 1.5)
        fill_convolution(model.get_layer(f"block_{block + 1}_conv_2"), f"body.{block}.body.2", 1.5)
    fill_convolution(model.get_layer("trunk"), "body.32", 1.5)
    fill_upsampling_and_last(model, 1.5)


def fill_rdn(model):
    fill_convolution(model.get_layer("first"), "sfe1", 1.5)
    fill_convolution(model.get_layer("second"), "sfe2", 1.5)
    for block in range(16):
        for layer in range(8):
            name = f"block_{block + 1}_conv_{layer + 1}"
            fill_convolution(model.get_layer(name), f"rdbs.{block}.layers.{layer}.conv", 1.5)
        fill_convolution(model.get_layer(f"block_{block + 1}_fusion"), f"rdbs.{block}.lff", 1.5)
    fill_convolution(model.get_layer("fusion"), "gff.0", 1.5)
    fill_convolution(model.get_layer("trunk"), "gff.1", 1.5)
    fill_upsampling_and_last(model, 1.5, "upscale.0", "output")


def fill_memnet(model):
    keys = {"extractor": "feature_extractor", "reconstruction": "reconstructor"}
    for block in range(6):
        keys[f"block_{block + 1}_gate"] = f"dense_memory.{block}.gate_unit"
        for unit in range(4):
            for layer in (1, 2):
                key = f"dense_memory.{block}.recursive_unit.{unit}.relu_conv{layer}"
                keys[f"block_{block + 1}_unit_{unit + 1}_conv_{layer}"] = key
    for name, key in keys.items():
        fill_convolution(model.get_layer(name), f"{key}.conv", 1.5)
        fill_normalisation(model.get_layer(f"{name}_normalisation"), f"{key}.bn")


RIDNET_BLOCK = {
    "near_1": "r1.body1.0",
    "near_2": "r1.body1.2",
    "far_1": "r1.body2.0",
    "far_2": "r1.body2.2",
    "merge": "r1.body3.0",
    "residual_1": "r2.body.0",
    "residual_2": "r2.body.2",
    "enhanced_1": "r3.body.0",
    "enhanced_2": "r3.body.2",
    "enhanced_3": "r3.body.4",
    "attention_1": "ca.c1.body.0",
    "attention_2": "ca.c2.body.0",
}


def fill_ridnet(model):
    keys = {"subtract_mean": "sub_mean", "head": "head.body.0", "tail": "tail", "add_mean": "add_mean"}
    for block in range(1, 5):
        keys |= {f"block_{block}_{name}": f"b{block}.{key}" for name, key in RIDNET_BLOCK.items()}
    for name, key in keys.items():
        fill_convolution(model.get_layer(name), key, 1.5)


def fill_slope(layer, key):
    """Of a PReLU; a single number."""
    u = np.random.RandomState(zlib.crc32(f"{key}.weight".encode("ascii"))).uniform(-1, 1, (1,))
    layer.set_weights([(0.2 + 0.05 * u).reshape(1, 1, 1)])


def fill_srfbn(model):
    keys = {"shallow_1": "conv_in", "shallow_2": "feat_in", "reconstruction_up": "out"}
    keys |= {"compress_in": "block.compress_in", "compress_out": "block.compress_out"}
    for group in range(6):
        keys |= {f"group_{group + 1}_{way}": f"block.{way}Blocks.{group}" for way in ("up", "down")}
    for group in range(5):
        keys |= {f"group_{group + 2}_before_{way}": f"block.{way}tranBlocks.{group}" for way in ("up", "down")}
    for name, key in keys.items():
        fill_convolution(model.get_layer(name), f"{key}.0", 1.9)
        fill_slope(model.get_layer(f"{name}_prelu"), f"{key}.1")
    fill_convolution(model.get_layer("reconstruction"), "conv_out.0", 1.9)


def trainable_parameters(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def golden_input():
    return np.random.RandomState(0).uniform(0, 1, (1, 1, 24, 20)).transpose(0, 2, 3, 1)


def assert_golden(image, expected):
    """Mean, standard deviation and four points, to a hundred-thousandth of the standard deviation (float32)."""
    points = [(image.shape[0] // 2, 3) if point == "middle" else point for point in POINTS]
    image = image.astype(float)
    numbers = [image.mean(), image.std(), *(image[point] for point in points)]
    np.testing.assert_allclose(numbers, expected, rtol=1e-5, atol=1e-5 * expected[1])


RRDB = {
    16: [0.0435589878, 1.88212265, -0.0712427389, -1.16371664, 0.274803309, -0.665637229],
    23: [0.431997805, 7.18013552, -0.247882223, -4.3212737, 1.1099263, -2.52037736],
}
RRDB_PARAMETERS = {16: 11_696_641, 23: 16_732_609}
RCAN = [0.165571455, 0.332009445, 0.105407658, 0.110677852, -0.20683892, 0.562794807]
EDSR = [0.00171815327, 0.446806452, 0.127155173, -0.073062068, -0.330822837, 0.365964957]
RDN = [0.169962651, 0.573090781, -0.125149928, 0.527507943, -0.0410021044, 0.0720177283]
DNCNN = [-0.060535777, 0.0795499344, -0.0136033855, -0.0943902135, 0.113994114, 0.0133204925]
MEMNET = [0.41397915, 0.292438282, 0.499732222, 0.447452239, 0.460929826, -0.0105175701]
RIDNET = [0.540621454, 0.293131577, 0.589582874, 0.614655308, 0.50126894, 0.173932954]
SRFBN = [
    [0.525596937, 0.192948633, 0.548341425, 0.20490016, 0.476627463, 0.369853085],
    [0.526916885, 0.192423072, 0.549520394, 0.215372439, 0.475129325, 0.372302491],
    [0.526684269, 0.192407088, 0.549413738, 0.215774713, 0.475472922, 0.37257204],
    [0.526705547, 0.192406066, 0.549433026, 0.215724712, 0.475428141, 0.372535412],
]


@pytest.mark.parametrize("blocks", [16, 23])
def test_rrdb(blocks):
    model = networks.build("rrdb", blocks=blocks)
    assert model.count_params() == RRDB_PARAMETERS[blocks]
    fill_rrdb(model, blocks)
    image = keras.ops.convert_to_numpy(model(golden_input()))[0, ..., 0]
    assert image.shape == (48, 40)
    assert_golden(image, RRDB[blocks])


@pytest.mark.parametrize(
    ("name", "parameters", "fill", "expected"),
    [
        ("rcan", 15_442_337, fill_rcan, RCAN),
        ("edsr", 40_720_385, fill_edsr, EDSR),
        ("rdn", 22_121_089, fill_rdn, RDN),
    ],
)
def test_super_resolution(name, parameters, fill, expected):
    model = networks.build(name)
    assert model.count_params() == parameters
    fill(model)
    image = keras.ops.convert_to_numpy(model(golden_input()))[0, ..., 0]
    assert image.shape == (48, 40)
    assert_golden(image, expected)


def test_dncnn():
    model = networks.build("dncnn")
    assert trainable_parameters(model) == 556_032
    fill_dncnn(model)
    noise = keras.Model(model.input, model.get_layer("noise").output)
    noise = keras.ops.convert_to_numpy(noise(golden_input(), training=False))[0, ..., 0]
    assert noise.shape == (24, 20)
    assert_golden(noise, DNCNN)


def test_memnet():
    model = networks.build("memnet")
    assert trainable_parameters(model) == 194_922
    fill_memnet(model)
    noise = keras.Model(model.input, model.get_layer("noise").output)
    noise = keras.ops.convert_to_numpy(noise(golden_input(), training=False))[0, ..., 0]
    assert noise.shape == (24, 20)
    assert_golden(noise, MEMNET)


def test_ridnet():
    model = networks.build("ridnet")
    assert model.count_params() == 1_497_045
    fill_ridnet(model)
    image = keras.ops.convert_to_numpy(model(golden_input()))[0, ..., 0]
    assert image.shape == (24, 20)
    assert_golden(image, RIDNET)


def test_srfbn():
    model = networks.build("srfbn", all_steps=True)
    assert model.count_params() == 2_134_748
    fill_srfbn(model)
    images = keras.ops.convert_to_numpy(model(golden_input()))[0]
    assert images.shape == (48, 40, 4)
    for step, expected in enumerate(SRFBN):
        assert_golden(images[..., step], expected)


@pytest.mark.parametrize(
    ("name", "gain", "expected"),
    [
        ("rcan", 1.0, RCAN),
        ("edsr", 1.5, EDSR),
        ("rdn", 1.5, RDN),
        ("memnet", 1.5, MEMNET),
        ("ridnet", 1.5, RIDNET),
        ("srfbn", 1.9, SRFBN[-1]),
    ],
)
def test_a_checkpoint_with_the_original_names_gives_the_same_image(name, gain, expected):
    """Tensors by the names and shapes of the original, put in place by the importer's own table."""
    model = networks.build(name)
    settings = {key: value.default for key, value in inspect.signature(networks.module(name).build).parameters.items()}
    for tensor, shape, weight, convert in ORIGINALS[name].counterparts(model, settings):
        value = filled(tensor, shape, gain)
        if shape == (1,) and name == "srfbn" and tensor.endswith("1.weight"):
            value = 0.2 + 0.5 * (value - 1)  # a slope: 0.2 + 0.05 u
        weight.assign(convert(value))
    if name == "memnet":
        model = keras.Model(model.input, model.get_layer("noise").output)
    image = keras.ops.convert_to_numpy(model(golden_input(), training=False))[0, ..., -1]
    assert_golden(image, expected)
