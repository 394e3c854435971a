"""Bands: what is done with them, against slow sums."""

import numpy as np
import pytest

from srredsim.stripes.bands import block_sums


@pytest.mark.parametrize("kind", [np.float32, np.complex64])
def test_sums_over_blocks_are_those_of_the_image_under_the_wave(kind):
    rng = np.random.default_rng(3)
    image = rng.normal(size=(11, 14)).astype(kind) + (1j if kind is np.complex64 else 0) * rng.normal(size=(11, 14))
    image = image.astype(kind)
    sums = block_sums(image, (3, 4), (1.3, -2.6))
    assert sums.shape == (3, 3)
    for i, j in np.ndindex(3, 3):
        pixels = [(y, x) for y in range(3 * i, 3 * i + 3) for x in range(4 * j, 4 * j + 4)]
        expected = sum(image[y, x] * np.exp(2j * np.pi * (1.3 * y / 11 - 2.6 * x / 14)) for y, x in pixels)
        assert sums[i, j] == pytest.approx(expected, abs=1e-5)
