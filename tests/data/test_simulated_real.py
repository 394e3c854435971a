"""Stacks as real microscopes give them: the same fields under every condition, switches in the recipe."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from srredsim.acquisition import frames_from_raw
from srredsim.data import catalogue, description, simulated
from srredsim.data.readers import simulated_real as reader
from srredsim.data.simulated import SimulatedPairs
from srredsim.data.simulated_real import Conditions, RealSeries
from srredsim.errors import InputError
from srredsim.evaluation import methods
from srredsim.simulation import real, sim
from srredsim.simulation.imperfections import Imperfections
from srredsim.zoo import recipe

SERIES = RealSeries(seed=11, count=2, phases=3, size=32, photons=(800.0, 800.0))
RECIPE = {
    "name": "mine",
    "network": {"name": "red_net", "input_channels": 9},
    "data": {"name": "simulated_real", "phases": 3},
}


def under(**shares):
    return replace(SERIES, imperfections=Imperfections(**shares))


def test_what_is_kept_is_what_the_simulator_makes():
    pair, sample = SimulatedPairs(under(drift=1.0, scmos=1.0))[1], under(drift=1.0, scmos=1.0).sample(1)
    np.testing.assert_array_equal(pair.frames, frames_from_raw(sample.raw))
    np.testing.assert_array_equal(pair.truth, sample.truth)
    assert pair.facts["optics"]["na"] == sample.settings.na
    assert sample.flaws.camera == "scmos"


def test_without_imperfections_it_is_the_field_of_the_even_microscope():
    sample, even = SERIES.sample(0), sim.simulate_stack(11, index=0, phases=3, size=32, photons=(800, 800))
    np.testing.assert_allclose(sample.truth, even.truth, rtol=1e-5, atol=1e-3)
    assert replace(even.settings, haze=0.0) == sample.settings
    assert real.drawn(11, Imperfections(), index=0, phases=3, size=32, photons=(800, 800))[0] == sample.settings


@pytest.mark.parametrize("name", ["drift", "haze", "faint_stripes", "even_light", "bleaching", "em_gain", "smoothed"])
def test_the_truth_stays_whatever_is_wrong_with_the_frames(name):
    before, after = SERIES.sample(1), under(**{name: 1.0}).sample(1)
    np.testing.assert_allclose(after.truth, before.truth, rtol=1e-5, atol=1e-3)
    assert np.mean(after.raw != before.raw) > 0.5


@pytest.mark.parametrize("name", ["rescaled", "eight_bit"])
def test_the_truth_has_the_scale_of_the_stored_frames(name):
    """Gain of the mean frame over the truth: the same as before frames were stretched."""

    def gain(sample):
        widefield = sample.raw.mean((0, 1)).ravel()
        seen = sample.truth.reshape(32, 2, 32, 2).mean((1, 3)).ravel()
        return np.polyfit(seen, widefield, 1)[0]

    assert gain(under(**{name: 1.0}).sample(1)) == pytest.approx(gain(SERIES.sample(1)), rel=0.12)


def test_photons_are_those_of_the_pixels_of_the_camera():
    """In focus, without background; also where its pixels were resampled to four times as many."""
    even = {"even_light": 1.0, "damped": 1.0}
    for extra in ({}, {"resampled": 1.0}, {"hot_pixels": 0.0, "haze": 0.0, "bent_stripes": 1.0}):
        series = replace(under(**even | extra), photons=(4000.0, 4000.0), size=48)
        for index in range(2):
            sample = series.sample(index)
            light = (sample.raw.mean((0, 1)) - sample.settings.offset_adu) / sample.settings.gain_adu
            peak = np.percentile(light, 99.9) - sample.settings.background_photons
            assert peak == pytest.approx(4000, rel=0.03)


def test_conditions_show_the_same_fields_at_each_level():
    pairs = Conditions(SERIES, {"white": Imperfections(), "drifting": Imperfections(drift=1.0)}, [20, 2000])
    assert len(pairs) == 8
    facts = [(pairs[n].facts["condition"], pairs[n].facts["photons"], pairs[n].facts["index"]) for n in range(8)]
    expected = [(c, p, i) for c in ("white", "drifting") for p in (20.0, 2000.0) for i in (0, 1)]
    assert facts == expected
    np.testing.assert_allclose(pairs[5].truth, pairs[1].truth, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(pairs[3].truth, 100 * pairs[1].truth, rtol=1e-4, atol=1e-3)
    assert not np.array_equal(pairs[5].frames, pairs[1].frames)
    assert set(pairs.beside) <= set(methods.BASELINES)


def test_other_imperfections_are_other_samples_in_other_folders():
    assert SimulatedPairs(under(drift=0.5)).folder != SimulatedPairs(under(drift=0.4)).folder


def test_every_file_of_the_simulation_is_in_the_fingerprint():
    here = {path.name for path in SERIES.sources()}
    of_one_microscope = {path.name for path in simulated.calibrated_sources()}
    assert {path.name for path in Path(sim.__file__).parent.glob("*.py")} - of_one_microscope <= here
    assert {"defocus.py", "otf.py"} <= here
    assert not of_one_microscope & here
    assert set(simulated.simulator_sources()) < set(SERIES.sources())
    assert "real.py" not in {path.name for path in simulated.simulator_sources()}


def test_a_recipe_switches_one_off_and_leaves_the_others():
    shares = description.of("simulated_real").settings.split("train").imperfections
    asked = recipe.from_dict(RECIPE | {"data": RECIPE["data"] | {"imperfections": {"drift": 0, "haze": 1.0}}})
    pairs = catalogue.open_split("simulated_real", "train", 3, 3, 5, asked.data.wanted("train").options).pairs
    assert len(pairs) == 5
    assert pairs.series.imperfections == Imperfections(**shares | {"drift": 0.0, "haze": 1.0})
    assert recipe.from_dict(asked.as_dict()) == asked


def test_test_stacks_are_under_every_condition_at_every_level():
    pairs = catalogue.open_split("simulated_real", "test", 3, 5).pairs
    assert len(pairs) == 32 * 4 * 6
    quick = catalogue.open_split("simulated_real", "quick", 3, 5).pairs
    assert len(quick) == 8 * 4 * 6
    assert quick._levels[5].series == replace(pairs._levels[5].series, seed=56, count=8)


def test_half_of_the_quick_fields_are_dense_and_no_two_are_of_a_kind():
    shares = description.of("simulated_real").settings.split("quick").imperfections
    drawn = [real.drawn(56, Imperfections(**shares), index=index, angles=3, phases=5) for index in range(8)]
    dense = [flaws.specimen for _, flaws in drawn if flaws.specimen]
    assert dense == ["nuclei", "tissue", "mesh", "leaves"]
    sparse = [settings.phantom for settings, flaws in drawn if not flaws.specimen]
    assert sparse == ["puncta", "membranes", "mixture", "filaments"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"imperfections": {"drit": 1}}, r"no description key imperfections\.drit \(did you mean 'drift'\?\)"),
        ({"imperfections": {"drift": "much"}}, r"imperfections\.drift should be float; got 'much'"),
        ({"conditions": ["white", "foggy"]}, r"no splits\.test\.conditions 'foggy'; there are: white"),
        ({"conditions": []}, "a split has conditions if it has light_levels, and else none"),
    ],
)
def test_descriptions_that_make_no_sense_are_refused(changes, message):
    split = {"seed": 1, "count": 2, "size": 32, "light_levels": [10], "conditions": ["white"]}
    with pytest.raises(InputError, match=message):
        reader.Settings({"test": split | changes}, {"white": {}})


def test_an_unknown_imperfection_in_a_recipe_is_named():
    with pytest.raises(InputError, match=r"no description key data\.imperfections\.drfit \(did you mean 'drift'\?\)"):
        catalogue.open_split("simulated_real", "train", 3, 3, 2, {"imperfections": {"drfit": 1}})
