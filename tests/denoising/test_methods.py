import functools

import numpy as np
import pytest

from srredsim.denoising.methods import denoise, names
from srredsim.denoising.methods.pure_let import best_weights, combined, levels_for, pure_let
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
        InputError,
        match=r"^no `method` 'vst_bm4d' \(did you mean 'vst_bm3d'\?\); there are: pure_let, vst_bm3d, vst_epll$",
    ):
        denoise(np.ones((40, 40)), "vst_bm4d")
    with pytest.raises(InputError, match=r"vst_epll$"):
        denoise(np.ones((40, 40)), "zzz")


UNITS = [(1e-6, 0.0), (1e6, 0.0), (1.0, -100.0), (1.0, -160.0), (1.0, -5000.0), (1e-3, -0.2), (1e4, 3e6)]


def noisy_image(widefield):
    return 2.0 * np.random.default_rng(1).poisson(widefield("filaments", 48, peak=60) + 3) + 100


def in_unit(image, noise, scale, offset):
    a, b = noise.coefficients
    return scale * image + offset, NoiseLine(scale * a, scale**2 * b - scale * a * offset)


NOISE = NoiseLine(2.0, -200.0 + 9.0)


@pytest.fixture(scope="module")
def denoised(widefield):
    """Function of a method: what it makes of that image with its noise, known and measured."""
    noisy = noisy_image(widefield)
    return functools.cache(lambda method: (denoise(noisy, method, NOISE), denoise(noisy, method)))


@pytest.mark.parametrize(("scale", "offset"), UNITS)
@pytest.mark.parametrize("method", names())
def test_what_is_made_of_an_image_does_not_depend_on_its_unit(widefield, denoised, method, scale, offset):
    """Over-subtracted ones and z-scores have values below 0: these are not cut off."""
    moved, noise_there = in_unit(noisy_image(widefield), NOISE, scale, offset)
    known, measured = denoised(method)
    back = (denoise(moved, method, noise_there).astype(float) - offset) / scale
    np.testing.assert_allclose(back, known, atol=0.02)
    back = (denoise(moved, method).astype(float) - offset) / scale
    np.testing.assert_allclose(back, measured, atol=0.02)


def test_where_0_is_no_light_nothing_is_lost_by_not_knowing_it(widefield):
    """PURE goes by the light itself: the value of no light that is found in the image serves as the true one does."""
    errors = []
    for seed in range(6):
        clean = widefield("filaments", 80, peak=20, background=1, seed=seed)
        rng = np.random.default_rng(seed)
        noisy = rng.poisson(clean) + rng.normal(0, 1, clean.shape)
        levels = levels_for(noisy.shape)
        known = combined(noisy, 1.0, 1.0, levels, best_weights(noisy, 1.0, 1.0, levels))
        found = denoise(noisy, "pure_let", NoiseLine(1.0, 1.0))
        errors.append([np.mean((image - clean) ** 2) for image in (found, known)])
    found_error, known_error = np.mean(errors, axis=0)
    assert found_error < 1.03 * known_error
