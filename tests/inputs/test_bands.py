"""Models of bands: an untrained one adds up its channels and returns the Wiener image, from every door."""

import numpy as np
import pytest

from srredsim.acquisition import Optics, Pattern, RawStack, frames_from_raw
from srredsim.data.pairs import Pair
from srredsim.errors import InputError
from srredsim.evaluation import methods
from srredsim.inputs import bands
from srredsim.normalise import scaling_of
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.for_networks import of_optics
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.preprocess import prepare
from srredsim.zoo import models, recipe
from srredsim.zoo.predict import predict

RECIPE = """\
network: {name: red_net, input_channels: 9, depth: 3, filters: 4, widefield_skip: true, scale: 1,
  skipped: [0, 1, 3, 4, 6, 7]}
data: {name: simulated, input: bands, angles: 3, phases: 3, crop: 32, batch: 2}
"""
NAMES = ("na", "wavelength_em_um", "pixel_size_um")


@pytest.fixture(scope="module")
def sample():
    return simulate_stack(5, index=2, phases=3, size=72, photons=(600.0, 600.0))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoo") / "bands"
    folder.mkdir()
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    models.build_network(recipe.load(folder)).save_weights(folder / models.WEIGHTS)
    return models.load(folder, "float32")


def test_untrained_it_gives_the_wiener_image(model, sample):
    optics = Optics(**{name: getattr(sample.settings, name) for name in NAMES})
    expected = of_optics(prepare(sample.raw), transfer_of(optics)).image
    stack = RawStack(sample.raw[None, None, None], Pattern(3, 3), optics)
    image = predict(model, stack).image[0, 0, 0]
    np.testing.assert_allclose(image, expected, atol=1e-3 * expected.max())
    frames = frames_from_raw(sample.raw)
    pair = Pair(frames, sample.truth, scaling_of(frames), {"optics": {name: getattr(optics, name) for name in NAMES}})
    scored = methods.image(model.name, model, pair, "3x3")
    np.testing.assert_allclose(scored, expected, atol=1e-3 * expected.max())
    (baseline,) = bands.baselines(pair_of_bands(pair), model.recipe).values()
    np.testing.assert_allclose(baseline, expected, atol=1e-3 * expected.max())


def pair_of_bands(pair):
    from srredsim.data.reconstructed import bands_of

    return Pair(bands_of(pair, 3, 3) * pair.scaling.gain, pair.truth, pair.scaling, pair.facts)


def test_other_patterns_and_channels_are_refused(model):
    raw = np.ones((1, 1, 1, 3, 5, 64, 64), np.uint16)
    optics = Optics(na=1.4, wavelength_em_um=0.52, pixel_size_um=0.08)
    with pytest.raises(InputError, match="takes 3 angles x 3 phases; this stack has 3 x 5"):
        predict(model, RawStack(raw, Pattern(3, 5), optics))
    with pytest.raises(InputError, match=r"set network\.input_channels=15 and network\.scale=1"):
        models.build_network(recipe.load(model.folder, ["data.phases=5"]))
    assert bands.suits(model.recipe.data, Pattern(3, 3), optics) == 1
    assert bands.suits(model.recipe.data, Pattern(3, 3), Optics()) == 0
    assert bands.suits(model.recipe.data, Pattern(3, 5), optics) == 0
