"""How well the stripes are found in the frames: simulated stacks, blind, with their own OTF, haze and camera."""

from functools import cache

import numpy as np
import pytest

from srredsim.optics.bands import separate
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.upscale import fourier_upscale
from srredsim.reconstruction.wiener import reconstruct
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.bands import separated
from srredsim.stripes.estimate import estimate
from srredsim.stripes.phase_steps import Errors, even_steps
from srredsim.stripes.preprocess import prepare
from srredsim.stripes.search import ANNULUS, Search, overlaps

SEED = 2024


@cache
def case(phases: int, photons: float, size, index: int, steps_error_rad: float = 0.0):
    """A stack and what is found in it. The OTF is not told: the estimate has the usual damping."""
    fixed = {}
    if steps_error_rad:
        rng = np.random.default_rng(index)
        even = rng.uniform(0, 2 * np.pi, (3, 1)) + even_steps(phases)
        phases_rad = even + rng.uniform(-steps_error_rad, steps_error_rad, even.shape)
        fixed["phases_rad"] = tuple(map(tuple, phases_rad.tolist()))
    sample = simulate_stack(SEED, index=index, phases=phases, photons=(photons, photons), size=size, **fixed)
    transfer = Transfer(sample.settings.cutoff_per_um, sample.settings.pixel_size_um)
    prepared = prepare(sample.raw)
    return sample, prepared, estimate(prepared, transfer), transfer


def wrapped(angle_rad):
    return np.angle(np.exp(1j * np.asarray(angle_rad)))


def errors(sample, parameters):
    """Errors of each angle: |k| in percent, direction in degrees, largest of a phase in rad, largest of a contrast.

    Phases are compared in the middle of the field, where an error of k does not move the stripes.
    """
    settings = sample.settings
    middle = np.array(settings.size) / 2 * settings.pixel_size_um
    result = []
    for angle, k, phases_rad, depths in zip(
        parameters.angles, settings.k0_per_um, settings.phases_rad, settings.modulation_depths, strict=True
    ):
        assert angle.status == "measured"
        found = np.array(angle.k0_per_um)
        sign = np.sign(np.dot(k, found))  # (k, phi) and (-k, -phi) are the same stripes
        k = sign * np.array(k)
        there = np.array(angle.phases_rad) + 2 * np.pi * np.dot(found - k, middle)
        result.append(
            (
                100 * abs(np.hypot(*found) / np.hypot(*k) - 1),
                abs(np.rad2deg(wrapped(np.arctan2(*found) - np.arctan2(*k)))),
                np.max(np.abs(wrapped(there - sign * np.array(phases_rad)))),
                np.max(np.abs(np.array([order.modulation_depth for order in angle.orders]) - depths)),
            )
        )
    return np.array(result)


def ncc_gain(sample, prepared, parameters, transfer) -> float:
    image, _ = reconstruct(prepared, parameters, transfer)
    widefield = fourier_upscale(sample.raw.mean(axis=(0, 1)))
    truth = sample.truth.ravel()
    return np.corrcoef(image.ravel(), truth)[0, 1] - np.corrcoef(widefield.ravel(), truth)[0, 1]


@pytest.mark.parametrize(("phases", "index"), [(5, 1), (5, 12), (3, 1), (3, 22)])
def test_bright_stripes_are_measured_precisely(phases, index):
    sample, _, parameters, _ = case(phases, 1500.0, 256, index)
    assert parameters.orders == sample.settings.beams - 1
    length, direction, phase, depth = errors(sample, parameters).max(axis=0)
    assert length < 0.05
    assert direction < 0.03
    assert phase < 0.04
    assert depth < 0.02


@pytest.mark.parametrize("index", [4, 25])
def test_a_few_bright_spots_are_enough(index):
    sample, _, parameters, _ = case(3, 1500.0, 128, index)
    assert errors(sample, parameters)[:, 0].max() < 0.3


@pytest.mark.parametrize(("relative", "index"), [(1.0, 7), (1.08, 2), (1.08, 5), (1.08, 7)])
def test_stripes_finer_than_the_lens_shows(relative, index):
    """Total internal reflection: the bands share only what is half as fine as the lens shows, where it shows little."""
    optics = {"na": 1.49, "wavelength_em_um": 0.56, "pixel_size_um": 0.08}
    transfer = Transfer(2 * optics["na"] / optics["wavelength_em_um"], optics["pixel_size_um"])
    turns = index + np.pi / 3 * np.arange(3)
    k0 = np.transpose([np.sin(turns), np.cos(turns)]) * relative * transfer.cutoff_per_um
    fixed = {"photons": (400.0, 400.0), "phantom": "filaments", "k0_per_um": tuple(map(tuple, k0.tolist()))}
    sample = simulate_stack(SEED, index=index, phases=3, size=128, **fixed, **optics)
    assert errors(sample, estimate(prepare(sample.raw), transfer))[:, 0].max() < 0.32


def test_sparse_structures_do_not_pass_for_stripes():
    """Few and alike: what they have in common with themselves elsewhere is no chance of many."""
    optics = {"na": 1.49, "wavelength_em_um": 0.525, "pixel_size_um": 0.0626, "otf_damping": 0.6}
    turns = 0.81 + np.pi / 3 * np.arange(3)
    k0 = np.transpose([np.sin(turns), np.cos(turns)]) * 1.02 * 2 * optics["na"] / optics["wavelength_em_um"]
    fixed = {"phantom": "vesicles", "k0_per_um": tuple(map(tuple, k0.tolist()))}
    wrong = 0
    for seed in (902, 910, 911):
        sample = simulate_stack(seed, phases=3, size=160, photons=(50.0, 50.0), beams=2, **fixed, **optics)
        found = estimate(prepare(sample.raw), Transfer(sample.settings.cutoff_per_um, optics["pixel_size_um"], 0.6))
        for angle, k in zip(found.angles, k0, strict=True):
            off = min(np.hypot(*(sign * k - angle.k0_per_um)) for sign in (1, -1))
            wrong += angle.status != "failed" and off > 0.01 * np.hypot(*k)
    assert wrong == 0


@pytest.mark.parametrize(("phases", "index"), [(5, 3), (3, 7)])
def test_dim_stripes(phases, index):
    sample, prepared, parameters, transfer = case(phases, 40.0, 256, index)
    length, direction, _, depth = errors(sample, parameters).max(axis=0)
    assert length < 0.3
    assert direction < 0.1
    assert depth < 0.1
    assert ncc_gain(sample, prepared, parameters, transfer) > 0.06


@pytest.mark.parametrize("phases", [3, 5])
def test_uneven_phases_are_measured(phases):
    sample, prepared, parameters, transfer = case(phases, 1500.0, 256, 3, steps_error_rad=0.5)
    assert errors(sample, parameters)[:, 2].max() < 0.06
    assert {angle.steps_status for angle in parameters.angles} == {"measured"}
    assert ncc_gain(sample, prepared, parameters, transfer) > 0.06


@pytest.mark.parametrize("phases", [3, 5])
def test_dim_images_with_uneven_phases_are_better_than_widefield(phases):
    sample, prepared, parameters, transfer = case(phases, 40.0, 256, 3, steps_error_rad=0.5)
    assert ncc_gain(sample, prepared, parameters, transfer) > 0.0


@pytest.mark.parametrize("size", [(101, 180), (163, 97)])
def test_odd_and_oblong_frames(size):
    sample, _, parameters, _ = case(3, 1500.0, size, 22)
    length, direction, phase, depth = errors(sample, parameters).max(axis=0)
    assert length < 0.13
    assert direction < 0.1
    assert phase < 0.1
    assert depth < 0.05


def test_swapped_axes_swap_the_vectors():
    sample, _, parameters, transfer = case(3, 1500.0, (101, 180), 22)
    swapped = estimate(prepare(sample.raw.swapaxes(2, 3)), transfer)
    for one, other in zip(parameters.angles, swapped.angles, strict=True):
        np.testing.assert_allclose(one.k0_per_um[::-1], other.k0_per_um, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(wrapped(np.subtract(one.phases_rad, other.phases_rad)), 0, atol=5e-3)


def test_gain_and_offset_of_the_camera_change_nothing():
    sample, _, parameters, transfer = case(3, 1500.0, (101, 180), 22)
    other = estimate(prepare(3.0 * sample.raw.astype(np.float32) + 500.0), transfer)
    for one, two in zip(parameters.angles, other.angles, strict=True):
        assert np.hypot(*np.subtract(one.k0_per_um, two.k0_per_um)) < 1e-4 * np.hypot(*one.k0_per_um)
        assert one.orders[0].modulation_depth == pytest.approx(two.orders[0].modulation_depth, rel=1e-3)


@pytest.mark.parametrize(("stacks", "most"), [(20, 1), pytest.param(70, 2, marks=pytest.mark.slow)])
def test_noise_hardly_ever_looks_like_stripes(stacks, most):
    rng = np.random.default_rng(11)
    transfer = Transfer(5.3, 0.08)
    raws = [rng.poisson(20, (3, phases, 64, 64)) for phases in (3, 5) for _ in range(stacks)]
    found = [angle.status for raw in raws for angle in estimate(prepare(raw), transfer).angles]
    assert len(found) == 6 * stacks
    assert found.count("failed") >= len(found) - most  # 1 in 200 would be 0.6, or 2.1


def test_a_second_order_beside_the_grid_of_lags_is_found():
    pixels, pixel_um = 320, 0.08
    k0 = (25.5 / (pixels * pixel_um), -30.5 / (pixels * pixel_um))  # twice a lag of the grid is a lag off
    sample = simulate_stack(
        SEED, index=2, angles=1, size=pixels, photons=(300.0, 300.0), pixel_size_um=pixel_um, na=1.3,
        wavelength_em_um=0.62, k0_per_um=(k0,), modulation_depths=((0.02, 0.4),), phantom="filaments",
    )  # fmt: skip
    transfer = Transfer(sample.settings.cutoff_per_um, pixel_um)
    search = Search(separated(prepare(sample.raw).frames[0], even_steps(5), 2, transfer))
    assert search.padding == 1
    best = search.candidates(search.within(*ANNULUS[3]))[0]
    np.testing.assert_allclose(np.abs(best.k0_per_um), np.abs(k0), atol=0.3 / (pixels * pixel_um))


def test_contrasts_do_not_depend_on_the_damping_assumed():
    _, prepared, parameters, transfer = case(5, 1500.0, 256, 12)
    other = estimate(prepared, Transfer(transfer.cutoff_per_um, transfer.pixel_size_um, 0.95))
    for one, two in zip(parameters.angles, other.angles, strict=True):
        for first, second in zip(one.orders, two.orders, strict=True):
            assert first.modulation_depth == pytest.approx(second.modulation_depth, abs=0.02)


def test_a_band_moved_home_is_a_multiple_of_band_zero():
    """Closed form: on the common frequencies Y / X is m / 2 exp(i b phi), whatever the object."""
    rng = np.random.default_rng(3)
    transfer, n = Transfer(5.0, 0.08, 1.0), 64
    f = np.fft.fftfreq(n, 0.08)
    otf = transfer(f, f)
    k = np.array([17.0, -21.0]) / (n * 0.08)
    obj = rng.random((2 * n, 2 * n))  # only what the OTF passes of it is seen
    fine = (np.arange(2 * n) - 0.5) / 2 * 0.08
    carrier = np.exp(2j * np.pi * (k[0] * fine[:, None] + k[1] * fine))

    def seen(image):
        keep = np.fft.fftfreq(n, 1 / n).astype(int)
        quarter = np.exp(0.5j * np.pi * f * 0.08)
        return np.fft.ifft2(np.fft.fft2(image)[np.ix_(keep, keep)] * otf * quarter[:, None] * quarter / 4)

    m, phases_rad = 0.63, 0.4 + even_steps(3)
    zero, plus = seen(obj).real, seen(obj * carrier)
    frames = np.stack([zero + m * (np.exp(1j * p) * plus).real for p in phases_rad]).astype(np.float32)
    np.testing.assert_allclose(separate(frames, even_steps(3), 1)[1], m / 2 * np.exp(0.4j) * plus, atol=1e-5)
    (found,) = overlaps(separated(frames, even_steps(3), 1, transfer, fade=0), k)
    c, _ = found.contrast()
    assert 2 * abs(c) == pytest.approx(m, rel=2e-3)
    assert np.angle(c) == pytest.approx(0.4, abs=2e-3)
    np.testing.assert_allclose(found.seen * found.h, c * found.x[0] * found.h_other, atol=2e-3 * abs(found.seen).max())


def test_errors_of_phases_are_drawn_to_even_steps_where_nothing_is_known():
    true = np.array([0.3, -0.1, -0.2])
    certain = Errors(1e8 * np.eye(3), 1e8 * true)
    unknown = Errors(np.zeros((3, 3)), np.zeros(3))
    np.testing.assert_allclose(certain.given(0.06)[0], true, atol=1e-5)
    errors_rad, covariance = unknown.given(0.06)
    np.testing.assert_allclose(errors_rad, 0)
    assert np.trace(covariance) / 2 == pytest.approx(0.06**2)
    half = Errors(np.eye(3) / 0.06**2, true / 0.06**2)  # as sure as the prior
    np.testing.assert_allclose(half.given(0.06)[0], true / 2)


@pytest.mark.parametrize("photons", [300.0, 3000.0])
def test_beads_in_an_empty_field(photons):
    """In plenty of light what the lens leaves between beads must not count as much as they do."""
    size, pixel_size_um, rng = 192, 0.08, np.random.default_rng(8)
    transfer = Transfer(2 * 1.4 / 0.525, pixel_size_um, 1.0)
    k = 0.82 * transfer.cutoff_per_um
    place, bright = rng.uniform(0, size, (90, 2)), rng.uniform(0.1, 1.0, 90) ** 2
    f_per_um, frames = np.fft.fftfreq(size, pixel_size_um), []
    otf = transfer(f_per_um, f_per_um)
    down, across = (np.exp(-2j * np.pi * np.outer(np.fft.fftfreq(size), place[:, axis])) for axis in (0, 1))
    for angle in range(3):
        k0 = k * np.array([np.sin(0.4 + angle * np.pi / 3), np.cos(0.4 + angle * np.pi / 3)])
        for phase in range(3):
            lit = 1 + 0.7 * np.cos(2 * np.pi * place @ k0 * pixel_size_um + 1.0 + phase * 2 * np.pi / 3)
            frames.append(np.fft.ifft2((down * (bright * lit)) @ across.T * otf).real)
    frames = np.array(frames).reshape(3, 3, size, size)
    frames = np.maximum(frames * photons / np.percentile(frames.mean(axis=(0, 1)), 99.9), 0)
    found = estimate(prepare(rng.poisson(frames + 2.0) + 100.0), transfer)
    assert [angle.status for angle in found.angles].count("failed") == 0
    for angle in found.angles:
        assert np.hypot(*angle.k0_per_um) == pytest.approx(k, rel=2e-3)
        assert angle.orders[0].modulation_depth == pytest.approx(0.7, abs=0.07)
