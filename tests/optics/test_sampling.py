import numpy as np
import pytest

from srredsim.optics import sampling


def waves(y, x):
    """A smooth function, unlike along y and x, whose period is 12 along y and 20 along x."""
    return (
        0.7 + np.cos(2 * np.pi * (2 * y / 12 + x / 20) + 0.3) + 0.5 * np.sin(2 * np.pi * (-y / 12 + 4 * x / 20) + 1.1)
    )


def on_output_grid(rows, columns):
    """`waves` at the output pixels of (rows, columns) raw pixels, in the coordinates of the raw ones."""
    y, x = (sampling.output_positions_um(2 * n, 1.0) for n in (rows, columns))
    return waves(y[:, None], x[None, :])


def test_output_pixels_lie_a_quarter_of_a_raw_pixel_off_its_centre():
    np.testing.assert_allclose(sampling.output_positions_um(6, 0.08), [-0.02, 0.02, 0.06, 0.10, 0.14, 0.18])
    shifted = sampling.output_positions_um(6, 0.08, first_raw_pixel=2)
    np.testing.assert_allclose(shifted[4:].mean(), 0.0, atol=1e-12)  # output pixels 4 and 5 make raw pixel 2


def test_frequencies():
    fy, fx = sampling.frequencies_per_um((4, 6), 0.5)
    assert (fy.shape, fx.shape) == ((4, 1), (1, 6))
    assert (fy[1, 0], fx[0, 1]) == pytest.approx((0.5, 1 / 3))
    assert sampling.radial_frequency_per_um((4, 6), 0.5)[1, 5] == pytest.approx(np.hypot(0.5, 1 / 3))


def test_bin_pixels():
    image = np.arange(24.0).reshape(4, 6)
    np.testing.assert_allclose(sampling.bin_pixels(image), [[3.5, 5.5, 7.5], [15.5, 17.5, 19.5]])
    assert sampling.bin_pixels(np.zeros((3, 8, 12)), 4).shape == (3, 2, 3)


def test_a_raw_pixel_counts_all_that_falls_on_its_square():
    """Slow sum of the smooth function itself over 40 x 40 points of each pixel."""
    rows, columns = 12, 20
    across = (np.arange(40) + 0.5) / 40 - 0.5
    y, x = (np.add.outer(np.arange(n), across).ravel() for n in (rows, columns))
    expected = sampling.bin_pixels(waves(y[:, None], x[None, :]), 40)
    counted = np.fft.ifft2(sampling.recorded_spectrum(np.fft.fft2(on_output_grid(rows, columns))))
    np.testing.assert_allclose(counted.real, expected, atol=2e-4)  # 40 points miss a ten-thousandth
    np.testing.assert_allclose(counted.imag, 0, atol=1e-5)


@pytest.mark.parametrize("sides", [(12, 20), (24, 60)])
def test_halving_samples_the_same_function_at_the_coarser_pixels_centres(sides):
    rows, columns = sides
    halved = sampling.halve_band_limited(on_output_grid(rows, columns))
    np.testing.assert_allclose(halved, waves(np.arange(rows)[:, None], np.arange(columns)[None, :]), atol=1e-5)


def test_halving_folds_nothing_back_and_keeps_the_mean():
    rng = np.random.default_rng(3)
    image = rng.random((32, 48))
    beyond = image + 0.5 * np.cos(2 * np.pi * np.arange(48) * 17 / 48)  # the coarser grid carries up to 12
    halved = sampling.halve_band_limited(image)
    np.testing.assert_allclose(halved.mean(), image.mean(), rtol=1e-6)
    np.testing.assert_allclose(sampling.halve_band_limited(beyond), halved, atol=1e-6)


def test_the_pixel_is_the_mean_of_a_wave_over_it():
    points = (np.arange(2000) + 0.5) / 2000 - 0.5
    for cycles in (0.0, 0.13, -0.37, 0.5):
        assert sampling.pixel_transfer(cycles) == pytest.approx(np.mean(np.exp(2j * np.pi * cycles * points)), abs=1e-6)
