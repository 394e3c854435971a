"""A microscope found in its stacks: the values it was simulated with, and which stacks are not of it."""

from dataclasses import replace

import numpy as np
import pytest
from microscopes import known, stack

from srredsim.acquisition import Optics
from srredsim.errors import InputError
from srredsim.inspection import calibration
from srredsim.simulation.calibration import DRIFTING, FIXED
from srredsim.simulation.calibration_file import as_text, load
from srredsim.workflows.calibrate import calibrate


@pytest.fixture(scope="module")
def found():
    return calibrated(known(fixed=True), 3)


@pytest.fixture(scope="module")
def seen():
    return calibration.look_at("one", stack(known(), 0))


def calibrated(microscope, count):
    stacks = [(f"{n}.tif", lambda n=n: stack(microscope, n)) for n in range(count)]
    return calibrate(stacks).microscope


def check_alike(one, other):
    for a, b in zip(one.angles, other.angles, strict=True):
        length = np.hypot(*b.k0_per_um)
        assert np.hypot(*np.subtract(a.k0_per_um, b.k0_per_um)) < 0.003 * length
        np.testing.assert_allclose(a.modulation_depths, b.modulation_depths, rtol=0.1)
    assert one.camera.gain_adu == pytest.approx(other.camera.gain_adu, rel=0.1)
    assert one.camera.offset_adu == pytest.approx(other.camera.offset_adu, abs=3)
    assert one.otf_damping == pytest.approx(other.otf_damping, abs=0.05)


def test_the_microscope_is_found_again(found):
    truth = known(fixed=True)
    check_alike(found, truth)
    assert found.global_phases == FIXED
    for a, b in zip(found.angles, truth.angles, strict=True):
        np.testing.assert_allclose(np.exp(1j * np.array(a.phases_rad)), np.exp(1j * np.array(b.phases_rad)), atol=0.25)
    assert 900 < found.photons[1] < 1.6 * 1500  # haze lies on the brightest pixels


def test_simulated_again_from_its_file_it_is_the_same(found, tmp_path):
    (tmp_path / "microscope.yaml").write_text(as_text(found))
    check_alike(calibrated(load(tmp_path / "microscope.yaml"), 2), found)


def test_phases_that_drift_are_told_from_fixed_ones(seen):
    def turned(by):
        angles = [
            replace(angle, orders=tuple(replace(o, phase_rad=o.phase_rad + by * n) for o in angle.orders))
            for n, angle in enumerate(seen.parameters.angles, start=1)
        ]
        return replace(seen, parameters=replace(seen.parameters, angles=tuple(angles)))

    lens, spread = calibration.common_lens([seen])
    fixed, drifting = (
        calibration.calibration_of([turned(scale * by) for by in (-1.0, 0.1, 0.9)], lens, spread)
        for scale in (0.05, 1.0)
    )
    assert (fixed.global_phases, drifting.global_phases) == (FIXED, DRIFTING)


def other_k(seen, factor, number=1):
    angles = list(seen.parameters.angles)
    angles[number] = replace(angles[number], k0_per_um=tuple(factor * k for k in angles[number].k0_per_um))
    return replace(seen, name="other", parameters=replace(seen.parameters, angles=tuple(angles)))


OTHERS = {
    "pixel": (lambda seen: replace(seen, name="other", optics=seen.optics.given(pixel_size_um=0.1)), "pixel size 0.1"),
    "pattern": (lambda seen: replace(seen, name="other", intensities=seen.intensities[:2]), "2 angles x 3 phases"),
    "k": (lambda seen: other_k(seen, 1.03), "angle 2 are 3.0 % of k away"),
    "order": (lambda seen: other_k(seen, -1.0), "phases of angle 2 run the other way round"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_stacks_of_another_microscope_are_left_out(seen, case):
    make, words = OTHERS[case]
    kept, left_out = calibration.agreeing([make(seen), seen, other_k(seen, 1.002)])
    assert kept[0] is seen
    assert len(kept) == 2
    assert words in left_out["other"]
    with pytest.raises(InputError, match="not of one microscope"):
        calibration.agreeing([make(seen), seen])


def test_a_stack_without_stripes_or_optics_says_nothing():
    even = known(angles=tuple(replace(a, modulation_depths=(1e-4,), modulation_spreads=(0.0,)) for a in known().angles))
    with pytest.raises(InputError, match=r"^\S+: the stripes of angle 1 and 2 and 3 were not found"):
        calibrate([("dark", lambda: stack(even, 0, 64))])
    with pytest.raises(InputError, match="the file does not say"):
        calibration.look_at("bare", replace(stack(known(), 0, 64), optics=Optics()))
