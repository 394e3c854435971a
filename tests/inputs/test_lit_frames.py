"""Models of raw frames with their light, from every door: any pattern, any size, in tiles."""

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.acquisition import Optics, frames_from_raw
from srredsim.data.pairs import Pair
from srredsim.errors import InputError
from srredsim.evaluation import methods
from srredsim.evaluation.scores import score
from srredsim.io import Writing
from srredsim.normalise import scaling_of
from srredsim.reconstruction.upscale import fourier_upscale
from srredsim.simulation.sim import simulate_stack
from srredsim.workflows import predict as prediction
from srredsim.workflows.export import export
from srredsim.zoo import models, recipe

NAMES = ("na", "wavelength_em_um", "pixel_size_um")
RECIPE = """
name: lit
network: {name: unrolled, input_channels: 63, stages: 2, depth: 2, filters: 4}
data: {input: lit_frames, patterns: [3x3], gain_jitter: 0}
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """As its training would begin with it, for up to ten frames."""
    folder = tmp_path_factory.mktemp("zoo") / "lit"
    folder.mkdir()
    (folder / "recipe.yaml").write_text(RECIPE)
    models.build_network(recipe.load(folder)).save_weights(folder / models.WEIGHTS)
    return models.load(folder, "float32")


def sample_of(angles, phases):
    return simulate_stack(5, index=2, angles=angles, phases=phases, size=72, photons=(600.0, 600.0))


def optics_of(sample):
    return {name: getattr(sample.settings, name) for name in NAMES}


@pytest.mark.parametrize(("angles", "phases"), [(3, 3), (5, 4)])
def test_a_file_and_a_pair_give_the_same_image_for_any_pattern(angles, phases, model, tmp_path):
    """Twenty frames are more than the network was built for."""
    sample = sample_of(angles, phases)
    optics = optics_of(sample)
    path = io.write_raw(tmp_path / "cells.tif", sample.raw[None, None, None], optics=Optics(**optics))
    report = prediction.predict_file(path, model)
    image = tifffile.imread(report["paths"][0])
    frames = frames_from_raw(sample.raw)
    pair = Pair(frames, sample.truth, scaling_of(frames), {"optics": optics})
    expected = methods.image(model.name, model, pair, f"{angles}x{phases}", lambda: None)
    np.testing.assert_allclose(image, expected, rtol=1e-3, atol=1e-3 * expected.max())
    widefield = fourier_upscale(frames.mean(-1))
    assert score(sample.truth, image)["psnr"] > score(sample.truth, widefield)["psnr"] + 2


def test_tiles_take_their_stripes_along(model, tmp_path):
    sample = sample_of(3, 3)
    path = io.write_raw(tmp_path / "cells.tif", sample.raw[None, None, None], optics=Optics(**optics_of(sample)))
    images = []
    for tile in (1000, 40):
        report = prediction.predict_file(path, model, tile=tile, writing=Writing(overwrite=True))
        images.append(tifffile.imread(report["paths"][0])[24:-24, 24:-24])
    whole, tiled = images
    assert np.sqrt(np.mean((whole - tiled) ** 2)) < 0.02 * np.std(whole)
    assert any("looks at the whole" in note for note in report["notes"])


@pytest.mark.parametrize("format", ["onnx", "keras"])
def test_formats_without_its_layers_are_refused(format, model, tmp_path):
    with pytest.raises(InputError, match=r"unrolled knows light and lens by layers of this package.*savedmodel"):
        export(model, tmp_path, format)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["data.gain_jitter=0.1"], "set data.gain_jitter=0"),
        (["network.input_channels=73"], "up to 9 frames with their light takes 63 channels"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(changes, words, model):
    with pytest.raises(InputError, match=words):
        models.build_network(recipe.load(model.folder, changes))
