"""Photons parted at random: means, variances, independence; a camera found from its frames; splits and their FRC."""

import numpy as np
import pytest

from srredsim.errors import InputError
from srredsim.noise.photons import Counting, counting_of, part, recorded
from srredsim.optics.transfer import Transfer
from srredsim.quality.frc import frc, resolution_um
from srredsim.quality.split_frc import split_frc
from srredsim.reconstruction.wiener import reconstruct
from srredsim.simulation.camera import expose
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.preprocess import prepare

N = 400_000


def exposed(photons, gain_adu, read_noise_e, shape=(1, N), seed=0):
    rng = np.random.default_rng(seed)
    return expose(
        np.full(shape, photons, np.float32), rng, gain_adu=gain_adu, offset_adu=100.0, read_noise_e=read_noise_e
    )


@pytest.mark.parametrize("share", [0.1, 0.5])
@pytest.mark.parametrize(("photons", "gain_adu", "read_noise_e"), [(0.5, 0.5, 1.6), (7.0, 2.0, 1.0), (300.0, 0.4, 2.0)])
def test_parts_are_two_independent_exposures(share, photons, gain_adu, read_noise_e):
    counting = Counting(gain_adu, 100.0, read_noise_e)
    rng = np.random.default_rng(1)
    taken, left = (each.astype(float) for each in part(exposed(photons, gain_adu, read_noise_e), counting, share, rng))
    dark = counting.dark_variance
    error = 5 / np.sqrt(N)  # standard errors of a mean; of a variance about the same, relatively
    for each, p in ((taken, share), (left, 1 - share)):
        variance = p * (photons + dark)
        assert each.mean() == pytest.approx(p * photons, abs=error * np.sqrt(variance))
        assert each.var() == pytest.approx(variance, rel=2 * error)
    allowed = error * np.sqrt(share * (1 - share)) * (photons + dark)
    assert np.mean((taken - taken.mean()) * (left - left.mean())) == pytest.approx(0, abs=allowed)
    dim = recorded(taken.astype(np.float32), counting, share, rng).astype(float)
    assert dim.mean() == pytest.approx(100 + gain_adu * share * photons, abs=error * dim.std())
    assert dim.var() == pytest.approx(gain_adu**2 * (share * photons + read_noise_e**2) + 1 / 12, rel=2 * error)


def test_all_or_none_of_the_light_is_no_share():
    for share in (0.0, 1.0):
        with pytest.raises(InputError, match="between 0 and 1"):
            part(np.ones((4, 4)), Counting(1.0, 0.0, 0.0), share, np.random.default_rng(0))


def sample(photons=1000.0, size=128, phases=3):
    return simulate_stack(79, index=3, phases=phases, photons=(photons, photons), size=size)


def transfer_for(settings):
    return Transfer(settings.cutoff_per_um, settings.pixel_size_um)


def test_the_camera_is_found_in_the_frames():
    stack = sample()
    settings, transfer = stack.settings, transfer_for(stack.settings)
    found = counting_of(stack.raw, transfer)
    assert found.gain_adu == pytest.approx(settings.gain_adu, rel=0.05)
    assert found.offset_adu == pytest.approx(100, abs=8)
    assert (found.estimated, found.assumed) == (("gain_adu", "offset_adu"), ("read_noise_e",))
    found = counting_of(stack.raw, transfer, gain_adu=settings.gain_adu, read_noise_e=settings.read_noise_e)
    assert found.offset_adu == pytest.approx(100, abs=4)
    assert found.estimated == ("offset_adu",)
    assert counting_of(stack.raw, transfer, 2.0, 90.0, 1.0) == Counting(2.0, 90.0, 1.0)


@pytest.mark.parametrize("others", [{}, {"gain_adu": 2.0, "read_noise_e": 1.0}])
def test_an_offset_above_the_frames_is_none(others):
    stack = sample()
    mean = float(stack.raw.mean())
    with pytest.raises(InputError, match=r"`offset_adu` is what .* is not below the mean of the frames"):
        counting_of(stack.raw, transfer_for(stack.settings), offset_adu=mean + 1, **others)


def test_noise_that_does_not_grow_with_the_light_is_no_cameras():
    rng = np.random.default_rng(4)
    stack = sample()
    smooth = stack.raw.mean(axis=(0, 1)) + rng.normal(0, 5, stack.raw.shape)
    with pytest.raises(InputError, match="`gain_adu`"):
        counting_of(
            smooth * np.linspace(1, 0, 128) + rng.normal(0, 9, smooth.shape) * np.linspace(0, 9, 128),
            transfer_for(stack.settings),
        )


def test_halves_of_the_photons_resolve_what_the_truth_says():
    stack = sample(200.0)
    settings, transfer = stack.settings, transfer_for(stack.settings)
    parameters = estimate(prepare(stack.raw), transfer)
    counting = Counting(settings.gain_adu, settings.offset_adu, settings.read_noise_e)
    halves = resolution_um(*split_frc(stack.raw, parameters, transfer, counting, np.random.default_rng(0)))
    image, _ = reconstruct(prepare(stack.raw), parameters, transfer)
    against_truth = resolution_um(*frc(image, stack.truth, transfer.pixel_size_um / 2), 0.5)
    assert halves == pytest.approx(against_truth, rel=0.08)


def test_halves_are_told_as_far_as_lens_and_stripes_go():
    """Beyond, two images agree in what rounding and borders leave: pixels would be taken for a resolution."""
    stack = sample()
    transfer = transfer_for(stack.settings)
    parameters = estimate(prepare(stack.raw), transfer)
    counting = Counting(stack.settings.gain_adu, stack.settings.offset_adu, stack.settings.read_noise_e)
    frequencies, _ = split_frc(stack.raw, parameters, transfer, counting, np.random.default_rng(0))
    end = transfer.cutoff_per_um + parameters.k_max_per_um
    assert 0.95 * end < frequencies[-1] <= end < 0.5 / (transfer.pixel_size_um / 2)


def test_noise_does_not_correlate_in_the_halves():
    stack = sample()
    transfer = transfer_for(stack.settings)
    parameters = estimate(prepare(stack.raw), transfer)
    noise = np.random.default_rng(5).poisson(100, stack.raw.shape) + 100
    _, halves = split_frc(noise, parameters, transfer, Counting(1.0, 100.0, 0.0), np.random.default_rng(6), wiener=0.1)
    assert abs(np.mean(halves[4:-4])) < 0.03


def test_halves_correlate_as_signal_and_noise_of_half_the_light_say():
    """S / (S + N) of an image whose signal is white up to a frequency."""
    rng = np.random.default_rng(7)
    shape, pixel_um = (300, 320), 0.05
    f = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1]))
    signal = np.fft.ifft2(np.fft.fft2(rng.normal(size=shape)) * (f < 0.2)).real
    signal *= 12 / signal.std()
    recorded_once = rng.poisson(np.maximum(100 + signal, 0)).astype(float)
    density = 144 / (np.pi * 0.2**2)  # power of the signal per unit of frequency; that of the noise is 100
    thinned = part(recorded_once, Counting(1.0, 0.0, 0.0), 0.5, rng)
    frequencies, halves = frc(*thinned, pixel_um)
    inside = (frequencies > 0.5) & (frequencies < 0.9 * 0.2 / pixel_um)
    assert np.mean(halves[inside]) == pytest.approx(density / 2 / (density / 2 + 100), abs=0.02)
