"""Judging a reconstruction: closed forms, and simulated ones that are good or were spoilt on purpose."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from srredsim.errors import InputError
from srredsim.optics.transfer import Transfer
from srredsim.quality.assess import assess, max_min_ratio, mode
from srredsim.quality.beyond_cutoff import power_beyond_cutoff
from srredsim.quality.decorrelation import decorrelation
from srredsim.quality.residual_stripes import LIMIT_Z, residual_stripes, visible
from srredsim.quality.squirrel import squirrel
from srredsim.reconstruction.wiener import reconstruct
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.parameters import Parameters
from srredsim.stripes.preprocess import Prepared, prepare


@cache
def case(phases: int, photons=500.0, index=3, size=(112, 128)):
    sample = simulate_stack(79, index=index, phases=phases, photons=(photons, photons), size=size)
    transfer = Transfer(sample.settings.cutoff_per_um, sample.settings.pixel_size_um)
    prepared = prepare(sample.raw)
    return prepared, estimate(prepared, transfer), transfer


def strongest(prepared, parameters, transfer):
    image, _ = reconstruct(prepared, parameters, transfer)
    return max(residual_stripes(image, parameters, transfer, transfer.pixel_size_um / 2), key=lambda found: found["z"])


# Max/min ratio


def test_max_min_ratio_of_known_values():
    """20 pixels at 200, background near 10, 20 pixels at -20: (200 - 10) / (10 + 20)."""
    image = np.random.default_rng(0).normal(10, 0.5, 2_000_000).astype(np.float32)
    image[:20], image[20:40] = 200, -20
    assert max_min_ratio(image) == pytest.approx(190 / 30, rel=2e-2)
    assert max_min_ratio(3 * image + 7) == pytest.approx(max_min_ratio(image), rel=1e-5)
    assert max_min_ratio(-image) == pytest.approx(30 / 190, rel=2e-2)


def test_mode_is_that_of_the_density():
    """The mode of a gamma distribution of shape k is k - 1; it is skewed: mean and median lie elsewhere."""
    found = [mode(np.sort(np.random.default_rng(seed).gamma(3.0, 1.0, 20_000))) for seed in range(12)]
    assert np.mean(found) == pytest.approx(2.0, abs=0.25)
    assert mode(np.array([0.0, 1.0, 5.0, 5.1, 9.0])) == pytest.approx(5.05)


def test_nothing_below_the_background_has_no_ratio():
    assert max_min_ratio(np.r_[np.zeros(900), np.ones(100)].reshape(25, 40)) is None


# RSP, RSE


def textured(seed, shape):
    return ndimage.gaussian_filter(np.random.default_rng(seed).random(shape), 1.0, mode="reflect") * 100


def test_the_blur_that_was_applied_is_found():
    """Independent path: SciPy's Gaussian filter on the fine grid, mirrored, then the mean of 2 x 2 pixels."""
    image = textured(2, (150, 184))
    blurred = ndimage.gaussian_filter(image, 2 * 1.3, mode="reflect", truncate=8)  # 1.3 raw pixels
    widefield = 0.7 * blurred.reshape(75, 2, 92, 2).mean(axis=(1, 3)) + 40
    found = squirrel(image, widefield, 0.08)
    assert found.sigma_um == pytest.approx(1.3 * 0.08, rel=1e-2)
    assert found.gain == pytest.approx(0.7, rel=1e-2)
    assert found.offset == pytest.approx(40, abs=0.5)
    assert found.rsp > 0.9999
    noisy = widefield + np.random.default_rng(3).normal(0, 0.5, widefield.shape)
    assert squirrel(image, noisy, 0.08).rse == pytest.approx(0.5, rel=0.03)


def test_a_structure_that_is_not_there_lights_up_in_the_error_map():
    image = textured(4, (96, 128))
    blurred = ndimage.gaussian_filter(image, 2.4, mode="reflect")
    widefield = blurred.reshape(48, 2, 64, 2).mean(axis=(1, 3))
    false = image.copy()
    false[20:24, 90:94] += 200
    found = squirrel(false, widefield, 0.08)
    assert found.rsp < squirrel(image, widefield, 0.08).rsp
    place = np.unravel_index(np.argmin(found.error), found.error.shape)  # more in the image than in the widefield
    np.testing.assert_allclose(place, (10.5, 45.5), atol=1.5)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(InputError, match="64 x 80 pixels belongs"):
        squirrel(np.ones((80, 64)), np.ones((32, 40)), 0.08)
    with pytest.raises(InputError, match="constant"):
        squirrel(np.ones((64, 80)), textured(0, (32, 40)), 0.08)


# Decorrelation


@pytest.mark.parametrize("relative_cutoff", [0.4, 0.7])
def test_decorrelation_of_band_limited_noise_is_its_cutoff(relative_cutoff):
    """|F| is Rayleigh inside the cut-off: d rises to sqrt(pi) / 2 there and falls beyond."""
    shape = (240, 256)
    f = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])) * 2
    white = np.random.default_rng(5).normal(size=shape)
    found = decorrelation(np.fft.ifft2(np.fft.fft2(white) * (f < relative_cutoff)).real, 0.04)
    assert found.resolution_um == pytest.approx(2 * 0.04 / relative_cutoff, rel=0.03)
    assert found.peak == pytest.approx(np.sqrt(np.pi) / 2, abs=0.03)


def test_decorrelation_of_white_noise_never_falls():
    assert decorrelation(np.random.default_rng(6).normal(size=(128, 128)), 0.04).resolution_um is None


def test_interpolated_noise_gets_a_figure_all_the_same():
    """The warning, measured: half-band noise without any object reads as a resolution of four pixels."""
    noise = np.random.default_rng(7).poisson(20, (128, 128)).astype(float)
    spectrum = np.zeros((256, 256), complex)
    spectrum[64:192, 64:192] = np.fft.fftshift(np.fft.fft2(noise))
    disc = np.hypot(*np.mgrid[-128:128, -128:128]) < 64
    found = decorrelation(np.fft.ifft2(np.fft.ifftshift(spectrum * disc)).real, 0.04)
    assert found.resolution_um == pytest.approx(4 * 0.04, rel=0.05)


# What is left of the stripes


@pytest.mark.parametrize("phases", [3, 5])
@pytest.mark.parametrize("index", [2, 3, 5])
def test_good_reconstructions_have_no_stripes(phases, index):
    prepared, parameters, transfer = case(phases, index=index)
    assert not visible([strongest(prepared, parameters, transfer)])


@pytest.mark.parametrize(("phases", "multiple"), [(3, 1), (5, 2)])
def test_frames_lit_unequally_leave_stripes(phases, multiple):
    prepared, parameters, transfer = case(phases)
    uneven = 1 + 0.1 * np.random.default_rng(0).standard_normal(prepared.frames.shape[:2]).astype(np.float32)
    spoilt = replace(prepared, frames=prepared.frames * uneven[:, :, None, None])
    found = strongest(spoilt, parameters, transfer)
    assert found["z"] > LIMIT_Z
    assert found["multiple"] == multiple  # an order of the pattern: the finest one is amplified most
    assert found["contrast"] > 0.05


def test_wrong_phases_leave_stripes():
    prepared, parameters, transfer = case(5)
    rng = np.random.default_rng(1)
    wrong = [replace(a, steps_rad=tuple(np.add(a.steps_rad, rng.uniform(-0.5, 0.5, 5)))) for a in parameters.angles]
    found = strongest(prepared, Parameters(tuple(wrong)), transfer)
    assert found["z"] > LIMIT_Z
    assert found["multiple"] >= 3  # the difference between the orders 2 and -1 or -2


def test_the_contrast_is_that_of_the_stripes():
    prepared, parameters, transfer = case(3)
    image, _ = reconstruct(prepared, parameters, transfer)
    image = np.abs(ndimage.gaussian_filter(image, 8)) + 50
    ky, kx = parameters.angles[1].k0_per_um
    y, x = (np.arange(n) * transfer.pixel_size_um / 2 for n in image.shape)
    striped = image * (1 + 0.2 * np.cos(2 * np.pi * (ky * y[:, None] + kx * x) + 0.7))
    found = max(residual_stripes(striped, parameters, transfer, transfer.pixel_size_um / 2), key=lambda one: one["z"])
    assert (found["angle"], found["multiple"]) == (2, 1)
    assert found["contrast"] == pytest.approx(0.2, rel=0.05)


# Beyond the cut-off


@pytest.mark.parametrize("phases", [3, 5])
def test_noise_is_known_to_be_noise(phases):
    prepared, parameters, transfer = case(phases)
    frames = np.random.default_rng(8).normal(0, 5, prepared.frames.shape).astype(np.float32)
    noise = Prepared(frames, prepared.backgrounds, prepared.intensities)
    image, regularisation = reconstruct(noise, parameters, transfer, 0.1)
    widefield = frames.mean(axis=(0, 1))
    assert power_beyond_cutoff(image, widefield, parameters, transfer, regularisation) == pytest.approx(1, abs=0.06)
    image, regularisation = reconstruct(prepared, parameters, transfer)
    widefield = prepared.frames.mean(axis=(0, 1))
    assert power_beyond_cutoff(image, widefield, parameters, transfer, regularisation) > 4


# All together


def test_assessment_is_json_and_says_what_it_means():
    prepared, parameters, transfer = case(3)
    image, regularisation = reconstruct(prepared, parameters, transfer)
    found = json.loads(
        json.dumps(assess(image, prepared.frames.mean(axis=(0, 1)), parameters, transfer, regularisation))
    )
    assert found["artefacts"] == []
    assert found["rsp"] > 0.98
    assert found["mmr"] > 3
    assert found["beyond_cutoff"] > 1.2
    assert "no stripes remain visible in the image" in found["words"]
    spoilt = replace(prepared, frames=prepared.frames * np.array([0.9, 1, 1.1], np.float32)[:, None, None])
    image, _ = reconstruct(spoilt, parameters, transfer)
    found = assess(image, prepared.frames.mean(axis=(0, 1)), parameters, transfer)
    assert found["artefacts"]
    assert any("stripes of angle" in sentence for sentence in found["words"])


def test_an_image_without_negative_light_has_no_range_of_intensities():
    """Richardson-Lucy leaves a background of nearly nothing, over which any brightness is endless."""
    prepared, parameters, transfer = case(3)
    image, _ = reconstruct(prepared, parameters, transfer)
    found = assess(np.maximum(image, 1e-20), prepared.frames.mean(axis=(0, 1)), parameters, transfer)
    assert found["mmr"] is None
    assert found["words"][0].startswith("no pixel is darker than the background")


def test_without_stripes_there_is_nothing_beyond():
    rng = np.random.default_rng(9)
    transfer = Transfer(5.3, 0.08)
    prepared = prepare(rng.poisson(50, (3, 3, 64, 64)))
    parameters = estimate(prepared, transfer)
    assert parameters.failed
    image, regularisation = reconstruct(prepared, parameters, transfer)
    found = assess(image, prepared.frames.mean(axis=(0, 1)), parameters, transfer, regularisation)
    assert (found["stripes"], found["beyond_cutoff"]) == (None, None)
