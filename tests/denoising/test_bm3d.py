import numpy as np
import pytest
from skimage import data
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle

from srredsim.denoising import bm3d as module
from srredsim.denoising.bm3d import SEARCH, Stage, biorthogonal_15, bm3d, haar
from srredsim.errors import InputError


def psnr(image, clean):
    return 10 * np.log10(1 / np.mean((image - clean) ** 2))


def photograph(noise_std, size=(128, 128)):
    clean = data.camera()[100 : 100 + size[0], 160 : 160 + size[1]] / 255
    return clean, clean + np.random.default_rng(4).normal(0, noise_std, size)


@pytest.mark.parametrize("level", [15, 50])
def test_bm3d_beats_the_common_denoisers_clearly(level):
    noise_std = level / 255
    clean, noisy = photograph(noise_std)
    denoised = psnr(bm3d(noisy, noise_std, 1.0), clean)
    non_local = max(
        psnr(denoise_nl_means(noisy, 7, 11, h=h * noise_std, sigma=noise_std), clean) for h in (0.5, 0.7, 0.9)
    )
    variation = max(psnr(denoise_tv_chambolle(noisy, w * noise_std), clean) for w in (0.8, 1.1, 1.5))
    assert denoised > non_local + 1.0
    assert denoised > variation + 0.6
    assert denoised > psnr(noisy, clean) + 6


def test_the_second_pass_and_the_stacks_help():
    noise_std = 25 / 255
    clean, noisy = photograph(noise_std)
    shifted = (noisy - 0.5).astype(np.float32)
    once = module._pass(shifted, shifted, module.NORMAL[0], noise_std)
    alone = module._pass(shifted, shifted, Stage(8, 3, 1, 3000.0, 2.7), noise_std)
    assert psnr(once + 0.5, clean) > psnr(alone + 0.5, clean) + 0.8
    assert psnr(bm3d(noisy, noise_std, 1.0), clean) > psnr(once + 0.5, clean) + 0.2


def test_a_flat_field_is_made_flat():
    noisy = np.random.default_rng(2).normal(3.0, 0.2, (61, 70))
    assert bm3d(noisy, 0.2, 1.0).std() < 0.03


def test_nothing_but_units_and_axes():
    _, noisy = photograph(0.1, (60, 83))
    denoised = bm3d(noisy, 0.1, 1.0)
    assert denoised.shape == (60, 83)
    np.testing.assert_allclose(bm3d(noisy.T, 0.1, 1.0).T, denoised, atol=5e-3)
    np.testing.assert_allclose(bm3d(7 * noisy + 20, 0.7, 7.0), 7 * denoised + 20, atol=2e-2)


def test_blocks_alike_are_those_of_a_plain_search():
    image = np.random.default_rng(8).random((42, 45)).astype(np.float32)
    stage = Stage(8, 3, 16, 0.15 * 255**2)
    rows, columns = np.array([0, 21, 34]), np.array([3, 37])
    places, counts = module._similar_blocks(image, rows, columns, stage)
    number = 0
    for y in rows:
        for x in columns:
            reference, found = image[y : y + 8, x : x + 8], []
            for v in range(max(y - SEARCH, 0), min(y + SEARCH, 34) + 1):
                for u in range(max(x - SEARCH, 0), min(x + SEARCH, 37) + 1):
                    found.append((np.sum((image[v : v + 8, u : u + 8] - reference) ** 2), v * 38 + u))
            found.sort()
            assert [place for _, place in found[:16]] == list(places[number])
            alike = sum(distance <= 0.15 * 64 for distance, _ in found[:16])
            assert counts[number] <= alike < 2 * counts[number] or counts[number] == 16
            number += 1


def test_haar_is_orthonormal_and_local():
    np.testing.assert_allclose(haar(16) @ haar(16).T, np.eye(16), atol=1e-6)
    np.testing.assert_allclose(
        haar(4) * 2, [[1, 1, 1, 1], [1, 1, -1, -1], [2**0.5, -(2**0.5), 0, 0], [0, 0, 2**0.5, -(2**0.5)]], rtol=1e-6
    )


def test_biorthogonal_wavelet_has_one_and_five_moments():
    matrix = biorthogonal_15(32)
    np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1)
    np.testing.assert_allclose(matrix[1:].sum(axis=1), 0, atol=1e-12)
    synthesis = np.linalg.inv(matrix)
    assert np.ptp(synthesis[:, 0]) < 1e-12  # the scaling function of synthesis is a box
    finest = synthesis[:, 16 + 8]  # in the middle, so that it does not wrap
    position = (np.arange(32) - 16.5) / 10
    assert np.count_nonzero(np.abs(finest) > 1e-9) == 10
    for power in range(5):
        assert abs(finest @ position**power) < 1e-9
    assert abs(finest @ position**5) > 1e-4


def test_a_wiener_pass_trusts_its_pilot():
    """A pilot of strong coefficients leaves the image, a flat one makes it flat."""
    noisy = np.random.default_rng(6).normal(0, 0.1, (40, 40)).astype(np.float32)
    np.testing.assert_allclose(module._pass(noisy, 1e3 * noisy, module.NORMAL[1], 0.1), noisy, atol=1e-4)
    flat = module._pass(noisy, np.zeros_like(noisy), module.NORMAL[1], 0.1)
    assert flat.std() < 0.02


@pytest.mark.parametrize("image", [np.zeros((10, 40)), np.zeros((3, 40, 40)), np.full((40, 40), np.nan)])
def test_an_image_that_is_none_is_refused(image):
    with pytest.raises(InputError, match="one plane"):
        bm3d(image, 0.1, 1.0)


def test_no_noise_is_refused():
    with pytest.raises(InputError, match="noise and range above 0"):
        bm3d(np.zeros((20, 20)), 0.0, 1.0)
