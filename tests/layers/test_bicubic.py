"""Bicubic enlarging: the numbers of a plain loop over the cubic kernel with the slope of PyTorch."""

import numpy as np
import pytest
from keras import Input, Model, ops

from srredsim.layers import bicubic


def cubic(t):
    t = abs(t)
    if t <= 1:
        return 1.25 * t**3 - 2.25 * t**2 + 1
    return -0.75 * (t**3 - 5 * t**2 + 8 * t - 4) if t < 2 else 0.0


def slow(line, scale):
    found = np.zeros(len(line) * scale)
    for output in range(len(found)):
        centre = (output + 0.5) / scale - 0.5
        for pixel in range(int(np.floor(centre)) - 1, int(np.floor(centre)) + 3):
            found[output] += cubic(pixel - centre) * line[np.clip(pixel, 0, len(line) - 1)]
    return found


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
def test_enlarged_by_the_kernel_with_the_edge_repeated(scale):
    frames = np.random.default_rng(1).random((1, 4, 7, 2)).astype("float32")
    image = Input((None, None, 2))
    model = Model(image, [bicubic.enlarged(image, scale, clip) for clip in (False, True)])
    free, clipped = (ops.convert_to_numpy(one)[0, ..., 0] for one in model(frames))
    expected = np.apply_along_axis(slow, 0, frames[0].mean(-1), scale)
    expected = np.apply_along_axis(slow, 1, expected, scale)
    np.testing.assert_allclose(free, expected, atol=1e-6)
    np.testing.assert_allclose(clipped, expected.clip(0, 1), atol=1e-6)


def test_reach():
    assert bicubic.receptive_field(3, 1) == 3
    assert bicubic.receptive_field(0, 2) == bicubic.receptive_field(0, 8) == 2
    assert bicubic.receptive_field(4, 2) == 4
