"""U-Net: what it returns untrained, and how far it looks."""

import keras
import numpy as np
import pytest

from srredsim.networks import unet


def test_untrained_it_returns_the_noisy_image():
    noisy = np.random.default_rng(1).random((2, 21, 34, 1)).astype("float32")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(unet.build()(noisy)), noisy)


def test_returns_the_noisy_image_minus_the_noise_of_four_images():
    model = unet.build(filters=3, depth=1)
    kernel = np.zeros((3, 3, 3, 4), "float32")
    model.get_layer("noise").set_weights([kernel + np.random.default_rng(2).normal(size=kernel.shape)])
    noisy = np.random.default_rng(3).random((1, 8, 12, 1)).astype("float32")
    four = keras.ops.convert_to_numpy(keras.Model(model.input, model.get_layer("noise").output)(noisy))[0]
    noise = np.empty((8, 12))
    for y, x in np.ndindex(2, 2):
        noise[y::2, x::2] = four[..., 2 * y + x]
    assert noise.std() > 0.1
    answer = keras.ops.convert_to_numpy(model(noisy))[0, ..., 0]
    np.testing.assert_allclose(answer, noisy[0, ..., 0] - noise, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_it_looks_as_far_as_it_says(depth):
    model = unet.build(filters=1, most_filters=1, depth=depth)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([np.full(weight.shape, 0.5 if weight.ndim > 1 else 0.0) for weight in layer.weights])
    step = unet.alignment(depth)
    begin, reached = 8 * step, 0
    for centre in range(begin, begin + step):
        image = np.zeros((1, 17 * step, 17 * step, 1), "float32")
        image[0, centre, centre] = 1.0
        rows = np.nonzero(keras.ops.convert_to_numpy(model(image)))[1]
        reached = max(reached, np.abs(rows - centre).max())
    assert reached == unet.receptive_field(depth) == {1: 21, 2: 49, 3: 105}[depth]


def test_an_odd_image_is_the_corner_of_an_even_one():
    model = unet.build(filters=4, most_filters=6, depth=1)
    model.get_layer("noise").set_weights([np.full(w.shape, 0.1) for w in model.get_layer("noise").weights])
    image = np.random.default_rng(5).random((1, 27, 29, 1)).astype("float32")
    odd = keras.ops.convert_to_numpy(model(image))
    even = keras.ops.convert_to_numpy(model(np.pad(image, ((0, 0), (0, 5), (0, 3), (0, 0)))))
    assert odd.shape == image.shape
    np.testing.assert_allclose(odd[:, :3, :5], even[:, :3, :5], atol=1e-5)  # out of reach of what was added
