"""The spectrum of the noise, against closed forms, and frames that are made white again."""

import numpy as np
import pytest
from scipy import ndimage

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.noise.spectrum import NoiseSpectrum, noise_spectrum
from srredsim.noise.whitened import remarks, spectra, whitened
from srredsim.simulation import artefacts
from srredsim.simulation.camera import expose
from srredsim.simulation.sim import draw, simulate_stack

SIGMA = 0.6  # pixels
ASKED = {"size": 96, "na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.07}


def sample(photons: float, phases: int = 3, **fixed):
    return simulate_stack(5, phases=phases, photons=(photons, photons), **ASKED, **fixed)


def cutoff_of(settings) -> float:
    return settings.cutoff_per_um * settings.pixel_size_um


@pytest.mark.parametrize("photons", [20.0, 200.0, 1000.0])
@pytest.mark.parametrize("phases", [3, 5])
def test_the_noise_of_a_camera_is_white_and_its_frames_stay_as_they_are(photons, phases):
    made = sample(photons, phases)
    found = noise_spectrum(made.raw, cutoff_of(made.settings))
    assert found.white
    assert found.words == ""
    assert found.whitened(made.raw) is made.raw


def test_what_angles_differ_in_besides_noise_is_not_taken_for_noise():
    """Uneven phases, unequal light, a shift of a quarter of a pixel."""
    settings = draw(np.random.default_rng(0), 3, 3, photons=(1000.0, 1000.0), **ASKED)
    rng = np.random.default_rng(1)
    phases = tuple(tuple((np.array(row) + rng.normal(0, 0.17, 3)).tolist()) for row in settings.phases_rad)
    lit = ((1.2, 1.25, 1.15), (0.9, 0.85, 0.95), (0.9, 0.9, 0.9))
    made = sample(1000.0, phases_rad=phases, intensities=lit)
    raw = made.raw.astype(float)
    raw[1, :, :, :-1] = 0.75 * raw[1, :, :, :-1] + 0.25 * raw[1, :, :, 1:]
    raw[1] += rng.standard_normal(raw[1].shape) * np.sqrt(0.375 * np.maximum(raw[1] - 100, 0) * made.settings.gain_adu)
    found = noise_spectrum(raw, cutoff_of(made.settings))
    assert np.all(np.abs(np.log(found.at(np.linspace(0.3, 1.2, 10) * cutoff_of(made.settings)))) < 0.3)


@pytest.mark.parametrize("photons", [40.0, 1000.0])
def test_an_object_beyond_a_wrong_cut_off_is_not_taken_for_noise(photons):
    made = sample(photons, 5)
    assert noise_spectrum(made.raw, cutoff_of(made.settings) / 2).white


@pytest.mark.parametrize("photons", [40.0, 1000.0])
def test_smoothed_noise_has_the_spectrum_of_the_filter(photons):
    """At the lowest frequencies, too, where the object hides it."""
    made = sample(photons)
    cutoff = cutoff_of(made.settings)
    found = noise_spectrum(artefacts.smoothed(made.raw, SIGMA), cutoff)
    frequency = np.linspace(0.1, 1.15, 12) * cutoff
    x = np.arange(-4, 5)
    kernel = np.exp(-(x**2) / (2 * SIGMA**2)) / np.exp(-(x**2) / (2 * SIGMA**2)).sum()
    turns = np.linspace(0, np.pi / 2, 33)[:, None]
    waves = (np.cos(2 * np.pi * x[:, None, None] * frequency * along(turns)) for along in (np.sin, np.cos))
    passed = [np.tensordot(kernel, wave, axes=1) for wave in waves]
    expected = np.mean((passed[0] * passed[1]) ** 2, axis=0)
    np.testing.assert_allclose(found.at(frequency) / found.at(frequency[:1]), expected / expected[0], rtol=0.25)
    assert "not a camera's" in found.words


def test_whitening_undoes_the_filter():
    made = sample(100.0)
    smooth = artefacts.smoothed(made.raw, SIGMA)
    again = noise_spectrum(smooth, cutoff_of(made.settings)).whitened(smooth)
    np.testing.assert_allclose(again.mean(axis=(2, 3)), smooth.mean(axis=(2, 3)), rtol=1e-4)
    inside = (..., slice(8, -8), slice(8, -8))
    lost, left = (float(np.std((each - made.raw)[inside])) for each in (smooth, again))
    assert left < 0.3 * lost


def test_frames_without_noise_are_told():
    made = artefacts.noise_free(5, phases=3, photons=(200.0, 200.0), **ASKED)
    found = noise_spectrum(made.raw, cutoff_of(made.settings))
    assert found.weak
    assert "weaker" in found.words
    assert noise_spectrum(np.full((3, 3, 64, 64), 7.0), 0.3) is None


def test_one_angle_cannot_be_compared_and_counts_as_white():
    made = sample(100.0)
    smooth = artefacts.smoothed(made.raw[:1], SIGMA)
    assert noise_spectrum(smooth, cutoff_of(made.settings)).white


def stack_of(*raws: np.ndarray, optics: Optics) -> RawStack:
    """One channel each."""
    array = np.stack(raws)[None, :, None]
    return RawStack(array, Pattern(*array.shape[3:5]), optics)


def test_each_channel_of_a_stack_has_its_own_noise():
    made = sample(100.0)
    known = Optics(**{name: getattr(made.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")})
    smooth = artefacts.smoothed(made.raw, SIGMA)
    stack = stack_of(made.raw, smooth, optics=known)
    white = whitened(stack)
    np.testing.assert_array_equal(white.raw(0, 0, 0), made.raw)
    again = white.raw(0, 1, 0)
    assert np.std(again - smooth) > 0
    assert len(remarks(white)) == 1
    told = whitened(stack_of(smooth, smooth[::-1], optics=known), spectra=spectra(white))  # as another process is told
    np.testing.assert_array_equal(told.raw(0, 0, 0), smooth)
    np.testing.assert_array_equal(told.raw(0, 1, 0), again[::-1])


def test_without_optics_a_stack_stays_as_it_is():
    stack = stack_of(sample(100.0).raw, optics=Optics())
    assert whitened(stack) is stack
    assert remarks(stack) == []


def test_an_object_that_moves_is_not_noise():
    """Places move by up to a pixel and a half, each another way, from frame to frame; or all by two between angles."""
    still = artefacts.noise_free(5, phases=5, photons=(200.0, 200.0), phantom="filaments", **ASKED)
    expected = (still.raw - np.float32(still.settings.offset_adu)) / np.float32(still.settings.gain_adu)
    rng = np.random.default_rng(3)
    y, x = np.mgrid[: ASKED["size"], : ASKED["size"]].astype(float)
    dy, dx = (ndimage.gaussian_filter(rng.standard_normal(y.shape), 15) for _ in "yx")
    moved, far = np.empty_like(expected), [np.roll(angle, 2 * number, -1) for number, angle in enumerate(expected)]
    for number, place in enumerate(np.ndindex(3, 5)):
        by = (number - 7) / 7 * 1.5
        where = [y + by * dy / np.abs(dy).max(), x + by * dx / np.abs(dx).max()]
        moved[place] = ndimage.map_coordinates(expected[place], where, order=3, mode="reflect")
    camera = {"gain_adu": 2.0, "offset_adu": 100.0, "read_noise_e": 1.5}
    assert noise_spectrum(expose(np.array(far), rng, **camera), cutoff_of(still.settings)).white
    raw = expose(np.maximum(moved, 0), rng, **camera)
    assert noise_spectrum(raw, cutoff_of(still.settings)).white
    smooth = noise_spectrum(artefacts.smoothed(raw, SIGMA), cutoff_of(still.settings))
    assert "not a camera's" in smooth.words


def test_of_saturated_frames_that_is_said_and_no_spectrum():
    made = sample(1000.0)
    top = int(np.quantile(made.raw, 0.99))
    found = noise_spectrum(np.minimum(made.raw, top), cutoff_of(made.settings))
    assert found.white
    assert found.clipped == pytest.approx(np.mean(made.raw >= top))
    assert "saturated" in found.words
    assert "camera's" not in found.words


@pytest.mark.parametrize(("photons", "weak"), [(1e4, False), (1e6, True)])
def test_bright_places_on_a_dark_field_are_told_by_the_light_of_all(photons, weak):
    """A spot on a dark field: the noise is that of the mean light."""
    y, x = np.mgrid[:96, :96]
    spot = np.exp(-((y - 48) ** 2 + (x - 48) ** 2) / (2 * 5.0**2))
    rng = np.random.default_rng(6)
    frames = rng.poisson(photons * spot, (3, 3, 96, 96)).astype(np.float32) + 100
    found = noise_spectrum(frames, 0.3)
    bright = photons * np.percentile(spot, 99)
    assert found.photons == pytest.approx(bright, rel=0.1)
    assert found.weak == weak


def test_noise_that_is_as_strong_at_the_cut_off_is_told_where_it_is_not():
    spectrum = NoiseSpectrum(0.3, 100.0, (0.0, 0.15, 0.3), (1.0, 0.25, 1.02))
    assert spectrum.number == "at 0.5 of the cut-off of the lens it has 25 % of its power at low frequencies"
    assert "1.5 times its power" in NoiseSpectrum(0.3, 100.0, (0.0, 0.3), (1.0, 1.5)).number
    assert "coarser than given" in NoiseSpectrum(0.3, 100.0, (0.0, 0.3), (1.0, 1.5)).words


@pytest.mark.parametrize("bad", [[1], [2, 1], [0]])
def test_a_saturated_slice_among_others_is_named(bad):
    """A tenth of a field is as bright as can be, in some slices; the words are those of a single stack."""
    raw = sample(1000.0).raw
    slices = [raw] * 3
    for share, z in zip((0.9, 0.95), bad, strict=False):
        slices[z] = np.minimum(raw, np.quantile(raw, share).astype(raw.dtype))
    white = whitened(RawStack(np.stack(slices)[None, None], Pattern(3, 3), Optics(1.4, 0.525, 0.07)))
    for z in range(3):
        white.raw(0, 0, z)
    (line,) = [line for line in remarks(white) if "saturated" in line]
    where = {1: "z=1: ", 2: "z=2 (the worst of 2): ", 0: ""}[bad[0]]
    assert line.startswith(f"warning: {where}1")
    assert line.endswith("lower light, exposure or camera gain")
