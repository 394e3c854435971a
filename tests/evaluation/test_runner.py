"""The runner: each cell once, kept at once, the others spared, whatever the benchmark."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import pytest

from srredsim import resources
from srredsim.errors import InputError
from srredsim.evaluation import runner
from srredsim.evaluation.runner import CLASSICAL, Cache, Runner, classical, mean_and_spread


@dataclass(frozen=True)
class Cell:
    method: str
    scale: int

    @property
    def key(self):
        return f"{self.method}@x{self.scale}"


class Plan:
    """Scores that are known: 10 x scale + number of the image."""

    def __init__(self, data="some", images=3):
        self.data, self.images, self.definitions = data, images, {"value": "a number"}
        self.weights, self.fails, self.measured, self.prepared = {}, {}, [], []

    def facts(self):
        return {"data": self.data, "images": self.images}

    def fingerprint(self, cell):
        return self.weights.get(cell.method, CLASSICAL)

    def prepare(self, cells):
        self.prepared.append(list(cells))

    def count(self, cell):
        return self.images

    def scores(self, cell, index):
        if cell.method in self.fails:
            raise self.fails[cell.method]
        self.measured.append((cell.key, index))
        return {"value": 10 * cell.scale + index}

    def describe(self, cell):
        return {"method": cell.method, "scale": cell.scale}

    def summary(self, cell, rows):
        return {"value": mean_and_spread(row["value"] for row in rows)}


A, B, C = Cell("a", 2), Cell("b", 2), Cell("a", 4)


def test_a_cell_has_what_was_measured_on_all_images(tmp_path):
    result = Runner(Plan(), tmp_path).run([A, C])
    assert list(result["cells"]) == ["a@x2", "a@x4"]
    cell = result["cells"]["a@x4"]
    assert cell["value"] == {"mean": 41.0, "std": pytest.approx(np.sqrt(2 / 3))}
    assert (cell["method"], cell["scale"], cell["images"], cell["weights"]) == ("a", 4, 3, CLASSICAL)
    stored = json.loads((tmp_path / "results.json").read_text())
    assert stored == {"data": "some", "images": 3, "definitions": {"value": "a number"}, "cells": result["cells"]}
    assert result["failures"] == []


def test_seconds_of_an_image_are_not_those_of_the_first_which_waits_for_its_network(monkeypatch):
    clock = iter([0.0, 60.0, 62.0, 65.0])
    monkeypatch.setattr(runner.time, "perf_counter", lambda: next(clock))
    (cell,) = Runner(Plan()).run([A])["cells"].values()
    assert (cell["seconds"], cell["seconds_an_image"]) == (65.0, 3.0)


def test_what_is_there_is_not_computed_again(tmp_path):
    Runner(Plan(), tmp_path).run([A])
    plan = Plan()
    result = Runner(plan, tmp_path).run([A, B])
    assert plan.measured == [("b@x2", 0), ("b@x2", 1), ("b@x2", 2)]
    assert plan.prepared == [[B]]
    assert set(result["cells"]) == {"a@x2", "b@x2"}
    Runner(plan, tmp_path).run([A, B])
    assert len(plan.measured) == 3
    assert len(plan.prepared) == 1


def test_a_run_that_was_stopped_keeps_its_cells(tmp_path):
    plan = Plan()
    plan.fails["b"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        Runner(plan, tmp_path).run([A, B, C])
    assert list(json.loads((tmp_path / "results.json").read_text())["cells"]) == ["a@x2"]
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize("problem", [InputError("no light"), MemoryError("too large"), RuntimeError("std::bad_alloc")])
def test_a_cell_that_fails_does_not_stop_the_others(tmp_path, problem):
    plan = Plan()
    plan.fails["b"] = problem
    result = Runner(plan, tmp_path).run([A, B, C])
    assert set(result["cells"]) == {"a@x2", "a@x4"}
    assert result["failures"] == [{"input": "b@x2", "error": str(problem)}]
    assert "failures" not in json.loads((tmp_path / "results.json").read_text())


def test_a_mistake_of_ours_is_not_hidden(tmp_path):
    plan = Plan()
    plan.fails["b"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        Runner(plan, tmp_path).run([A, B, C])


def test_other_weights_are_another_cell(tmp_path):
    plan = Plan()
    runner = Runner(plan, tmp_path)
    runner.run([A, B])
    plan.weights["a"], plan.measured = "new", []
    result = runner.run([A, B])
    assert {key for key, _ in plan.measured} == {"a@x2"}
    assert result["cells"]["a@x2"]["weights"] == "new"


def test_results_of_other_data_are_refused(tmp_path):
    Runner(Plan(), tmp_path).run([A])
    before = (tmp_path / "results.json").read_text()
    with pytest.raises(InputError, match=r"results\.json is of other data: its images is 3, not 2; give another `out`"):
        Runner(Plan(images=2), tmp_path).run([A])
    assert (tmp_path / "results.json").read_text() == before


def test_two_processes_may_share_a_folder(tmp_path):
    """Another one writes a cell of its own, and one that was planned here, while this one is at its first."""
    other = Plan()

    class Meanwhile(Plan):
        def scores(self, cell, index):
            if cell == A and index == 1:
                Runner(other, tmp_path).run([B, C])
            return super().scores(cell, index)

    plan = Meanwhile()
    result = Runner(plan, tmp_path).run([A, B])
    assert set(result["cells"]) == {"a@x2", "b@x2", "a@x4"}
    assert {key for key, _ in plan.measured} == {"a@x2"}


def test_without_a_folder_the_results_are_in_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = Plan()
    runner = Runner(plan)
    assert set(runner.run([A])["cells"]) == {"a@x2"}
    assert set(runner.run([A, B])["cells"]) == {"a@x2", "b@x2"}
    assert len(plan.measured) == 6
    assert not list(tmp_path.iterdir())


def test_shares_lose_nothing_and_the_run_without_them_joins_them(tmp_path):
    whole = Runner(Plan(), tmp_path / "one").run([A, B, C])
    plans = [Plan(), Plan()]
    second = Runner(plans[1], tmp_path / "many")
    inner = second.plan.scores

    def scores(cell, index):  # the first share begins and ends while the second measures
        if not plans[0].measured:
            Runner(plans[0], tmp_path / "many").run([A, B, C], share=(1, 2))
        return inner(cell, index)

    second.plan.scores = scores
    found = second.run([A, B, C], share=(2, 2))
    assert list(found["cells"]) == [B.key]
    assert [key for plan in plans for key, index in plan.measured if not index] == [A.key, C.key, B.key]
    again = Plan()
    joined = Runner(again, tmp_path / "many").run([A, B, C])
    assert again.measured == []
    assert [path.name for path in (tmp_path / "many").iterdir()] == ["results.json"]
    assert list(joined["cells"]) == list(whole["cells"])
    for key, cell in whole["cells"].items():
        assert joined["cells"][key]["value"] == cell["value"]


def test_a_share_replaces_a_cell_of_other_weights(tmp_path):
    Runner(Plan(), tmp_path).run([A])
    newer = Plan()
    newer.weights["a"] = "other"
    for share in ((1, 2), (1, 2)):
        Runner(newer, tmp_path).run([A], share=share)
    assert len(newer.measured) == 3
    assert Runner(newer, tmp_path).run([A])["cells"][A.key]["weights"] == "other"
    assert len(newer.measured) == 3


def test_progress_counts_the_images_that_are_to_be_done(tmp_path):
    Runner(Plan(), tmp_path).run([A])
    seen = []
    Runner(Plan(), tmp_path).run([A, B, C], lambda done, total: seen.append((done, total)))
    assert seen == [(number, 6) for number in range(1, 7)]


def test_a_run_of_which_nothing_comes_leaves_nothing(tmp_path):
    plan = Plan()
    plan.fails["a"] = InputError("no light")
    assert Runner(plan, tmp_path / "out").run([A])["cells"] == {}
    assert not (tmp_path / "out").exists()


def test_images_without_a_cell_are_said_to_be_of_their_data(tmp_path):
    runner = Runner(Plan(), tmp_path)
    Cache(tmp_path / "images", runner.begin).image("one", make=lambda: np.zeros(3))
    with pytest.raises(InputError, match="its data is some, not other"):
        Runner(Plan("other"), tmp_path).run([A])


def test_a_cached_image_is_made_once(tmp_path):
    made = []

    def make():
        made.append(1)
        return np.full((2, 3), len(made), np.float32)

    cache = Cache(tmp_path)
    for _ in range(2):
        np.testing.assert_array_equal(cache.image("bm3d", "avg1", "081_0", make=make), np.ones((2, 3)))
    assert cache.image("bm3d", "avg2", "081_0", make=make).dtype == np.float32
    assert len(made) == 2
    assert (tmp_path / "bm3d" / "avg1" / "081_0.npy").is_file()


def test_what_has_no_weights_is_known_by_its_source(tmp_path, monkeypatch):
    (tmp_path / "bands").mkdir()
    (tmp_path / "bands" / "a.py").write_text("1")
    (tmp_path / "b.py").write_text("2")
    monkeypatch.setattr(resources, "PACKAGE", tmp_path)
    of_source = classical.__wrapped__  # that of a process is not looked at again
    before = of_source("bands"), of_source("b.py"), of_source("bands", "b.py")
    assert before[2] == f"classical-{hashlib.sha256(b'21').hexdigest()[:16]}"
    assert len({*before, of_source()}) == 4
    (tmp_path / "bands" / "a.py").write_text("3")
    after = of_source("bands"), of_source("b.py"), of_source("bands", "b.py")
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True, False]
