"""Simulated pairs: the same from the cache as made anew, resumable, and at several light levels the same fields."""

import ast
import os
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from srredsim import resources
from srredsim.acquisition import frames_from_raw
from srredsim.data import simulated
from srredsim.data.simulated import LightLevels, Series, SimulatedPairs
from srredsim.data.w2s import series as w2s_series
from srredsim.data.w2s.layout import layout
from srredsim.errors import InputError
from srredsim.simulation import sim

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
    assert len(pairs) * pairs.samples.nbytes == on_disk


@pytest.mark.parametrize("name", ["frames.u16", "truth.f32", "checksums.u32"])
@pytest.mark.parametrize("damage", ["cut", "zeros", "gone"])
def test_a_damaged_cache_is_made_again(name, damage):
    pairs = SimulatedPairs(SERIES)
    pairs.generate(range(3))
    path, whole = pairs.folder / name, (pairs.folder / name).read_bytes()
    if damage == "cut":
        os.truncate(path, len(whole) * 2 // 3)
    elif damage == "zeros":
        path.write_bytes(bytes(len(whole)))
    else:
        path.unlink()
    again = SimulatedPairs(SERIES)
    made = again.missing(range(3))
    assert made == ([2] if damage == "cut" else [0, 1, 2])
    np.testing.assert_array_equal(again[2].truth, SERIES.sample(2).truth)
    assert again.generate(range(3)) == len(made) - 1
    assert path.read_bytes() == whole


def test_a_full_disk_is_told_and_the_sample_made_later():
    pairs = SimulatedPairs(SERIES)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (pairs.samples.nbytes, before[1]))
    try:
        with pytest.raises(InputError, match=r"no space left on the disk for .*SRREDSIM_CACHE"):
            pairs.generate([2])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    np.testing.assert_array_equal(pairs[2].frames, frames_from_raw(SERIES.sample(2).raw))


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


def imported(path: Path) -> set[Path]:
    """Files of the package that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [f"{node.module}.{alias.name}" for alias in node.names] if isinstance(node, ast.ImportFrom) else []
        for name in [*names, *(node.module for _ in names)]:
            file = resources.PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py")
            found |= {file} if name.startswith("srredsim.") and file.is_file() else set()
    return found


def test_every_file_that_a_stack_depends_on_is_in_the_fingerprint():
    """From the import statements, whatever stands between."""
    needed, new = set(), {Path(sim.__file__)}
    while new:
        needed |= new
        new = set().union(*map(imported, new)) - needed
    assert needed - {resources.PACKAGE / "errors.py"} <= set(simulated.simulator_sources())


def test_another_simulator_never_reads_the_samples_of_this_one(tmp_path, monkeypatch):
    source = tmp_path / "sim.py"
    source.write_text("peak = 1")
    monkeypatch.setattr(simulated, "simulator_sources", lambda: [source])
    monkeypatch.setattr(w2s_series, "simulator_sources", lambda: [source])
    fields = w2s_series.FieldSeries(seed=1, count=1, size=32)
    before = SimulatedPairs(SERIES).folder, w2s_series.SimulatedFields(fields).folder
    assert (SimulatedPairs(SERIES).folder, w2s_series.SimulatedFields(fields).folder) == before
    source.write_text("peak = 2")
    assert SimulatedPairs(SERIES).folder != before[0]
    assert w2s_series.SimulatedFields(fields).folder != before[1]


def test_fields_of_other_captures_are_others(monkeypatch):
    """The noise levels are in the description of W2S."""
    fields = w2s_series.FieldSeries(seed=1, count=1, size=32)
    before = w2s_series.SimulatedFields(fields).folder
    other = replace(layout(), noise_levels=layout().noise_levels | {1: [248, 248]})
    monkeypatch.setattr(w2s_series, "layout", lambda: other)
    assert w2s_series.SimulatedFields(fields).folder != before


def test_what_is_missing_at_several_light_levels():
    levels = LightLevels(Series(seed=78, count=2, angles=3, phases=3, size=32), [20, 2000])
    assert levels.missing(range(4)) == [0, 1, 2, 3]
    assert levels.generate([1, 2]) == 2
    assert levels.missing(range(4)) == [0, 3]
    assert (levels.scale, levels.pattern) == (2, (3, 3))


@pytest.mark.parametrize(
    ("scale", "side", "words"), [(4, 8, "32 x 32 pixels, its truth 64 x 64; .* 4, "), (2, 33, "33 pixels")]
)
def test_nothing_is_simulated_to_find_that_a_network_does_not_fit(scale, side, words):
    pairs = SimulatedPairs(Series(seed=79, count=1, angles=3, phases=3, size=32))
    with pytest.raises(InputError, match=f"the simulated stacks: .*{words}"):
        pairs.check(scale, side)
    assert pairs.missing([0]) == [0]
