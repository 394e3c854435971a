"""Dense scenes: lenses on gratings in closed form, noise of each colour, and how they join a data set."""

import numpy as np
import pytest
from scipy import ndimage

from srredsim.data import dense
from srredsim.data.dense import DensePairs, DenseSeries, Lens
from srredsim.errors import InputError
from srredsim.inputs.widefield import examples
from srredsim.optics.otf import apodisation, ideal_otf
from srredsim.simulation import scenes
from srredsim.zoo.recipe import from_dict

SERIES = DenseSeries(seed=5, count=6, size=48, target="sim", normalise="noise")
OBJECTIVE, SMOOTH = Lens("objective", 0.4, 0.5, 1.8), Lens("smooth", 1.1, 2.0, 2.0)


@pytest.fixture(scope="module")
def pairs():
    return DensePairs(SERIES)


@pytest.mark.parametrize("kind", scenes.KINDS)
def test_scenes_fill_the_range_and_the_field(kind):
    images = [scenes.KINDS[kind](np.random.default_rng([3, n]), 96, 2) for n in range(4)]
    for image in images:
        assert image.shape == (96, 96)
        assert (image.min(), image.max()) == (0, 1)
    assert np.mean([np.std(image[:48]) + np.std(image[48:]) for image in images]) > 0.1


def test_shares_are_of_kinds_and_add_up():
    assert set(scenes.SHARES) == set(scenes.KINDS)
    assert sum(scenes.SHARES.values()) == pytest.approx(1)


def test_noise_of_a_power_has_its_slope():
    """Power falls as f^-2s: by 4^s from one frequency to twice that, for amplitudes of f^-s."""
    image = np.mean(
        [np.abs(np.fft.fft2(scenes.noise(np.random.default_rng(n), 128, 1.5, 1, 1e9))) ** 2 for n in range(40)], axis=0
    )
    radius = np.hypot(*np.meshgrid(*2 * [np.fft.fftfreq(128, 1 / 128)]))
    low, high = (image[abs(radius - r) < 1].mean() for r in (6, 12))
    assert low / high == pytest.approx(2**3, rel=0.15)


@pytest.mark.parametrize(("cycles", "along"), [(12, 0), (20, 1)])
@pytest.mark.parametrize("lens", [OBJECTIVE, SMOOTH])
def test_a_grating_comes_through_as_the_formulas_say(cycles, along, lens):
    """Square pixels leave sinc(f) of it; the pixel of the finer image is a point."""
    wave = np.cos(2 * np.pi * cycles * (np.arange(128) + 0.5) / 128)
    scene = 1 + np.broadcast_to(wave if along else wave[:, None], (128, 128))
    light, sim = dense.through(lens, scene, 64)
    f = cycles / 64
    if lens is SMOOTH:
        wanted = [np.exp(-2 * np.pi**2 * sigma**2 * f**2) for sigma in (1.1, 0.55)]
    else:
        wanted = [ideal_otf(f / 0.4) * 0.5 ** (f / 0.4), apodisation(f / 0.4, 1.8)]
    for image, amplitude in ((light, wanted[0] * np.sinc(f)), (sim, wanted[1])):
        n = image.shape[0]
        wave = np.cos(2 * np.pi * cycles * (np.arange(n) + 0.5) / n)
        expected = 1 + amplitude * np.broadcast_to(wave if along else wave[:, None], (n, n))
        np.testing.assert_allclose(image, expected, atol=1e-6)


def test_white_noise_is_that_of_the_camera():
    rng = np.random.default_rng(1)
    expected_e = 20 + 200 * rng.random((200, 200))
    noisy, seen_e = dense.record(rng, expected_e, "white")
    z = ((noisy - 100) / 4 - expected_e) / np.sqrt(expected_e + 1.5**2)
    assert abs(z.mean()) < 0.02
    assert z.std() == pytest.approx(1, abs=0.02)
    assert seen_e is expected_e


@pytest.mark.parametrize(("colour", "most"), [("smoothed", 1.0), ("resampled", 0.95)])
def test_coloured_noise_is_that_of_neighbours_and_hides_the_same_image(colour, most):
    """Its mean over many recordings is what is seen without noise; neighbours are correlated."""
    light = 100 * np.exp(ndimage.gaussian_filter(np.random.default_rng(2).standard_normal((64, 64)), 3))
    recordings = [dense.record(np.random.default_rng([3, n]), light, colour) for n in range(60)]
    left = np.stack([(noisy - 100) / 4 - seen for noisy, seen in recordings])
    assert np.abs(left.mean(axis=0)).mean() < 3 * left.std() / np.sqrt(60)
    neighbours = np.mean(left[:, 1:] * left[:, :-1]) / np.mean(left**2)
    assert 0.15 < neighbours < most
    np.testing.assert_allclose(recordings[0][1], ndimage.gaussian_filter(light, 0.6), rtol=0.1)  # not moved


def test_a_pair_is_a_function_of_seed_and_index(pairs):
    again = DensePairs(SERIES)
    np.testing.assert_array_equal(pairs[2].frames, again[2].frames)
    np.testing.assert_array_equal(pairs[2].truth, again[2].truth)
    assert not np.array_equal(pairs[2].truth, pairs[3].truth)
    assert pairs[2].scale == pairs.scale == 2


def test_each_crop_has_light_and_noise_of_its_own(pairs):
    one, other = (pairs.crop(1, np.random.default_rng(n), 48) for n in (1, 2))
    ratio = one.truth / np.maximum(other.truth, 1e-6 * other.truth.max())
    bright = other.truth > np.median(other.truth)
    assert ratio[bright].std() < 1e-3 * ratio[bright].mean()  # the same scene ...
    assert ratio[bright].mean() == pytest.approx(one.facts["photons"] / other.facts["photons"], rel=1e-3)
    assert np.abs(np.corrcoef(one.frames.ravel(), other.frames.ravel())[0, 1]) < 1 - 1e-4


def test_binned_it_is_the_light_that_was_recorded():
    """With nearly no noise, the input is the truth of target average, above the offset."""
    averages = DensePairs(DenseSeries(5, 6, 48, "average", "noise"))
    for index in range(3):
        pair = averages.crop(index, np.random.default_rng(index), 48)
        light = pair.truth + pair.scaling.offset
        noise = np.std(pair.frames[..., 0] - light) / 4
        assert noise < 1.3 * np.sqrt(np.mean((light - 100) / 4) + 1.5**2)
    assert averages.folder == DensePairs(SERIES).folder  # the same scenes


RECIPE = {
    "name": "tiny",
    "network": {"name": "dncnn", "depth": 3, "filters": 4},
    "data": {"name": "w2s_simulated", "input": "widefield", "normalise": "noise", "dense": 0.4, "count": 6},
}


def test_scenes_that_are_not_painted_yet_are_missing_beside_the_fields():
    assert examples(from_dict(RECIPE), "train").pairs.missing([2, 31, 44]) == [0, 31, 44]


def test_their_share_of_a_validation_stands_at_its_beginning():
    """Other scenes than those of the training."""
    wanted = from_dict(RECIPE | {"data": RECIPE["data"] | {"validation_count": 10}})
    pairs = examples(wanted, "validation").pairs
    assert len(pairs) == 4 + 24 * 5
    assert "photons" in pairs[0].facts
    trained = DensePairs(DenseSeries(0, 20, 128, "average", "noise"))
    assert not np.array_equal(pairs[0].truth, trained[0].truth)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dense": 1.0}, "data.dense is from 0 to below 1; got 1"),
        ({"leaves": 0.2}, "has leaves among its scenes"),
        ({"normalise": "dataset"}, "data.dense is for data.input: widefield with data.normalise: image or noise"),
        ({"input": "frames"}, "data.dense is for data.input: widefield"),
    ],
)
def test_what_they_are_not_for_is_refused(change, words):
    with pytest.raises(InputError, match=words):
        from_dict(RECIPE | {"data": RECIPE["data"] | change})
