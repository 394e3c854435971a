import numpy as np
import pytest

from srredsim.denoising.methods import denoise, names
from srredsim.denoising.methods.pure_let import pure_let
from srredsim.denoising.methods.vst_bm3d import vst_bm3d
from srredsim.errors import InputError
from srredsim.noise.line import NoiseLine


@pytest.mark.parametrize("method", names())
def test_every_method_takes_the_noise_out_in_the_units_of_the_image(widefield, method):
    clean = 2 * widefield("filaments", 64, peak=60) + 100
    noisy = 2.0 * np.random.default_rng(1).poisson((clean - 100) / 2) + 100
    result = denoise(noisy, method, NoiseLine(2.0, -200.0))
    assert result.dtype == np.float32
    assert np.mean((result - clean) ** 2) < np.mean((noisy - clean) ** 2) / 5
    assert result.mean() == pytest.approx(clean.mean(), rel=0.01)


def test_a_name_is_the_method_of_that_name(widefield):
    noisy = np.random.default_rng(2).poisson(widefield("puncta", 40))
    np.testing.assert_array_equal(denoise(noisy, "pure_let", NoiseLine(1, 0)), pure_let(noisy, NoiseLine(1, 0)))
    np.testing.assert_array_equal(denoise(noisy, "vst_bm3d", NoiseLine(1, 0)), vst_bm3d(noisy, NoiseLine(1, 0)))


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(
        InputError, match=r"'vst_bm4d'; there are: pure_let, vst_bm3d, vst_epll; did you mean 'vst_bm3d'"
    ):
        denoise(np.ones((40, 40)), "vst_bm4d")
    with pytest.raises(InputError, match=r"vst_epll$"):
        denoise(np.ones((40, 40)), "zzz")
