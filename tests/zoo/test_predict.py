"""Models on stacks and images in memory: what files give, without a file."""

import dataclasses

import keras
import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.errors import InputError
from srredsim.io import Writing
from srredsim.simulation.sim import simulate_stack
from srredsim.workflows.predict import predict_file
from srredsim.zoo import models, recipe
from srredsim.zoo.chain import Chain
from srredsim.zoo.predict import predict

KNOWN = ("na", "wavelength_em_um", "pixel_size_um")
DENOISER = "network: {name: dncnn, depth: 3, filters: 4}\ndata: {input: widefield}\n"


@pytest.fixture(scope="module")
def stack():
    """2 times and 2 slices of unlike brightness."""
    sample = simulate_stack(5, index=2, phases=5, size=40, photons=(500.0, 500.0))
    light = np.linspace(1, 2, 4).reshape(2, 1, 2, 1, 1, 1, 1)
    optics = Optics(**{name: getattr(sample.settings, name) for name in KNOWN})
    return RawStack((light * sample.raw).round().astype(np.uint16), Pattern(3, 5), optics)


@pytest.fixture(scope="module")
def denoiser(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "denoiser"
    folder.mkdir()
    (folder / "recipe.yaml").write_text(DENOISER, encoding="utf-8")
    keras.utils.set_random_seed(1)
    network = models.build_network(recipe.load(folder))
    network.save_weights(folder / models.WEIGHTS)
    return models.load(folder, "float32")


@pytest.mark.parametrize("kind", ["tiny_model", "tiny_cleaner"])
def test_a_stack_gives_what_its_file_gives(kind, stack, tmp_path, request):
    model = models.load(request.getfixturevalue(kind), "float32")
    path = io.write_raw(tmp_path / "a.tif", stack.array, optics=stack.optics)
    report = predict_file(path, model, writing=Writing(tmp_path / "out"), consistency=False)
    steps = []
    stack = dataclasses.replace(stack, optics=io.read(path).optics)  # to the last digit
    found = predict(model, stack, progress=lambda *step: steps.append(step))
    np.testing.assert_array_equal(found.image[:, 0], tifffile.imread(report["paths"][0]))
    assert found.image.dtype == np.float32
    assert found.optics.pixel_size_um == pytest.approx(report["pixel_size_um"])
    assert len(found.channels) == len(report["stripes"]) == (kind == "tiny_cleaner")
    assert steps == [(done, 4) for done in (1, 2, 3, 4)]


def test_images_keep_their_axes(denoiser):
    images = np.random.default_rng(0).poisson(300, (2, 3, 20, 24))
    found = predict(denoiser, images).image
    assert found.shape == (2, 3, 20, 24)
    chain = Chain(denoiser)
    for place in np.ndindex(2, 3):
        np.testing.assert_array_equal(found[place], chain(images[place]))
    np.testing.assert_array_equal(predict(denoiser, images[1, 2]).image, found[1, 2])
    np.testing.assert_array_equal(predict(Chain([denoiser, denoiser]), images[0, 0]).image, chain(chain(images[0, 0])))


def test_what_a_model_does_not_take(denoiser, stack, tiny_model):
    raw_model = models.load(tiny_model, "float32")
    for model, data, words in (
        (raw_model, stack.array, r"takes raw frames, of a raw stack .*; give a RawStack"),
        (
            raw_model,
            RawStack(stack.array[:, :, :, :, :3], Pattern(3, 3)),
            r"takes 3 angles x 5 phases; this .* 3 x 3",
        ),
        (denoiser, stack, r"takes widefield images; this is a raw stack of 3 angles x 5 phases"),
        (denoiser, np.zeros(9), r"takes images \(y, x\) of at least 16 x 16 pixels.*got the shape \(9,\)"),
        (denoiser, np.zeros((20, 24, 3)), r"got the shape \(20, 24, 3\)"),
        (denoiser, np.full((4, 20, 24), 7), r"z=0: every pixel is 7"),
    ):
        with pytest.raises(InputError, match=words):
            predict(model, data)
    with pytest.raises(InputError, match="`tile` should be a whole number above 0; got 0"):
        predict(raw_model, stack, tile=0)
