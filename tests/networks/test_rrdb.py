"""RRDBNet: sizes of the W2S benchmark, scale and reach; its golden image is in test_golden_images.py."""

import keras
import numpy as np
import pytest

from srredsim.networks import rrdb


def test_tiny_parameter_count_by_hand():
    """Two input, three output channels, 4 filters, growth 2: convolutions of 9 in out + out parameters."""
    dense = 9 * 2 * (4 + 6 + 8 + 10) + 4 * 2 + 9 * 12 * 4 + 4
    expected = (9 * 2 * 4 + 4) + 3 * dense + (9 * 4 * 4 + 4) + (9 * 4 * 16 + 16) + (9 * 4 * 3 + 3)
    assert rrdb.build(2, 3, blocks=1, filters=4, growth=2).count_params() == expected


@pytest.mark.parametrize(("blocks", "scale", "expected"), [(1, 1, 18), (1, 2, 19), (2, 2, 34), (3, 1, 48)])
def test_receptive_field_grows_by_15_pixels_per_block(blocks, scale, expected):
    model = rrdb.build(blocks=blocks, filters=2, growth=1, scale=scale)
    model.set_weights([np.full_like(w, 0.3) if w.ndim == 4 else np.zeros_like(w) for w in model.get_weights()])
    centre = expected + 1
    image = np.zeros((1, 2 * centre + 1, 2 * centre + 1, 1), "float32")
    image[0, centre, centre] = 1.0
    rows = np.nonzero(keras.ops.convert_to_numpy(model(image)))[1] // scale
    assert np.abs(rows - centre).max() == expected == rrdb.receptive_field(blocks=blocks, scale=scale)


def test_receptive_field_of_the_published_sizes():
    assert rrdb.receptive_field(blocks=16) == 244
    assert rrdb.receptive_field(blocks=23) == 349
