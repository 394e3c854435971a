"""One lens for all: its damping, measured on stacks whose damping is known, and had by contrasts and images alike."""

from functools import cache

import numpy as np
import pytest

from srredsim.optics.transfer import DAMPING, Transfer
from srredsim.reconstruction.for_networks import of_optics, unlearned
from srredsim.reconstruction.wiener import reconstruct
from srredsim.simulation import sim
from srredsim.simulation.camera import expose
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.bands import separated
from srredsim.stripes.damping import EXACT, IDEAL
from srredsim.stripes.estimate import estimate
from srredsim.stripes.haze import haze_of
from srredsim.stripes.measure import remeasured, through_one_lens
from srredsim.stripes.parameters import Damping
from srredsim.stripes.preprocess import prepare
from srredsim.stripes.search import overlaps


@cache
def stack(damping, phases=5, photons=800.0, seed=41):
    sample = simulate_stack(
        seed, phases=phases, photons=(photons, photons), size=112, phantom="filaments", otf_damping=damping
    )
    return sample, Transfer(sample.settings.cutoff_per_um, sample.settings.pixel_size_um)


def found(damping, phases=5, photons=800.0, gain=1, assumed=DAMPING, seed=41):
    sample, transfer = stack(damping, phases, photons, seed)
    transfer = Transfer(transfer.cutoff_per_um, transfer.pixel_size_um, assumed)
    return estimate(prepare(gain * sample.raw.astype(np.float32)), transfer)


DAMPINGS = (0.6, 0.75, 0.85, 0.95)


@pytest.mark.parametrize(
    ("phases", "photons", "within", "on_average"),
    [
        (5, 800.0, 0.04, 0.01),
        (3, 100.0, 0.15, 0.04),
        pytest.param(5, 100.0, 0.12, 0.02, marks=pytest.mark.slow),
        pytest.param(3, 800.0, 0.07, 0.02, marks=pytest.mark.slow),
    ],
)
def test_the_lens_is_what_it_is(phases, photons, within, on_average):
    """Simulated stacks, read as any camera's: each, within what it says itself, and on average."""
    off = []
    for damping in DAMPINGS:
        for seed in (41, 42):
            lens = found(damping, phases, photons, seed=seed).damping
            assert lens.chosen == "measured"
            assert lens.value == pytest.approx(damping, rel=within)
            assert abs(lens.measured - damping) < 3 * np.hypot(lens.uncertainty, EXACT)
            off.append(lens.value / damping - 1)
    assert abs(np.mean(off)) < on_average


@pytest.mark.parametrize("phases", [3, pytest.param(5, marks=pytest.mark.slow)])
def test_the_uncertainty_is_that_of_repeated_exposures(phases):
    """The same field, exposed again and again: what is measured scatters as each says of itself."""
    settings = stack(0.75, phases, 150.0)[0].settings
    frames, _ = sim.expected(settings, sim.object_in_view(np.random.default_rng([41, 0]).spawn(3)[0], settings))
    camera = {name: getattr(settings, name) for name in ("gain_adu", "offset_adu", "read_noise_e")}
    transfer = Transfer(settings.cutoff_per_um, settings.pixel_size_um)
    lenses = [
        estimate(prepare(expose(frames, np.random.default_rng(seed), **camera)), transfer).damping for seed in range(8)
    ]
    scatter = np.std([lens.measured for lens in lenses], ddof=1)
    assert 0.6 < np.mean([lens.uncertainty for lens in lenses]) / scatter < 1.6


def test_contrasts_and_image_have_the_same_lens():
    sample, transfer = stack(0.9)
    prepared = prepare(sample.raw)
    made = of_optics(prepared, transfer)
    image, parameters, lens = made.image, made.parameters, made.transfer
    assert lens.damping == parameters.damping.value == pytest.approx(0.9, rel=0.04)
    attenuation = unlearned(haze_of(prepared.frames, parameters, transfer))
    again, _ = reconstruct(prepared, parameters, parameters.lens(transfer), attenuation=attenuation)
    np.testing.assert_array_equal(image, again)
    for frames, angle in zip(prepared.frames, parameters.angles, strict=True):
        through_it = overlaps(separated(frames, angle.steps_rad, 2, lens), angle.k0_per_um)
        for order, seen in zip(angle.orders, through_it, strict=True):
            assert order.modulation_depth == pytest.approx(2 * abs(seen.contrast()[0]), rel=1e-5)


def test_contrasts_are_true_under_the_true_lens_only():
    sample, transfer = stack(0.95)
    prepared, parameters = prepare(sample.raw), found(0.95)

    def error(parameters):
        pairs = zip(parameters.angles, sample.settings.modulation_depths, strict=True)
        return max(
            abs(order.modulation_depth - depth)
            for angle, depths in pairs
            for order, depth in zip(angle.orders, depths, strict=True)
        )

    wrong = through_one_lens(parameters.angles, prepared.frames, transfer, Damping(0.5, "given"))
    assert error(parameters) < 0.04 < error(wrong)


def test_it_does_not_depend_on_the_guess_or_on_the_unit_of_light():
    value = found(0.6).damping.value
    assert found(0.6, assumed=1.0).damping.value == pytest.approx(value, abs=0.01)
    assert found(0.6, gain=7).damping.value == pytest.approx(value, abs=0.01)


def test_uncertainty_grows_as_light_fades():
    dim, bright = (found(0.6, phases=3, photons=photons).damping for photons in (60.0, 2000.0))
    assert dim.uncertainty > 3 * bright.uncertainty
    assert abs(dim.measured - 0.6) < 3 * dim.uncertainty + 0.05


def test_it_is_drawn_to_what_is_usual_and_never_better_than_ideal():
    low = found(0.45).damping
    assert low.measured < low.value < low.measured + 0.05
    sample, transfer = stack(1.0)
    blunt = Transfer(transfer.cutoff_per_um, 1.4 * transfer.pixel_size_um)  # a pixel that is told to be too large
    parameters = found(1.0)
    bright = through_one_lens(parameters.angles, prepare(sample.raw).frames, blunt)
    assert bright.damping.value <= IDEAL


def test_what_is_given_is_taken_and_kept_at_other_times_and_what_the_bands_say_is_told():
    sample, transfer = stack(0.6)
    frames = prepare(sample.raw).frames
    given = Damping(0.8, "given")
    once = through_one_lens(found(0.6).angles, frames, transfer, given)
    assert (once.damping.value, once.damping.chosen) == (0.8, "given")
    assert once.damping.measured == pytest.approx(0.6, abs=0.03)
    assert remeasured(once, frames, transfer).damping == once.damping
    saved = Damping(0.8, "saved")  # of another stack: nothing is asked
    assert through_one_lens(once.angles, frames, transfer, saved).damping == saved
    assert once.lens(transfer).damping == 0.8


def test_a_measured_curve_has_no_damping():
    sample, transfer = stack(0.6)
    f = np.linspace(0, transfer.cutoff_per_um, 50)
    curve = transfer.with_curve(np.array([f, 1 - f / f[-1]]))
    parameters = estimate(prepare(sample.raw), curve)
    assert parameters.damping is None
    assert parameters.lens(curve) is curve


def test_noise_says_nothing():
    transfer = Transfer(5.3, 0.08)
    prepared = prepare(np.random.default_rng(5).poisson(50, (3, 3, 64, 64)))
    assert estimate(prepared, transfer).damping == Damping(DAMPING, "assumed")
