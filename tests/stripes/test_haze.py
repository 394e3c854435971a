"""Out-of-focus light that is none: what a lens a little other than assumed does to stripes as fine as it shows."""

from dataclasses import replace

import numpy as np
import pytest

from srredsim.noise.spectrum import NoiseSpectrum
from srredsim.optics.transfer import Transfer
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.haze import NO_HAZE, _Constant, _likely, _of_orders, haze_of
from srredsim.stripes.measure import bands_of
from srredsim.stripes.preprocess import Prepared, prepare

CUTOFF_PER_UM, PIXEL_SIZE_UM = 5.68, 0.065


def stack(index, haze, fine):
    directions = 0.3 + np.pi / 3 * np.arange(3)
    length = fine * CUTOFF_PER_UM
    return simulate_stack(
        5,
        index=index,
        size=192,
        phases=3,
        photons=(3000.0, 3000.0),
        haze=haze,
        na=CUTOFF_PER_UM / 4,
        wavelength_em_um=0.5,
        pixel_size_um=PIXEL_SIZE_UM,
        k0_per_um=tuple((length * np.sin(each), length * np.cos(each)) for each in directions),
        modulation_depths=((0.8,),) * 3,
        otf_damping=1.0,
    ).raw


def found(raw, cutoff_per_um):
    transfer, prepared = Transfer(cutoff_per_um, PIXEL_SIZE_UM), prepare(raw)
    return haze_of(prepared.frames, estimate(prepared, transfer), transfer)


@pytest.mark.parametrize("index", range(3))
def test_a_cutoff_that_is_two_percent_off_is_no_haze(index):
    assert found(stack(index, 0.0, fine=0.95), 1.02 * CUTOFF_PER_UM).share == 0.0


def test_haze_under_less_fine_stripes_is_still_found():
    assert found(stack(3, 0.5, fine=0.8), CUTOFF_PER_UM).share > 0.1


@pytest.mark.parametrize("fine", [0.5, 0.8])
def test_coarse_stripes_say_what_is_likely_as_three_beams_do(fine):
    """Where it is sure, it is next to what is sure; fine stripes of two beams show too little of coarse structures."""
    haze = found(stack(3, 0.5, fine), CUTOFF_PER_UM)
    assert bool(haze.likely) == (fine < 0.65)
    if haze.likely:
        assert haze.at(np.array(0.05)) == pytest.approx(replace(haze, likely=()).at(np.array(0.05)), abs=0.05)


def test_saturated_frames_tell_no_haze():
    raw = stack(3, 0.5, fine=0.8)
    prepared = prepare(raw)
    transfer = Transfer(CUTOFF_PER_UM, PIXEL_SIZE_UM)
    parameters = estimate(prepared, transfer)
    noise = NoiseSpectrum(transfer.cutoff_per_pixel, 1000.0)
    assert haze_of(prepared.frames, parameters, transfer, noise).share > 0.1
    assert haze_of(prepared.frames, parameters, transfer, replace(noise, clipped=0.01)).share == 0.0


@pytest.mark.parametrize("strength", [0.0, 1.0, 2.0])
def test_light_that_one_order_has_alone(strength):
    """White objects through an OTF of 1: S in all bands, coarse Z in band 0, E of `strength` times S in order 1."""
    rng = np.random.default_rng(8)
    size, phases, k = 128, 5, np.array([0.17, 0.04])  # cycles per pixel
    y, x = np.mgrid[:size, :size]
    fy, fx = (np.fft.fftfreq(size) for _ in "yx")
    coarse = np.exp(-np.square(np.hypot(fy[:, None], fx) / 0.045) / 2)
    lens = Transfer(0.45, 1.0, damping=1.0)
    passed, frames = lens(fy, fx), np.empty((3, phases, size, size))
    in_focus, of_zero = rng.standard_normal((2, size, size))
    of_zero = 3 * np.fft.ifft2(np.fft.fft2(of_zero) * coarse).real
    for angle in range(3):
        turn = np.exp(2j * np.pi * angle / 3)
        ky, kx = ((k[0] * 1j + k[1]) * turn).imag, ((k[0] * 1j + k[1]) * turn).real
        of_one = np.sqrt(strength) * rng.standard_normal((size, size))
        for phase in range(phases):
            wave = 2 * np.pi * (ky * y + kx * x + phase / phases)
            lit = in_focus * (1 + 0.4 * np.cos(wave) + 0.6 * np.cos(2 * wave)) + of_zero + 0.4 * of_one * np.cos(wave)
            frames[angle, phase] = np.fft.ifft2(np.fft.fft2(lit) * passed).real
    frames = (1000 + 100 * frames + rng.normal(0, 0.5, frames.shape)).astype(np.float32)
    prepared = Prepared(frames, (0.0,) * 3, ((1.0,) * phases,) * 3)
    found = estimate(prepared, lens)
    assert not found.failed
    haze = haze_of(frames, found, lens)
    constant = _Constant((size, size), (size, size))
    every = list(bands_of(found, frames, found.lens(lens)))
    told = [each for n, bands in every for each in _of_orders(bands, list(found.angles[n].orders), constant)]
    own = [[each.own for each in told if each.order == order] for order in (1, 2)]
    np.testing.assert_allclose(np.mean(own, axis=1), [strength, 0.0], atol=0.3)
    share = 9 / 10  # of the power of band 0 at the lowest frequencies
    assert haze.share == pytest.approx(share, abs=0.12)
    assert haze.width == pytest.approx(0.1 / np.sqrt(2), abs=0.03)


def test_the_mean_of_all_that_may_be():
    """Nothing told: each ratio and width as likely as the next, none at all with its own chance; else what is told."""
    tried = [(7.0, 1.0, 0.1), (7.0, 3.0, 0.2)]  # left, r, s
    v = np.linspace(0.0, 1.0, 65)
    first, second = (r * np.exp(-(v**2) / (2 * s**2)) for _, r, s in tried)
    first, second = first / (1 + first), second / (1 + second)
    np.testing.assert_allclose(_likely(7.0, tried), (1 - NO_HAZE) * (first + second) / 2)
    np.testing.assert_allclose(_likely(80.0, [(7.0, 1.0, 0.1), (47.0, 3.0, 0.2)]), first, atol=1e-8)
    assert max(_likely(7.0, [(80.0, 1.0, 0.1)])) < 1e-14


@pytest.mark.parametrize("photons", [100.0, 1000.0])
def test_thin_samples_under_three_beams_have_next_to_none(photons):
    sample = simulate_stack(3, index=4, phases=5, size=128, photons=(photons, photons), haze=0.0, beams=3)
    transfer = Transfer(sample.settings.cutoff_per_um, sample.settings.pixel_size_um)
    prepared = prepare(sample.raw)
    haze = haze_of(prepared.frames, estimate(prepared, transfer), transfer)
    assert haze.share == 0
    assert 0 < haze.at(np.float64(0.1)) < 0.1
