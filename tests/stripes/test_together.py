"""Angles of one microscope: one |k|, evenly spaced; what disagrees has failed, and it is said."""

import re

import numpy as np
import pytest

from srredsim.optics.transfer import Transfer
from srredsim.quality.report import verdict
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.given import Known
from srredsim.stripes.measure import measured
from srredsim.stripes.phase_steps import even_steps
from srredsim.stripes.preprocess import prepare
from srredsim.stripes.search import Peak

DEGREES = (12.0, 72.0, 132.0)


def stack(lengths_per_um, degrees=DEGREES, photons=300.0):
    turns = np.deg2rad(degrees)
    k0 = tuple((float(k * np.sin(a)), float(k * np.cos(a))) for k, a in zip(lengths_per_um, turns, strict=True))
    optics = {"na": 1.3, "wavelength_em_um": 0.55, "pixel_size_um": 0.08}
    sample = simulate_stack(3, phases=3, size=96, photons=(photons, photons), phantom="puncta", k0_per_um=k0, **optics)
    return sample, Transfer(sample.settings.cutoff_per_um, sample.settings.pixel_size_um)


def test_stripes_of_another_length_than_the_others_have_failed_and_are_named():
    """The second angle has stripes that are 11 % finer: sure by themselves, yet not those of this microscope."""
    sample, transfer = stack((3.6, 4.0, 3.6))
    found = estimate(prepare(sample.raw), transfer)
    assert [angle.status for angle in found.angles] == ["measured", "failed", "measured"]
    said = re.search(r"angle 2 has stripes (\d+) % finer than those of the others, and was left out", verdict(found))
    assert said
    assert float(said[1]) == pytest.approx(100 * (4.0 / 3.6 - 1), abs=1)  # where they were looked for, no closer
    assert "give `k` of every angle" in verdict(found)
    known, notes = Known(k0_per_um=sample.settings.k0_per_um).find(prepare(sample.raw), transfer)
    assert [angle.status for angle in known.angles] == ["measured"] * 3
    assert all("sign" in note for note in notes)


def test_a_peak_that_was_searched_elsewhere_counts_where_it_is_found():
    """Peaks agree on |k|, the frames do not."""
    sample, transfer = stack((3.6, 4.0, 3.6))
    frames = prepare(sample.raw).frames
    first, second, _ = sample.settings.phases_rad[0]
    rising = np.sign(np.sin(second - first))  # stripes of k whose phase falls are those of -k whose phase rises
    peaks = [(Peak(tuple(rising * np.array(k0)), (30.0,), 1e-20), "measured") for k0 in sample.settings.k0_per_um]
    found, _ = measured(frames, peaks, even_steps(3), 1, transfer)
    assert [angle.status for angle in found] == ["measured", "failed", "measured"]
    assert found[1].orders[0].amplitude == 0


@pytest.mark.parametrize("degrees", [DEGREES, (12.0, 72.0, 172.0)])
def test_clear_stripes_are_measured_wherever_they_point(degrees):
    """Not every microscope spaces its angles evenly."""
    sample, transfer = stack((3.6, 3.6, 3.6), degrees, photons=1500.0)
    found = estimate(prepare(sample.raw), transfer)
    assert all(angle.status == "measured" for angle in found.angles)
