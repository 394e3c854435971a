"""Colours that were read as slices: said where stripes differ, and nothing where they are the same or out of focus."""

import numpy as np
import pytest

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.planes import found_of, slices_of
from srredsim.reconstruction.survey import Sharpest, Slices
from srredsim.simulation import microscope, sim
from srredsim.simulation.imperfections import Flaws
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.parameters import seen_from

ASKED = {"photons": (500.0, 500.0), "size": 96, "phantom": "filaments", "phases": 3}
FIRST = simulate_stack(41, **ASKED)
OPTICS = Optics(*(getattr(FIRST.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")))


def notes_of(*slices, z: int = 0):
    stack = RawStack(np.stack([slices])[None], Pattern(3, 3), OPTICS)
    seen = slices_of(stack, 0)
    return found_of(Sharpest.read(stack, 0, z, stack.raw(0, 0, z), seen), transfer_of(OPTICS)).notes


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


def test_stripes_that_the_sharpest_slice_does_not_show_are_those_of_a_slice_beside_it():
    """There they cancel, as in what is coarser; vectors and phases are those of the whole field."""
    smooth = np.random.default_rng(0).poisson(np.repeat(FIRST.raw.mean(axis=1, keepdims=True), 3, axis=1))
    stack, transfer = RawStack(np.stack([smooth, FIRST.raw])[None, None], Pattern(3, 3), OPTICS), transfer_of(OPTICS)
    seen = slices_of(stack, 0)
    seen.sharpest = 0  # both are as sharp, but for chance
    found = found_of(Sharpest.read(stack, 0, 0, stack.raw(0, 0, 0), seen), transfer)
    alone = found_of(Sharpest.read(stack, 0, 1, FIRST.raw), transfer)
    assert found_of(Sharpest.read(stack, 0, 0, smooth), transfer).parameters.failed
    assert found.parameters.report() == alone.parameters.report()
    assert found.notes[-1].startswith("the stripes are those of z=1: the sharpest plane, z=0, does not show them")


def test_their_phases_are_told_where_the_whole_field_begins(monkeypatch):
    """The middle of a slice beside the sharpest is kept, and begins elsewhere."""
    monkeypatch.setattr("srredsim.reconstruction.survey.SIDE", 64)
    smooth = np.random.default_rng(0).poisson(np.repeat(FIRST.raw.mean(axis=1, keepdims=True), 3, axis=1))
    stack, transfer = RawStack(np.stack([smooth, FIRST.raw])[None, None], Pattern(3, 3), OPTICS), transfer_of(OPTICS)
    seen = slices_of(stack, 0)
    seen.sharpest = 0
    found = found_of(Sharpest.read(stack, 0, 0, smooth, seen), transfer).parameters
    alone = found_of(Sharpest.read(stack, 0, 1, FIRST.raw), transfer).parameters
    middle_um = np.array(FIRST.raw.shape[2:]) / 2 * OPTICS.pixel_size_um
    for one, other in zip(*(seen_from(each, middle_um).angles for each in (found, alone)), strict=True):
        assert np.dot(one.k0_per_um, other.k0_per_um) > 0
        assert abs(np.angle(np.exp(1j * (one.orders[0].phase_rad - other.orders[0].phase_rad)))) < 0.2


def thick(photons: float, seed: int) -> tuple[np.ndarray, sim.Settings]:
    """Two beams; most of the light is from a plane 0.8 um from the focus."""
    light = {"photons": (photons, photons), "phantom": "filaments", "haze": 0.0, "otf_damping": 0.8}
    settings = sim.draw(np.random.default_rng(9), 3, 3, size=128, **light)
    flaws = Flaws(depths_um=(0.8,), brightness=(1.0,), in_focus=0.3)
    planes = microscope.planes_in_view(np.random.default_rng(3), settings, flaws)
    frames, _ = microscope.expected(settings, flaws, planes)
    return sim.expose(frames, np.random.default_rng(seed), gain_adu=1.0, offset_adu=100.0, read_noise_e=1.5), settings


def test_haze_that_is_not_sure_in_the_sharpest_slice_is_that_of_a_slice_beside_it():
    """The same sample; in little light nothing is sure."""
    dim, settings = thick(80.0, 3)
    bright, _ = thick(900.0, 2)
    optics = Optics(settings.na, settings.wavelength_em_um, settings.pixel_size_um)
    seen = Slices(2)
    seen.add(0, bright)
    assert seen.beside(0.0) == {}
    stack = RawStack(np.stack([dim, bright])[None, None], Pattern(3, 3), optics)
    alone = found_of(Sharpest.read(stack, 0, 0, dim), transfer_of(optics))
    assert alone.haze.share == 0
    seen = slices_of(stack, 0)
    seen.sharpest = 0  # where it is not so by chance
    beside = found_of(Sharpest.read(stack, 0, 0, dim, seen), transfer_of(optics))
    assert beside.haze.share == pytest.approx(1 / 3)
    assert beside.parameters.report() == alone.parameters.report()
