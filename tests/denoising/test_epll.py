import numpy as np
import pytest
from scipy.signal import convolve2d
from scipy.stats import multivariate_normal

from srredsim.denoising import epll as module
from srredsim.denoising.bm3d import bm3d
from srredsim.denoising.epll import epll, likely_image, wiener_filters
from srredsim.denoising.methods.vst_bm3d import vst_bm3d
from srredsim.denoising.methods.vst_epll import vst_epll
from srredsim.denoising.mixture import PATCH_PX, PIXELS, Mixture, load_prior, save
from srredsim.errors import InputError
from srredsim.noise.line import NoiseLine


def error(image, clean):
    return np.mean((image - clean) ** 2)


def some_of_the_prior():
    """Five components of the shipped prior, from faint to strong."""
    prior = load_prior()
    order = np.argsort(np.trace(prior.covariances, axis1=1, axis2=2))[:: len(prior.weights) // 4][:5]
    return Mixture(prior.weights[order] / prior.weights[order].sum(), prior.covariances[order])


def test_the_likely_image_is_that_of_a_loop_over_patches(monkeypatch):
    prior, noise_variance = some_of_the_prior(), 0.004
    image = np.random.default_rng(1).normal(0.5, 0.1, (19, 14)) + np.linspace(0, 0.5, 14)
    total, count = np.zeros_like(image), np.zeros_like(image)
    chosen = set()
    for y in range(19 - PATCH_PX + 1):
        for x in range(14 - PATCH_PX + 1):
            patch = image[y : y + PATCH_PX, x : x + PATCH_PX].ravel()
            mean = patch.mean()
            noisy = [c + noise_variance * np.eye(PIXELS) for c in prior.covariances]
            likelihoods = [
                np.log(w) + multivariate_normal(cov=c).logpdf(patch - mean)
                for w, c in zip(prior.weights, noisy, strict=True)
            ]
            k = int(np.argmax(likelihoods))
            chosen.add(k)
            filtered = prior.covariances[k] @ np.linalg.solve(noisy[k], patch - mean) + mean
            total[y : y + PATCH_PX, x : x + PATCH_PX] += filtered.reshape(PATCH_PX, PATCH_PX)
            count[y : y + PATCH_PX, x : x + PATCH_PX] += 1
    assert len(chosen) > 1
    whole = likely_image(prior, image.astype(np.float32), noise_variance)
    np.testing.assert_allclose(whole, total / count, atol=2e-5)
    monkeypatch.setattr(module, "STRIP_PATCHES", 20)
    np.testing.assert_allclose(likely_image(prior, image.astype(np.float32), noise_variance), whole, atol=1e-6)


def test_a_filter_halves_what_is_as_strong_as_the_noise():
    prior = Mixture(np.ones(1), np.array([np.diag(np.r_[np.full(32, 0.02), np.zeros(32)])]))
    np.testing.assert_allclose(np.diag(wiener_filters(prior, 0.02)[0]), np.r_[np.full(32, 0.5), np.zeros(32)])


def test_with_one_white_component_every_pass_is_known(tmp_path):
    """Each patch shrinks towards its mean by c / (c + s^2 / k): here with sums over windows, without any patch."""
    c, s = 0.01, 0.1
    path = save(Mixture(np.ones(1), np.array([c * np.eye(PIXELS)])), tmp_path / "white.npz")
    noisy = np.random.default_rng(2).random((40, 37))

    def sums(image):
        return convolve2d(image, np.ones((PATCH_PX, PATCH_PX)), mode="full")

    expected = noisy
    for k in (1, 4, 8, 16, 32):
        gain = c / (c + s**2 / k)
        means = convolve2d(expected, np.full((PATCH_PX, PATCH_PX), 1 / PIXELS), mode="valid")
        means_of_means = sums(means) / sums(np.ones_like(means))
        expected = (noisy + k * (gain * expected + (1 - gain) * means_of_means)) / (1 + k)
    np.testing.assert_allclose(epll(noisy, s, 1.0, prior=path), np.clip(expected, noisy.min(), noisy.max()), atol=2e-5)


def test_units_and_offset_change_nothing_else(widefield):
    noisy = np.random.default_rng(5).normal(widefield(size=48), 10)
    expected = epll(noisy, 10, np.ptp(noisy))
    np.testing.assert_allclose(epll(3 * noisy + 70, 30, 3 * np.ptp(noisy)), 3 * expected + 70, atol=0.05)


@pytest.mark.parametrize("kind", ["filaments", pytest.param("membranes", marks=pytest.mark.slow)])
def test_white_noise_is_taken_out_of_widefield_images_about_as_well_as_by_bm3d(widefield, kind):
    clean = widefield(kind, 112)
    noisy = np.random.default_rng(6).normal(clean, 12)
    result = error(epll(noisy, 12, np.ptp(noisy)), clean)
    assert result < error(noisy, clean) / 6
    assert result < 1.12 * error(bm3d(noisy, 12, np.ptp(noisy)), clean)


def test_photon_noise_is_taken_out_and_the_brightness_stays(widefield):
    clean = 2 * widefield("filaments", 112, peak=40)
    rng = np.random.default_rng(7)
    noisy = 2 * rng.poisson(clean / 2) + rng.normal(0, 3, clean.shape)
    result = vst_epll(noisy, NoiseLine(2.0, 9.0))
    assert error(result, clean) < error(noisy, clean) / 6
    assert error(result, clean) < 1.12 * error(vst_bm3d(noisy, NoiseLine(2.0, 9.0)), clean)
    assert result.mean() == pytest.approx(clean.mean(), rel=0.02)


def test_images_that_cannot_be_denoised_are_refused():
    image = np.random.default_rng(8).random((20, 20))
    for bad, noise_std, data_range in (
        (image[:7], 0.1, 1.0),
        (image[None], 0.1, 1.0),
        (np.where(image > 0.9, np.nan, image), 0.1, 1.0),
        (image, 0.0, 1.0),
        (image, 0.1, 0.0),
    ):
        with pytest.raises(InputError, match="EPLL needs"):
            epll(bad, noise_std, data_range)
