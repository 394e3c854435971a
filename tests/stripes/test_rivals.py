"""Peaks that rival each other: one vector alone makes band 0 times a contrast of the other bands."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from srredsim.optics.transfer import Transfer
from srredsim.simulation import real, sim
from srredsim.simulation.camera import expose
from srredsim.simulation.imperfections import Imperfections
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.bands import separated
from srredsim.stripes.estimate import estimate
from srredsim.stripes.overlap import overlap
from srredsim.stripes.preprocess import prepare
from srredsim.stripes.rivals import _left, _whole, explained, told_apart
from srredsim.stripes.search import Peak


def of_first_angle(photons: float):
    """Bands as their own lens shows them, and the vector, with the sign that rising phases give it."""
    sample = simulate_stack(31, photons=(photons, photons), size=96, otf_damping=0.8, haze=0.0)
    settings = sample.settings
    transfer = Transfer(settings.cutoff_per_um, settings.pixel_size_um, settings.otf_damping)
    steps_rad = np.subtract(settings.phases_rad[0], settings.phases_rad[0][0])
    frames = prepare(sample.raw).frames[0]
    return separated(frames, steps_rad, settings.beams - 1, transfer), np.array(settings.k0_per_um[0])


@pytest.mark.parametrize("order", [1, 2])
def test_noise_alone_is_left_with_the_right_vector_and_all_of_the_band_with_another(order):
    """Another vector leaves what the band has above its noise: a power that needs no overlap to be told."""
    bands, k0 = of_first_angle(300.0)
    left, frequencies = overlap(bands, order, order * k0).left()
    assert left / frequencies == pytest.approx(1, abs=0.25)
    elsewhere = overlap(bands, order, order * k0 * 0.8)
    power = np.abs(elsewhere.seen * elsewhere.h) ** 2
    left, frequencies = elsewhere.left()
    assert left / frequencies > 2
    assert left == pytest.approx(np.sum(elsewhere.weights * power), rel=0.25)


@pytest.mark.parametrize("order", [1, 2])
def test_what_is_explained_is_what_is_no_longer_left(order):
    bands, k0 = of_first_angle(1000.0)
    found = overlap(bands, order, order * k0)
    power = np.sum(found.weights * np.abs(found.seen * found.h) ** 2)
    assert found.explained(np.zeros(1), np.zeros(1)).item() == pytest.approx(power - found.left()[0], rel=0.02)


def test_a_second_order_that_is_too_fine_for_the_lens_is_left_whole():
    """Stripes of two beams, 1.03 times as fine as the lens shows light: nothing else is refused for them."""
    bands, k0 = of_first_angle(300.0)
    fine = 1.03 * bands.transfer.cutoff_per_um * k0 / np.hypot(*k0)
    left, frequencies = _left(bands, 2, fine)
    (one, n), (all_of, m) = overlap(bands, 1, fine).left(), _whole(bands, 2)
    assert (left, frequencies) == (pytest.approx((one + all_of) / (n + m)), pytest.approx(n + m))
    assert not explained([Peak((fine[0], fine[1]), (5.0, 5.0), 0.5)], bands)


@pytest.mark.parametrize("lag", [(0.6, -0.3), (-0.2, 0.4)])
def test_beside_a_vector_less_is_explained_as_slow_sums_have_it(lag):
    """The two bands as images on the whole grid, from sums of waves; one times the other, times the wave of the lag."""
    bands, k0 = of_first_angle(1000.0)
    found = overlap(bands, 1, k0)
    rows, columns = np.nonzero(found.inside)
    at = np.arange(96) / 96

    def image(values):
        spectrum = np.zeros(found.inside.shape, complex)
        spectrum[rows, columns] = values * np.sqrt(found.weights)
        waves = [np.exp(2j * np.pi * np.outer(at, np.arange(n))) for n in spectrum.shape]
        return waves[0] @ spectrum @ waves[1].T

    product = image(found.seen * found.h) * image(found.x[0] * found.h_other).conj()
    here, there = (
        np.abs(np.sum(product * np.exp(-2j * np.pi * (y * at[:, None] + x * at)))) ** 2 for y, x in ((0, 0), lag)
    )
    explained = [found.explained(*np.array(each, float)[:, None]).item() for each in ((0, 0), lag)]
    assert explained[1] / explained[0] == pytest.approx(there / here, abs=0.01)


def test_a_higher_peak_that_is_not_that_of_the_stripes_is_left_out_in_plenty_of_light():
    bands, k0 = of_first_angle(300.0)
    right = Peak(tuple(k0), (6.0, 5.0), 1e-5)
    higher = Peak(tuple(0.85 * k0), (7.0, 5.0), 1e-7)
    of_two_beams = Peak(tuple(2 * k0), (8.0, 0.0), 1e-9)
    found = told_apart({3: [higher, right], 2: [of_two_beams]}, bands)
    assert found[3] == [replace(right, false_alarm=1e-7)]
    assert [peak.false_alarm for peak in found[2]] == [1.0]


def test_in_hardly_any_light_nothing_is_told():
    bands, k0 = of_first_angle(1.0)
    peaks = {3: [Peak(tuple(0.85 * k0), (7.0, 5.0), 1e-7), Peak(tuple(k0), (6.0, 5.0), 1e-5)]}
    assert told_apart(peaks, bands) == peaks


def test_of_frames_without_an_object_nothing_is_told():
    bands, k0 = of_first_angle(300.0)
    dark = separated(np.zeros((5, 96, 96), np.float32), np.arange(5) * 2 * np.pi / 5, 2, bands.transfer)
    assert overlap(dark, 1, k0).left() == (0.0, 0.0)
    peaks = {3: [Peak(tuple(0.85 * k0), (7.0, 5.0), 1e-7), Peak(tuple(k0), (6.0, 5.0), 1e-5)]}
    assert told_apart(peaks, dark) == peaks


def test_a_lone_peak_is_not_looked_at():
    bands, k0 = of_first_angle(300.0)
    peaks = {3: [Peak(tuple(0.85 * k0), (70.0, 50.0), 0.0), Peak(tuple(k0), (6.0, 5.0), 1e-5)]}
    assert told_apart(peaks, bands) == peaks


def test_one_membrane_in_the_field_does_not_hide_the_stripes():
    """Its search has higher peaks 6 to 8 % beside the stripes: images gained half of what they could."""
    wanted = Imperfections(damped=0.5, fine_pixels=0.2, specimens=0.5)
    sample = real.simulate_stack(9002, wanted, phases=3, size=128, photons=(1000.0, 1000.0))
    settings = sample.settings
    found = estimate(prepare(sample.raw), Transfer(settings.cutoff_per_um, settings.pixel_size_um))
    for angle, k0 in zip(found.angles, settings.k0_per_um, strict=True):
        assert angle.status == "measured"
        off = min(np.hypot(*np.subtract(np.multiply(sign, angle.k0_per_um), k0)) for sign in (1, -1))
        assert off < 0.005 * np.hypot(*k0)


def beads(seed: int, contrast: float | None = None, count: int = 24):
    """Bright beads in the dark, 3 x 3 frames of 300 photons: frames made ready, settings and optics."""
    fixed = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.08, "haze": 0.0, "photons": (300.0, 300.0)}
    settings = sim.draw(np.random.default_rng(seed), 3, 3, size=128, **fixed)
    if contrast is not None:
        settings = replace(settings, modulation_depths=((contrast,),) * 3)
    rng = np.random.default_rng(100 + seed)
    obj = np.zeros([2 * n for n in sim.padded_shape(settings)], np.float32)
    obj[tuple(rng.integers(0, n, count) for n in obj.shape)] = rng.uniform(0.4, 1, count)
    frames, _ = sim.expected(settings, ndimage.gaussian_filter(obj, 1.0))
    camera = {name: getattr(settings, name) for name in ("gain_adu", "offset_adu", "read_noise_e")}
    transfer = Transfer(settings.cutoff_per_um, settings.pixel_size_um)
    return prepare(expose(frames, np.random.default_rng(seed), **camera)), settings, transfer


@pytest.mark.parametrize("seed", [0, 3, 4, 7])
def test_bright_beads_in_the_dark_have_one_vector_that_explains_them(seed):
    """The search has higher peaks at lags between beads, and is sure of none."""
    prepared, settings, transfer = beads(seed)
    found = estimate(prepared, transfer)
    assert all(angle.status in ("measured", "inferred") for angle in found.angles)
    step_per_um = 1 / (128 * settings.pixel_size_um)
    for angle, k0 in zip(found.angles, settings.k0_per_um, strict=True):
        off = min(np.max(np.abs(np.subtract(angle.k0_per_um, sign * np.array(k0)))) for sign in (1, -1))
        assert off < 0.2 * step_per_um


@pytest.mark.parametrize("seed", range(8))
def test_beads_without_stripes_have_none(seed):
    prepared, _, transfer = beads(seed, contrast=0.0)
    assert estimate(prepared, transfer).failed


def test_what_an_object_repeats_in_one_direction_does_not_outvote_the_stripes_of_the_others():
    """Bright lines 0.6 um apart, as in muscle, of which the angle across them has a peak surer than any stripes."""
    light = {"photons": (600.0, 600.0), "haze": 0.0, "modulation_depths": ((0.7,),) * 3, "phantom": "filaments"}
    optics = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.08}
    settings = sim.draw(np.random.default_rng(3), 3, 3, size=112, **light, **optics)
    y, x = (np.arange(2 * n) * settings.pixel_size_um / 2 for n in sim.padded_shape(settings))
    turn, rng = np.deg2rad(60.0), np.random.default_rng(4)
    lines = np.abs(np.cos(np.pi * (y[:, None] * np.sin(turn) + x * np.cos(turn)) / 0.6)) ** 24
    around, grain = (ndimage.gaussian_filter(rng.standard_normal(lines.shape), width) for width in (12, 1))
    muscle = lines * np.clip(around / around.std() + 0.3, 0, None) * np.clip(1 + 0.5 * grain / 0.28, 0, None)
    frames, _ = sim.expected(settings, muscle.astype(np.float32))
    raw = expose(frames, np.random.default_rng(5), gain_adu=1.0, offset_adu=100.0, read_noise_e=1.5)
    found = estimate(prepare(raw), Transfer(settings.cutoff_per_um, settings.pixel_size_um))
    lengths = [np.hypot(*angle.k0_per_um) for angle in found.angles]
    np.testing.assert_allclose(lengths, [np.hypot(*k0) for k0 in settings.k0_per_um], rtol=0.01)
    assert all(angle.status != "failed" for angle in found.angles)
