"""Scores that were kept: taken again as long as all that they depend on is the same, and not a day longer."""

import os
from dataclasses import replace

import numpy as np
import pytest

from srredsim.data.pairs import Pair, Pairs
from srredsim.data.simulated import LightLevels, Series, SimulatedPairs
from srredsim.evaluation import methods
from srredsim.evaluation.evaluate import evaluate
from srredsim.normalise import Scaling
from srredsim.simulation.sim import simulate_stack
from srredsim.zoo import models


def put(folder, number, seed):
    """A raw stack of 3 x 5 frames and its truth, which replace those of the number."""
    sample = simulate_stack(seed, index=0, size=32, photons=(500, 500))
    for kind, image in (("raw", sample.raw.reshape(15, 32, 32)), ("truth", sample.truth)):
        (folder / "test" / kind).mkdir(parents=True, exist_ok=True)
        np.save(folder / "test" / kind / f"{number}.npy", image)


@pytest.fixture
def data(tmp_path):
    for number in range(4):
        put(tmp_path / "data", number, number)
    (tmp_path / "data" / "train" / "raw").mkdir(parents=True)
    return tmp_path / "data"


@pytest.fixture
def scored(data, tiny_model, tmp_path, monkeypatch):
    """Function: the scores of every image, of a folder of work; and of which images they were made just now."""
    made, image = [], methods.image

    def counted(method, model, pair, *others):
        made.append(method)
        return image(method, model, pair, *others)

    monkeypatch.setattr(methods, "image", counted)

    def scored(work, model=None):
        made.clear()
        model = model or models.load(tiny_model, "float32")
        return evaluate(model, data, work=tmp_path / work)["each"], len(made)

    return scored


@pytest.mark.parametrize("kind", ["raw", "truth"])
@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_pair_that_was_replaced_is_scored_anew(data, scored, kind, number):
    before, _ = scored("work")
    assert scored("work") == (before, 0)
    put(data.parent / "beside", number, 77)
    own, other = (home / "test" / kind / f"{number}.npy" for home in (data, data.parent / "beside"))
    assert own.stat().st_size == other.stat().st_size
    own.write_bytes(other.read_bytes())
    after, made = scored("work")
    assert made == 4 * 4
    assert after == scored("new")[0] != before


def test_files_that_are_elsewhere_now_are_the_same(data, scored, tmp_path):
    before, _ = scored("work")
    folder = data.parent / "moved"
    os.rename(data, folder)
    data.symlink_to(folder)
    assert scored("work") == (before, 0)


def test_another_recipe_or_precision_is_another_model(scored, tiny_model, tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    for path in tiny_model.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    assert scored("work", models.load(folder, "float32"))[1] == 4 * 4
    assert scored("work", models.load(folder, "bfloat16"))[1] == 4
    loaded = models.load(folder, "bfloat16")
    with (folder / "recipe.yaml").open("a") as file:
        file.write("seed: 7\n")
    assert scored("work", loaded)[1] == 0  # it has the recipe that it was loaded with
    assert scored("work", models.load(folder, "bfloat16"))[1] == 4


class Few(Pairs):
    """Pairs in memory."""

    def __init__(self, *values, facts=None):
        self.values, self.facts = values, facts or {}

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        frames = np.full((2, 2, 1), self.values[index], np.float32)
        return Pair(frames, np.ones((4, 4), np.float32), Scaling(0.0, 1.0), self.facts)


def test_every_pair_in_memory_counts():
    one = Few(1, 2, 3)
    others = [Few(1, 2), Few(1, 5, 3), Few(1, 3, 2), Few(5, 2, 3), Few(1, 2, 3, facts={"optics": {"na": 1.4}})]
    assert one.identity() == Few(1, 2, 3).identity()
    assert len({one.identity(), *(other.identity() for other in others)}) == 6


def test_a_series_is_told_from_others_without_being_made(monkeypatch):
    series = Series(seed=1, count=4, angles=3, phases=3, size=32)
    monkeypatch.setattr(SimulatedPairs, "store", None)
    several = [series, *(replace(series, **change) for change in ({"seed": 2}, {"count": 5}, {"photons": (9.0, 9.0)}))]
    found = [SimulatedPairs(one).identity() for one in several]
    found += [LightLevels(series, levels).identity() for levels in ([9.0], [9.0, 90.0], [90.0, 9.0])]
    found += [SimulatedPairs(series).reconstructed((3, 3), kind).identity() for kind in ("wiener", "bands")]
    found += [SimulatedPairs(series).lit((3, 3), slots).identity() for slots in (1, 2)]
    assert len(set(found)) == len(found)
    assert SimulatedPairs(series).identity() == found[0]
