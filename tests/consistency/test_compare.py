"""The truth is consistent with its frames, and what is planted in it or taken from it lights up."""

from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from srredsim.consistency import compare as module
from srredsim.consistency.compare import consistency
from srredsim.consistency.frame_fit import fit
from srredsim.consistency.splines import View
from srredsim.errors import InputError
from srredsim.noise.line import NoiseLine
from srredsim.optics.otf import apodisation
from srredsim.optics.sampling import radial_frequency_per_um
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.forward import Forward, stripes_of
from srredsim.reconstruction.upscale import fourier_upscale
from srredsim.reconstruction.wiener import reconstruct
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.parameters import Parameters
from srredsim.stripes.preprocess import prepare


@cache
def case(index: int, photons: float, size=(112, 97), seed=77):
    """A sample with haze, background and all, its stripes and its lens as they are found."""
    sample = simulate_stack(seed, index=index, phases=3 + 2 * (index % 2), size=size, photons=(photons, photons))
    transfer = Transfer(sample.settings.cutoff_per_um, sample.settings.pixel_size_um)
    return sample, estimate(prepare(sample.raw), transfer), transfer


def filament(settings, brightness: float) -> np.ndarray:
    """A curved line as a truth would show it, about so bright."""
    y, x = (np.arange(2 * n) for n in settings.size)
    across = x[None] - 0.4 * len(x) - 12 * np.sin(y[:, None] / 25)
    inside = ((y > 0.3 * len(y)) & (y < 0.6 * len(y)))[:, None]
    line = np.clip(1 - np.abs(across), 0, 1) * inside
    f_per_um = radial_frequency_per_um(line.shape, settings.pixel_size_um / 2)
    passed = apodisation(f_per_um, settings.cutoff_per_um + settings.k_max_per_um, settings.truth_power)
    line = np.fft.ifft2(np.fft.fft2(line) * passed).real
    return (brightness * line / np.percentile(line, 99.8)).astype(np.float32)


@pytest.mark.parametrize("photons", [20.0, 150.0, 2000.0])
@pytest.mark.parametrize("index", [0, 1, 2, 3])
def test_the_truth_is_consistent(index, photons):
    sample, parameters, transfer = case(index, photons)
    found = consistency(sample.raw, sample.truth, parameters, transfer)
    assert found.summary == pytest.approx(1, abs=0.05)
    assert found.structure == pytest.approx(1, abs=0.2)  # some hundred independent places
    assert not found.unsupported.any()
    assert not found.missing.any()
    assert found.residual.shape == found.score.shape == sample.truth.shape


def test_the_scale_of_the_image_does_not_matter():
    sample, parameters, transfer = case(1, 150.0)
    one = consistency(sample.raw, sample.truth, parameters, transfer)
    other = consistency(sample.raw, 1e-4 * sample.truth, parameters, transfer)
    assert other.summary == pytest.approx(one.summary, rel=1e-3)
    assert other.angles[0].gain == pytest.approx(1e4 * one.angles[0].gain, rel=1e-3)


@pytest.mark.parametrize(("index", "photons"), [(3, 300.0), (22, 2000.0), (34, 2000.0)])
def test_bright_lines_at_the_border_are_no_grain(index, photons):
    """A tenth of the field and more had been called noise that is shown as structure, in the truth itself."""
    light = {"photons": (photons, photons), "phantom": "filaments"}
    sample = simulate_stack(12, index=index, size=128, phases=3 if index == 3 else 5, **light)
    transfer = Transfer(sample.settings.cutoff_per_um, sample.settings.pixel_size_um)
    parameters = estimate(prepare(sample.raw), transfer)
    found = consistency(sample.raw, sample.truth, parameters, parameters.lens(transfer))
    assert np.mean(found.unsupported) < 1e-3


@pytest.mark.parametrize(("photons", "least"), [(40.0, 5.0), (150.0, 12.0), (2000.0, 30.0)])
@pytest.mark.parametrize("planted", [True, False])
def test_a_false_filament_lights_up(photons, least, planted):
    sample, parameters, transfer = case(1, photons)
    extra = filament(sample.settings, np.percentile(sample.truth, 97))
    image = sample.truth + extra if planted else sample.truth - extra
    found = consistency(sample.raw, image, parameters, transfer)
    there = extra > 0.5 * extra.max()
    elsewhere = np.isfinite(found.score) & ~ndimage.binary_dilation(there, iterations=14)
    sign, flagged, other = (-1, found.unsupported, found.missing) if planted else (1, found.missing, found.unsupported)
    assert np.median(sign * found.score[there]) > least
    assert np.median(np.abs(found.score[elsewhere])) < 2
    assert np.mean(flagged[there]) > 0.5
    assert np.mean(flagged[elsewhere]) < 0.003
    assert np.count_nonzero(other) < 0.2 * np.count_nonzero(flagged)
    assert np.median(found.residual[there]) > np.nanpercentile(found.residual[elsewhere], 95)


def test_the_widefield_image_is_worse_than_wiener_and_both_than_the_truth():
    sample, parameters, transfer = case(3, 2000.0)
    widefield = fourier_upscale(sample.raw.mean(axis=(0, 1)))
    wiener, _ = reconstruct(prepare(sample.raw), parameters, transfer)
    truth, good, bad = (
        consistency(sample.raw, each, parameters, transfer) for each in (sample.truth, wiener, widefield)
    )
    assert truth.structure < good.structure < bad.structure / 5
    assert bad.summary > 2 * good.summary
    assert bad.fraction(bad.unsupported | bad.missing) > 0.005


def test_the_mirror_image_of_the_truth_is_not_supported():
    sample, parameters, transfer = case(1, 150.0)
    found = consistency(sample.raw, sample.truth[:, ::-1], parameters, transfer)
    assert found.summary > 1.3
    assert found.fraction(found.unsupported) > 0.02
    assert found.fraction(found.missing) > 0.02


@pytest.mark.parametrize("index", [0, 1])
def test_a_honeycomb_made_by_wrong_noise_is_grain_and_a_good_image_has_none(index):
    """Noise that fits the frames: neither residual nor score tells."""
    sample, parameters, transfer = case(index, 40.0, size=(80, 88))
    prepared = prepare(sample.raw)
    good, used = reconstruct(prepared, parameters, transfer)
    honeycomb, _ = reconstruct(prepared, parameters, transfer, wiener=used.wiener / 20)
    found, right, truth = (
        consistency(sample.raw, each, parameters, transfer) for each in (honeycomb, 3 * good, sample.truth)
    )
    assert found.summary < 1
    assert found.fraction(found.grainy) > 0.8
    assert np.all(found.unsupported[found.grainy])
    assert not right.grainy.any()
    assert not truth.grainy.any()


def test_stripes_that_are_a_little_off_are_put_right():
    sample, parameters, transfer = case(1, 2000.0)
    right = stripes_of(parameters)[1]
    error = np.array([0.010, -0.018])
    view = View(sample.raw.shape[2:], transfer.pixel_size_um)

    def passed(f_per_um):
        factor = apodisation(f_per_um, transfer.cutoff_per_um + parameters.k_max_per_um)
        return factor / np.maximum(factor, 0.01) ** 2

    forward = Forward(view.whole, transfer, [right.with_k_error(error)], filter_of=passed)
    (parts,) = forward.parts(sample.truth)
    found = fit(view.of(sample.raw[1]), view.of(parts), view, NoiseLine(sample.settings.gain_adu, 0.0))
    np.testing.assert_allclose(found.k_error_per_um, [-error], atol=0.003)


@pytest.mark.parametrize("index", [1, 3])
def test_the_truth_is_as_sharp_as_the_lens_says_and_a_blurred_truth_is_not(index):
    sample, parameters, transfer = case(index, 2000.0)
    assert parameters.damping.value == pytest.approx(sample.settings.otf_damping, rel=0.05)
    factors = [
        consistency(sample.raw, image, parameters, transfer).damping_factor
        for image in (sample.truth, ndimage.gaussian_filter(sample.truth, 0.8))
    ]
    assert factors[0] == pytest.approx(1, abs=0.05)
    assert factors[1] > 1.1


def test_windows_make_the_same_maps(monkeypatch):
    sample, parameters, transfer = case(1, 150.0, size=(150, 128))
    image = sample.truth + filament(sample.settings, np.percentile(sample.truth, 97))
    whole = consistency(sample.raw, image, parameters, transfer)
    monkeypatch.setattr(module, "TILE", 60)
    parts = consistency(sample.raw, image, parameters, transfer)
    assert parts.summary == pytest.approx(whole.summary, rel=0.1)
    known = np.isfinite(whole.score)
    np.testing.assert_array_equal(np.isfinite(parts.score), known)
    assert np.corrcoef(parts.score[known], whole.score[known])[0, 1] > 0.95
    assert np.corrcoef(parts.residual[known], whole.residual[known])[0, 1] > 0.95


def test_smooth_is_what_haze_is():
    view = View((90, 121), 0.08)
    rng = np.random.default_rng(4)
    haze = ndimage.gaussian_filter(rng.normal(size=(130, 161)), 0.5 / 0.08)[20:-20, 20:-20][view.inside]
    haze = haze.astype(np.float32)
    assert np.std(view.rough(haze)) < 0.02 * np.std(haze)
    once = view.smooth(rng.normal(size=view.shape).astype(np.float32))
    np.testing.assert_allclose(view.smooth(once), once, atol=1e-4)  # a projection
    noise = rng.normal(size=view.shape).astype(np.float32)
    expected = 1 - view.smooth_functions / noise.size
    assert np.mean(view.rough(noise) ** 2) == pytest.approx(expected, abs=0.05)


def test_frames_without_stripes_are_compared_as_they_are():
    sample, parameters, transfer = case(0, 150.0)
    blank = Parameters(tuple(type(a)(**(a.__dict__ | {"status": "failed", "orders": ()})) for a in parameters.angles))
    raw = np.repeat(sample.raw[:, :1], 3, axis=1)
    found = consistency(raw, sample.truth, blank, transfer)
    assert found.angles[0].contrasts == ()
    assert np.isfinite(found.summary)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((224, 194), np.float32), "constant"),
        (np.full((224, 194), np.nan, np.float32), "NaN"),
        (np.zeros((112, 97), np.float32), "224 x 194"),
    ],
)
def test_what_cannot_be_judged_is_said(image, words):
    sample, parameters, transfer = case(1, 150.0)
    with pytest.raises(InputError, match=words):
        consistency(sample.raw, image, parameters, transfer)
    with pytest.raises(InputError, match="too small"):
        consistency(sample.raw[:, :, :20], image, parameters, transfer)
