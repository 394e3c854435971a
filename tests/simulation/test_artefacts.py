"""What is done to frames before they are stored, against closed forms and slow loops."""

import numpy as np

from srredsim.simulation import artefacts
from srredsim.simulation.sim import simulate_stack


def test_noise_free_frames_are_the_mean_of_those_of_the_camera():
    asked = {"phases": 3, "size": 32, "photons": (500.0, 500.0)}
    free, noisy = artefacts.noise_free(3, index=1, **asked), simulate_stack(3, index=1, **asked)
    assert free.settings == noisy.settings
    np.testing.assert_array_equal(free.truth, noisy.truth)
    gain, offset = noisy.settings.gain_adu, noisy.settings.offset_adu
    variance = gain**2 * ((free.raw - offset) / gain + noisy.settings.read_noise_e**2) + 1 / 12
    z = (noisy.raw - free.raw) / np.sqrt(variance)
    assert abs(z.mean()) < 5 / np.sqrt(z.size)
    assert abs(z.var() - 1) < 0.05


def waves(size: int, pixel: float = 1.0) -> np.ndarray:
    """A slow wave at the centres of pixels of such a size, of a field of 32."""
    at = (np.arange(size) + 0.5) * pixel
    return 100 + 20 * np.cos(2 * np.pi * 2 * at / 32)[:, None] * np.cos(2 * np.pi * 3 * at / 32)


def test_zoomed_shows_the_same_field_on_finer_pixels():
    found = artefacts.zoomed(np.stack([waves(32), 2 * waves(32)]))
    assert found.shape == (2, 64, 64)
    np.testing.assert_allclose(found[1], 2 * waves(64, 0.5), atol=0.4)


def test_zoomed_and_binned_has_the_pixels_of_before():
    np.testing.assert_allclose(artefacts.zoomed_and_binned(waves(32)), waves(32), atol=1.0)


def test_smoothed_noise_has_the_variance_that_the_gaussian_leaves():
    noise = np.random.default_rng(0).standard_normal((4, 128, 128))
    x = np.arange(-8, 9)
    kernel = np.exp(-(x**2) / (2 * 0.7**2))
    kernel /= kernel.sum()
    np.testing.assert_allclose(artefacts.smoothed(noise, 0.7).var(), np.sum(kernel**2) ** 2, rtol=0.03)


def test_median_is_that_of_nine_pixels():
    frame = np.random.default_rng(1).random((7, 9))
    assert artefacts.median_filtered(frame)[3, 4] == np.float32(np.median(frame[2:5, 3:6]))


def test_denoising_takes_noise_from_the_flat_and_keeps_edges():
    frame = np.where(np.arange(64) < 32, 100.0, 1000.0) + np.random.default_rng(2).normal(0, 10, (64, 64))
    found = artefacts.denoised(frame)
    assert found[:, :24].std() < 0.5 * frame[:, :24].std()
    assert abs(found[:, 31].mean() - 100) < 30


def test_eight_bits_stretch_all_frames_together_and_jpeg_loses_little():
    frames = np.stack([waves(32), 3 * waves(32)])
    plain, lossy = artefacts.eight_bit(frames, None), artefacts.eight_bit(frames)
    low, high = np.percentile(frames, [0.01, 99.99])
    np.testing.assert_allclose(plain * (high - low) / 255 + low, frames, atol=(high - low) / 400)
    assert 0 < np.abs(lossy - plain).mean() < 4
    assert set(np.unique(lossy)) <= set(range(256))
