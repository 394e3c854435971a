import numpy as np
import pytest
from scipy.stats import multivariate_normal, ortho_group

from srredsim.denoising import mixture
from srredsim.denoising.mixture import FLOOR, PIXELS, Mixture, fit, load_prior, save, without_mean
from srredsim.errors import InputError


def two_components(seed=1):
    rng = np.random.default_rng(seed)
    covariances = []
    for variances in (np.geomspace(1e-1, 1e-4, PIXELS), np.geomspace(1e-2, 1e-3, PIXELS)):
        axes = ortho_group.rvs(PIXELS, random_state=rng)
        covariances.append(axes @ np.diag(variances) @ axes.T)
    return Mixture(np.array([0.3, 0.7]), np.array(covariances))


def test_densities_are_those_of_scipy():
    prior = two_components()
    patches = np.random.default_rng(2).normal(0, 0.1, (50, PIXELS))
    for noise_variance in (0.0, 0.003):
        expected = [
            np.log(w) + multivariate_normal(cov=c + noise_variance * np.eye(PIXELS)).logpdf(patches)
            for w, c in zip(prior.weights, prior.covariances, strict=True)
        ]
        np.testing.assert_allclose(prior.log_densities(patches, noise_variance), expected, rtol=2e-4, atol=0.05)
        np.testing.assert_array_equal(prior.most_likely(patches, noise_variance), np.argmax(expected, axis=0))


def test_the_fit_finds_the_mixture_that_patches_were_drawn_from():
    prior = two_components()
    rng = np.random.default_rng(3)
    patches = np.concatenate(
        [rng.multivariate_normal(np.zeros(PIXELS), c, n) for c, n in zip(prior.covariances, (1800, 4200), strict=True)]
    )
    likelihoods = []
    fitted = fit(patches, 2, rng, 10, progress=lambda step, value: likelihoods.append(value))
    assert np.all(np.diff(likelihoods) > -1e-3)
    assert likelihoods[-1] > likelihoods[0] + 1
    centre = np.eye(PIXELS) - 1 / PIXELS  # what taking the mean off does to a covariance
    order = np.argsort(fitted.weights)
    np.testing.assert_allclose(fitted.weights[order], prior.weights, atol=0.02)
    for k, c in zip(order, prior.covariances, strict=True):
        expected = centre @ c @ centre + FLOOR * np.eye(PIXELS)
        assert np.abs(fitted.covariances[k] - expected).max() < 0.1 * np.abs(expected).max()


def test_patches_lose_their_mean_and_nothing_else():
    patches = np.random.default_rng(4).random((7, PIXELS)).astype(np.float32)
    flat, means = without_mean(patches)
    np.testing.assert_allclose(flat.sum(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(flat + means, patches, atol=1e-6)


def test_a_prior_comes_back_from_its_file(tmp_path):
    prior = two_components()
    back = load_prior(save(prior, tmp_path / "prior.npz"))
    np.testing.assert_allclose(back.weights, prior.weights, rtol=1e-6)
    np.testing.assert_allclose(back.covariances, prior.covariances, rtol=1e-6)
    np.savez(tmp_path / "whole.npz", weights=3 * prior.weights, covariances=prior.covariances)
    np.testing.assert_allclose(load_prior(tmp_path / "whole.npz").covariances, prior.covariances)
    assert load_prior(tmp_path / "whole.npz").weights.sum() == pytest.approx(1)


def test_a_prior_that_would_fill_the_memory_is_called_too_large(tmp_path, monkeypatch):
    save(two_components(), tmp_path / "prior.npz")
    monkeypatch.setattr(mixture, "LARGEST", 2**14)
    with pytest.raises(InputError, match=r"^\S+ is too large for a prior: 0 MB when unpacked, at most 0 MB are read$"):
        load_prior(tmp_path / "prior.npz")


def test_the_shipped_prior_is_a_mixture_of_patches_of_mean_0():
    prior = load_prior()
    assert mixture.SHIPPED.stat().st_size < 2.5e6
    assert prior.weights.sum() == pytest.approx(1)
    ones = np.full(PIXELS, 1 / np.sqrt(PIXELS))
    along_the_mean = np.einsum("i,kij,j->k", ones, prior.covariances, ones)
    np.testing.assert_allclose(along_the_mean, FLOOR, atol=2e-6)
    assert np.linalg.eigvalsh(prior.covariances).min() > 0
    strength = np.sqrt(np.trace(prior.covariances, axis1=1, axis2=2) / PIXELS)
    assert strength.min() < 0.01 < 0.05 < strength.max()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"weights": np.ones(2)}, "covariances"),
        ({"weights": np.ones(2), "covariances": np.ones((2, 49, 49))}, "8 x 8"),
        ({"weights": np.array([1.0, -1.0]), "covariances": np.ones((2, 64, 64))}, "above 0"),
        ({"weights": np.ones(2), "covariances": np.full((2, 64, 64), np.nan)}, "finite"),
        ({"weights": np.array([{}, {}]), "covariances": np.ones((2, 64, 64))}, "takes a"),
    ],
)
def test_a_file_that_is_no_prior_is_refused(tmp_path, content, message):
    path = tmp_path / "no_prior.npz"
    np.savez(path, **content)
    with pytest.raises(InputError, match=message):
        load_prior(path)


def test_a_missing_or_foreign_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_prior(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("patches")
    with pytest.raises(InputError, match="takes a"):
        load_prior(tmp_path / "text.npz")
    np.save(tmp_path / "array.npy", np.ones(3))
    with pytest.raises(InputError, match="takes a"):
        load_prior(tmp_path / "array.npy")
