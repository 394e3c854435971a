"""RED-Net against its published layer table."""

import keras
import numpy as np
import pytest
from scipy.signal import correlate2d

from srredsim.errors import InputError
from srredsim.networks import red_net

# decoder stage -> encoder stage, as in the layer tables of the trained model and of the published source
SYMMETRIC = {1: 20, 3: 18, 5: 16, 7: 14, 9: 12, 11: 10, 13: 8, 15: 6, 17: 4, 19: 2}
PUBLISHED = {1: 20, 3: 18, 5: 16, 7: 14, 9: 12, 11: 10, 13: 8, 15: 12, 17: 10, 19: 8}


@pytest.mark.parametrize("wiring", ["symmetric", "published"])
@pytest.mark.parametrize(("filters", "expected"), [(64, 1_560_257), (32, 393_057)])
def test_parameters_are_those_of_the_paper_for_15_frames(filters, wiring, expected):
    assert red_net.build(filters=filters, wiring=wiring).count_params() == expected


@pytest.mark.parametrize(("channels", "filters"), [(9, 5), (3, 8), (15, 1)])
def test_parameters_follow_the_general_formula(channels, filters):
    middle = 9 * filters**2 + filters
    expected = 9 * channels * filters + filters + 20 * middle + 21 * middle + middle + 9 * filters + 1
    assert red_net.build(channels, filters=filters).count_params() == expected


@pytest.mark.parametrize(("wiring", "skips"), [("symmetric", SYMMETRIC), ("published", PUBLISHED)])
def test_image_is_that_of_the_layer_table_computed_slowly(wiring, skips):
    model = red_net.build(2, filters=3, wiring=wiring)
    rng = np.random.default_rng(11)
    for weight in model.weights:
        spread = np.sqrt(1.6 / np.prod(weight.shape[:-1])) if len(weight.shape) == 4 else 0.1
        weight.assign(rng.normal(0.02, spread, weight.shape))
    frames = rng.random((5, 7, 2)).astype("float32")
    expected = slow_red_net(model, frames.astype(float), skips)
    assert np.std(expected) > 1e-3  # the layers have not all died
    image = keras.ops.convert_to_numpy(model(frames[None]))[0]
    np.testing.assert_allclose(image, expected, rtol=1e-4, atol=1e-4 * np.std(expected))


def slow_red_net(model, frames, skips):
    """NumPy, layer by layer, for frames (y, x, channels)."""
    x, encoded = frames, {}
    for stage in range(1, 22):
        x = encoded[stage] = np.maximum(convolution(model, f"encoder_{stage}", x), 0)
    for stage in range(1, 22):
        x = np.maximum(convolution(model, f"decoder_{stage}", x), 0)
        if stage in skips:
            x = np.maximum(x + encoded[skips[stage]], 0)
    x = np.maximum(up_sampling(model, "upsampling", x), 0)
    return convolution(model, "image", x)


def convolution(model, name, x):
    kernel, bias = model.get_layer(name).get_weights()
    planes = [
        sum(correlate2d(x[..., i], kernel[..., i, o], mode="same") for i in range(x.shape[-1]))
        for o in range(kernel.shape[-1])
    ]
    return np.stack(planes, axis=-1) + bias


def up_sampling(model, name, x):
    """Every input pixel (i, j) adds its kernel to the output from pixel (2i, 2j) on."""
    kernel, bias = model.get_layer(name).get_weights()  # (y, x, output, input)
    height, width = x.shape[:2]
    output = np.zeros((2 * height + 1, 2 * width + 1, kernel.shape[2]))
    for i in range(height):
        for j in range(width):
            output[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += kernel @ x[i, j]
    return output[: 2 * height, : 2 * width] + bias


def test_with_the_widefield_skip_an_untrained_network_gives_the_widefield_image():
    model = red_net.build(15, depth=5, filters=4, widefield_skip=True)
    assert model.count_params() == red_net.build(15, depth=5, filters=4).count_params()
    frames = np.random.default_rng(2).random((1, 6, 8, 15)).astype("float32")
    image = keras.ops.convert_to_numpy(model(frames))[0, ..., 0]
    widefield = frames[0].mean(axis=-1)
    blocks = image[1:-1, 1:-1].reshape(5, 2, 7, 2)  # between pixel centres: weights 9/16, 3/16, 3/16, 1/16
    expected = (9 * widefield[:-1, :-1] + 3 * widefield[1:, :-1] + 3 * widefield[:-1, 1:] + widefield[1:, 1:]) / 16
    np.testing.assert_allclose(blocks[:, 0, :, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("settings", [{"wiring": "symetric"}, {"wiring": "published", "depth": 15}])
def test_a_wiring_that_does_not_exist_is_refused(settings):
    with pytest.raises(InputError, match="`wiring` is 'symmetric', or 'published' with `depth` 21"):
        red_net.build(**settings)


@pytest.mark.parametrize(("depth", "expected"), [(5, 11), (21, 43)])
def test_receptive_field_at_full_depth(depth, expected):
    model = red_net.build(1, depth=depth, filters=1)
    model.set_weights([np.full_like(w, 1 / 3) if w.ndim == 4 else np.zeros_like(w) for w in model.get_weights()])
    centre = expected + 1
    frames = np.zeros((1, 2 * centre + 1, 2 * centre + 1, 1), "float32")
    frames[0, centre, centre] = 1.0
    rows = np.nonzero(keras.ops.convert_to_numpy(model(frames)))[1] // 2
    assert np.abs(rows - centre).max() == expected == red_net.receptive_field(depth=depth)


def test_at_scale_1_an_untrained_network_gives_back_its_first_channel():
    model = red_net.build(3, depth=5, filters=4, widefield_skip=True, scale=1)
    images = np.random.default_rng(3).random((1, 10, 14, 3)).astype("float32")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(images))[..., 0], images[..., 0])


def test_at_scale_1_the_first_convolution_halves_the_sampling_about_the_centres_of_the_pixels():
    """Each 4 x 4 window lies evenly around the 2 x 2 pixels that become one: turned images give turned results."""
    model = red_net.build(1, depth=3, filters=2, scale=1)
    rng = np.random.default_rng(7)
    turn = keras.Model(model.input, model.get_layer("encoder_1").output)
    kernel, bias = turn.get_weights()
    kernel = rng.random(kernel.shape) + 0.1
    images = rng.random((1, 12, 16, 1)).astype("float32")
    turn.set_weights([kernel, bias])
    plain = keras.ops.convert_to_numpy(turn(images))
    turn.set_weights([kernel[::-1, ::-1], bias])
    turned = keras.ops.convert_to_numpy(turn(images[:, ::-1, ::-1]))
    np.testing.assert_allclose(turned[:, ::-1, ::-1], plain, rtol=1e-5)
    padded = np.pad(images[0, ..., 0], 1)
    expected = [
        [np.sum(padded[2 * i : 2 * i + 4, 2 * j : 2 * j + 4] * kernel[..., 0, 0]) for j in range(8)] for i in range(6)
    ]
    np.testing.assert_allclose(plain[0, ..., 0], expected, rtol=1e-5)


@pytest.mark.parametrize("depth", [5, 21])
def test_receptive_field_at_scale_1(depth):
    model = red_net.build(1, depth=depth, filters=1, scale=1)
    model.set_weights([np.full_like(w, 1 / 3) if w.ndim == 4 else np.zeros_like(w) for w in model.get_weights()])
    expected = red_net.receptive_field(depth=depth, scale=1)
    assert expected % 2 == 0
    reach = []
    for centre in (expected + 2, expected + 3):  # either half of a pair
        images = np.zeros((1, 2 * expected + 6, 2 * expected + 6, 1), "float32")
        images[0, centre, centre] = 1.0
        rows = np.nonzero(keras.ops.convert_to_numpy(model(images)))[1]
        reach.append(np.abs(rows - centre).max())
    assert expected - 2 <= max(reach) <= expected
