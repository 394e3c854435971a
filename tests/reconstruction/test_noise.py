"""Gain and noise of a camera, from frames of simulated cameras."""

import numpy as np
import pytest

from srredsim.errors import InputError
from srredsim.reconstruction.noise import Camera, camera_of
from srredsim.reconstruction.transfer import Transfer
from srredsim.simulation.camera import expose
from srredsim.simulation.sim import simulate_stack


@pytest.mark.parametrize("photons", [20.0, 2000.0])
@pytest.mark.parametrize("index", [0, 1, 3])
def test_the_gain_is_that_of_the_camera(photons, index):
    sample = simulate_stack(5, index=index, size=(128, 160), photons=(photons, photons))
    settings = sample.settings
    found = camera_of(sample.raw, Transfer(settings.cutoff_per_um, settings.pixel_size_um))
    true = Camera.of(settings.gain_adu, settings.offset_adu, settings.read_noise_e)
    assert found.gain_adu == pytest.approx(settings.gain_adu, rel=0.1 if photons < 100 else 0.02)
    values = np.percentile(sample.raw.mean(axis=(0, 1)), [5, 50, 99])
    np.testing.assert_allclose(found.variance(values), true.variance(values), rtol=0.05)


def test_read_noise_shows_where_there_is_hardly_any_light():
    rng = np.random.default_rng(2)
    light = 40 * np.exp(-((np.arange(128) - 64) ** 2) / 2 / 30**2)[:, None] * np.ones(96)
    raw = np.stack([expose(light, rng, gain_adu=0.5, offset_adu=100, read_noise_e=3.0) for _ in range(12)])
    found = camera_of(raw.reshape(3, 4, 128, 96), Transfer(4.0, 0.08))
    assert found.gain_adu == pytest.approx(0.5, rel=0.05)
    assert found.read_noise_e(100) == pytest.approx(3.0, rel=0.1)


def test_a_constant_noise_has_no_gain():
    raw = np.linspace(0, 500, 96)[:, None] + np.random.default_rng(1).normal(0, 7, (2, 3, 96, 128))
    found = camera_of(raw, Transfer(5.0, 0.08))
    np.testing.assert_allclose(found.variance(np.array([0.0, 250.0, 500.0])), 49, rtol=0.1)


def test_hot_pixels_are_no_noise_of_the_camera():
    sample = simulate_stack(5, index=1, size=128, photons=(200, 200))
    raw = sample.raw.copy()
    raw[:, :, [20, 50, 90], [30, 60, 100]] = 60000
    found = camera_of(raw, Transfer(sample.settings.cutoff_per_um, sample.settings.pixel_size_um))
    assert found.gain_adu == pytest.approx(sample.settings.gain_adu, rel=0.25)


def test_a_camera_from_its_data_sheet():
    camera = Camera.of(0.5, 100.0, 2.0)
    assert camera.variance(np.array(300.0)) == pytest.approx(0.5 * 200 + 1.0 + 1 / 12)
    assert camera.variance(np.array(0.0)) == pytest.approx(1.0 + 1 / 12)
    assert camera.read_noise_e(100.0) == pytest.approx(2.0)
    with pytest.raises(InputError, match="gain above 0"):
        Camera.of(0.0, 100.0, 2.0)
