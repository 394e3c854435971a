"""RIDNet: where it begins, how far it looks, what tiles change; its golden image is in test_golden_images.py."""

import keras
import numpy as np

from srredsim.networks import ridnet
from srredsim.tiling import tiles
from srredsim.zoo import recipe as recipes


def run(model, images):
    return keras.ops.convert_to_numpy(model(images, training=False))


def test_each_channel_begins_with_its_mean_taken_and_given_back():
    model = ridnet.build(3, blocks=1, filters=4, reduction=2, mean=0.3)
    model.get_layer("tail").set_weights([np.zeros((3, 3, 4, 3)), np.array([0.1, 0.2, 0.4])])
    shift = keras.Model(model.input, model.get_layer("subtract_mean").output)
    noisy = np.random.default_rng(1).random((2, 8, 9, 3)).astype("float32")
    np.testing.assert_allclose(run(shift, noisy), noisy - 0.3, atol=1e-6)
    np.testing.assert_allclose(run(model, noisy), noisy + 0.3 + [0.1, 0.2, 0.4], atol=1e-6)


def test_receptive_field_at_full_depth():
    model = ridnet.build(filters=2, reduction=2)
    model.set_weights([np.full_like(w, 0.3) if w.ndim == 4 else np.zeros_like(w) for w in model.get_weights()])
    image = np.zeros((1, 105, 105, 1), "float32")
    image[0, 52, 52] = 1.0
    rows = np.nonzero(run(model, image))[1]
    assert np.abs(rows - 52).max() == 50 == ridnet.receptive_field()


def test_tiles_differ_by_what_the_attention_sees_and_by_nothing_else():
    """With context enough: equal if the attention is deaf to the image, else near, yet not the same."""
    keras.utils.set_random_seed(2)
    settings = {"blocks": 1, "filters": 8, "reduction": 2, "mean": 0.43}  # with this seed, attention hears of a mean
    model, reach = ridnet.build(**settings), ridnet.receptive_field(**settings)
    image = np.random.default_rng(3).random((1, 70, 90, 1)).astype("float32")
    image[:, :, 45:] *= 0.2
    near = largest_error_in_tiles(model, image, reach)
    model.get_layer("block_1_attention_2").kernel.assign(np.zeros((1, 1, 4, 8)))
    assert largest_error_in_tiles(model, image, reach) < 1e-5
    assert largest_error_in_tiles(model, image, reach // 2) > 1e-3
    assert 1e-3 < near < 0.1


def largest_error_in_tiles(model, image, halo):
    """In units of the image's standard deviation."""
    whole = run(model, image)
    tiled = np.full_like(whole, np.nan)
    for tile in tiles(image.shape[1:3], 20, halo):
        tiled[:, *tile.place] = run(model, image[:, *tile.window])[:, *tile.kept]
    return np.abs(tiled - whole).max() / whole.std()


def test_the_mean_stands_in_the_recipe():
    """That of natural images, with which the published denoiser begins; a network that is told none takes none off."""
    told = recipes.load("w2s_ridnet").network
    assert told["mean"] == 0.42996667
    for mean, settings in ((0.42996667, told), (0.0, {"name": "ridnet"})):
        small = {key: value for key, value in settings.items() if key != "name"} | {"filters": 4, "reduction": 2}
        model = ridnet.build(**small)
        for name, sign in (("subtract_mean", -1), ("add_mean", 1)):
            np.testing.assert_allclose(model.get_layer(name).bias, sign * mean, rtol=1e-6)
