import numpy as np
import pytest
from scipy.stats import norm, poisson

from srredsim.denoising.anscombe import closed_form_inverse, mean_stabilised, stabilised, unbiased_inverse
from srredsim.errors import InputError


def expected(photons, read_noise):
    """Sum over counts of a plain Riemann sum over the Gaussian noise, term by term."""
    t = np.linspace(-9, 9, 40001)
    weight = norm.pdf(t) * (t[1] - t[0])
    total = 0.0
    for k in range(int(photons + 12 * np.sqrt(photons) + 30)):
        total += poisson.pmf(k, photons) * np.sum(
            weight * 2 * np.sqrt(np.maximum(0, k + read_noise * t + 0.375 + read_noise**2))
        )
    return total


def test_transform_has_the_published_values():
    values = stabilised([0, 0.1, 0.3, 1.0], 0.02, 0.01**2)
    np.testing.assert_allclose(values, [1.58113883, 4.74341649, 7.90569415, 14.23024947], atol=1e-8)


@pytest.mark.parametrize(
    ("photons", "read_noise", "mean"),
    [(20.82082082, 2, 9.98896760), (60.26026026, 0.1, 15.54287713), (0, 2, 4.0425088)],
)
def test_mean_has_the_published_values(photons, read_noise, mean):
    np.testing.assert_allclose(mean_stabilised([photons], read_noise), [mean], rtol=1e-6)


@pytest.mark.parametrize("read_noise", [0, 0.03, 0.4, 1.2, 9.0, 50.0])
def test_mean_is_that_of_a_plain_sum(read_noise):
    photons = [0, 0.3, 4.0, 31.0]
    slow = [expected(y, read_noise) for y in photons]
    np.testing.assert_allclose(mean_stabilised(photons, read_noise), slow, rtol=2e-6)


def test_inverse_has_the_published_values():
    image = unbiased_inverse([1.5, 2, 5, 12, 20], 0.02, 0.01**2)
    published = [0.000968852, 0.0112904505, 0.117554514, 0.712501011, 1.99250055]  # from a coarser table
    np.testing.assert_allclose(image, published, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("read_noise", [0, 0.02, 0.7, 6.0, 30.0, 80.0])
def test_inverse_undoes_the_mean(read_noise):
    photons, a = np.array([0.05, 0.4, 2.2, 17.0, 150.0, 240.0, 600.0]), 0.013
    mean = mean_stabilised(photons, read_noise)
    image = unbiased_inverse(mean.reshape(7, 1), a, (a * read_noise) ** 2)
    assert image.shape == (7, 1)
    np.testing.assert_allclose(image[:, 0] / a, photons, atol=2e-3, rtol=4e-5)


def test_inverse_is_unbiased_on_simulated_noise_where_the_algebraic_one_is_dark():
    rng, a, b = np.random.default_rng(3), 2.5, 4.0
    noisy = a * rng.poisson(0.8, 400_000) + rng.normal(0, np.sqrt(b), 400_000)
    mean = stabilised(noisy, a, b).mean()
    assert unbiased_inverse(mean, a, b) == pytest.approx(2.0, abs=0.03)
    assert a * (mean**2 / 4 - 0.375 - b / a**2) < 1.6


def test_transform_stabilises():
    rng, a, b = np.random.default_rng(5), 0.02, 0.05**2
    for level in (0.1, 0.4, 2.0):
        noisy = a * rng.poisson(level / a, 100_000) + rng.normal(0, np.sqrt(b), 100_000)
        assert stabilised(noisy, a, b).std() == pytest.approx(1, abs=0.03)


def test_inverse_rises_and_starts_at_0():
    image = unbiased_inverse(np.linspace(-1, 60, 5000), 1.0, 1.7)
    assert image[0] == 0
    assert np.all(np.diff(image) >= 0)


def test_closed_form_joins_the_table():
    mean = mean_stabilised([199.0], 1.3)
    np.testing.assert_allclose(closed_form_inverse(mean, 1.3), 199.0, atol=1e-2)


@pytest.mark.parametrize(("a", "b"), [(0, 1), (-1, 1), (1, -0.1), (np.nan, 1)])
def test_impossible_noise_is_refused(a, b):
    with pytest.raises(InputError, match="a > 0 and b >= 0"):
        stabilised([1.0], a, b)
