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
from srredsim.checkpoints.originals import original

POINTS = [(0, 0), (5, 7), (-1, -1), "middle"]  # "middle" is row height // 2, column 3


def filled(key, shape, gain):
    """The original parameter of this name."""
    u = np.random.RandomState(zlib.crc32(key.encode("ascii"))).uniform(-1, 1, shape)
    if key.endswith("running_mean"):
        return 0.1 * u
    if key.endswith("running_var"):
        return 1 + 0.5 * u
    if key.endswith("gamma"):
        return np.full(shape, 0.1)
    if len(shape) > 1:
        return gain * u / np.sqrt(np.prod(shape[1:]))
    return 0.05 * u if key.endswith("bias") else 1 + 0.1 * u


def fill_convolution(layer, key, gain, shuffle=1):
    """``shuffle`` is the square of the pixel shuffle that follows."""
    height, width, inputs, outputs = layer.kernel.shape
    weights = [filled(f"{key}.weight", (outputs, inputs, height, width), gain)]
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


def fill_by_the_table(model, name, gain, **changes):
    """Every tensor by its original name and shape, put in place by the importer's table."""
    settings = {key: value.default for key, value in inspect.signature(networks.module(name).build).parameters.items()}
    settings |= changes
    for tensor, shape, weight, convert in original(name).counterparts(model, settings):
        value = filled(tensor, shape, gain)
        if name == "srfbn" and shape == (1,) and tensor.endswith("1.weight"):
            value = 0.2 + 0.5 * (value - 1)  # a slope of PReLU: 0.2 + 0.05 u
        weight.assign(convert(value))


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
SAN = [0.303252473, 0.913319589, 0.238145601, 0.652852181, -0.402283528, 0.525914658]
FEW_EDSR = [0.113160792, 0.420357399, 0.189527303, -0.272094697, -0.422141403, 0.274886578]
FEW_RDN = [0.0587926937, 0.332366076, 0.150977194, -0.63976419, -0.171163052, 0.080462493]
FEW_RRDB = [-0.0550974909, 0.107870149, -0.0212788749, -0.129449159, -0.0419374183, -0.0980663374]
FEW_RCAN = [0.0576197683, 0.182841009, 0.0089518223, 0.326365829, 0.0349063762, 0.188305557]
FEW_SAN = [0.175120222, 0.301340991, 0.041094251, 0.620627224, -0.04269474, 0.373494953]
SRFBN = [
    [0.525596937, 0.192948633, 0.548341425, 0.20490016, 0.476627463, 0.369853085],
    [0.526916885, 0.192423072, 0.549520394, 0.215372439, 0.475129325, 0.372302491],
    [0.526684269, 0.192407088, 0.549413738, 0.215774713, 0.475472922, 0.37257204],
    [0.526705547, 0.192406066, 0.549433026, 0.215724712, 0.475428141, 0.372535412],
]


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [16, 23])
def test_rrdb(blocks):
    model = networks.build("rrdb", blocks=blocks)
    assert model.count_params() == RRDB_PARAMETERS[blocks]
    fill_rrdb(model, blocks)
    image = keras.ops.convert_to_numpy(model(golden_input()))[0, ..., 0]
    assert image.shape == (48, 40)
    assert_golden(image, RRDB[blocks])


def slow(*case):
    """With hundreds of layers: by default the same with a few, see below."""
    return pytest.param(*case, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("name", "parameters", "gain", "shape", "expected"),
    [
        slow("rcan", 15_442_337, 1.0, (48, 40), RCAN),
        slow("edsr", 40_720_385, 1.5, (48, 40), EDSR),
        slow("rdn", 22_121_089, 1.5, (48, 40), RDN),
        slow("san", 15_672_426, 1.0, (48, 40), SAN),
        ("ridnet", 1_497_045, 1.5, (24, 20), RIDNET),
    ],
)
def test_others(name, parameters, gain, shape, expected):
    model = networks.build(name)
    assert model.count_params() == parameters
    fill_by_the_table(model, name, gain)
    image = keras.ops.convert_to_numpy(model(golden_input()))[0, ..., 0]
    assert image.shape == shape
    assert_golden(image, expected)


@pytest.mark.parametrize(
    ("name", "gain", "few", "expected"),
    [
        ("edsr", 1.5, {"blocks": 2}, FEW_EDSR),
        ("rcan", 1.0, {"groups": 2, "blocks": 2}, FEW_RCAN),
        ("rdn", 1.5, {"blocks": 2}, FEW_RDN),
        ("rrdb", 1.0, {"blocks": 2}, FEW_RRDB),
        ("san", 1.0, {"groups": 2, "blocks": 2}, FEW_SAN),
    ],
)
def test_of_few_groups_and_blocks(name, gain, few, expected):
    """Numbers of the layers that give the published ones, in float64."""
    model = networks.build(name, **few)
    if name == "rrdb":
        fill_rrdb(model, **few)
    else:
        fill_by_the_table(model, name, gain, **few)
    assert_golden(keras.ops.convert_to_numpy(model(golden_input()))[0, ..., 0], expected)


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
    fill_by_the_table(model, "memnet", 1.5)
    noise = keras.Model(model.input, model.get_layer("noise").output)
    noise = keras.ops.convert_to_numpy(noise(golden_input(), training=False))[0, ..., 0]
    assert noise.shape == (24, 20)
    assert_golden(noise, MEMNET)


def test_srfbn():
    model = networks.build("srfbn", all_steps=True)
    assert model.count_params() == 2_134_748
    fill_by_the_table(model, "srfbn", 1.9)
    images = keras.ops.convert_to_numpy(model(golden_input()))[0]
    assert images.shape == (48, 40, 4)
    for step, expected in enumerate(SRFBN):
        assert_golden(images[..., step], expected)
