import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from srredsim.errors import InputError
from srredsim.noise.one_image import clipped_moments, noise_of_image, wavelet_split


def with_noise(clean, a, b, seed=1):
    rng = np.random.default_rng(seed)
    return a * rng.poisson(clean / a) + rng.normal(0, np.sqrt(b), clean.shape)


def ramp(size=256):
    y, x = np.mgrid[:size, :size] / (size - 1)
    return 0.05 + 0.45 * x + 0.4 * y


def agrees(noise, a, b, within, brightness=(0.1, 0.4, 0.7)):
    brightness = np.asarray(brightness)
    np.testing.assert_allclose(noise.std(brightness), np.sqrt(a * brightness + b), rtol=within)


@pytest.mark.parametrize(("a", "b"), [(0.01, 0.0004), (0.002, 0.0016), (0.03, 0.01)])
def test_noise_of_smooth_ground_is_found(a, b):
    noise = noise_of_image(with_noise(ramp(384), a, b))
    agrees(noise, a, b, 0.06)
    assert noise.gain_adu == pytest.approx(a, rel=0.25)


@pytest.mark.parametrize("seed", range(3))
def test_noise_of_a_crowded_image_without_smooth_ground_is_found(seed):
    """Spots everywhere, blurred as by a lens, at noise so low that it hides no slope."""
    rng = np.random.default_rng(seed)
    clean = ndimage.gaussian_filter(np.where(rng.random((256, 256)) < 0.1, rng.random((256, 256)), 0), 2.5)
    clean /= clean.max()
    agrees(noise_of_image(with_noise(clean, 2e-4, 1e-5)), 2e-4, 1e-5, 0.1, np.quantile(clean, (0.3, 0.5, 0.9)))


def test_ground_without_any_noise_is_not_measured():
    """As where a stitched image is padded: the noise is that of the rest."""
    image = np.pad(with_noise(ramp(128), 0.01, 0.0004), 64)
    agrees(noise_of_image(image), 0.01, 0.0004, 0.15)


@pytest.mark.parametrize("name", ["camera", "moon"])
def test_noise_of_a_photograph_is_found_and_its_edges_are_not_taken_for_noise(name):
    clean = getattr(data, name)()[:512, :512] / 255
    there = np.quantile(clean, (0.1, 0.5, 0.9))
    agrees(noise_of_image(with_noise(clean, 0.01, 0.0004)), 0.01, 0.0004, 0.1, there)


def test_noise_is_in_the_units_of_the_image():
    noisy = with_noise(ramp(), 0.01, 0.001)
    noise, in_counts = noise_of_image(noisy), noise_of_image(500 * noisy + 100)
    np.testing.assert_allclose(in_counts.gain_adu, 500 * noise.gain_adu, rtol=1e-2)
    np.testing.assert_allclose(in_counts.std(100 + 500 * 0.4), 500 * noise.std(0.4), rtol=1e-3)
    assert in_counts.variance_at_zero_adu2 < 0  # the pedestal


def test_outliers_do_not_count():
    noisy = with_noise(ramp(), 0.01, 0.001)
    places = np.random.default_rng(0).integers(0, noisy.size, 300)
    noisy.flat[places] += 0.3  # hot pixels: what is measured is the noise of the others
    agrees(noise_of_image(noisy), 0.01, 0.001, 0.12)


def test_values_that_were_cut_off_are_accounted_for():
    a, b = 0.02, 0.01
    y, x = np.mgrid[:384, :384] / 383
    clipped = np.clip(with_noise(0.02 + 0.6 * x + 0.36 * y, a, b), 0, 1)
    aware, naive = noise_of_image(clipped, (0, 1)), noise_of_image(clipped)
    agrees(aware, a, b, 0.08)
    brightness = np.array([0.1, 0.9])
    truth = np.sqrt(a * brightness + b)
    assert np.abs(aware.std(brightness) - truth).max() < np.abs(naive.std(brightness) - truth).max()


def test_moments_of_a_cut_variable_are_those_of_samples():
    samples = np.random.default_rng(9).normal(size=400_000)
    for mean, std in [(-0.1, 0.2), (0.05, 0.2), (0.5, 0.1), (0.93, 0.15)]:
        cut = np.clip(mean + std * samples, 0, 1)
        found = clipped_moments(np.array([mean]), np.array([std]), 0.0, 1.0)
        np.testing.assert_allclose(np.ravel(found), [cut.mean(), cut.std()], atol=1e-3)


def test_split_keeps_the_deviation_of_noise_and_the_mean_of_a_smooth_image():
    rng = np.random.default_rng(1)
    approximation, details = wavelet_split(rng.normal(0, 1, (600, 500)))
    assert details.std() == pytest.approx(1, abs=0.01)
    assert approximation.std() == pytest.approx(0.5, abs=0.01)
    assert abs(np.corrcoef(approximation.ravel(), details.ravel())[0, 1]) < 0.015
    y, x = np.mgrid[:40, :50] / 10
    flat, nothing = wavelet_split((y**2 - y) * (1 + x**2))
    assert np.abs(nothing).max() < 1e-9  # three vanishing moments an axis
    np.testing.assert_allclose(wavelet_split(np.full((40, 50), 2.5))[0], 2.5)
    assert flat.shape == nothing.shape


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((64, 64)), "every pixel is 0"),
        (np.zeros((2, 64, 64)), "one plane"),
        (np.zeros((64, 20)), "32 x 32"),
        (np.full((64, 64), np.inf), "finite"),
    ],
)
def test_an_image_without_noise_to_measure_is_refused(image, message):
    with pytest.raises(InputError, match=message):
        noise_of_image(image)
