"""RDN: sizes and reach; its golden image is in test_golden_images.py."""

import keras
import numpy as np
import pytest

from srredsim.networks import rdn


def test_tiny_parameter_count_by_hand():
    """Two input, three output channels, 5 filters, growth 3: convolutions of size^2 in out + out parameters."""
    block = 9 * 3 * (5 + 8) + 2 * 3 + (5 + 2 * 3) * 5 + 5
    fusion = 3 * 5 * 5 + 5
    expected = (9 * 2 * 5 + 5) + 2 * (9 * 5 * 5 + 5) + 3 * block + fusion + (9 * 5 * 20 + 20) + (9 * 5 * 3 + 3)
    assert rdn.build(2, 3, blocks=3, layers_per_block=2, filters=5, growth=3).count_params() == expected


def test_one_block_is_enough():
    assert rdn.build(blocks=1, layers_per_block=1, filters=2, growth=1).get_layer("fusion").kernel.shape == (1, 1, 2, 2)


@pytest.mark.parametrize(("blocks", "depth", "scale"), [(1, 3, 1), (2, 1, 2), (1, 1, 3), (1, 2, 4)])
def test_scale_and_reach(blocks, depth, scale):
    """One bright pixel, positive kernels: what it reaches is a square of the claimed reach on each side."""
    settings = {"blocks": blocks, "layers_per_block": depth, "scale": scale}
    model = rdn.build(**settings, filters=3, growth=2)
    model.set_weights([np.full_like(w, 0.3) if w.ndim == 4 else np.zeros_like(w) for w in model.get_weights()])
    claimed = rdn.receptive_field(**settings)
    image = np.zeros((1, 2 * claimed + 5, 2 * claimed + 8, 1), "float32")
    image[0, claimed + 2, claimed + 3] = 1.0
    result = keras.ops.convert_to_numpy(model(image))
    assert result.shape == (1, scale * image.shape[1], scale * image.shape[2], 1)
    _, rows, columns, _ = np.nonzero(result)
    assert np.abs(rows // scale - claimed - 2).max() == claimed == np.abs(columns // scale - claimed - 3).max()


def test_reach_of_the_published_size():
    assert rdn.receptive_field() == 133
