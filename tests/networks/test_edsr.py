"""EDSR: sizes, residual scale and reach; its golden image is in test_golden_images.py."""

import keras
import numpy as np
import pytest

from srredsim.networks import edsr


def test_small_variant_has_the_published_number_of_parameters():
    assert edsr.build(blocks=16, filters=64, residual_scale=1.0).count_params() == 1_367_553


@pytest.mark.parametrize("residual_scale", [0.1, 1.0])
def test_a_block_adds_its_scaled_convolutions(residual_scale):
    model = edsr.build(blocks=1, filters=4, residual_scale=residual_scale)
    rng = np.random.default_rng(4)
    model.set_weights([rng.normal(0, 0.5, weight.shape) for weight in model.get_weights()])
    places = [model.get_layer("first").output, model.get_layer("block_1_conv_2").output, model.get_layer("trunk").input]
    start, added, end = keras.Model(model.input, places)(rng.random((1, 9, 14, 1)).astype("float32"))
    np.testing.assert_allclose(end, start + residual_scale * added, rtol=1e-5, atol=1e-5)


def test_kernels_begin_uniform_within_one_over_the_root_of_their_inputs():
    keras.utils.set_random_seed(3)
    for layer, inputs in [("block_1_conv_1", 9 * 48), ("upsampling_1", 9 * 48), ("first", 9)]:
        kernel, bias = edsr.build(blocks=1, filters=48).get_layer(layer).get_weights()
        assert 0.9 < np.abs(kernel).max() * np.sqrt(inputs) <= 1
        assert kernel.var() * inputs == pytest.approx(1 / 3, rel=0.15)
        assert not bias.any()
