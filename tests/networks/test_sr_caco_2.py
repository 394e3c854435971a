"""The networks of the SR-CACO-2 benchmark give the numbers of their original definitions in PyTorch.

The reference numbers were computed in float64 (GRL in float32) with the original layers. Every parameter is a hash of
its name in the original state dictionary and its place there, brought to Keras by the importer's table.
"""

import inspect
import zlib

import keras
import numpy as np
import pytest

from srredsim import networks
from srredsim.checkpoints.sr_caco_2 import ORIGINALS

POINTS = [(0, 0), (11, 7), (-1, -1)]
FACTORS = {"running_mean": (0.0, 0.1), "running_var": (1.0, 0.2), "weight": (0.6, 0.1)}  # of what has one axis


def hashed(name, shape):
    """Numbers between -1 and 1, from a name and a place: the same wherever they are made."""
    z = np.arange(1, np.prod(shape) + 1, dtype=np.uint64) * 2654435761 + zlib.crc32(name.encode("ascii"))
    z &= 0xFFFFFFFF
    z ^= z >> 16
    z = z * 0x85EBCA6B & 0xFFFFFFFF
    z ^= z >> 13
    z = z * 0xC2B2AE35 & 0xFFFFFFFF
    z ^= z >> 16
    return (2 * z.astype(float) / 2**32 - 1).reshape(shape)


def parameter(name, shape, gain):
    numbers = hashed(name, shape)
    if len(shape) > 1:
        return numbers * np.sqrt(gain / np.prod(shape[1:]))
    centre, spread = FACTORS.get(name.rpartition(".")[2], (0.0, 0.05))
    return centre + spread * numbers


def built(name, gain, **settings):
    """The network with the published settings and the numbers above."""
    model = networks.build(name, **settings)
    known = {key: value.default for key, value in inspect.signature(networks.module(name).build).parameters.items()}
    for tensor, shape, weight, convert in ORIGINALS[name].counterparts(model, known | settings):
        weight.assign(convert(parameter(tensor, shape, gain)))
    return model


def image():
    i, j = np.mgrid[:26, :22]
    return (0.5 + 0.4 * np.sin(0.35 * i) * np.cos(0.21 * j))[None, ..., None]


def parameters(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


# network -> gain of its weights; scale -> parameters; mean, standard deviation and three points of the output
REFERENCE = {
    "srcnn": (3, {1: (157_953, [0.16183622, 0.11267979, 0.046311219, 0.2150751, 0.14064239])}),
    "vdsr": (
        6,
        {
            2: (664_704, [0.49494315, 0.25311592, 0.49161657, 0.84537116, 0.44183919]),
            4: (664_704, [0.50738708, 0.24509853, 0.49075944, 0.84870337, 0.45451893]),
        },
    ),
    "drrn": (
        3,
        {
            2: (297_216, [-0.15998382, 0.1810976, 0.46151945, -0.36745571, 0.26705173]),
            4: (297_216, [-0.18734937, 0.14683834, 0.47551613, -0.34225353, 0.24747214]),
        },
    ),
    "mslapsrn": (
        3,
        {
            2: (436_114, [0.19089505, 0.24930701, 0.050698073, -0.015739195, -0.047298017]),
            4: (871_588, [-0.014099105, 0.17842742, 0.0073559223, 0.0077150761, -0.010495052]),
            8: (1_307_062, [-0.051825324, 0.083745434, -0.046509079, -0.29485962, -0.04454031]),
        },
    ),
}


@pytest.mark.parametrize(("name", "scale"), [(name, scale) for name, (_, rows) in REFERENCE.items() for scale in rows])
def test_the_image_is_that_of_the_original(name, scale):
    gain, rows = REFERENCE[name]
    count, expected = rows[scale]
    model = built(name, gain, scale=scale)
    assert parameters(model) == count
    found = keras.ops.convert_to_numpy(model(image(), training=False))[0, ..., 0].astype(float)
    assert found.shape == (26 * scale, 22 * scale)
    numbers = [found.mean(), found.std(), *(found[point] for point in POINTS)]
    np.testing.assert_allclose(numbers, expected, rtol=0, atol=1e-5 * expected[1])
