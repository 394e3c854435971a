"""DnCNN: what it returns and how far it looks; its golden image is in test_golden_images.py."""

import keras
import numpy as np

from srredsim.networks import dncnn


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
