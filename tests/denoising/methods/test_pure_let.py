import numpy as np
import pytest

from srredsim.denoising.methods.pure_let import (
    FAINTEST,
    Element,
    _elements_in_strips,
    _pull,
    best_weights,
    combined,
    counted,
    elements,
    levels_for,
    pure_let,
    switched,
)
from srredsim.errors import InputError
from srredsim.noise.line import NoiseLine


def error(image, clean):
    return np.mean((image - clean) ** 2)


def pure(y, a, b, levels, weights):
    """Estimate of the mean squared error of `combined` with these weights, over the pixels that are `counted`."""
    inner = y[counted(y.shape, levels)]
    total = np.sum(inner**2) - a * np.sum(inner)
    for part, parts in _elements_in_strips(y, a, b, levels):
        f = Element(*(np.tensordot([1.0, *weights], each, axes=1) for each in zip(*parts, strict=True)))
        total += np.sum(f.value**2) - 2 * _pull(part, f, a, b)
    return total / inner.size - b


def record(clean, a, b, seed):
    rng = np.random.default_rng(seed)
    return (a * rng.poisson(clean / a) if a else clean) + rng.normal(0, np.sqrt(b), clean.shape)


def test_all_bands_and_the_low_pass_are_the_image():
    y = np.random.default_rng(1).random((40, 56))
    low_pass, *others = elements(y, 1.0, 0.5, 3)
    np.testing.assert_allclose(low_pass.value + sum(f.value for f in others[::2]), y, atol=1e-13)
    weights = np.tile([1.0, 0.0], 9)
    np.testing.assert_allclose(combined(y, 1.0, 0.5, 3, weights), y, atol=1e-13)


def test_a_band_is_a_correlation_with_differences_of_boxes_and_back():
    """Level 2: 4 x 4 pixels, the halves of which are subtracted along x, along y, along both."""
    y = np.random.default_rng(2).random((16, 24))
    _, *others = elements(y, 1.0, 0.5, 2)
    one, signed = np.ones(4), np.array([1.0, 1, -1, -1])
    for number, pattern in enumerate((np.outer(signed, one), np.outer(one, signed), np.outer(signed, signed))):
        kernel = np.zeros_like(y)
        kernel[:4, :4] = pattern / 4
        spectrum = np.fft.fft2(kernel)
        expected = np.fft.ifft2(np.fft.fft2(y) * np.abs(spectrum) ** 2).real / 16
        np.testing.assert_allclose(others[2 * (3 + number)].value, expected, atol=1e-13)


@pytest.mark.parametrize(("a", "b"), [(1.0, 0.5), (2.5, 0.0), (0.0, 3.0)])
def test_derivatives_by_each_own_pixel(a, b):
    y = np.random.default_rng(3).random((16, 24)) * 9
    h, middle = 1e-4, list(elements(y, a, b, 3))
    for place in [(5, 7), (0, 0), (15, 20)]:
        step = np.zeros_like(y)
        step[place] = h
        for above, f, below in zip(elements(y + step, a, b, 3), middle, elements(y - step, a, b, 3), strict=True):
            slope = (above.value - below.value)[place] / (2 * h)
            bend = (above.value - 2 * f.value + below.value)[place] / h**2
            assert f.first[place] == pytest.approx(slope, abs=1e-7)
            assert f.second[place] == pytest.approx(bend, abs=2e-6)


def test_coefficients_in_the_noise_are_kept_and_those_above_are_not():
    a, b, mean = 2.0, 3.0, np.full(2, 8.0)
    t = np.sqrt(2.0 * 8.0 + 3.0)
    inside, outside = switched(np.array([1.5 * t, 5 * t]), mean, a, b).value
    assert inside == pytest.approx(1.5 * t * np.exp(-(0.5**8)))
    assert abs(outside) < 1e-9
    assert np.all(np.isfinite(switched(np.array([0.0, 1e9]), np.array([0.0, -1e-9]), 1.0, 0.0)))
    faint = switched(np.array([0.3]), np.array([0.0]), 1.0, 0.0)
    assert faint.value[0] == pytest.approx(0.3 * np.exp(-((0.1 / np.sqrt(FAINTEST)) ** 8)))


@pytest.mark.parametrize(("a", "b"), [(2.5, 4.0), (0.0, 60.0)])
def test_pure_is_right_on_average(widefield, a, b):
    """For weights that do not depend on the noise, against the error itself over many noisy images."""
    clean = 2 * widefield("filaments", 32, peak=30)
    weights = np.random.default_rng(4).uniform(0.2, 1.2, 18) * np.tile([1.0, -0.8], 9)
    estimates, errors = [], []
    for seed in range(150):
        y = record(clean, a, b, seed)
        estimates.append(pure(y, a, b, 3, weights))
        inner = counted(y.shape, 3)
        errors.append(error(combined(y, a, b, 3, weights)[inner], clean[inner]))
    off = np.array(estimates) - errors
    assert abs(off.mean()) < 3 * off.std() / np.sqrt(len(off)) + 0.002 * np.mean(errors)
    assert 3 * off.std() / np.sqrt(len(off)) < 0.1 * np.mean(errors)  # the comparison means something


@pytest.mark.parametrize("peak", [20, 200])
def test_the_weights_are_nearly_those_that_need_the_clean_image(widefield, peak):
    a, b = 2.0, 6.0
    clean = a * widefield("mixture", 128, peak=peak)
    y = record(clean, a, b, 5)
    levels = levels_for(y.shape)
    singly = np.eye(6 * levels)
    low_pass = combined(y, a, b, levels, np.zeros(6 * levels))
    parts = np.array([(combined(y, a, b, levels, one) - low_pass).ravel() for one in singly])
    oracle = np.linalg.lstsq(parts.T, (clean - low_pass).ravel(), rcond=None)[0]
    best = error(combined(y, a, b, levels, oracle), clean)
    chosen = error(combined(y, a, b, levels, best_weights(y, a, b, levels)), clean)
    assert best < chosen < 1.04 * best
    assert chosen < error(y, clean) / 3


def test_the_chosen_weights_are_where_pure_is_least(widefield):
    a, b = 2.0, 6.0
    y = record(a * widefield("vesicles", 48, peak=30), a, b, 6)
    weights = best_weights(y, a, b, 1)
    least = pure(y, a, b, 1, weights)
    for step in 0.02 * np.eye(6):
        assert pure(y, a, b, 1, weights + step) > least
        assert pure(y, a, b, 1, weights - step) > least


def test_a_large_image_in_strips_is_the_same(widefield, monkeypatch):
    from srredsim.denoising.methods import pure_let as module

    y = record(widefield("membranes", 96, peak=50), 1.0, 2.0, 7)[:, :70]
    whole = pure_let(y, NoiseLine(1.0, 2.0))
    monkeypatch.setattr(module, "STRIP_PIXELS", 70 * 20)
    np.testing.assert_allclose(pure_let(y, NoiseLine(1.0, 2.0)), whole, rtol=1e-5)


def test_gain_pedestal_and_axes_change_nothing_else(widefield):
    y = record(widefield("puncta", 64, peak=50), 1.0, 2.0, 8)[:, :50]
    expected = pure_let(y, NoiseLine(1.0, 0.0))
    shifted = pure_let(7 * y + 300, NoiseLine(7.0, -7.0 * 300))
    np.testing.assert_allclose(shifted, 7 * expected + 300, rtol=1e-5)
    np.testing.assert_allclose(pure_let(y.T, NoiseLine(1.0, 0.0)).T, expected, rtol=1e-5)


def test_measured_noise_is_nearly_as_good_as_known(widefield):
    clean = 3 * widefield("filaments", 128, peak=60)
    y = record(clean, 3.0, 10.0, 9)
    assert error(pure_let(y), clean) < 1.05 * error(pure_let(y, NoiseLine(3.0, 10.0)), clean)


def test_levels_are_those_of_the_published_program():
    assert [levels_for((n, n)) for n in (16, 32, 128, 256, 512, 2048)] == [1, 1, 3, 4, 5, 5]


def test_images_that_cannot_be_denoised_are_refused():
    image = np.random.default_rng(8).random((20, 20))
    for bad in (image[:15], image[None], np.where(image > 0.9, np.inf, image)):
        with pytest.raises(InputError, match="PURE-LET needs"):
            pure_let(bad, NoiseLine(1.0, 1.0))
    with pytest.raises(InputError, match="above 0"):
        pure_let(image, NoiseLine(0.0, 0.0))
