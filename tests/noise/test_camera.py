"""Gain and noise of a camera, from frames of simulated cameras."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, zoom

from srredsim.noise.camera import noise_of_frames
from srredsim.noise.photons import Counting
from srredsim.noise.whiteness import whiteness
from srredsim.simulation.camera import expose
from srredsim.simulation.sim import simulate_stack


@pytest.mark.parametrize("photons", [20.0, 2000.0])
@pytest.mark.parametrize("index", [0, 1, 3])
def test_the_gain_is_that_of_the_camera(photons, index):
    sample = simulate_stack(5, index=index, size=(128, 160), photons=(photons, photons))
    settings = sample.settings
    found = noise_of_frames(sample.raw, settings.cutoff_per_um * settings.pixel_size_um)
    true = Counting(settings.gain_adu, settings.offset_adu, settings.read_noise_e).line
    assert found.gain_adu == pytest.approx(settings.gain_adu, rel=0.1 if photons < 100 else 0.02)
    values = np.percentile(sample.raw.mean(axis=(0, 1)), [5, 50, 99])
    np.testing.assert_allclose(found.variance(values), true.variance(values), rtol=0.05)


def test_read_noise_shows_where_there_is_hardly_any_light():
    rng = np.random.default_rng(2)
    light = 40 * np.exp(-((np.arange(128) - 64) ** 2) / 2 / 30**2)[:, None] * np.ones(96)
    raw = np.stack([expose(light, rng, gain_adu=0.5, offset_adu=100, read_noise_e=3.0) for _ in range(12)])
    found = noise_of_frames(raw.reshape(3, 4, 128, 96), 4.0 * 0.08)
    assert found.gain_adu == pytest.approx(0.5, rel=0.05)
    assert found.read_noise_e(100) == pytest.approx(3.0, rel=0.1)


def test_a_constant_noise_has_no_gain():
    raw = np.linspace(0, 500, 96)[:, None] + np.random.default_rng(1).normal(0, 7, (2, 3, 96, 128))
    found = noise_of_frames(raw, 5.0 * 0.08)
    np.testing.assert_allclose(found.variance(np.array([0.0, 250.0, 500.0])), 49, rtol=0.1)


def test_hot_pixels_are_no_noise_of_the_camera():
    sample = simulate_stack(5, index=1, size=128, photons=(200, 200))
    raw = sample.raw.copy()
    raw[:, :, [20, 50, 90], [30, 60, 100]] = 60000
    found = noise_of_frames(raw, sample.settings.cutoff_per_um * sample.settings.pixel_size_um)
    assert found.gain_adu == pytest.approx(sample.settings.gain_adu, rel=0.25)


def smooth_light(size=(96, 112), peak=300.0):
    """Photons that are smooth enough for a lens: nothing beyond a quarter of a cycle a pixel."""
    blobs = gaussian_filter((np.random.default_rng(2).random(size) > 0.995).astype(float), 2.5, mode="wrap")
    return peak * blobs / blobs.max() + 4


def frames_of(expected, gain_adu, n=15):
    rng = np.random.default_rng(3)
    camera = {"gain_adu": gain_adu, "offset_adu": 100.0, "read_noise_e": 1.5}
    return np.stack([expose(expected, rng, **camera) for _ in range(n)]).astype(np.float32)


@pytest.mark.parametrize("cutoff_per_pixel", [0.3, 0.5])
@pytest.mark.parametrize("gain_adu", [0.4, 2.1])
def test_the_corners_of_the_spectrum_tell_the_camera_where_the_lens_is_not_known(gain_adu, cutoff_per_pixel):
    found = noise_of_frames(frames_of(smooth_light(), gain_adu), cutoff_per_pixel)
    assert found.gain_adu == pytest.approx(gain_adu, rel=0.06)
    assert 0 < found.gain_error_adu < 0.05 * gain_adu
    for electrons in (5, 50, 200):
        variance = gain_adu**2 * (electrons + 1.5**2) + 1 / 12
        assert found.variance(100 + gain_adu * electrons) == pytest.approx(variance, rel=0.1)


def test_the_same_light_everywhere_has_a_variance_but_no_gain():
    found = noise_of_frames(frames_of(np.full((64, 80), 50.0), 1.0))
    assert not found.gain_adu > 5 * found.gain_error_adu
    assert found.variance(150) == pytest.approx(50 + 1.5**2, rel=0.05)


def test_the_noise_of_a_camera_is_white():
    assert whiteness(frames_of(smooth_light(), 1.0)) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("spoil", [lambda f: gaussian_filter(f, (0, 0.8, 0.8)), lambda f: zoom(f, (1, 2, 2), order=1)])
def test_filtered_and_enlarged_frames_are_not_white(spoil):
    assert whiteness(spoil(frames_of(smooth_light(), 1.0, n=3))) < 0.3
