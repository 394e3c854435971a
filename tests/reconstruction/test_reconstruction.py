"""Classical reconstruction, blind, on simulated stacks whose stripes and truth are known."""

from functools import cache

import numpy as np
import pytest

from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.upscale import fourier_upscale
from srredsim.reconstruction.wiener import reconstruct
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.parameters import Parameters
from srredsim.stripes.preprocess import prepare


def transfer_for(settings) -> Transfer:
    return Transfer(settings.cutoff_per_um, settings.pixel_size_um, settings.otf_damping)


@cache
def case(phases: int, photons: float, size=128, **fixed):
    sample = simulate_stack(
        41, phases=phases, photons=(photons, photons), size=size, phantom="filaments", otf_damping=0.75, **fixed
    )
    transfer = transfer_for(sample.settings)
    prepared = prepare(sample.raw)
    parameters = estimate(prepared, transfer)
    return sample, prepared, parameters, transfer, reconstruct(prepared, parameters, transfer)[0]


def wrapped(angle_rad):
    return np.angle(np.exp(1j * np.asarray(angle_rad)))


def ncc(one, other) -> float:
    return np.corrcoef(one.ravel(), other.ravel())[0, 1]


def psnr_after_fit(truth, image) -> float:
    gain, offset = np.polyfit(image.ravel().astype(float), truth.ravel().astype(float), 1)
    return 10 * np.log10(np.ptp(truth) ** 2 / np.mean((gain * image + offset - truth) ** 2))


@pytest.mark.parametrize("phases", [3, 5])
def test_stripes_are_found_as_they_are(phases):
    sample, _, parameters, _, _ = case(phases, 1500.0)
    settings = sample.settings
    assert parameters.orders == settings.beams - 1
    assert [angle.status for angle in parameters.angles] == ["measured"] * 3
    centre = np.array(settings.size) / 2 * settings.pixel_size_um
    for angle, k, phases_rad, depths in zip(
        parameters.angles, settings.k0_per_um, settings.phases_rad, settings.modulation_depths, strict=True
    ):
        # (k, phi) and (-k, -phi) are the same stripes
        sign = np.sign(np.dot(k, angle.k0_per_um))
        k, phases_rad, found = sign * np.array(k), sign * np.array(phases_rad), np.array(angle.k0_per_um)
        assert np.hypot(*found) == pytest.approx(np.hypot(*k), rel=1e-3)
        turned = np.arctan2(*found) - np.arctan2(*k)
        assert abs(np.rad2deg(wrapped(turned))) < 0.1
        # where the stripes lie in the middle of the field: an error of k moves those at its corner
        moved = 2 * np.pi * np.dot(found - k, centre)
        assert np.max(np.abs(wrapped(np.array(angle.phases_rad) + moved - phases_rad))) < 0.1
        assert np.mean(np.abs(wrapped(np.array(angle.phases_rad) + moved - phases_rad))) < 0.05
        for order, depth in zip(angle.orders, depths, strict=True):
            assert order.modulation_depth == pytest.approx(depth, abs=0.1)


@pytest.mark.parametrize("phases", [3, 5])
def test_the_image_is_the_truth(phases):
    sample, _, _, _, image = case(phases, 1500.0)
    widefield = fourier_upscale(sample.raw.mean(axis=(0, 1)))
    assert image.shape == sample.truth.shape
    assert image.dtype == np.float32
    assert ncc(image, sample.truth) >= 0.93
    assert psnr_after_fit(sample.truth, image) >= psnr_after_fit(sample.truth, widefield) + 4.5
    gain = np.polyfit(image.ravel(), sample.truth.ravel(), 1)[0]
    assert gain == pytest.approx(1, abs=0.1)  # ADU above background, as the truth


@pytest.mark.parametrize("phases", [3, 5])
def test_dim_images_are_better_than_widefield(phases):
    sample, _, _, _, image = case(phases, 40.0)
    assert ncc(image, sample.truth) > ncc(fourier_upscale(sample.raw.mean(axis=(0, 1))), sample.truth)


def test_the_image_lies_where_the_truth_lies():
    sample, _, _, _, image = case(5, 1500.0)
    cross = np.fft.fft2(sample.truth) * np.fft.fft2(image).conj()
    fy, fx = np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256)
    best = min(
        ((dy, dx) for dy in np.arange(-0.6, 0.61, 0.05) for dx in np.arange(-0.6, 0.61, 0.05)),
        key=lambda shift: -np.sum(cross * np.exp(2j * np.pi * (fy * shift[0] + fx * shift[1]))).real,
    )
    assert np.max(np.abs(best)) <= 0.0501


def test_phases_in_reverse_turn_k_round():
    sample, _, forward, transfer, _ = case(3, 1500.0)
    backward = estimate(prepare(sample.raw[:, ::-1]), transfer)
    for one, other in zip(forward.angles, backward.angles, strict=True):
        np.testing.assert_allclose(np.negative(one.k0_per_um), other.k0_per_um, rtol=2e-3, atol=5e-3)


@pytest.mark.parametrize("size", [(97, 130), (121, 75)])
def test_any_size(size):
    sample, _, parameters, _, image = case(5, 1500.0, size=size)
    assert not parameters.failed
    assert image.shape == sample.truth.shape
    assert ncc(image, sample.truth) >= 0.93


def test_noise_shows_no_stripes_and_becomes_the_widefield_image():
    rng = np.random.default_rng(5)
    transfer = Transfer(5.3, 0.08)
    found = []
    for phases in (3, 5) * 3:
        prepared = prepare(rng.poisson(50, (3, phases, 64, 64)))
        parameters = estimate(prepared, transfer)
        found += [angle.status for angle in parameters.angles]
        image, _ = reconstruct(prepared, parameters, transfer)
        assert np.all(np.isfinite(image))
        assert parameters.failed == (set(found[-3:]) == {"failed"})
    assert found.count("failed") >= len(found) - 1


def test_one_angle_sharpens_along_its_stripes():
    sample, _, parameters, transfer, _ = case(3, 1500.0)
    one = prepare(sample.raw[:1])
    image, _ = reconstruct(one, Parameters(parameters.angles[:1]), transfer)
    assert ncc(image, sample.truth) > ncc(fourier_upscale(one.frames[0].mean(axis=0)), sample.truth)
