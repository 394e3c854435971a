"""Colours that were read as slices: said where stripes differ, and nothing where they are the same or out of focus."""

import numpy as np
import pytest

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.planes import found_of, sharpest_and_ends
from srredsim.reconstruction.survey import Sharpest
from srredsim.simulation.sim import simulate_stack

ASKED = {"photons": (500.0, 500.0), "size": 96, "phantom": "filaments", "phases": 3}
FIRST = simulate_stack(41, **ASKED)
OPTICS = Optics(*(getattr(FIRST.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")))


def notes_of(*slices, z: int = 0):
    stack = RawStack(np.stack([slices])[None], Pattern(3, 3), OPTICS)
    _, _, ends = sharpest_and_ends(stack, 0)
    return found_of(Sharpest.read(stack, 0, z, stack.raw(0, 0, z), ends), transfer_of(OPTICS)).notes


def with_vectors(factor: float):
    vectors = tuple((factor * ky, factor * kx) for ky, kx in FIRST.settings.k0_per_um)
    return simulate_stack(41, k0_per_um=vectors, **ASKED).raw


@pytest.mark.parametrize(("z", "other"), [(0, 2), (2, 0), (1, 0)])
def test_a_slice_with_stripes_of_another_colour_is_named(z, other):
    slices = [FIRST.raw] * 3
    slices[other] = with_vectors(0.85)
    (line,) = notes_of(*slices, z=z)
    assert line.startswith(f"warning: z={other} has other stripes than z={z}, with which all slices are made")


def test_stripes_that_stay_or_are_lost_out_of_focus_get_no_word():
    rng = np.random.default_rng(0)
    blurred = rng.poisson(np.repeat(FIRST.raw.mean(axis=1, keepdims=True), 3, axis=1))
    noise = rng.poisson(100, FIRST.raw.shape)
    assert notes_of(FIRST.raw, FIRST.raw, with_vectors(1.01)) == ()
    assert notes_of(noise, FIRST.raw, blurred, z=1) == ()
