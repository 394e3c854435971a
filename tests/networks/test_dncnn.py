"""DnCNN: what it returns and how far it looks; its golden image is in test_golden_images.py."""

import keras
import numpy as np
import pytest
from scipy import ndimage

from srredsim.networks import dncnn
from srredsim.training.initialisation import initialise


def test_returns_the_noisy_image_minus_the_noise():
    model = dncnn.build(2, depth=4, filters=3)
    noise = keras.Model(model.input, model.get_layer("noise").output)
    noisy = np.random.default_rng(1).random((2, 8, 9, 2)).astype("float32")
    estimate = keras.ops.convert_to_numpy(noise(noisy))
    assert np.std(estimate) > 0
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(noisy)), noisy - estimate, rtol=1e-6)


def test_nothing_has_a_bias_and_all_but_the_first_and_last_are_normalised():
    model = dncnn.build()
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    normalisations = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert (len(convolutions), len(normalisations)) == (17, 15)
    assert not any(layer.use_bias for layer in convolutions)
    assert {(layer.epsilon, layer.momentum) for layer in normalisations} == {(1e-5, 0.9)}


def test_receptive_field_at_full_depth():
    model = dncnn.build(filters=1)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.set_weights([np.full((3, 3, 1, 1), 0.3)])
    image = np.zeros((1, 39, 39, 1), "float32")
    image[0, 19, 19] = 1.0
    rows = np.nonzero(keras.ops.convert_to_numpy(model(image, training=False)))[1]
    assert np.abs(rows - 19).max() == 17 == dncnn.receptive_field()


SUBSAMPLED = {"depth": 4, "filters": 3, "subsampling": 2, "batch_norm": False}


def test_subsampled_layers_are_those_of_the_four_images_of_every_second_pixel():
    """One 6 x 6 convolution of stride 2 is a 3 x 3 one of the four images; what comes back are four images again."""
    model = dncnn.build(1, depth=2, filters=5, subsampling=2, batch_norm=False)
    rng = np.random.default_rng(2)
    first, last = (layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    kernel, bias = rng.normal(size=(6, 6, 1, 5)), rng.normal(size=5)
    final = rng.normal(size=(3, 3, 5, 4))
    first.set_weights([kernel, bias])
    last.set_weights([final])
    image = rng.random((8, 12))
    four = np.pad(np.stack([image[y::2, x::2] for y in (0, 1) for x in (0, 1)], axis=-1), ((1, 1), (1, 1), (0, 0)))
    hidden = np.zeros((4, 6, 5))
    for y, x in np.ndindex(4, 6):
        for i, j in np.ndindex(3, 3):
            for place in range(4):
                weights = kernel[2 * i + place // 2, 2 * j + place % 2, 0]
                hidden[y, x] += four[y + i, x + j, place] * weights
    hidden = np.pad(np.maximum(hidden + bias, 0), ((1, 1), (1, 1), (0, 0)))
    noise = np.zeros((8, 12))
    for y, x in np.ndindex(4, 6):
        answer = np.einsum("ijc,ijcp->p", hidden[y : y + 3, x : x + 3], final)
        noise[2 * y : 2 * y + 2, 2 * x : 2 * x + 2] = answer.reshape(2, 2)
    found = keras.ops.convert_to_numpy(model(image[None, ..., None].astype("float32")))[0, ..., 0]
    np.testing.assert_allclose(found, image - noise, atol=1e-4)


def test_a_subsampled_network_keeps_odd_sizes():
    model = dncnn.build(**SUBSAMPLED)
    image = np.random.default_rng(1).random((1, 13, 17, 1)).astype("float32")
    whole = keras.ops.convert_to_numpy(model(np.pad(image, ((0, 0), (0, 7), (0, 7), (0, 0)))))
    odd = keras.ops.convert_to_numpy(model(image))
    assert odd.shape == image.shape
    np.testing.assert_allclose(odd[:, :2, :4], whole[:, :2, :4], atol=1e-5)  # out of reach of what was added


@pytest.mark.parametrize("scale", [1, 2, 8])
def test_a_subsampled_network_looks_no_farther_than_it_says(scale):
    model = dncnn.build(**SUBSAMPLED, scale=scale)
    rng = np.random.default_rng(3)
    image = rng.random((1, 48, 48, 1)).astype("float32")
    reach = dncnn.receptive_field(**SUBSAMPLED)
    for at in (22, 23):
        changed = image.copy()
        changed[0, at, at] += 100
        difference = np.abs(keras.ops.convert_to_numpy(model(changed) - model(image)))[0, ..., 0]
        rows = np.nonzero(difference.max(axis=1) > 1e-3)[0] // scale
        assert reach - 2 <= np.abs(rows - at).max() <= reach


@pytest.mark.parametrize(("subsampling", "scale"), [(1, 2), (2, 2), (2, 3)])
def test_of_more_pixels_the_bilinear_image_is_what_it_begins_with(subsampling, scale):
    model = dncnn.build(depth=3, filters=40, subsampling=subsampling, batch_norm=False, scale=scale)
    initialise(model, "looks_linear", seed=1)
    image = np.random.default_rng(6).random((9, 12)).astype("float32")
    found = keras.ops.convert_to_numpy(model(image[None, ..., None]))[0, ..., 0]
    np.testing.assert_allclose(found, ndimage.zoom(image, scale, order=1, mode="nearest", grid_mode=True), atol=1e-6)


def test_of_twice_the_pixels_each_channel_before_the_last_step_is_one_pixel_of_a_block():
    """Two by two input pixels are four by four output pixels: row by row the sixteen channels."""
    model = dncnn.build(depth=2, filters=4, subsampling=2, batch_norm=False, scale=2)
    first, last = (layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    first.set_weights([np.zeros(first.kernel.shape), np.ones(4)])
    kernel = np.zeros(last.kernel.shape)
    kernel[1, 1, 0] = np.arange(16)
    last.set_weights([kernel])
    found = keras.ops.convert_to_numpy(model(np.zeros((1, 4, 6, 1))))[0, ..., 0]
    np.testing.assert_allclose(-found, np.tile(np.arange(16).reshape(4, 4), (2, 3)))


def test_a_saved_subsampled_network_is_the_same(tmp_path):
    model = dncnn.build(**SUBSAMPLED)
    image = np.random.default_rng(5).random((1, 11, 14, 1)).astype("float32")
    model.save(tmp_path / "model.keras")
    opened = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(network(image)) for network in (model, opened)))
