"""SRFBN: its steps, where they begin and how far it looks; its golden images are in test_golden_images.py."""

import keras
import numpy as np
import pytest
from scipy.ndimage import zoom

from srredsim.networks import srfbn

TINY = {"groups": 2, "filters": 3}


def run(model, images):
    return keras.ops.convert_to_numpy(model(images))


def images(*shape):
    return np.random.default_rng(1).random(shape).astype("float32")


def test_each_step_is_what_a_network_of_so_many_steps_returns():
    keras.utils.set_random_seed(4)
    every = srfbn.build(steps=3, **TINY, all_steps=True)
    image = images(2, 7, 9, 1)
    steps = run(every, image)
    assert steps.shape == (2, 14, 18, 3)
    for step in (1, 2, 3):
        last = srfbn.build(steps=step, **TINY)
        assert [w.path for w in last.weights] == [w.path for w in every.weights]
        last.set_weights(every.get_weights())
        np.testing.assert_allclose(run(last, image), steps[..., step - 1 : step], rtol=1e-5, atol=1e-6)
    assert np.abs(np.diff(steps, axis=-1)).max(axis=(0, 1, 2)).min() > 1e-4  # the tolerance above is a hundredth of it


def test_a_mean_over_the_channels_of_all_steps_is_the_mean_of_their_losses():
    every = srfbn.build(steps=3, **TINY, all_steps=True)
    image, truth = images(2, 7, 9, 1), images(2, 14, 18, 1)
    every.compile(loss="mean_absolute_error")
    steps = run(every, image)
    expected = sum(np.abs(steps[..., i] - truth[..., 0]).mean() for i in range(3)) / 3
    assert every.evaluate(image, truth, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_begins_with_the_bilinear_image_of_the_mean():
    model = srfbn.build(2, steps=1, **TINY)
    model.get_layer("reconstruction").set_weights([np.zeros((3, 3, 3, 1)), np.array([0.25])])
    image = images(1, 7, 9, 2)
    expected = zoom(image[0].mean(-1), 2, order=1, mode="nearest", grid_mode=True)
    np.testing.assert_allclose(run(model, image)[0, ..., 0], expected + 0.25, atol=1e-6)


@pytest.mark.parametrize(
    ("steps", "groups", "scale", "expected"),
    [(1, 1, 2, 5), (2, 1, 2, 7), (1, 3, 2, 9), (4, 6, 2, 51), (2, 2, 3, 10), (2, 2, 4, 6), (1, 3, 8, 5)],
)
def test_receptive_field(steps, groups, scale, expected):
    model = srfbn.build(steps=steps, groups=groups, filters=1, scale=scale)
    model.set_weights([np.full_like(w, 0.3) if w.ndim == 4 else np.zeros_like(w) for w in model.get_weights()])
    side = 2 * expected + 5
    image = np.zeros((1, side, side, 1), "float32")
    image[0, expected + 2, expected + 2] = 1.0
    rows = np.nonzero(run(model, image))[1] // scale
    claimed = srfbn.receptive_field(steps=steps, groups=groups, scale=scale)
    assert np.abs(rows - expected - 2).max() == expected == claimed
