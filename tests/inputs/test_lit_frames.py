"""Models of raw frames with their light, from every door: any pattern, any size, in tiles."""

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.acquisition import Optics, frames_from_raw
from srredsim.data.lit import lit_pair
from srredsim.data.pairs import Pair
from srredsim.errors import InputError
from srredsim.evaluation import methods
from srredsim.evaluation.scores import score
from srredsim.inputs import lit_frames
from srredsim.normalise import scaling_of
from srredsim.reconstruction.upscale import fourier_upscale
from srredsim.simulation.sim import simulate_stack
from srredsim.workflows import predict as prediction
from srredsim.workflows.export import export
from srredsim.zoo import models, recipe
from srredsim.zoo.windows import Network

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


def pair_of(angles, phases):
    sample = simulate_stack(5, index=2, angles=angles, phases=phases, size=64, photons=(600.0, 600.0))
    optics = {name: getattr(sample.settings, name) for name in NAMES}
    frames = frames_from_raw(sample.raw)
    return sample.raw, Pair(frames, sample.truth, scaling_of(frames), {"optics": optics})


def test_a_file_and_a_pair_give_the_same_image_for_more_frames_than_the_network_was_built_for(model, tmp_path):
    raw, pair = pair_of(4, 3)
    path = io.write_raw(tmp_path / "cells.tif", raw[None, None, None], optics=Optics(**pair.facts["optics"]))
    report = prediction.predict_file(path, model, consistency=False)
    image = tifffile.imread(report["paths"][0])
    expected = methods.image(model.name, model, pair, "4x3")
    np.testing.assert_allclose(image, expected, rtol=1e-3, atol=1e-3 * expected.max())
    widefield = fourier_upscale(pair.frames.mean(-1))
    assert score(pair.truth, image)["psnr"] > score(pair.truth, widefield)["psnr"] + 2


def test_tiles_take_their_stripes_along(model):
    _, pair = pair_of(3, 3)
    lit = lit_pair(pair, 3, 3)
    whole, tiled = (lit_frames.of_lit(Network(model), lit, tile)[24:-24, 24:-24] for tile in (1000, 36))
    assert np.sqrt(np.mean((whole - tiled) ** 2)) < 0.02 * np.std(whole)


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
