"""MemNet: what it returns, how it is wired and how far it looks; its golden image is in test_golden_images.py."""

import keras
import numpy as np

from srredsim.networks import memnet


def outputs_of(model, *names):
    return keras.Model(model.input, [model.get_layer(name).output for name in names])


def test_returns_the_noisy_image_minus_the_noise():
    model = memnet.build(2, blocks=2, units=1, filters=3)
    noisy = np.random.default_rng(1).random((2, 8, 9, 2)).astype("float32")
    noise, last = map(keras.ops.convert_to_numpy, outputs_of(model, "noise", "reconstruction")(noisy))
    image = keras.ops.convert_to_numpy(model(noisy))
    assert np.std(last) > 0
    np.testing.assert_allclose(noise, noisy + last, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(image, noisy - noise, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(image, -last, rtol=1e-5, atol=1e-6)


def test_a_gate_takes_its_own_units_first_and_then_all_memories_oldest_first():
    """Three filters that pass only one channel of the gate's input tell where this channel comes from."""
    model = memnet.build(blocks=2, units=2, filters=3)
    outputs = outputs_of(model, "extractor", "block_1_gate", "block_2_gate")
    gate = model.get_layer("block_2_gate")
    assert gate.kernel.shape == (1, 1, 3 * 4, 3)
    noisy = np.random.default_rng(2).normal(0.5, 0.3, (1, 8, 9, 1)).astype("float32")
    for place, source in ((2, 0), (3, 1)):
        kernel = np.zeros((1, 1, 12, 3))
        kernel[0, 0, 3 * place + np.arange(3), np.arange(3)] = 1.0
        gate.set_weights([kernel])
        values = [keras.ops.convert_to_numpy(value) for value in outputs(noisy)]
        expected = np.maximum(values[source], 0) / np.sqrt(1 + 1e-5)
        assert np.std(expected) > 0
        np.testing.assert_allclose(values[2], expected, rtol=1e-5)


def test_receptive_field_at_full_depth():
    model = memnet.build(filters=1)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.set_weights([np.full(layer.kernel.shape, 0.3)])
    image = np.zeros((1, 105, 105, 1), "float32")
    image[0, 52, 52] = 1.0
    rows = np.nonzero(keras.ops.convert_to_numpy(model(image, training=False)))[1]
    assert np.abs(rows - 52).max() == 50 == memnet.receptive_field()
