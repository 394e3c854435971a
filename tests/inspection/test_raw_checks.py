"""Contrast, light, movement and clipping, each planted."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import chi
from skimage.filters import threshold_otsu

from srredsim.inspection import verdicts
from srredsim.inspection.raw_checks import (
    contrast_to_noise,
    dark_level,
    light_of,
    movement,
    noise_only,
    structures,
)
from srredsim.noise.clipped import clipped_pixels
from srredsim.noise.line import NoiseLine
from srredsim.stripes.preprocess import Prepared

UNIT = NoiseLine(0.0, 1.0)  # standard deviation 1 everywhere


# contrast


@pytest.mark.parametrize(("phases", "degrees_of_freedom"), [(3, 2), (4, 2), (5, 4), (7, 4)])
def test_noise_alone_reads_the_mean_of_a_chi_distribution(phases, degrees_of_freedom):
    """Real and imaginary part of each order have the variance 1/2."""
    expected = chi.mean(degrees_of_freedom) / np.sqrt(2)
    assert noise_only(phases) == pytest.approx(expected, rel=1e-9)
    frames = 1000 + np.random.default_rng(5).standard_normal((3, phases, 80, 90)).astype(np.float32)
    assert contrast_to_noise(frames, UNIT).mean() == pytest.approx(expected, rel=0.01)


def test_the_values_that_noise_alone_reads():
    assert noise_only(3) == pytest.approx(0.8862, abs=1e-4)
    assert noise_only(5) == pytest.approx(1.3293, abs=1e-4)


@pytest.mark.parametrize("phases", [3, 5, 6])
def test_stripes_read_their_amplitude_times_half_the_root_of_the_phases(phases):
    x = np.arange(100) * 2 * np.pi / 10  # whole periods: every frame has the same mean
    steps = 2 * np.pi * np.arange(phases) / phases + 0.4
    amplitudes = np.array([3.0, 7.0])
    frames = np.array([[200 + a * np.cos(x + step) * np.ones((20, 1)) for step in steps] for a in amplitudes])
    np.testing.assert_allclose(contrast_to_noise(frames, UNIT), amplitudes.mean() * np.sqrt(phases) / 2, rtol=1e-3)


def test_two_orders_add_as_squares():
    x = np.arange(100) * 2 * np.pi / 10
    steps = 2 * np.pi * np.arange(5) / 5
    frames = np.array([[200 + (3 * np.cos(x + p) + 4 * np.cos(2 * (x + p))) * np.ones((20, 1)) for p in steps]])
    np.testing.assert_allclose(contrast_to_noise(frames, UNIT), 5 * np.sqrt(5) / 2, rtol=1e-3)


def test_light_that_changes_from_frame_to_frame_is_no_contrast():
    frames = 200 * np.linspace(1, 0.7, 5)[None, :, None, None] * np.ones((2, 5, 20, 20))
    assert contrast_to_noise(frames, UNIT).max() < 1e-3


def test_structures_are_those_of_otsu():
    image = gaussian_filter(np.random.default_rng(6).random((90, 100)) ** 8, 2)
    assert np.mean(structures(image) != (image > threshold_otsu(image))) < 0.01


# light


def test_light_has_the_planted_factors():
    factors = np.array([[1.0, 1.2, 0.8], [2.0, 2.0, 2.0]])
    frames = 30 + factors[:, :, None, None] * np.full((8, 9), 50.0)
    light = light_of(frames, 30.0, np.arange(6).reshape(2, 3))
    np.testing.assert_allclose(light.frames, factors / factors.mean())
    assert light.variation_percent == pytest.approx(60)
    assert light.angles_percent == pytest.approx(50)


@pytest.mark.parametrize("loss", [0.01, 0.06, -0.02])
@pytest.mark.parametrize("interleaved", [False, True])
def test_bleaching_is_told_from_unequal_angles(loss, interleaved):
    exposures = np.arange(15).reshape(5, 3).T if interleaved else np.arange(15).reshape(3, 5)
    factors = np.array([[1.0], [0.6], [1.3]]) * (1 - loss) ** exposures
    light = light_of(factors[:, :, None, None] * np.full((8, 9), 500.0), 0.0, exposures)
    lost = 1 - (1 - loss) ** 14
    assert light.bleached_percent == pytest.approx(100 * lost, abs=1.5)
    within = 1 - (1 - loss) ** np.ptp(exposures[0])
    assert light.decay_percent == pytest.approx([100 * within] * 3, rel=0.2)
    assert light.unbleached_percent == pytest.approx(100 * (1.3 - 0.6) / 1.3, abs=5)


def test_unsteady_light_makes_bleaching_uncertain():
    factors = np.random.default_rng(7).uniform(0.8, 1.2, (3, 5))
    light = light_of(factors[:, :, None, None] * np.full((8, 9), 500.0), 0.0, np.arange(15).reshape(3, 5))
    assert light.bleached_error_percent > 15


def test_dark_level_is_where_the_noise_ends():
    frames = np.full((3, 5, 20, 20), 180.0)
    assert dark_level(frames, NoiseLine(2.0, -190.0, gain_error_adu=0.01)) == pytest.approx(95)
    assert dark_level(frames, NoiseLine(2.0, -190.0, gain_error_adu=1.0)) == pytest.approx(180)  # nothing is known


# movement


def moved(shifts, size=(96, 120), noise=0.0, structure=1.0, seed=8):
    """Frames (angle, phase, y, x) of a field that lies a shift (y, x) further on in each angle."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.fft2(gaussian_filter(rng.random(size) ** 20, 1.5, mode="wrap"))
    fy, fx = np.fft.fftfreq(size[0])[:, None], np.fft.fftfreq(size[1])
    fields = [np.fft.ifft2(spectrum * np.exp(-2j * np.pi * (fy * y + fx * x))).real for y, x in shifts]
    fields = structure * (np.array(fields) - fields[0].mean()) / fields[0].std() + 5
    frames = fields[:, None] + noise * rng.standard_normal((len(shifts), 5, *size))
    ones = tuple((1.0,) * 5 for _ in shifts)
    return Prepared(frames.astype(np.float32), (0.0,) * len(shifts), ones), np.full(len(shifts), noise**2 / 5)


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_movement_is_found_to_a_fraction_of_a_pixel(noise):
    shifts = [(0.0, 0.0), (1.37, -0.62), (-4.21, 2.9)]
    found = movement(*moved(shifts, noise=noise))
    np.testing.assert_allclose(found.shifts_pixels, shifts, rtol=0.012, atol=0.01)  # the window stays where it is
    assert found.farthest_pixels == pytest.approx(np.hypot(1.37 + 4.21, 0.62 + 2.9), rel=0.012)


def test_the_error_of_a_shift_is_its_scatter():
    found = [movement(*moved([(0, 0), (0.3, -0.2)], size=(64, 64), noise=3.0, seed=seed)) for seed in range(24)]
    scatter = np.std([each.shifts_pixels[1] for each in found], axis=0).mean()
    assert 0.5 < np.mean([each.errors_pixels[1] for each in found]) / scatter < 1.6


def test_without_structure_no_movement_is_told():
    found = movement(*moved([(0, 0), (2, 1)], noise=1.0, structure=0.0))
    assert found.shifts_pixels[1] is None
    assert found.farthest_pixels is None
    assert (verdicts.shift(found).verdict, verdicts.likeness(found).verdict) == (None, None)


@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_differences_are_those_planted_whatever_the_noise(noise):
    """One of three angles has something of its own, a tenth of the structures: 2/3 of it, the others 1/3."""
    prepared, variance = moved([(0, 0)] * 3, noise=noise, size=(160, 160))
    own = np.random.default_rng(9).standard_normal((160, 160))
    prepared.frames[2] += (0.6 * own / own.std()).astype(np.float32)
    found = movement(prepared, variance)
    structure = np.sqrt(1 + 0.2**2)  # contrast of the mean, in which a third of it is
    np.testing.assert_allclose(found.differences, np.array([0.2, 0.2, 0.4]) / structure, atol=0.06 if noise else 2e-3)


# saturation


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_plateau_at_the_top_is_clipped(dtype):
    values = np.random.default_rng(10).normal(120, 30, (50, 60, 70))
    top = 200
    clipped = np.clip(np.rint(values), 0, top).astype(dtype)
    assert clipped_pixels(clipped) == np.count_nonzero(np.rint(values) >= top)


@pytest.mark.parametrize("scale", [1, 3, 300])
def test_a_natural_maximum_is_not_clipped(scale):
    values = np.random.default_rng(11).poisson(scale, (50, 60, 70)).astype(np.uint16)
    assert clipped_pixels(values) == 0


def test_an_even_image_is_not_clipped():
    assert clipped_pixels(np.full((4, 5), 7)) == 0
