"""Dead leaves as confocal scans: noise against Poisson's formula, place against HR, and how they join the patches."""

import numpy as np
import pytest
from scipy import ndimage

from srredsim.data.caco2 import leaves
from srredsim.data.caco2.leaves import MARGIN, SCENES, LeafScans
from srredsim.inputs.widefield import examples
from srredsim.reconstruction.bicubic import enlarged
from srredsim.zoo.recipe import from_dict

SCANS = LeafScans(count=3 * SCENES, size=24, upscaling=4, normalise="noise", seed=3)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_hr_has_a_ninth_of_the_noise_of_its_photons(index):
    """HR is a straight line of the painted light; around it the variance grows by 1/9 with every photon."""
    pairs = [SCANS[index + turn * SCENES] for turn in range(3)]
    light = leaves._painted(3, index, 96)[MARGIN:-MARGIN, MARGIN:-MARGIN].ravel()
    for pair in pairs:
        high = (pair.truth + pair.scaling.offset).ravel()
        slope, ground = np.polyfit(light, high, 1)
        assert slope == pytest.approx(pair.facts["photons"], rel=0.05)
        expected = slope * light + ground
        variance = np.mean((high - expected) ** 2)
        assert 9 * variance - expected.mean() == pytest.approx(2.0, abs=2.5 + 0.06 * expected.mean())  # the detector


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_lr_and_hr_show_the_same_field(scale):
    """Shift between LR and HR by least squares: at most the drift, one sign along y and another along x."""
    shifts = []
    for index in range(12):
        pair = LeafScans(40, 192 // scale, scale, "noise", 5)[index]
        soft = [ndimage.gaussian_filter(x, 6) for x in (enlarged(pair.frames[..., 0], scale), pair.truth)]
        inner = [x[20:-20, 20:-20] for x in (*np.gradient(soft[1]), soft[0] - soft[1], np.ones_like(soft[0]))]
        dy, dx, difference, one = (x.ravel() for x in inner)
        shifts.append(np.linalg.lstsq(np.stack([dy, dx, one], 1), difference - difference.mean(), rcond=None)[0][:2])
    assert np.abs(np.median(shifts, axis=0)).max() < 0.35
    assert np.median(np.abs(shifts)) < 0.6


def test_a_scene_comes_back_under_other_noise_and_light():
    first, again, later = SCANS[7], LeafScans(99, 24, 4, "noise", 3)[7], SCANS[7 + SCENES]
    np.testing.assert_array_equal(first.frames, again.frames)
    np.testing.assert_array_equal(first.truth, again.truth)
    assert first.facts["photons"] != later.facts["photons"]
    assert np.corrcoef(first.truth.ravel(), later.truth.ravel())[0, 1] > 0.8
    assert not np.array_equal(first.frames, LeafScans(99, 24, 4, "noise", 4)[7].frames)


def test_they_join_the_patches_to_train_on():
    data = {"name": "caco2_simulated", "input": "widefield", "scale": 8, "cell": "CELL1", "crop": 16, "leaves": 0.25}
    recipe = from_dict({"name": "a", "network": {"name": "dncnn"}, "data": data | {"normalise": "noise"}})
    train, validation = (examples(recipe, split).pairs for split in ("train", "validation"))
    assert len(train) == 320  # 240 fields are three quarters
    assert train.crop(300, np.random.default_rng(0), 16).truth.shape == (128, 128)
    assert len(validation) == 24
