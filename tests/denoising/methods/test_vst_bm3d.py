import numpy as np
import pytest
from skimage import data

from srredsim.denoising.bm3d import bm3d
from srredsim.denoising.methods.vst_bm3d import vst_bm3d
from srredsim.noise.line import NoiseLine


def psnr(image, clean):
    return 10 * np.log10(1 / np.mean((image - clean) ** 2))


def photograph(a, b):
    clean = (data.camera()[100:228, 160:288] / 255) ** 1.5
    rng = np.random.default_rng(5)
    return clean, a * rng.poisson(clean / a) + rng.normal(0, np.sqrt(b), clean.shape)


@pytest.mark.parametrize(("a", "b"), [(0.2, 0.0009), pytest.param(0.05, 0.0004, marks=pytest.mark.slow)])
def test_photon_noise_is_better_stabilised_first(a, b):
    clean, noisy = photograph(a, b)
    denoised = vst_bm3d(noisy)
    plain = max(psnr(bm3d(noisy, f * np.sqrt(np.mean(a * clean + b)), 1.0), clean) for f in (1.0, 1.3))
    assert psnr(denoised, clean) > plain + 0.4
    assert psnr(denoised, clean) > psnr(noisy, clean) + 8
    assert denoised.mean() == pytest.approx(clean.mean(), rel=0.04)


def test_measured_noise_is_nearly_as_good_as_known():
    clean, noisy = photograph(0.02, 0.001)
    assert psnr(vst_bm3d(noisy), clean) > psnr(vst_bm3d(noisy, NoiseLine(0.02, 0.001)), clean) - 0.3


def test_a_pedestal_and_a_gain_change_nothing_else():
    a, b = 0.05, 0.0
    _, noisy = photograph(a, b)
    noisy = noisy[:96, :80]
    counts = 400 * noisy + 100
    expected = 400 * vst_bm3d(noisy, NoiseLine(a, b)) + 100
    np.testing.assert_allclose(vst_bm3d(counts, NoiseLine(400 * a, -400 * a * 100)), expected, rtol=1e-3)


def test_noise_that_is_the_same_everywhere_needs_no_transform():
    _, noisy = photograph(0.05, 0.01)
    noisy = noisy[:64, :72]
    np.testing.assert_array_equal(vst_bm3d(noisy, NoiseLine(0.0, 0.01)), bm3d(noisy, 0.1, np.ptp(noisy)))
