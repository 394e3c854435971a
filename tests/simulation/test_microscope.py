"""Image formation of a microscope that is not perfect, against the equation in real space and closed forms."""

from dataclasses import replace

import numpy as np
import pytest
from skimage.registration import phase_cross_correlation

from srredsim.optics.defocus import defocused_otf
from srredsim.optics.otf import otf
from srredsim.simulation import microscope, sim
from srredsim.simulation.imperfections import Flaws
from srredsim.simulation.microscope import MARGIN

EVEN = {"intensities": ((1.0,) * 5,) * 3, "background_photons": 0.0, "photons": 100.0, "haze": 0.0}
THICK = {"depths_um": (-1.1, 0.5, 0.9), "brightness": (0.2, 0.5, 0.3), "in_focus": 0.4}
DRIFT = ((0.4, -0.7), (-0.1, 0.5), (-0.3, 0.2))
LAMPS = ((0.2, -0.4, 0.5), (0.1, -0.3, 0.4), (0.3, -0.2, 0.6))
BEND = ((0.03, 0.01, -0.02), (-0.01, 0.02, 0.0), (0.0, -0.03, 0.01))


def settings(seed=4, phases=5, size=(24, 32), **fixed):
    return replace(sim.draw(np.random.default_rng(seed), 3, phases, size=size), **EVEN | fixed)


def output_grid(s):
    return tuple(2 * n for n in sim.padded_shape(s))


def specimen(s, seed=8):
    return np.random.default_rng(seed).random(output_grid(s)) ** 8


def test_without_flaws_it_is_the_even_microscope():
    s = settings()
    planes = [specimen(s)]
    for made, even in zip(microscope.expected(s, Flaws(), planes), sim.expected(s, planes[0]), strict=True):
        np.testing.assert_allclose(made, even, atol=1e-5 * even.max())


def slow_frames(s, flaws, planes):
    """The equation of the module, a frame and a plane at a time, in double precision."""
    shape, pixel_um = planes[0].shape, s.pixel_size_um / 2
    fy, fx = (np.fft.fftfreq(n, pixel_um) for n in shape)
    f = np.hypot(fy[:, None], fx)
    y_um, x_um = ((np.arange(n) - (2 * MARGIN + 0.5)) * pixel_um for n in shape)
    v, u = ((np.arange(n) - 2 * MARGIN + 0.5) / side - 1 for n, side in zip(shape, s.size, strict=True))
    pixel = np.sinc(fy * s.pixel_size_um)[:, None] * np.sinc(fx * s.pixel_size_um)
    half = np.exp(1j * np.pi * pixel_um * (fy[:, None] + fx))  # from an output pixel to the raw pixel that begins there

    def through(image, lens):
        seen = np.fft.ifft2(np.fft.fft2(image) * lens * pixel * half).real[::2, ::2]
        return seen[MARGIN : MARGIN + s.size[0], MARGIN : MARGIN + s.size[1]]

    def lamp(angle):
        centre_y, centre_x, dark = flaws.lamps[angle]
        light = dark ** (((v - centre_y) ** 2)[:, None] / 2 + (u - centre_x) ** 2 / 2)
        return light / light[2 * MARGIN : -2 * MARGIN, 2 * MARGIN : -2 * MARGIN].mean()

    damped = s.otf_damping ** (f / s.cutoff_per_um)
    lenses = [otf(f, s.cutoff_per_um, s.otf_damping)]
    lenses += [damped * defocused_otf(f, z, s.na, s.wavelength_em_um) for z in flaws.depths_um]
    lit = np.mean([lamp(angle) for angle in range(3)], axis=0)
    widefield = through(planes[0] * lit, lenses[0])
    scale = s.photons / np.percentile(widefield, 99.9)
    shares = [1.0]
    for plane, lens, share in zip(planes[1:], lenses[1:], flaws.brightness, strict=True):
        shares.append(share * widefield.mean() * (1 / flaws.in_focus - 1) / through(plane, lens).mean())
    wave_um = 0.92 * s.wavelength_em_um
    frames = np.zeros((3, s.phases, *s.size))
    for a, (ky, kx) in enumerate(s.k0_per_um):
        k = np.hypot(ky, kx)
        yy, yx, xx = flaws.bend[a]
        half_um = max(s.size) * s.pixel_size_um / 2
        theta = 2 * np.pi * k * half_um * (yy * v[:, None] ** 2 / 2 + yx * v[:, None] * u + xx * u**2 / 2)
        ramp = np.exp(
            -2j * np.pi * s.pixel_size_um * (flaws.drift_pixels[a][0] * fy[:, None] + flaws.drift_pixels[a][1] * fx)
        )
        q = (1.518 - np.sqrt(1.518**2 - (wave_um * k) ** 2)) / wave_um
        for p, phase in enumerate(s.phases_rad[a]):
            argument = 2 * np.pi * (ky * y_um[:, None] + kx * x_um) + theta + phase
            for z, plane, lens, share in zip((0, *flaws.depths_um), planes, lenses, shares, strict=True):
                contrasts = [
                    m * (np.cos(2 * np.pi * q * z) if s.beams == 3 and not n else 1)
                    for n, m in enumerate(s.modulation_depths[a])
                ]
                light = lamp(a) * (1 + sum(m * np.cos((n + 1) * argument) for n, m in enumerate(contrasts)))
                moved = np.fft.ifft2(np.fft.fft2(plane) * ramp).real
                frames[a, p] += scale * s.intensities[a][p] * share * through(moved * light, lens)
    return frames + s.background_photons


@pytest.mark.parametrize("phases", [5, 3])
def test_frames_agree_with_the_equation_written_out(phases):
    uneven = np.random.default_rng(2).uniform(0.8, 1.2, (3, phases))
    s = settings(
        phases=phases, background_photons=3.0, intensities=tuple(map(tuple, (uneven / uneven.mean()).tolist()))
    )
    flaws = Flaws(drift_pixels=DRIFT, lamps=LAMPS, bend=BEND, **THICK)
    planes = [specimen(s, seed) for seed in range(4)]
    frames, _ = microscope.expected(s, flaws, planes)
    expected = slow_frames(s, flaws, planes)
    inside = expected > 3.5  # where rounding below 0 was not cut off
    np.testing.assert_allclose(frames[inside], expected[inside], atol=5e-5 * expected.max())


def test_the_share_in_focus_is_that_of_the_light():
    s = settings(modulation_depths=((0.0, 0.0),) * 3)
    planes = [specimen(s, seed) for seed in range(4)]
    all_light, truth = microscope.expected(s, Flaws(**THICK), planes)
    in_focus, truth_alone = microscope.expected(s, Flaws(), planes[:1])
    assert in_focus.mean() / all_light.mean() == pytest.approx(0.4, rel=1e-3)
    np.testing.assert_array_equal(truth, truth_alone)


def test_drift_is_found_by_registration():
    s = settings(size=(96, 96), modulation_depths=((0.0, 0.0),) * 3)
    frames, _ = microscope.expected(s, Flaws(drift_pixels=DRIFT), [specimen(s)])
    seen = (frames.mean(1) - frames.mean()) * np.outer(np.hanning(96), np.hanning(96))
    for angle in (1, 2):
        found, *_ = phase_cross_correlation(seen[angle], seen[0], upsample_factor=100, normalization=None)
        np.testing.assert_allclose(found, np.subtract(DRIFT[angle], DRIFT[0]), atol=0.05)


def test_illumination_of_an_even_object():
    """The Gaussian spot itself, of each angle, but for what the lens spreads; and the truth has that of all."""
    s = settings(size=(64, 64), otf_damping=1.0)
    frames, truth = microscope.expected(s, Flaws(lamps=LAMPS), [np.ones(output_grid(s))])
    at = (np.arange(64) + 0.5) / 32 - 1
    for angle, (y, x, dark) in enumerate(LAMPS):
        light = dark ** (((at - y) ** 2)[:, None] / 2 + (at - x) ** 2 / 2)
        steps = np.exp(1j * np.array(s.phases_rad[angle]))
        waves = np.stack([np.ones(5), steps.real, steps.imag, (steps**2).real, (steps**2).imag], axis=1)
        home = np.linalg.lstsq(waves, frames[angle].reshape(5, -1), rcond=None)[0][0].reshape(64, 64)
        inside = slice(4, -4)
        np.testing.assert_allclose(
            (home / home.mean())[inside, inside], (light / light.mean())[inside, inside], atol=0.02
        )
    assert truth[8:20, 100:120].mean() < truth[70:80, 30:45].mean()


@pytest.mark.parametrize("order", [1, 2])
def test_stripes_have_contrast_vector_and_bend_that_were_asked_for(order):
    """An even object shows the stripes themselves, as the lens passes them."""
    s = settings(size=(96, 96), otf_damping=1.0, modulation_depths=((0.3, 0.12),) * 3)
    flaws = Flaws(bend=((0.004, 0.002, -0.003),) * 3)
    frames, _ = microscope.expected(s, flaws, [np.ones(output_grid(s))])
    (ky, kx), phases = s.k0_per_um[0], np.array(s.phases_rad[0])
    mixing = np.exp(1j * np.outer(phases, [0, 1, -1, 2, -2]))
    bands = np.linalg.lstsq(mixing, frames[0].reshape(5, -1).astype(complex), rcond=None)[0].reshape(5, 96, 96)
    at_um = np.arange(96) * s.pixel_size_um
    carrier = np.exp(2j * np.pi * order * (ky * at_um[:, None] + kx * at_um))
    stripes = (bands[2 * order - 1] / bands[0] / carrier)[8:-8, 8:-8]
    k = order * np.hypot(ky, kx)
    passed = otf(k, s.cutoff_per_um) * np.sinc(order * ky * s.pixel_size_um) * np.sinc(order * kx * s.pixel_size_um)
    assert 2 * np.median(abs(stripes)) == pytest.approx((0.3, 0.12)[order - 1] * passed, rel=0.03)
    turns = np.unwrap(np.unwrap(np.angle(stripes), axis=0), axis=1) / (2 * np.pi)
    slope_y = np.gradient(turns, s.pixel_size_um, axis=0).mean(1) / k  # change of k along y, relative
    slope_x = np.gradient(turns, s.pixel_size_um, axis=1).mean(0) / k
    at = (np.arange(8, 88) + 0.5) / 48 - 1
    np.testing.assert_allclose(np.polyfit(at, slope_y, 1), [0.004, 0.0], atol=2e-4)
    np.testing.assert_allclose(np.polyfit(at, slope_x, 1), [-0.003, 0.0], atol=2e-4)


def test_stripes_of_three_beams_turn_with_the_depth_those_of_two_do_not():
    three, two = settings(), settings(phases=3)
    wave_um = 0.92 * three.wavelength_em_um
    k = np.hypot(*three.k0_per_um[1])
    angle = np.arcsin(wave_um * k / 1.518)  # of the outer beams in oil
    period_um = wave_um / 1.518 / (1 - np.cos(angle))
    contrasts = [microscope.axial_contrast(three, 1, 1, share * period_um) for share in (0, 0.25, 0.5, 1)]
    np.testing.assert_allclose(contrasts, [1, 0, -1, 1], atol=1e-9)
    assert microscope.axial_contrast(three, 1, 2, 0.3) == 1
    assert microscope.axial_contrast(two, 1, 1, 0.3) == 1
