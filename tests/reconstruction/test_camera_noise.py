"""Photon transfer on frames whose camera is known."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, zoom

from srredsim.reconstruction.camera_noise import CameraNoise, photon_transfer
from srredsim.simulation.camera import expose


def photons(size=(96, 112), peak=300.0):
    """Smooth enough for a lens: nothing beyond a quarter of a cycle a pixel."""
    blobs = gaussian_filter((np.random.default_rng(2).random(size) > 0.995).astype(float), 2.5, mode="wrap")
    return peak * blobs / blobs.max() + 4


def frames_of(expected, gain_adu, offset_adu=100.0, read_noise_e=1.5, n=15, seed=3):
    rng = np.random.default_rng(seed)
    camera = {"gain_adu": gain_adu, "offset_adu": offset_adu, "read_noise_e": read_noise_e}
    return np.stack([expose(expected, rng, **camera) for _ in range(n)]).astype(np.float32)


@pytest.mark.parametrize("cutoff_per_pixel", [0.3, 0.5])
@pytest.mark.parametrize("gain_adu", [0.4, 2.1])
def test_gain_and_variance_are_those_of_the_camera(gain_adu, cutoff_per_pixel):
    noise = photon_transfer(frames_of(photons(), gain_adu), cutoff_per_pixel)
    assert noise.gain_adu == pytest.approx(gain_adu, rel=0.06)
    assert noise.gain_error < 0.05 * gain_adu
    for electrons in (5, 50, 200):
        variance = gain_adu**2 * (electrons + 1.5**2) + 1 / 12
        assert noise.variance_adu2(100 + gain_adu * electrons) == pytest.approx(variance, rel=0.1)
    assert noise.white == pytest.approx(1, abs=0.15)


def test_the_same_light_everywhere_has_a_variance_but_no_gain():
    noise = photon_transfer(frames_of(np.full((64, 80), 50.0), 1.0))
    assert not noise.gain_adu > 5 * noise.gain_error
    assert noise.variance_adu2(150) == pytest.approx(50 + 1.5**2, rel=0.05)


def test_hot_pixels_do_not_matter():
    frames = frames_of(photons(), 1.0)
    frames[:, [30, 41, 55, 60], [33, 70, 46, 81]] += 800
    assert photon_transfer(frames).gain_adu == pytest.approx(1, rel=0.12)


@pytest.mark.parametrize("spoil", [lambda f: gaussian_filter(f, (0, 0.8, 0.8)), lambda f: zoom(f, (1, 2, 2), order=1)])
def test_filtered_and_enlarged_frames_are_not_white(spoil):
    assert photon_transfer(spoil(frames_of(photons(), 1.0, n=3))).white < 0.3


def test_stabilised_values_have_the_same_noise_in_all_light():
    noise = CameraNoise(1.7, 1.7**2 * 2.0 - 1.7 * 100, 0.0, 1.0, "")
    rng = np.random.default_rng(4)
    for electrons in (20, 200, 2000):
        values = 100 + 1.7 * (rng.poisson(electrons, 40_000) + np.sqrt(2.0) * rng.standard_normal(40_000))
        assert noise.stabilised(values.astype(np.float32)).std() == pytest.approx(1, abs=0.02)


def test_stabilised_values_are_those_of_anscombe():
    counts = np.arange(100, dtype=np.float32)
    np.testing.assert_allclose(CameraNoise(1, 0, 0, 1, "").stabilised(counts), 2 * np.sqrt(counts + 3 / 8), rtol=1e-6)


def test_constant_noise_is_divided_by():
    assert CameraNoise(0.0, 9.0, 0.0, 1.0, "").stabilised(np.float32([6.0])) == pytest.approx(2)


def test_too_few_pixels():
    with pytest.raises(ValueError, match="too small"):
        photon_transfer(np.ones((15, 16, 16), np.float32))
