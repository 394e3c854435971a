"""Stripes of slices, of which some are times that a file does not call so: their phases move, and images do not."""

from dataclasses import replace

import numpy as np
import pytest

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.planes import planes
from srredsim.simulation import microscope, sim
from srredsim.simulation.imperfections import Flaws
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.preprocess import prepare
from srredsim.stripes.slices import in_slice

ASKED = {"photons": (500.0, 500.0), "size": 96, "phantom": "filaments"}
SHIFT_RAD = np.array([0.9, -1.3, 2.2])


def moved(phases: int, shift_rad):
    """The same field, and stripes of other phases."""
    at_first = simulate_stack(41, phases=phases, **ASKED)
    phases_rad = np.array(at_first.settings.phases_rad) + np.array(shift_rad)[:, None]
    return at_first, simulate_stack(41, phases=phases, phases_rad=tuple(map(tuple, phases_rad.tolist())), **ASKED)


@pytest.mark.parametrize("phases", [3, 5])
def test_phases_follow_stripes_that_move(phases):
    first, second = moved(phases, SHIFT_RAD)
    transfer = transfer_of(optics_of(first))
    known = estimate(prepare(first.raw), transfer)
    found = in_slice(known, prepare(second.raw), known.lens(transfer))
    for before, here, shift, k in zip(known.angles, found.angles, SHIFT_RAD, first.settings.k0_per_um, strict=True):
        sign = np.sign(np.dot(k, before.k0_per_um))
        for one, other in zip(before.orders, here.orders, strict=True):
            turned = np.angle(np.exp(1j * (other.phase_rad - one.phase_rad - sign * one.order * shift)))
            assert abs(turned) < 0.05 * one.order
            assert other.modulation_depth == one.modulation_depth


@pytest.mark.parametrize("phases", [3, 5])
def test_half_a_period_is_a_move_where_the_contrast_stays(phases):
    """The contrast of the finest order; with less of it, it is what a lens makes of stripes that stay."""
    shift_rad = np.array([np.pi, -np.pi, np.pi]) / (phases // 2)
    first, opposite = moved(phases, shift_rad)
    transfer = transfer_of(optics_of(first))
    known = estimate(prepare(first.raw), transfer)
    lens = known.lens(transfer)
    found = in_slice(known, prepare(opposite.raw), lens)
    for before, here, shift, k in zip(known.angles, found.angles, shift_rad, first.settings.k0_per_um, strict=True):
        sign = np.sign(np.dot(k, before.k0_per_um))
        for one, other in zip(before.orders, here.orders, strict=True):
            turned = np.angle(np.exp(1j * (other.phase_rad - one.phase_rad - sign * one.order * shift)))
            assert abs(turned) < 0.05 * one.order
    faint = opposite.raw.mean(axis=1, keepdims=True) + 0.4 * (opposite.raw - opposite.raw.mean(axis=1, keepdims=True))
    assert in_slice(known, prepare(faint), lens) is known


def test_half_a_period_of_the_first_order_is_a_move_though_the_finest_order_shows_none():
    first, turned = moved(5, np.pi * np.array([1, -1, 1]))
    transfer = transfer_of(optics_of(first))
    known = estimate(prepare(first.raw), transfer)
    lens = known.lens(transfer)
    for before, here in zip(known.angles, in_slice(known, prepare(turned.raw), lens).angles, strict=True):
        change = [other.phase_rad - one.phase_rad for one, other in zip(before.orders, here.orders, strict=True)]
        np.testing.assert_allclose(np.cos(change), [-1, 1], atol=0.02)


@pytest.mark.parametrize("depth_um", [0.5, 0.7, 0.9])
def test_out_of_focus_the_first_order_turns_round_and_nothing_has_moved(depth_um):
    """Where it has the opposite sign; a fifth of the light is in focus."""
    settings = sim.draw(np.random.default_rng(3), 3, 5, size=96, photons=(500.0, 500.0), haze=0.0, phantom="filaments")
    flaws = Flaws(depths_um=(depth_um,), brightness=(1.0,), in_focus=0.2)
    assert microscope.axial_contrast(settings, 0, 1, depth_um) < -0.3
    focus = sim.object_in_view(np.random.default_rng(4), settings)
    sharp, hazy = (
        sim.expose(
            microscope.expected(settings, has, [focus, np.roll(focus, 40, 0)][:count])[0],
            np.random.default_rng(count),
            gain_adu=1.0,
            offset_adu=100.0,
            read_noise_e=1.5,
        )
        for has, count in ((Flaws(), 1), (flaws, 2))
    )
    transfer = transfer_of(Optics(settings.na, settings.wavelength_em_um, settings.pixel_size_um))
    known = estimate(prepare(sharp), transfer)
    assert in_slice(known, prepare(hazy), known.lens(transfer)) is known


def test_stripes_that_stay_are_those_of_the_sharpest_slice():
    first, _ = moved(3, SHIFT_RAD)
    transfer = transfer_of(optics_of(first))
    known = estimate(prepare(first.raw), transfer)
    assert in_slice(known, prepare(first.raw), known.lens(transfer)) is known
    nothing = replace(known, angles=tuple(replace(angle, orders=()) for angle in known.angles))
    assert nothing.failed
    assert in_slice(nothing, prepare(first.raw), transfer) is nothing


def test_images_of_a_series_read_as_slices():
    first, second = moved(3, SHIFT_RAD)
    stack = RawStack(np.stack([first.raw, second.raw])[None, None], Pattern(3, 3), optics_of(first))
    images = [plane.image for plane in planes(stack, [transfer_of(stack.optics)])]
    likeness = [np.corrcoef(image.ravel(), first.truth.ravel())[0, 1] for image in images]
    assert min(likeness) > 0.9
    assert abs(likeness[0] - likeness[1]) < 0.01


def optics_of(sample) -> Optics:
    return Optics(*(getattr(sample.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")))
