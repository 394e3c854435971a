import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from srredsim.errors import InputError
from srredsim.optics.illumination import pattern
from srredsim.optics.sampling import bin_pixels, halve_band_limited
from srredsim.simulation import sim

MARGIN = sim.MARGIN


def settings(seed=0, angles=2, phases=5, size=(24, 36), **fixed):
    return sim.draw(np.random.default_rng(seed), angles, phases, size=size, **fixed)


def even_phases(angles, phases, first=0.7):
    return tuple(tuple(first + a + 2 * np.pi * p / phases for p in range(phases)) for a in range(angles))


def output_grid(s):
    return tuple(2 * n for n in sim.padded_shape(s))


# --- the forward model -----------------------------------------------------------------------------------------------


def over_pixels(spectrum, size, fine=2):
    """What raw pixels count of an image given by its spectrum, on a grid of ``fine`` pixels a raw pixel and axis.

    The image, a sum of waves, at five points along each axis of every pixel, summed by the rule of Gauss.
    """
    points, weights = np.polynomial.legendre.leggauss(5)
    for pixels, samples in zip(size, spectrum.shape, strict=True):  # the second axis comes first when one is done
        centres = fine * (MARGIN + np.arange(pixels)) + (fine - 1) / 2
        at = centres[:, None] + fine / 2 * points
        waves = np.exp(2j * np.pi * at[..., None] * np.fft.fftfreq(samples)) / samples
        spectrum = (np.tensordot(weights / 2, waves, axes=(0, 1)) @ spectrum).T
    return spectrum.real


def slow_frames(s, obj):
    """The equation of the module, in real space and double precision, a frame at a time."""
    pixel_um = s.pixel_size_um / 2
    rows, columns = obj.shape
    # raw pixel MARGIN is the first of the stack; its centre lies between the output pixels 2 MARGIN and 2 MARGIN + 1
    y_um = (np.arange(rows) - (2 * MARGIN + 0.5)) * pixel_um
    x_um = (np.arange(columns) - (2 * MARGIN + 0.5)) * pixel_um
    f = np.sqrt(np.fft.fftfreq(rows, pixel_um)[:, None] ** 2 + np.fft.fftfreq(columns, pixel_um)[None, :] ** 2)
    v = np.clip(f * s.wavelength_em_um / (2 * s.na), 0, 1)
    transfer = 2 / np.pi * (np.arccos(v) - v * np.sqrt(1 - v**2)) * s.otf_damping**v
    blur = np.exp(-((2 * np.pi * f * s.haze_sigma_um) ** 2) / 2)

    def through(image, transfer):
        return over_pixels(np.fft.fft2(image) * transfer, s.size)

    mirrored = np.roll(obj[::-1, ::-1], (1, 1), (0, 1))
    brightness = s.photons / np.percentile(through(obj, transfer), 99.9)
    haze = s.haze * through((obj + mirrored) / 2, blur)
    frames = np.empty((s.angles, s.phases, *s.size))
    for a, (ky, kx) in enumerate(s.k0_per_um):
        for p, phase in enumerate(s.phases_rad[a]):
            argument = 2 * np.pi * (ky * y_um[:, None] + kx * x_um[None, :]) + phase
            light = 1 + sum(m * np.cos((n + 1) * argument) for n, m in enumerate(s.modulation_depths[a]))
            in_focus = through(obj * light, transfer)
            frames[a, p] = s.intensities[a][p] * brightness * (in_focus + haze) + s.background_photons
    return frames


@pytest.mark.parametrize(("angles", "phases", "beams"), [(2, 5, 3), (3, 3, 2), (1, 7, 3), (2, 4, 2), (1, 5, 2)])
def test_frames_agree_with_the_equation_written_out(angles, phases, beams):
    s = settings(4, angles, phases, beams=beams)
    obj = np.random.default_rng(8).random(output_grid(s)) ** 8  # unlike sides, every frequency
    frames, _ = sim.expected(s, obj)
    expected = slow_frames(s, obj)
    np.testing.assert_allclose(frames, expected, atol=2e-5 * expected.max())


def test_half_the_raw_pixel_is_fine_enough_a_grid():
    """Structure far below the output pixel and stripes over it, on a grid twice as fine, give the same frame."""
    s = settings(5, size=(32, 32), haze=0.0)
    fine = np.random.default_rng(2).random([2 * n for n in output_grid(s)]) ** 8
    frames, _ = sim.expected(s, halve_band_limited(fine))

    pixel_um = s.pixel_size_um / 4
    y_um, x_um = ((np.arange(n) - (4 * MARGIN + 1.5)) * pixel_um for n in fine.shape)
    f = np.hypot(np.fft.fftfreq(fine.shape[0], pixel_um)[:, None], np.fft.fftfreq(fine.shape[1], pixel_um))
    v = np.clip(f / s.cutoff_per_um, 0, 1)
    transfer = 2 / np.pi * (np.arccos(v) - v * np.sqrt(1 - v**2)) * s.otf_damping**v

    def through(image):
        return over_pixels(np.fft.fft2(image) * transfer, s.size, fine=4)

    brightness = s.photons / np.percentile(through(fine), 99.9)
    light = pattern(y_um, x_um, s.k0_per_um[1], s.phases_rad[1][3], s.modulation_depths[1])
    expected = s.intensities[1][3] * brightness * through(fine * light) + s.background_photons
    np.testing.assert_allclose(frames[1, 3], expected, atol=1e-4 * expected.max())


def test_frames_of_even_phases_sum_to_the_widefield():
    s = settings(6, 2, 5, phases_rad=even_phases(2, 5), intensities=((1.1,) * 5, (0.9,) * 5))
    obj = np.random.default_rng(1).random(output_grid(s)) ** 8
    frames, _ = sim.expected(s, obj)
    unlit = replace(s, modulation_depths=((0.0, 0.0),) * 2)
    np.testing.assert_allclose(frames.mean((0, 1)), sim.expected(unlit, obj)[0].mean((0, 1)), rtol=1e-4)
    light = (frames.mean(1) - s.background_photons) / np.array([1.1, 0.9])[:, None, None]
    np.testing.assert_allclose(light[0], light[1], rtol=1e-4)


@pytest.mark.parametrize(("phases", "beams"), [(5, 3), (3, 2)])
@pytest.mark.parametrize("seed", range(4))  # phases step forwards and backwards
def test_stripes_are_where_the_settings_say_sign_included(phases, beams, seed):
    """Each order, told apart by the phases, correlates with the widefield at + order k and not at - order k."""
    s = settings(seed, 3, phases, size=(192, 240), otf_damping=1.0)
    frames, _ = sim.expected(s, np.random.default_rng(seed).random(output_grid(s)) ** 8)
    fy, fx = (np.fft.fftfreq(n, s.pixel_size_um) for n in s.size)
    low = np.hypot(fy[:, None], fx) < 0.3 * s.cutoff_per_um
    for a, (ky, kx) in enumerate(s.k0_per_um):
        light = frames[a] / np.array(s.intensities[a])[:, None, None]
        mixing = np.exp(1j * np.outer(s.phases_rad[a], np.arange(1 - beams, beams)))
        home, *bands = np.tensordot(np.linalg.pinv(mixing), light - light.mean(), axes=1)[beams - 1 :]
        for order, band in enumerate(bands, start=1):
            lags = np.where(low, 0, np.fft.fft2(band * np.conj(home)))
            row, column = np.unravel_index(np.argmax(abs(lags)), lags.shape)
            assert abs(fy[row] - order * ky) < fy[1]
            assert abs(fx[column] - order * kx) < fx[1]
            assert abs(lags[row, column]) > 10 * abs(lags[-row, -column])
            y_um, x_um = (np.arange(n) * s.pixel_size_um for n in s.size)
            returned = band * np.exp(-2j * np.pi * order * (ky * y_um[:, None] + kx * x_um))
            assert abs(np.angle(np.sum(returned * np.conj(home)))) < 0.02  # the phases are those at raw pixel (0, 0)


# --- the truth -------------------------------------------------------------------------------------------------------


def test_truth_and_widefield_are_on_one_scale():
    """A wave through both: the same mean, the swing of the two transfer functions, the crests where they were."""
    even = {"phases_rad": even_phases(2, 5), "intensities": ((0.7,) * 5, (1.3,) * 5)}
    s = settings(7, 2, 5, haze=0.0, background_photons=0.0, gain_adu=1.6, **even)
    rows, columns = output_grid(s)
    y, x = np.mgrid[:rows, :columns]
    cycles = np.array([5, -7])
    phase = 2 * np.pi * (cycles[0] * (y - 2 * MARGIN) / rows + cycles[1] * (x - 2 * MARGIN) / columns) + 0.4
    frames, truth = sim.expected(s, 1 + 0.5 * np.cos(phase))
    widefield = frames.mean((0, 1)) * 1.6

    pixel_um = s.pixel_size_um / 2
    f = np.hypot(*(cycles / (np.array([rows, columns]) * pixel_um)))

    def ideal(v):
        return 2 / np.pi * (np.arccos(v) - v * np.sqrt(1 - v * v))

    def fit(image, y, x):
        argument = 2 * np.pi * (cycles[0] * y[:, None] / rows + cycles[1] * x[None, :] / columns) + 0.4
        waves = np.stack([np.ones(image.size), np.cos(argument).ravel(), np.sin(argument).ravel()], axis=1)
        return np.linalg.lstsq(waves, image.ravel(), rcond=None)[0]

    mean, swing, misplaced = fit(truth, *(np.arange(n) for n in truth.shape))
    mean_wide, swing_wide, misplaced_wide = fit(widefield, *(2 * np.arange(n) + 0.5 for n in widefield.shape))
    assert mean == pytest.approx(mean_wide, rel=1e-4)
    assert swing / mean == pytest.approx(0.5 * ideal(f / (s.cutoff_per_um + s.k_max_per_um)) ** 0.85, rel=1e-3)
    pixel = np.prod(np.sinc(2 * cycles / [rows, columns]))  # the mean of the wave over a raw pixel
    transfer = ideal(f / s.cutoff_per_um) * s.otf_damping ** (f / s.cutoff_per_um) * pixel
    assert swing_wide / mean == pytest.approx(0.5 * transfer, rel=1e-3)
    assert abs(misplaced) < 1e-3 * mean
    assert abs(misplaced_wide) < 1e-3 * mean


def test_a_recorded_stack_is_on_the_scale_of_its_truth():
    sample = sim.simulate_stack(5, size=96, photons=(3000, 3000), haze=0.0, background_photons=0.0, phantom="mixture")
    widefield = sample.raw.mean((0, 1)) - sample.settings.offset_adu
    assert widefield.mean() == pytest.approx(sample.truth.mean(), rel=0.02)
    assert np.corrcoef(widefield.ravel(), bin_pixels(sample.truth).ravel())[0, 1] > 0.85


def test_photons_are_the_peak_of_the_widefield():
    s = settings(
        9, 3, 5, size=(64, 64), haze=0.0, background_photons=0.0, phases_rad=even_phases(3, 5), photons=(70, 70)
    )
    s = replace(s, intensities=((1.0,) * 5,) * 3)
    frames, _ = sim.expected(s, np.random.default_rng(1).random(output_grid(s)) ** 8)
    assert np.percentile(frames.mean((0, 1)), 99.9) == pytest.approx(70, rel=1e-4)


@pytest.mark.parametrize("place", [(50, 71), (63, 66), (58, 80)])
def test_a_point_lies_at_the_same_place_in_raw_and_truth(place):
    even = {"phases_rad": even_phases(2, 5), "intensities": ((1.0,) * 5,) * 2}
    s = settings(3, 2, 5, size=(32, 48), haze=0.0, background_photons=0.0, **even)
    obj = np.zeros(output_grid(s))
    obj[place] = 1.0
    frames, truth = sim.expected(s, obj)

    def centroid(image):
        image = np.where(image > 0.1 * image.max(), image, 0.0)
        return [np.average(np.arange(n), weights=image.sum(1 - axis)) for axis, n in enumerate(image.shape)]

    np.testing.assert_allclose(centroid(truth), np.array(place) - 2 * MARGIN, atol=0.05)
    np.testing.assert_allclose(2 * np.array(centroid(frames.mean((0, 1)))) + 0.5, centroid(truth), atol=0.1)


def test_truth_holds_nothing_beyond_its_support():
    s = settings(2, 3, 5, size=(64, 64))
    _, truth = sim.expected(s, np.random.default_rng(1).random(output_grid(s)))
    window = np.hanning(128)
    power = abs(np.fft.fft2((truth - truth.mean()) * np.outer(window, window))) ** 2
    f = np.fft.fftfreq(128, s.pixel_size_um / 2)
    outside = np.hypot(f[:, None], f) > s.cutoff_per_um + s.k_max_per_um + 4 * f[1]
    assert outside.any()
    assert power[outside].mean() < 1e-5 * power[~outside].mean()


# --- stacks from a seed ----------------------------------------------------------------------------------------------


def test_a_sample_depends_on_its_seed_and_index_only():
    first = sim.simulate_stack(3, index=5, size=24)
    sim.simulate_stack(3, index=4, size=24)
    again = sim.simulate_stack(3, index=5, size=24)
    np.testing.assert_array_equal(first.raw, again.raw)
    np.testing.assert_array_equal(first.truth, again.truth)
    assert first.settings == again.settings
    for other in (sim.simulate_stack(3, index=6, size=24), sim.simulate_stack(4, index=5, size=24)):
        assert other.settings.k0_per_um != first.settings.k0_per_um
        assert not np.array_equal(other.raw, first.raw)


def test_another_light_level_is_the_same_field_under_the_same_pattern():
    dim, bright = (sim.simulate_stack(3, index=2, size=24, photons=(p, p)) for p in (20, 2000))
    assert replace(dim.settings, photons=2000.0) == replace(bright.settings, photons=2000.0)
    assert (dim.settings.photons, bright.settings.photons) == pytest.approx((20, 2000))
    np.testing.assert_allclose(100 * dim.truth, bright.truth, rtol=1e-4, atol=1e-4 * bright.truth.max())


@pytest.mark.parametrize(("angles", "phases"), [(1, 3), (3, 3), (2, 4), (3, 5), (4, 6), (5, 7)])
def test_any_number_of_angles_and_phases(angles, phases):
    sample = sim.simulate_stack(0, angles=angles, phases=phases, size=(16, 20))
    assert sample.raw.shape == (angles, phases, 16, 20)
    assert sample.raw.dtype == np.uint16
    assert sample.truth.shape == (32, 40)
    assert sample.truth.dtype == np.float32
    assert (sample.settings.angles, sample.settings.phases) == (angles, phases)
    assert sample.settings.beams == (3 if phases >= 5 else 2)
    assert json.loads(json.dumps(asdict(sample.settings)))["na"] == sample.settings.na


def test_settings_cover_the_microscopes_and_are_physical():
    drawn = [settings(seed, 3, *phases_beams) for seed in range(150) for phases_beams in ((5,), (3,))]
    for s in drawn:
        assert s.pixel_size_um <= 1 / (2 * s.cutoff_per_um)
        assert s.pixel_size_um / 2 <= 1 / (2 * (s.cutoff_per_um + s.k_max_per_um))
        turn = np.linspace(0, 2 * np.pi, 721)
        for depths in s.modulation_depths:
            assert min(1 + sum(m * np.cos((n + 1) * turn) for n, m in enumerate(depths))) >= 0
        assert np.mean(s.intensities) == pytest.approx(1)

    def spread(value, low, high):
        values = [value(s) for s in drawn]
        assert low <= min(values) < low + 0.15 * (high - low)
        assert high - 0.15 * (high - low) < max(values) <= high

    spread(lambda s: s.na, 1.2, 1.49)
    spread(lambda s: s.wavelength_em_um, 0.5, 0.68)
    spread(lambda s: s.pixel_size_um, 0.06, 0.1)
    spread(lambda s: np.log(s.photons), np.log(20), np.log(5000))
    spread(lambda s: s.k_max_per_um / s.cutoff_per_um, 0.74, 1.12)
    spread(lambda s: np.arctan2(*s.k0_per_um[0]), -np.pi, np.pi)
    steps = np.array([np.sin(np.diff(s.phases_rad[0])).mean() > 0 for s in drawn])
    turns = np.array([np.linalg.det(s.k0_per_um[:2]) > 0 for s in drawn])
    assert 0.4 < steps.mean() < 0.6
    assert 0.4 < turns.mean() < 0.6


def test_three_beams_carry_the_first_order_at_half_the_finest_stripes():
    s = settings(1, 3, 5)
    lengths = np.hypot(*np.transpose(s.k0_per_um))
    assert s.k_max_per_um == pytest.approx(2 * lengths.max())
    assert 0.37 < lengths.mean() / s.cutoff_per_um < 0.48
    assert settings(1, 3, 5, beams=2).modulation_depths[0][1:] == ()


def test_what_is_fixed_stays():
    fixed = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.08, "phantom": "vesicles", "haze": 0.0}
    sample = sim.simulate_stack(1, size=16, **fixed)
    assert {name: getattr(sample.settings, name) for name in fixed} == fixed


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"phases": 2}, "2 beams need at least 3 phases in each angle; got 2"),
        ({"phases": 4, "beams": 3}, "3 beams need at least 5 phases in each angle; got 4"),
        ({"beams": 4}, "2 or 3 beams"),
        ({"angles": 0}, "`angles` should be a whole number above 0"),
        ({"size": 4}, "at least 8 x 8"),
        ({"photons": (0, 10)}, "above 0; got 0 10"),
        ({"photons": (50, 10)}, "LOW HIGH"),
        ({"seed": -1}, "0 or more"),
        ({"numerical_aperture": 1.4}, "^no setting `numerical_aperture`; there are: .*na"),
        ({"pixel_size_um": 0.2}, "no microscope fits pixel_size_um 0.2"),
        ({"modulation_depths": ((1.0, 0.9),) * 3}, "light negative"),
        ({"k0_per_um": ((9.0, 0.0),) * 3}, "too coarse"),
        ({"k0_per_um": ((1.0, 0.0),) * 2}, "one row an angle"),
        ({"phantom": "tubulin"}, "^no `phantom` 'tubulin'; there are: "),
    ],
)
def test_what_no_microscope_can_do_is_refused(asked, message):
    with pytest.raises(InputError, match=message):
        sim.simulate_stack(**{"seed": 0, "size": 16, **asked})
