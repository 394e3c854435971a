"""The record of a microscope: what is drawn from it, and its file."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from microscopes import known

from srredsim.data.simulated import Series, SimulatedPairs
from srredsim.data.simulated_real import RealSeries
from srredsim.errors import InputError
from srredsim.simulation.calibrated import drawn, simulate_stack
from srredsim.simulation.calibration_file import as_text, load
from srredsim.simulation.imperfections import Imperfections
from srredsim.workflows import calibrate

MANY = 120


def test_what_is_drawn_has_the_means_and_spreads_of_the_record():
    microscope = known(fixed=True)
    settings = [drawn(microscope, 3, index=n, size=32) for n in range(MANY)]
    k0 = np.array([s.k0_per_um for s in settings])
    np.testing.assert_allclose(k0.mean(0), [a.k0_per_um for a in microscope.angles], atol=4 * 0.002 / np.sqrt(MANY))
    np.testing.assert_allclose(k0.std(0), 0.002, rtol=0.2)
    depths = np.array([s.modulation_depths for s in settings])[..., 0]
    np.testing.assert_allclose(depths.mean(0), [0.55, 0.6, 0.65], atol=0.008)
    phases = np.array([s.phases_rad for s in settings]) - [a.phases_rad for a in microscope.angles]
    assert np.abs(phases.mean(-1).std(0) - 0.1).max() < 0.03
    assert np.std(phases - phases.mean(-1, keepdims=True)) == pytest.approx(0.02 * np.sqrt(2 / 3), rel=0.15)
    free = np.array([drawn(known(), 3, index=n, size=32).phases_rad for n in range(MANY)])[..., 0]
    assert np.abs(np.exp(1j * free).mean(0)).max() < 0.3
    assert {s.gain_adu > 0.4 and s.na == 1.42 and 10 <= s.photons <= 1500 for s in settings} == {True}


def test_light_is_never_negative():
    bright = replace(known().angles[0], modulation_depths=(0.99,), modulation_spreads=(0.3,))
    microscope = known(angles=(bright,) * 3)
    assert max(max(d) for n in range(50) for d in drawn(microscope, 1, index=n, size=32).modulation_depths) <= 1


def test_a_file_is_read_as_it_was_written(tmp_path):
    microscope = known(camera=replace(known().camera, gain_spread=2e-5))  # YAML takes 2e-05 for text
    (tmp_path / "m.yaml").write_text(as_text(microscope))
    again = asdict(load(tmp_path / "m.yaml"))
    for one, other in zip(flat(asdict(microscope)), flat(again), strict=True):
        assert other == (pytest.approx(one, rel=1e-5) if isinstance(one, float) else one)


def flat(value):
    if isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from flat(item)
    else:
        yield value


WRONG = [
    ("na: 1.42", "nna: 1.42", "no calibration key nna (did you mean 'na'?); there are: "),
    ("    k0_spread_per_um: 0.002", "    k0_spread: 0.002", "k0_spread (did you mean 'k0_spread_per_um'?)"),
    ("na: 1.42\n", "", "the calibration lacks na"),
    ("na: 1.42", "na: 142", "no objective has a numerical aperture of 142"),
    ("global_phases: drifting", "global_phases: driftign", "did you mean 'drifting'"),
    ("version: 1", "version: 2", "version 2"),
    ("pixel_size_um: 0.08", "pixel_size_um: 0.2", "a pixel must be smaller"),
    ("modulation_depths: [0.55]", "modulation_depths: [x]", "`modulation_depths` should be numbers in a list"),
    ("photons: [10.0, 1500.0]", "photons: [1500.0, 10.0]", "photons is a range LOW, HIGH"),
]


def test_directions_are_said_without_a_sign_as_those_of_a_reconstruction():
    turned = replace(known().angles[0], k0_per_um=(-3.0, 3.0))
    microscope = known(angles=(turned, *known().angles[1:]))
    assert "# angle 1: direction 135.00 degrees" in as_text(microscope)
    assert calibrate.lines(microscope)[1].startswith("angle 1: 135.00 degrees")


@pytest.mark.parametrize(("right", "wrong", "words"), WRONG)
def test_a_wrong_file_is_refused_in_a_line(tmp_path, right, wrong, words):
    text = as_text(known())
    assert right in text
    (tmp_path / "m.yaml").write_text(text.replace(right, wrong, 1))
    with pytest.raises(InputError) as problem:
        load(tmp_path / "m.yaml")
    assert words in str(problem.value)
    assert "m.yaml" in str(problem.value)


def test_no_file_says_what_writes_one(tmp_path):
    with pytest.raises(InputError, match="no such file; srredsim calibrate writes one"):
        load(tmp_path / "none.yaml")


def test_pairs_of_a_microscope_are_kept_apart_and_keep_its_stripes():
    asked = {"seed": 4, "count": 1, "angles": 3, "phases": 3, "size": 32}
    general, own, fixed = (
        SimulatedPairs(Series(**asked, microscope=one)) for one in (None, known(), known(fixed=True))
    )
    assert len({general.folder, own.folder, fixed.folder}) == 3
    assert [pairs.augmentation for pairs in (general, own, fixed)] == ["any_turn", "keep_geometry", "none"]
    assert own[0].facts["optics"] == {"na": 1.42, "wavelength_em_um": 0.525, "pixel_size_um": 0.08}
    with pytest.raises(InputError, match="the microscope has 3 angles x 3 phases, the model is for 3 x 5"):
        Series(**asked | {"phases": 5}, microscope=known())


def test_imperfections_leave_a_microscope_its_lens_and_contrasts():
    has = Imperfections(damped=1, aberrated=1, faint_stripes=1, fine_pixels=1, resampled=1, drift=1)
    series = RealSeries(4, 1, 3, 3, 32, microscope=known(), imperfections=has)
    settings, sample = series.settings(0), series.sample(0)
    assert settings == sample.settings
    assert (settings.pixel_size_um, sample.flaws.colour) == (0.08, "white")
    assert (settings.otf_damping > 0.55, settings.spherical_waves) == (True, 0.0)
    assert min(settings.modulation_depths)[0] > 0.45
    assert sample.flaws.drift_pixels
    assert not np.array_equal(sample.raw, simulate_stack(known(), 4, index=0, size=32).raw)
