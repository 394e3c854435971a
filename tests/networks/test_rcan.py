"""RCAN: its attention, sizes and context; its golden image is in test_golden_images.py."""

import keras
import numpy as np
import pytest

from srredsim import tiling
from srredsim.errors import InputError
from srredsim.networks import rcan


def test_tiny_parameter_count_by_hand():
    """Two input, three output channels, 6 filters, reduction 3: convolutions of size^2 in out + out parameters."""
    block = 2 * (9 * 6 * 6 + 6) + (6 * 2 + 2) + (2 * 6 + 6)
    group = 2 * block + (9 * 6 * 6 + 6)
    expected = (9 * 2 * 6 + 6) + 3 * group + (9 * 6 * 6 + 6) + (9 * 6 * 24 + 24) + (9 * 6 * 3 + 3)
    assert rcan.build(2, 3, groups=3, blocks=2, filters=6, reduction=3).count_params() == expected


@pytest.mark.parametrize("reduction", [0, 9, -1])
def test_a_reduction_that_leaves_no_channel_is_refused(reduction):
    with pytest.raises(InputError, match=f"`reduction` of rcan is from 1 to its filters, here 8; got {reduction}"):
        rcan.build(filters=8, reduction=reduction)


def test_attention_weighs_each_channel_by_the_means_of_all():
    """One block, written in NumPy, on an image that is not the same everywhere."""
    model = rcan.build(groups=1, blocks=1, filters=4, reduction=2)
    rng = np.random.default_rng(4)
    model.set_weights([rng.normal(0, 0.5, weight.shape) for weight in model.get_weights()])
    image = rng.random((1, 9, 14, 1)).astype("float32")
    inside = keras.Model(
        model.input, [model.get_layer("group_1_block_1_conv_2").output, model.get_layer("first").output]
    )
    features, start = (keras.ops.convert_to_numpy(y).astype(float)[0] for y in inside(image))
    squeeze, squeeze_bias = (w.astype(float) for w in model.get_layer("group_1_block_1_squeeze").get_weights())
    excite, excite_bias = (w.astype(float) for w in model.get_layer("group_1_block_1_excite").get_weights())
    squeezed = np.maximum(features.mean((0, 1)) @ squeeze[0, 0] + squeeze_bias, 0)
    assert squeezed.max() > 0
    weights = 1 / (1 + np.exp(-(squeezed @ excite[0, 0] + excite_bias)))
    after = keras.Model(model.input, model.get_layer("group_1_last").input)(image)
    expected = start + weights * features
    np.testing.assert_allclose(keras.ops.convert_to_numpy(after)[0], expected, rtol=1e-5, atol=1e-5)


def whole_and_tiled(attentive):
    """A 90 x 70 image at once and in tiles of 20 pixels; ``attentive=False`` has attention that never changes."""
    settings = {"groups": 2, "blocks": 1}
    keras.utils.set_random_seed(2)
    model = rcan.build(**settings, filters=8, reduction=2)
    for layer in model.layers:
        if layer.name.endswith("_excite") and not attentive:
            layer.set_weights([0 * layer.get_weights()[0], np.linspace(-1, 1, 8)])
    image = np.random.default_rng(6).random((90, 70)).astype("float32") * np.linspace(0, 2, 70, dtype="float32")
    at_once = keras.ops.convert_to_numpy(model(image[None, ..., None]))[0, ..., 0]
    tiled = np.full_like(at_once, np.nan)
    for part in tiling.tiles(image.shape, 20, rcan.receptive_field(**settings)):
        window = keras.ops.convert_to_numpy(model(image[part.window][None, ..., None]))[0, ..., 0]
        tiled[tiling.magnified(part.place, 2)] = window[tiling.magnified(part.kept, 2)]
    return at_once, tiled


def test_tiles_are_near_and_differ_by_attention_alone():
    whole, tiled = whole_and_tiled(attentive=False)
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=1e-5 * np.abs(whole).max())
    whole, tiled = whole_and_tiled(attentive=True)
    assert 1e-5 < np.abs(tiled - whole).max() / whole.std() < 0.1


def test_context_is_exact_for_few_blocks_and_bounded_for_many():
    assert rcan.receptive_field(groups=2, blocks=3) == 2 * 7 + 4
    assert rcan.receptive_field(groups=2, blocks=3, scale=1) == 2 * 7 + 3
    assert rcan.receptive_field() == rcan.CONTEXT
