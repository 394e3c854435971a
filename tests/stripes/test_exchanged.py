"""Frames of one angle that have changed places, under stripes whose two orders are equally strong, or not."""

from functools import cache

import numpy as np
import pytest

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.optics.transfer import transfer_of
from srredsim.quality.report import verdict
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.preprocess import prepare
from srredsim.workflows import reconstruct

OPTICS = Optics(1.4, 0.52, 0.065)
DIRECTIONS = 0.3 + np.pi / 3 * np.arange(3)


@cache
def frames(photons, depths, phases=5):
    length = 0.88 * 2 * 1.4 / 0.52 / (len(depths))
    return simulate_stack(
        12,
        index=1,
        size=160,
        phases=phases,
        phantom="filaments",
        photons=(photons, photons),
        haze=0.0,
        na=1.4,
        wavelength_em_um=0.52,
        pixel_size_um=0.065,
        k0_per_um=tuple((length * np.sin(each), length * np.cos(each)) for each in DIRECTIONS),
        modulation_depths=(depths,) * 3,
    ).raw


def found(raw):
    return estimate(prepare(raw), transfer_of(OPTICS))


@pytest.mark.parametrize("photons", [40.0, 400.0])
@pytest.mark.parametrize("depths", [(0.5, 0.7), (0.3, 0.6)])
def test_frames_in_order_are_not_doubted(photons, depths):
    assert found(frames(photons, depths)).exchanged == ""


@pytest.mark.parametrize(
    ("two", "words"),
    [((1, 2), "1 and 4, or 2 and 3"), ((0, 1), "1 and 2, or 3 and 5"), ((0, 3), "1 and 4, or 2 and 3")],
)
@pytest.mark.parametrize("photons", [40.0, 400.0])
def test_two_that_are_exchanged_are_named(photons, two, words):
    raw = frames(photons, (0.5, 0.7)).copy()
    raw[1, list(two)] = raw[1, list(two)[::-1]]
    parameters = found(raw)
    assert parameters.exchanged == f"frames {words}, of angle 2 seem to be exchanged"
    assert "the image is wrong" in verdict(parameters)


def test_in_every_angle():
    raw = frames(400.0, (0.5, 0.7)).copy()
    raw[:, [3, 4]] = raw[:, [4, 3]]
    assert [angle.exchanged for angle in found(raw).angles] == ["frames 1 and 3, or 4 and 5,"] * 3


def test_three_phases_turn_the_other_way():
    raw = frames(400.0, (0.7,), phases=3).copy()
    raw[1, [0, 1]] = raw[1, [1, 0]]
    assert found(raw).exchanged == ""


def test_it_is_said_with_the_image():
    raw = frames(400.0, (0.5, 0.7)).copy()
    raw[1, [1, 2]] = raw[1, [2, 1]]
    stack = RawStack(raw[None, None, None], Pattern(3, 5), OPTICS)
    assert "seem to be exchanged" in reconstruct.reconstruct(stack).report["verdict"]
