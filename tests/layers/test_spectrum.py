"""Amplitudes of frequencies are those of a two-dimensional transform."""

import numpy as np
import pytest
from keras import Input, Model, ops

from srredsim.layers.spectrum import amplitudes


@pytest.mark.parametrize("shape", [(6, 8), (5, 7), (5, 8), (4, 3)])
def test_amplitudes_begin_with_the_middle_frequency(shape):
    image = np.random.default_rng(4).normal(size=(2, *shape, 3)).astype("float32")
    expected = np.abs(np.fft.fft2(image, axes=(1, 2)))
    for axis in (1, 2):
        expected = np.roll(expected, -(expected.shape[axis] // 2), axis)
    x = Input((None, None, 3))
    found = ops.convert_to_numpy(Model(x, amplitudes(x))(image))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
