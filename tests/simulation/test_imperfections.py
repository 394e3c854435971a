"""Switches: shares, ranges, and that one leaves the others alone."""

from dataclasses import fields, replace

import numpy as np
import pytest

from srredsim.errors import InputError
from srredsim.simulation import imperfections, sim
from srredsim.simulation.imperfections import Flaws, Imperfections

ALL = [field.name for field in fields(Imperfections)]
SETTINGS = sim.draw(np.random.default_rng(1), 3, 5, size=16)


def draw(seed=0, settings=SETTINGS, **shares):
    return imperfections.draw(np.random.default_rng(seed), settings, Imperfections(**shares))


def test_without_any_nothing_changes_but_the_haze_of_the_even_microscope():
    settings, flaws = draw()
    assert settings == replace(SETTINGS, haze=0.0)
    assert flaws == Flaws()


@pytest.mark.parametrize("name", ALL)
def test_each_switch_changes_something_and_none_of_what_the_others_draw(name):
    alone, with_others = draw(**{name: 1.0}), draw(**{name: 1.0, "drift": 1.0, "bleaching": 1.0, "damped": 1.0})
    assert alone != draw()
    before = {**vars(draw()[0]), **vars(draw()[1])}
    mine = {key: value for key, value in {**vars(alone[0]), **vars(alone[1])}.items() if value != before[key]}
    joint = {**vars(with_others[0]), **vars(with_others[1])}
    assert {key: joint[key] for key in mine} == mine


def test_shares_are_those_asked_for():
    shares = {"drift": 0.3, "resampled": 0.2, "smoothed": 0.5, "scmos": 0.25, "em_gain": 0.5}
    flaws = [draw(seed, **shares)[1] for seed in range(400)]
    assert np.mean([bool(one.drift_pixels) for one in flaws]) == pytest.approx(0.3, abs=0.07)
    assert np.mean([one.colour.startswith("zoomed") for one in flaws]) == pytest.approx(0.2, abs=0.07)
    assert np.mean([one.colour in ("smoothed", "median") for one in flaws]) == pytest.approx(0.5, abs=0.07)
    assert np.mean([one.camera == "scmos" for one in flaws]) == pytest.approx(0.25, abs=0.07)
    assert np.mean([one.camera == "em" for one in flaws]) == pytest.approx(0.5, abs=0.07)


def test_ranges_are_those_that_are_promised():
    every = dict.fromkeys(ALL, 1.0) | {
        "smoothed": 0,
        "denoised": 0,
        "eight_bit": 0,
        "noise_free": 0,
        "even_light": 0,
        "em_gain": 0,
        "thick": 0,
    }
    drawn = [draw(seed, **every) for seed in range(150)]

    def spread(value, low, high):
        values = np.ravel([value(*one) for one in drawn])
        assert low <= values.min() < low + 0.2 * (high - low)
        assert high - 0.2 * (high - low) < values.max() <= high

    spread(lambda settings, _: settings.otf_damping, 0.2, 0.5)
    spread(lambda settings, _: settings.modulation_depths, 0.1, 0.3)
    spread(lambda settings, _: settings.spherical_waves, 0.04, 0.16)
    spread(lambda settings, flaws: flaws.in_focus, 0.2, 0.8)
    spread(lambda settings, flaws: len(flaws.depths_um), 3, 5)
    depths_um = np.abs(np.concatenate([flaws.depths_um for _, flaws in drawn]))
    assert 0.3 <= depths_um.min() < 0.32
    assert 1.9 < depths_um.max() <= 2.0
    steps = [np.hypot(*np.diff(flaws.drift_pixels, axis=0).T) for _, flaws in drawn]
    assert 0.1 <= np.min(steps) < 0.15
    assert 0.7 < np.max(steps) <= 1.0001
    assert all(np.allclose(np.mean(flaws.drift_pixels, axis=0), 0) for _, flaws in drawn)
    with_pixels = [draw(seed, fine_pixels=1.0)[0].pixel_size_um for seed in range(100)]
    assert 0.03 <= min(with_pixels) < 0.033
    assert 0.055 < max(with_pixels) <= 0.06


def test_of_thick_specimens_a_twentieth_to_a_fifth_of_the_light_is_in_focus():
    drawn = [draw(seed, thick=1.0, haze=0.5)[1] for seed in range(150)]
    in_focus, planes = [one.in_focus for one in drawn], [len(one.depths_um) for one in drawn]
    assert 0.04 <= min(in_focus) < 0.05 < 0.19 < max(in_focus) <= 0.2
    assert {min(planes), max(planes)} == {5, 8}


def test_light_is_bleached_exponentially_down_to_a_fifth():
    even = replace(SETTINGS, intensities=((1.0,) * 5,) * 3)
    left = []
    for seed in range(60):
        light = np.ravel(draw(seed, even, bleaching=1.0)[0].intensities)
        assert light.mean() == pytest.approx(1)
        np.testing.assert_allclose(light[1:] / light[:-1], light[1] / light[0])  # in the order of the frames
        left.append(light[-1] / light[0])
    assert 0.2 <= min(left) < 0.25
    assert 0.85 < max(left) <= 0.9


def test_resampled_frames_that_are_kept_have_half_of_the_pixel():
    for seed in range(20):
        settings, flaws = draw(seed, resampled=1.0)
        kept = flaws.colour == "zoomed"
        assert settings.pixel_size_um == pytest.approx(SETTINGS.pixel_size_um / (2 if kept else 1))


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"drift": 1.5}, r"imperfections\.drift is a share of the stacks, from 0 to 1; got 1\.5"),
        ({"haze": -0.1}, r"imperfections\.haze is a share"),
        ({"resampled": 0.7, "denoised": 0.4}, r"resampled \+ smoothed \+ denoised \+ eight_bit \+ noise_free exclude"),
        ({"scmos": 0.7, "em_gain": 0.4}, r"scmos \+ em_gain exclude one another, their sum is 1 at most; got 1\.1"),
    ],
)
def test_shares_that_make_no_sense_are_refused(shares, message):
    with pytest.raises(InputError, match=message):
        Imperfections(**shares)
