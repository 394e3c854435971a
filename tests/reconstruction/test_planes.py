"""The loop over t, c and z against the same steps done by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

import srredsim
from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.errors import InputError
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.forward import stripes_of
from srredsim.reconstruction.planes import planes, sharpest_slice
from srredsim.reconstruction.survey import sharpness
from srredsim.reconstruction.wiener import reconstruct
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.haze import haze_of
from srredsim.stripes.measure import remeasured
from srredsim.stripes.preprocess import prepare

SAMPLE = simulate_stack(41, phases=3, photons=(800, 800), size=(72, 64), phantom="filaments")
OTHER = simulate_stack(43, phases=3, photons=(800, 800), size=(72, 64), phantom="filaments")
OPTICS = Optics(SAMPLE.settings.na, SAMPLE.settings.wavelength_em_um, SAMPLE.settings.pixel_size_um)


def blurred(raw):
    """Without stripes and without much structure, as far out of focus."""
    return np.broadcast_to(ndimage.gaussian_filter(raw.mean(axis=(0, 1)), 3), raw.shape).astype(np.uint16)


def stack_of(array) -> RawStack:
    return RawStack(np.asarray(array), Pattern(3, 3), OPTICS)


def test_every_plane_as_by_hand():
    dim = (SAMPLE.raw // 2 + 50).astype(np.uint16)
    times = [
        [[blurred(raw), raw], [blurred(other), other]] for raw, other in ((SAMPLE.raw, OTHER.raw), (dim, OTHER.raw))
    ]
    transfer = transfer_of(OPTICS)
    result = list(planes(stack_of(times), [transfer] * 2, wiener=0.2))
    expected = [(t, c, z) for c in range(2) for t in range(2) for z in range(2)]
    assert [plane.position for plane in result] == expected
    assert {plane.sharpest for plane in result} == {1}
    mean = prepare((SAMPLE.raw.astype(np.float32) + dim) / 2)
    once = estimate(mean, transfer)
    haze = haze_of(mean.frames, once, transfer)
    assert once.damping.chosen == "measured"
    for plane in result[:4]:
        t, _, z = plane.position
        parameters = remeasured(once, prepare((SAMPLE.raw, dim)[t]).frames, transfer)
        image, _ = reconstruct(prepare(times[t][0][z]), parameters, transfer, 0.2, haze)
        np.testing.assert_allclose(plane.image, image, atol=1e-5 * np.ptp(image))
        assert plane.parameters.report() == parameters.report()
        assert plane.transfer == once.lens(transfer)  # one lens at all times


def test_stripes_are_measured_where_it_is_sharp_at_each_time():
    """Focus drifts by a slice, and the phases with it: out of focus nothing tells them."""
    phases_rad = tuple(tuple(1.1 + np.array(row)) for row in SAMPLE.settings.phases_rad)
    settings = replace(SAMPLE.settings, phases_rad=phases_rad)
    light = {name: getattr(settings, name) for name in ("k0_per_um", "modulation_depths", "intensities", "otf_damping")}
    optics = {name: getattr(settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
    about = {"phantom": "filaments", "haze": settings.haze, "haze_sigma_um": settings.haze_sigma_um}
    asked = {"phases": 3, "photons": (800, 800), "size": (72, 64), "phases_rad": phases_rad}
    later = simulate_stack(41, **asked, **light, **optics, **about)
    blur = ndimage.gaussian_filter
    far, near = (blur(one.raw.astype(np.float32), (0, 0, 4, 4)).astype(np.uint16) for one in (SAMPLE, later))
    stack = stack_of([[[SAMPLE.raw, far]], [[near, later.raw]]])
    made = {plane.position: plane for plane in planes(stack, [transfer_of(OPTICS)])}
    assert (made[0, 0, 0].sharpest, made[1, 0, 0].sharpest) == (0, 1)
    alike = [
        np.corrcoef(made[place].image.ravel(), truth.ravel())[0, 1]
        for place, truth in (((0, 0, 0), SAMPLE.truth), ((1, 0, 1), later.truth))
    ]
    assert min(alike) > 0.95
    assert alike[1] > alike[0] - 0.01


@pytest.mark.parametrize("photons", [20.0, 500.0])
def test_noise_alone_is_never_the_sharpest_slice(photons):
    """Beside a dense sample, whose contrast is low; relative to its own light that of noise is twice as high."""
    sample = simulate_stack(5, phases=3, photons=(photons, photons), size=96, phantom="membranes", haze=1.0)
    dense = sample.raw + np.uint16(0.6 * np.percentile(sample.raw, 99))
    empty = np.random.default_rng(1).normal(100.0, 2.0, dense.shape).round().astype(np.uint16)
    assert sharpness(dense) > 0 == sharpness(empty)
    stack = stack_of([[[empty, empty, dense, empty]]])
    assert sharpest_slice(stack, 0)[0] == 2


@pytest.mark.parametrize("photons", [20.0, 500.0])
def test_nor_is_it_where_there_is_a_single_angle(photons):
    """A hexagonal pattern: what its phases differ in tells the noise."""
    sample = simulate_stack(5, pattern="hexagonal", photons=(photons, photons), size=96, phantom="membranes", haze=1.0)
    dense = sample.raw + np.uint16(0.6 * np.percentile(sample.raw, 99))
    for seed in range(8):
        empty = np.random.default_rng(seed).normal(100.0, 2.0, dense.shape).round().astype(np.uint16)
        assert sharpness(dense) > 0 == sharpness(empty)


def test_a_bright_particle_is_no_sharper_than_a_sample():
    """Forty times as bright, on an empty field; among empty fields it is the sharpest all the same."""
    y, x = np.mgrid[:96, :96]
    particle = 40 * np.percentile(SAMPLE.raw, 99) * np.exp(-((y - 30) ** 2 + (x - 60) ** 2) / (2 * 1.5**2))
    dust = np.random.default_rng(4).poisson(np.broadcast_to(particle + 100, (3, 3, 96, 96)))
    sample = simulate_stack(41, phases=3, photons=(300, 300), size=96, phantom="filaments").raw
    empty = np.random.default_rng(5).poisson(100, dust.shape)
    assert sharpness(sample) > sharpness(dust) > sharpness(empty) == 0
    assert sharpness(sample[..., :1, :]) == 0  # a row has no neighbour


def test_sharpness_does_not_depend_on_noise_gain_or_offset():
    """A wave along y, of contrast 0.5, from pair to pair of rows, over its light above the darkest."""
    y = np.arange(128)
    light = 1000 * (1 + 0.5 * np.cos(2 * np.pi * y / 16))[:, None] * np.ones((3, 3, 1, 128))
    steps = np.diff(light[0, 0, ::2, 0] + light[0, 0, 1::2, 0])
    steepest = np.percentile(np.abs(steps), 97)
    exact = (
        1.001 * np.sqrt(np.mean(np.minimum(np.abs(steps), steepest) ** 2)) / (light.mean() - np.percentile(light, 2))
    )
    rng = np.random.default_rng(2)
    for gain, offset, noise in ((1.0, 0.0, 1.0), (0.3, 100.0, 1.0), (1.0, 0.0, 100.0)):
        raw = gain * (light + noise * rng.standard_normal(light.shape)) + offset
        assert sharpness(raw) == pytest.approx(exact, rel=0.08 if noise > 1 else 0.03)


def test_a_series_that_begins_in_the_dark_is_not_a_dim_one():
    """The method is that of the light of most times."""
    dark = np.random.default_rng(3).normal(SAMPLE.raw.min(), 3.0, SAMPLE.raw.shape).round().astype(SAMPLE.raw.dtype)
    series = np.stack([dark, SAMPLE.raw, SAMPLE.raw])[:, None, None]
    image = srredsim.reconstruct(stack_of(series))
    alone = srredsim.reconstruct(stack_of(series[1:2]))
    assert image.found["channels"][0]["method"] == alone.found["channels"][0]["method"] == "wiener"
    assert np.corrcoef(image.array[1].ravel(), alone.array.ravel())[0, 1] > 0.999


def test_a_bad_plane_is_named():
    bad = SAMPLE.raw.astype(np.float32)
    bad[0, 0, 3, 4] = np.nan
    times = np.stack([SAMPLE.raw, bad])[:, None, None]
    with pytest.raises(InputError, match=r"^t=1: 1 pixels are NaN"):
        list(planes(stack_of(times), [transfer_of(OPTICS)]))


def test_stripes_of_the_middle_are_those_of_the_whole_field(monkeypatch):
    sample = simulate_stack(6, index=0, phases=3, photons=(2000, 2000), size=(150, 138), phantom="filaments")
    optics = Optics(sample.settings.na, sample.settings.wavelength_em_um, sample.settings.pixel_size_um)
    stack, transfer = RawStack(sample.raw[None, None, None], Pattern(3, 3), optics), transfer_of(optics)
    (whole,) = planes(stack, [transfer])
    monkeypatch.setattr("srredsim.reconstruction.planes.SEARCHED_FIELD", 100)
    (middle,) = planes(stack, [transfer])
    assert middle.image.shape == (300, 276)
    assert not np.array_equal(middle.image, whole.image)
    assert np.corrcoef(whole.image.ravel(), middle.image.ravel())[0, 1] > 0.99
    y_um, x_um = (n / 2 * optics.pixel_size_um for n in (150, 138))
    for one, other in zip(*(stripes_of(plane.parameters) for plane in (whole, middle)), strict=True):
        here, there = (each.seen_from(y_um, x_um).amplitudes for each in (one, other))
        assert np.max(np.abs(np.angle(there / here))) < 0.25  # in the middle, where an error of k does not matter
