"""Checkpoints whose output is the image or the noise, and what they were given: found out, said, or asked for."""

import keras
import numpy as np
import pytest
from scipy import ndimage

from srredsim import networks
from srredsim.checkpoints import predicts
from srredsim.data import description
from srredsim.workflows.import_weights import Trained, import_weights
from srredsim.zoo import recipe as recipes
from srredsim.zoo.chain import Chain

IMAGES = np.random.default_rng(11).random((2, 20, 24, 1)).astype("f4")

DELTA, SMOOTH = np.zeros((3, 3)), np.outer([1, 2, 1], [1, 2, 1]) / 16
DELTA[1, 1] = 1


def linear_dncnn(kernel):
    """Two layers that convolve with a kernel: the positive and the negative part go through the ReLU apart."""
    first = np.stack([DELTA, -DELTA])[:, None].astype("f4")
    return {"dncnn.0.weight": first, "dncnn.2.weight": np.stack([kernel, -kernel])[None].astype("f4")}


def made(network):
    return keras.ops.convert_to_numpy(network(IMAGES, training=False))


@pytest.mark.parametrize(("predicted", "kernel"), [("image", SMOOTH), ("noise", DELTA - SMOOTH)])
def test_a_noisy_image_tells_what_the_layers_predict(torch_writer, tmp_path, predicted, kernel):
    """Both come to the same smoothing; the other way, they would give what smoothing takes away."""
    tensors = linear_dncnn(kernel)
    path = torch_writer.write(tmp_path / "a.pth", torch_writer.tensors(tensors))
    report = import_weights(path, "dncnn", tmp_path / "out")
    assert report["predicts"] == predicted
    assert report["notes"][0].startswith(f"it predicts the {predicted}: a noisy test image gets errors of ")
    expected = ndimage.convolve(IMAGES, SMOOTH[None, :, :, None], mode="constant")
    np.testing.assert_allclose(made(keras.saving.load_model(report["path"])), expected, atol=1e-6)
    wrong = {"image": "noise", "noise": "image"}[predicted]
    report = import_weights(path, "dncnn", tmp_path / "wrong", trained=Trained(layers_give=wrong))
    assert report["notes"][0].startswith(f"it was said to predict the {wrong}, but a noisy test image")
    np.testing.assert_allclose(made(keras.saving.load_model(report["path"])), IMAGES - expected, atol=1e-6)


def test_layers_that_do_neither_have_to_be_explained(torch_writer, tmp_path, refused):
    path = torch_writer.write(tmp_path / "a.pth", torch_writer.tensors(linear_dncnn(3 * SMOOTH)))
    said = refused("import-weights", path, "--network", "dncnn", "--out", tmp_path / "out")
    assert "cannot be told: a noisy test image gets errors of" in said
    assert said.endswith("say --predicts")
    assert not (tmp_path / "out").exists()


def test_a_network_that_is_no_denoiser_is_not_asked():
    assert {name for name in networks.names() if predicts.default_of(name)} == {"dncnn", "memnet", "ridnet"}


@pytest.mark.parametrize("name", ["dncnn", "memnet", "ridnet"])
def test_image_and_noise_are_together_what_was_given(name):
    small = networks.module(name).SMALL
    image, noise, usual = (
        networks.build(name, **small, **way) for way in ({"predicts": "image"}, {"predicts": "noise"}, {})
    )
    for network in (noise, usual):
        network.set_weights(image.get_weights())
    both = {"image": made(image), "noise": made(noise)}
    assert np.abs(both["image"]).max() > 1e-3
    np.testing.assert_allclose(both["image"] + both["noise"], IMAGES, atol=1e-5)
    np.testing.assert_array_equal(made(usual), both[predicts.default_of(name)])


def test_the_trial_finds_the_input_at_which_a_network_works():
    """One that denoises only what is as small as z/255."""

    def small_only(images):
        if images.std() > 0.05:
            return 0 * images
        return ndimage.convolve(images, SMOOTH[None, :, :, None], mode="nearest")

    trial = predicts.tried(small_only)
    assert (trial.inputs, trial.speaks_for("noise")) == ("z/255", "noise")
    assert trial.doubts("z")
    assert not trial.doubts("z/255")
    assert predicts.tried(lambda images: 0 * images).speaks_for("image") == "noise"


@pytest.mark.parametrize(
    ("options", "zscore"),
    [
        (("--data", "w2s"), (154.535390853, 66.02846351802853)),
        (("--data", "w2s", "--inputs", "z/255"), (154.535390853, 255 * 66.02846351802853)),
        (("--inputs", "png/255"), (0.0, 255.0)),
        (("--data", "w2s_simulated", "--inputs", "z/255"), None),
    ],
)
def test_the_published_constants_need_no_data(torch_writer, run, tmp_path, options, zscore):
    path = torch_writer.write(tmp_path / "a.pth", torch_writer.tensors(linear_dncnn(DELTA - SMOOTH)))
    asked = "--network", "dncnn", "--out", tmp_path / "mine", "--recipe", "w2s_dncnn/code"
    assert run("import-weights", path, *asked, *options).status == 0
    if zscore is None:
        mean, std = description.of("w2s_simulated").settings.zscore["widefield"]
        zscore = mean, 255 * std
    assert recipes.load(tmp_path / "mine").data.zscore == pytest.approx(zscore)
    counts = np.random.default_rng(2).uniform(100, 400, (40, 44)).astype("f4")
    image = Chain(str(tmp_path / "mine"), "float32")(counts)[1:-1, 1:-1]
    np.testing.assert_allclose(image, ndimage.convolve(counts, SMOOTH)[1:-1, 1:-1], rtol=1e-4)
