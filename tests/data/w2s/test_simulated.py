"""Simulated fields against closed forms: noise, shared captures, no stripes, the place and the brightness of things."""

import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from srredsim.data.w2s import simulated
from srredsim.data.w2s.layout import layout
from srredsim.data.w2s.simulated import Expected, averages, expected_field
from srredsim.simulation import sim

GAIN, OFFSET, READ_NOISE = 4.0, 100.0, 1.5
PHOTONS = 40.0


@pytest.fixture(scope="module")
def noise():
    """The averages of an even field, without what it shows, and the variance of a single capture."""
    light = np.full((400, 500), PHOTONS)
    flat = averages(Expected(light, np.zeros((800, 1000), np.float32), None), np.random.default_rng(5))
    variance = GAIN**2 * (PHOTONS + READ_NOISE**2) + 1 / 12  # the last is that of rounding
    return {level: image.astype(np.float64) - (GAIN * PHOTONS + OFFSET) for level, image in flat.items()}, variance


@pytest.mark.parametrize("level", layout().levels)
def test_the_variance_of_an_average_falls_with_the_captures(noise, level):
    images, single = noise
    assert images[level].var() == pytest.approx(single / level, rel=0.015)  # 200,000 pixels: 0.3 %
    assert images[level].mean() == pytest.approx(0, abs=5 * np.sqrt(single / level / 200_000))


@pytest.mark.parametrize(
    ("one", "other", "captures"),
    [(2, 4, 2), (2, 16, 2), (8, 16, 8), (1, 2, 0), (1, 16, 0), (1, 400, 1), (16, 400, 16)],
)
def test_levels_share_captures(noise, one, other, captures):
    """The mean of n and of m captures, k of which are the same, have the covariance ``k / (n m)`` of a single one."""
    images, single = noise
    found = np.mean(images[one] * images[other])
    spread = single / np.sqrt(one * other) / np.sqrt(200_000)
    assert found == pytest.approx(captures * single / (one * other), abs=5 * spread)


def test_captures_are_those_of_the_averages_one_by_one(noise):
    field = Expected(np.full((50, 60), PHOTONS), np.zeros((100, 120), np.float32), None)
    stack = simulated.captures(field, np.random.default_rng(2), 30).astype(float)
    assert stack.shape == (30, 50, 60)
    assert stack.mean() == pytest.approx(GAIN * PHOTONS + OFFSET, rel=0.005)
    assert stack.var() == pytest.approx(noise[1], rel=0.03)
    assert np.corrcoef(stack[0].ravel(), stack[1].ravel())[0, 1] == pytest.approx(0, abs=0.1)


@pytest.fixture(scope="module")
def field():
    return expected_field(7, 1, 96)


def test_no_stripes_are_left_in_the_widefield_image(field):
    """The same field with stripes of no contrast shows the same; with those of the raw SIM stack it does not."""
    object_rng = np.random.default_rng([7, 1]).spawn(4)[0]
    settings = field.settings
    obj = sim.object_in_view(object_rng, settings)
    plain = dataclasses.replace(settings, modulation_depths=((0.0, 0.0),) * 3, intensities=((1.0,) * 5,) * 3)
    even, _ = sim.expected(plain, obj)
    np.testing.assert_allclose(field.widefield_photons, even[0, 0], rtol=1e-3)
    striped, _ = sim.expected(settings, obj)
    assert np.abs(striped[0, 0] - even[0, 0]).max() > 0.1 * even.max()


def test_light_and_background_are_in_their_ranges():
    settings = [expected_field(3, index, 32, (10.0, 100.0)).settings for index in range(12)]
    photons = np.array([one.photons for one in settings])
    share = np.array([one.background_photons for one in settings]) / photons
    assert 10 <= photons.min() < 30 < photons.max() <= 100
    assert 0 <= share.min() < 0.1 < share.max() <= 0.2
    assert {(one.gain_adu, one.offset_adu, one.read_noise_e) for one in settings} == {(GAIN, OFFSET, READ_NOISE)}
    assert len({one.na for one in settings}) == 12


def test_the_sim_image_is_where_the_widefield_image_is_and_as_bright(field):
    """Both blurred until they agree: gain 1 between counts above background, and a shift of less than 0.05 pixels."""
    counts = GAIN * field.widefield_photons
    binned = field.sim.reshape(96, 2, 96, 2).mean(axis=(1, 3))
    settings = field.settings
    in_focus = dataclasses.replace(settings, haze=0.0, background_photons=0.0)
    object_rng = np.random.default_rng([7, 1]).spawn(4)[0]
    sharp = GAIN * sim.expected(in_focus, sim.object_in_view(object_rng, settings))[0].mean(axis=(0, 1))
    wide, narrow = (ndimage.gaussian_filter(image.astype(float), 3)[8:-8, 8:-8] for image in (sharp, binned))
    gain, _ = np.polyfit(narrow.ravel(), wide.ravel(), 1)
    assert gain == pytest.approx(1, abs=0.1)
    # d = wide - narrow is shift * gradient: least squares of the two components
    gradients = np.stack([gradient.ravel() for gradient in np.gradient(gain * narrow)], axis=1)
    (dy, dx, _), *_ = np.linalg.lstsq(
        np.c_[gradients, np.ones(len(gradients))], (wide - gain * narrow).ravel(), rcond=None
    )
    assert np.hypot(dy, dx) < 0.05
    haze = counts - GAIN * settings.background_photons - sharp  # what the SIM image does not have
    assert haze.min() > -1e-2 * sharp.max()


def test_a_field_is_the_same_whoever_asks(field):
    again = expected_field(7, 1, 96)
    np.testing.assert_array_equal(again.widefield_photons, field.widefield_photons)
    np.testing.assert_array_equal(again.sim, field.sim)
    other = expected_field(7, 2, 96)
    assert np.corrcoef(other.sim.ravel(), field.sim.ravel())[0, 1] < 0.5


def test_raw_sim_shows_the_same_field(field):
    raw = simulated.raw_sim(7, 1, 96)
    assert (raw.shape, raw.dtype) == ((3, 5, 96, 96), np.uint16)
    mean = raw.mean(axis=(0, 1))
    expected = GAIN * field.widefield_photons + OFFSET
    assert np.corrcoef(mean.ravel(), expected.ravel())[0, 1] > 0.95
    assert mean.mean() == pytest.approx(expected.mean(), rel=0.03)
