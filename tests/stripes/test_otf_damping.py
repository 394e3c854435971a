"""Damping of the OTF, measured on stacks whose damping is known."""

import numpy as np
import pytest

from srredsim.optics.transfer import DAMPING, Transfer
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.otf_damping import chosen, measure
from srredsim.stripes.preprocess import prepare


def found(damping, phases=3, photons=800.0, gain=1):
    sample = simulate_stack(
        41, phases=phases, photons=(photons, photons), size=112, phantom="filaments", otf_damping=damping
    )
    transfer = Transfer(sample.settings.cutoff_per_um, sample.settings.pixel_size_um)
    prepared = prepare(gain * sample.raw.astype(np.float32))
    return prepared, estimate(prepared, transfer), transfer


@pytest.mark.parametrize("phases", [3, 5])
@pytest.mark.parametrize("damping", [0.35, 0.6, 0.9])
def test_it_is_what_it_is(damping, phases):
    value, uncertainty = measure(*found(damping, phases))
    assert value == pytest.approx(damping * 1.06, abs=0.04)  # simulated pixels, 2 x 2 points, blur less than squares
    assert uncertainty < 0.05


def test_it_does_not_depend_on_the_guess_or_on_the_unit_of_light():
    prepared, parameters, transfer = found(0.6)
    value, _ = measure(prepared, parameters, transfer)
    other = Transfer(transfer.cutoff_per_um, transfer.pixel_size_um, damping=1.0)
    assert measure(prepared, parameters, other)[0] == pytest.approx(value, abs=0.01)
    assert measure(*found(0.6, gain=7))[0] == pytest.approx(value, abs=0.01)


def test_uncertainty_grows_as_light_fades():
    dim, bright = (measure(*found(0.6, photons=photons)) for photons in (60.0, 2000.0))
    assert dim[1] > 3 * bright[1]
    assert abs(dim[0] - 0.62) < 3 * dim[1] + 0.05


def test_images_are_made_with_what_makes_them_better():
    prepared, parameters, transfer = found(0.45)
    damping, lens, again = chosen(prepared, parameters, transfer)
    assert (damping.chosen, damping.value) == ("measured", lens.damping)
    assert damping.measured < damping.value < damping.measured + 0.1  # drawn to what is usual
    for one, other in zip(parameters.angles, again.angles, strict=True):
        assert one.k0_per_um == other.k0_per_um
    prepared, parameters, transfer = found(0.95)
    damping, lens, again = chosen(prepared, parameters, transfer)
    assert damping.measured > 0.9
    assert (damping.chosen, damping.value, lens) == ("assumed", DAMPING, transfer)
    assert again is parameters


def test_noise_says_nothing():
    transfer = Transfer(5.3, 0.08)
    prepared = prepare(np.random.default_rng(5).poisson(50, (3, 3, 64, 64)))
    damping, _, _ = chosen(prepared, estimate(prepared, transfer), transfer)
    assert (damping.chosen, damping.measured) == ("assumed", None)
