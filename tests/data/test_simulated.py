"""Simulated pairs: the same from the cache as made anew, resumable, and at several light levels the same fields."""

import numpy as np
import pytest

from srredsim.acquisition import frames_from_raw
from srredsim.data.simulated import LightLevels, Series, SimulatedPairs

SERIES = Series(seed=4, count=3, angles=3, phases=3, size=32, photons=(50.0, 60.0))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SRREDSIM_CACHE", str(tmp_path))


def test_cache_gives_what_the_simulator_gives():
    pairs = SimulatedPairs(SERIES)
    assert pairs.generate([2, 0]) == 2
    assert pairs.missing(range(3)) == [1]
    again = SimulatedPairs(SERIES)
    for index in range(3):
        sample = SERIES.sample(index)
        np.testing.assert_array_equal(again[index].frames, frames_from_raw(sample.raw))
        np.testing.assert_array_equal(again[index].truth, sample.truth)
    assert again.generate(range(3)) == 0


def test_many_workers_make_the_same_samples():
    many = Series(seed=4, count=17, angles=3, phases=3, size=32, photons=(50.0, 60.0))
    pairs = SimulatedPairs(many)
    calls = []
    assert pairs.generate(range(17), lambda done, total: calls.append((done, total))) == 17
    assert calls[-1] == (17, 17)
    np.testing.assert_array_equal(pairs[2].frames, frames_from_raw(SERIES.sample(2).raw))
    assert len({pairs[i].frames.tobytes() for i in range(17)}) == 17


def test_stated_size_is_the_size_on_disk():
    pairs = SimulatedPairs(SERIES)
    on_disk = sum((pairs.folder / name).stat().st_size for name in ("frames.u16", "truth.f32"))
    assert SERIES.nbytes == on_disk


def test_light_levels_show_the_same_fields():
    levels = LightLevels(SERIES, [20, 2000])
    assert len(levels) == 6
    dim, bright = levels[1], levels[4]
    assert (dim.facts["photons"], bright.facts["photons"]) == (20.0, 2000.0)
    np.testing.assert_allclose(bright.truth, 100 * dim.truth, rtol=1e-4, atol=1e-3)
    noise = [np.std(pair.frames / pair.truth.max()) for pair in (dim, bright)]
    assert noise[0] > noise[1]


def test_settings_without_the_sample_are_those_of_the_sample():
    series = Series(seed=8, count=3, phases=3, size=32)
    assert series.settings(2) == series.sample(2).settings
