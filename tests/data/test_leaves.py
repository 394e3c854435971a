"""Dead leaves: noise against the camera's own formula, sizes against their density, and how they join a data set."""

import numpy as np
import pytest
from scipy import ndimage, stats

from srredsim.data import catalogue
from srredsim.data.batches import Batches
from srredsim.data.catalogue import DataSet
from srredsim.data.leaves import LeafPairs, expected
from srredsim.data.pairs import Extended, Pair, Pairs
from srredsim.data.w2s.series import FieldSeries, SimulatedFields
from srredsim.data.widefield import WidefieldPairs
from srredsim.errors import InputError
from srredsim.inputs.widefield import examples
from srredsim.normalise import Scaling
from srredsim.simulation.dead_leaves import _radii, dead_leaves, scene
from srredsim.zoo.recipe import from_dict

LEAVES = LeafPairs(count=40, size=128, target="average", normalise="noise", seed=3)


def test_noise_is_that_of_the_camera_of_w2s():
    """4 counts an electron, an offset of 100 counts, 1.5 electrons of read-out noise."""
    for index in range(12):
        pair = LEAVES[index]
        light = pair.truth + pair.scaling.offset
        electrons = (light - 100) / 4
        z = (pair.frames[..., 0] - light) / (4 * np.sqrt(electrons + 1.5**2))
        assert abs(z.mean()) < 0.04, index
        assert z.std() == pytest.approx(1, abs=0.03), index
        dark = light < np.median(light)
        assert z[dark].std() == pytest.approx(z[~dark].std(), abs=0.05), index
        assert electrons.min() > 0


def test_the_sim_image_is_the_sharper_one_and_has_the_same_light():
    """Binned and blurred it is the expected image above the ground, but for haze, which only adds."""
    for index in range(8):
        image, sim = LEAVES[index], LeafPairs(40, 128, "sim", "noise", 3)[index]
        np.testing.assert_array_equal(image.frames, sim.frames)
        binned = sim.truth.reshape(128, 2, 128, 2).mean(axis=(1, 3))
        soft = [ndimage.gaussian_filter(x, 4)[12:-12, 12:-12] for x in (image.truth, binned)]
        assert np.corrcoef(soft[0].ravel(), soft[1].ravel())[0, 1] > 0.9
        slope = np.polyfit(soft[1].ravel(), soft[0].ravel(), 1)[0]
        assert 0.9 < slope < 1.6
        fine = [np.std(x - ndimage.gaussian_filter(x, 1.5)) / np.std(x) for x in (image.truth, binned)]
        assert fine[1] > 1.02 * fine[0]


def test_scenes_are_of_every_brightness():
    scenes = np.array([scene(np.random.default_rng(seed), 64) for seed in range(60)])
    assert scenes.min() >= 0
    np.testing.assert_allclose(scenes.max(axis=(1, 2)), 1)
    means = scenes.mean(axis=(1, 2))
    assert means.min() < 0.15
    assert means.max() > 0.6
    assert 0.1 < np.median(means) < 0.5


def test_radii_have_the_density_of_natural_scenes():
    """The density is r^-3 from 2 to 60: 1 - F(r) = (r^-2 - 60^-2) / (2^-2 - 60^-2)."""
    radii = _radii(np.random.default_rng(1), 4000)
    found = stats.kstest(radii, lambda r: 1 - (r**-2.0 - 60**-2.0) / (2**-2.0 - 60**-2.0))
    assert found.pvalue > 0.01


def test_leaves_have_sharp_edges_and_hide_one_another():
    image = dead_leaves(np.random.default_rng(2), 128)
    steps = np.abs(np.diff(image, axis=0))
    assert np.quantile(steps, 0.5) < 0.02  # mostly smooth ground
    assert np.quantile(steps, 0.99) > 0.2


def test_a_pair_is_a_function_of_seed_and_index():
    again = LeafPairs(count=99, size=128, target="average", normalise="noise", seed=3)
    np.testing.assert_array_equal(LEAVES[7].frames, again[7].frames)
    assert not np.array_equal(LEAVES[7].frames, LEAVES[8].frames)
    assert not np.array_equal(LEAVES[7].frames, LeafPairs(40, 128, "average", "noise", 4)[7].frames)


def test_they_stand_behind_the_pairs_of_a_data_set_which_alone_can_be_missing():
    pairs = WidefieldPairs(SimulatedFields(FieldSeries(seed=61, count=2, size=32)), (1, 4), "average", "noise")
    both = Extended(pairs, LEAVES)
    assert len(both) == 4 + 40
    assert both.missing(range(44)) == pairs.missing(range(4)) == [0, 2]
    assert both.generate([3, 20]) == 1
    np.testing.assert_array_equal(both[3].frames, pairs[3].frames)
    np.testing.assert_array_equal(both[4].frames, LEAVES[0].frames)
    np.testing.assert_array_equal(both[43].truth, LEAVES[39].truth)


RECIPE = {
    "name": "tiny",
    "network": {"name": "dncnn", "depth": 3, "filters": 4},
    "data": {"name": "w2s_simulated", "input": "widefield", "normalise": "noise", "leaves": 0.4, "count": 6},
}


@pytest.mark.parametrize("key", ["leaves", "dense"])
def test_their_share_is_the_one_that_was_asked_for(key):
    opened = examples(from_dict(RECIPE | {"data": RECIPE["data"] | {"leaves": 0.0} | {key: 0.4}}), "train")
    batches = Batches(opened.pairs, 32, 5, 1, opened.augmentation, 3, 5)
    assert len(opened.pairs) == 50  # 6 fields at 5 levels, and 20
    asked = batches.indices(range(10))
    assert sum(index >= 30 for index in asked) == 20
    assert len(examples(from_dict(RECIPE), "validation").pairs) == 24 * 5


class Own(Pairs):
    def __init__(self, pairs):
        self.pairs = pairs

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, index):
        return self.pairs[index]


@pytest.fixture
def own(monkeypatch):
    """Function: pairs of a scale are those of any data set."""

    def of_scale(scale):
        pair = Pair(np.ones((64, 64, 1)), np.ones((64 * scale, 64 * scale)), Scaling(0.0, 1.0))
        monkeypatch.setattr(catalogue, "open_images", lambda *_: DataSet(Own([pair] * 6)))

    return of_scale


@pytest.mark.parametrize("key", ["leaves", "dense"])
@pytest.mark.parametrize(("scale", "target"), [(1, "average"), (2, "sim"), (1, "truth"), (2, "truth")])
def test_what_is_painted_has_the_scale_of_the_data_set(key, scale, target, own):
    """Also beside one's own pairs, whose truth has no name that says how many pixels it has."""
    own(scale)
    data = RECIPE["data"] | {"target": target, "leaves": 0.0} | {key: 0.4}
    opened = examples(from_dict(RECIPE | {"data": data}), "train")
    assert len(opened.pairs) == 10
    assert opened.pairs.others.scale == scale


@pytest.mark.parametrize("key", ["leaves", "dense"])
def test_a_scale_that_is_not_painted_is_refused(key, own):
    own(4)
    data = RECIPE["data"] | {"leaves": 0.0} | {key: 0.4}
    with pytest.raises(InputError, match=f"data.{key} is painted with a truth of 1 or 2 times .* have 4 times; leave"):
        examples(from_dict(RECIPE | {"data": data}), "train")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"leaves": 1.0}, "data.leaves is from 0 to below 1; got 1"),
        ({"leaves": -0.1}, "data.leaves is from 0 to below 1"),
        ({"normalise": "dataset"}, "with data.normalise: image or noise"),
        ({"input": "frames"}, "data.leaves is for data.input: widefield"),
    ],
)
def test_what_they_are_not_for_is_refused(change, words):
    with pytest.raises(InputError, match=words):
        from_dict(RECIPE | {"data": RECIPE["data"] | change})


def test_no_scene_is_a_speck_that_outshines_all():
    for seed in range(25):
        field = expected(np.random.default_rng([seed, 1]), 64)
        structure = field.widefield_photons - field.settings.background_photons
        assert structure.max() < 5 * (1 + field.settings.haze) * field.settings.photons
        assert structure.min() >= -1e-3 * field.settings.photons
