"""A data set and its reader, added from elsewhere: found, asked by its own keys, trained on; nothing else is told."""

import csv
import shutil
import sys

import numpy as np
import pytest
import yaml

from srredsim import resources
from srredsim.data import catalogue, description, readers
from srredsim.errors import InputError
from srredsim.training import runs
from srredsim.training.fit import train
from srredsim.zoo import models, recipe

READER = '''
"""Gratings of several cells at several scales, of which crops are cut around the brightest pixel."""
from dataclasses import dataclass
import numpy as np
from srredsim.data.pairs import Pair, Pairs
from srredsim.normalise import Scaling

CHOICES = {"cell": "str", "times": "int"}

@dataclass(frozen=True)
class Settings:
    splits: dict  # how many gratings
    cells: dict  # their period in pixels
    size: int

class Gratings(Pairs):
    zscores = {"zscore": Scaling(0.0, 255.0), "sim_zscore": Scaling(0.0, 255.0)}

    def __init__(self, count, size, period, times):
        self.count, self.size, self.period, self.times = count, size, period, times

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        y, x = np.mgrid[:self.size * self.times, :self.size * self.times] / self.times
        truth = 100 + 90 * np.cos(2 * np.pi * (x + index + 0.3 * y) / self.period)
        rough = truth.reshape(self.size, self.times, self.size, self.times).mean(axis=(1, 3))
        return Pair(rough[..., None] / 255, truth / 255, Scaling(0.0, 1.0), {"source": f"grating {index}"})

    def crop(self, index, rng, side):
        return self[index].crop(1, 2, side, side)  # always here

def images(data, split, wanted):
    cell, times = wanted.options.get("cell", "even"), wanted.options.get("times", 2)
    return Gratings(data.settings.splits[split], data.settings.size, data.settings.cells[cell], times)
'''
DESCRIPTION = {
    "reader": "gratings",
    "licence": "none",
    "splits": {"train": 6, "validation": 3, "clean": 2},
    "cells": {"even": 8, "odd": 7},
    "size": 40,
}
RECIPE = {
    "name": "tiny",
    "network": {"name": "dncnn", "depth": 3, "filters": 4, "batch_norm": False, "scale": 2},
    "data": {"name": "stripes", "input": "widefield", "target": "sim", "normalise": "dataset", "crop": 16, "batch": 2},
    "epochs": 1,
    "steps": 2,
}


@pytest.fixture
def stripes(tmp_path, monkeypatch):
    """A catalogue with one more data set, and one more reader."""
    (tmp_path / "readers").mkdir()
    (tmp_path / "readers" / "gratings.py").write_text(READER)
    shutil.copytree(resources.folder("data"), tmp_path / "data")
    (tmp_path / "data" / "stripes").mkdir()
    (tmp_path / "data" / "stripes" / "dataset.yaml").write_text(yaml.safe_dump(DESCRIPTION))
    readers.__path__.append(str(tmp_path / "readers"))
    real = resources.folder
    monkeypatch.setattr(resources, "folder", lambda kind: tmp_path / "data" if kind == "data" else real(kind))
    yield tmp_path / "data" / "stripes"
    readers.__path__.pop()
    sys.modules.pop("srredsim.data.readers.gratings", None)


def asked(**changes):
    return recipe.from_dict(RECIPE | {"data": RECIPE["data"] | changes})


def test_two_steps_on_a_data_set_of_ones_own(stripes, tmp_path):
    run = train(asked(), out=tmp_path / "run")
    with open(run / "history.csv", newline="") as file:
        assert np.isfinite(float(next(csv.DictReader(file))["loss"]))
    assert models.load(run).recipe.data.zscore == (0.0, 255.0)


def test_its_own_keys_are_in_the_recipe(stripes, tmp_path):
    wanted = asked(cell="odd", times=3.0)
    recipe.save(wanted, tmp_path / "saved.yaml")
    assert {"cell": "odd", "times": 3}.items() <= yaml.safe_load((tmp_path / "saved.yaml").read_text())["data"].items()
    again = recipe.load(tmp_path / "saved.yaml")
    assert again == wanted
    assert runs.differences(again, asked(cell="even", times=3)) == ["data.options"]
    pairs = catalogue.open_images("stripes", "train", wanted.data.wanted("train")).pairs
    assert (len(pairs), pairs.scale, pairs.period) == (6, 3, 7)
    assert recipe.load(tmp_path / "saved.yaml", ["data.cell=even"]).data.options == {"cell": "even", "times": 3}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cel": "odd"}, r"no recipe key data\.cel \(did you mean 'cell'\?\); there are: name, .*, cell, .*times"),
        ({"times": "many"}, r"data\.times should be int; got 'many'"),
    ],
)
def test_keys_that_no_reader_knows(stripes, changes, words):
    with pytest.raises(InputError, match=words):
        asked(**changes)


def test_keys_of_another_reader(stripes):
    with pytest.raises(InputError, match=r"nothing in w2s_simulated is chosen by data\.cell; leave it out"):
        catalogue.open_images("w2s_simulated", "train", asked(cell="odd").data.wanted("train"))
    without = asked().data.wanted("train")
    with pytest.raises(InputError, match="no split 'test'; there are: clean, train, validation"):
        catalogue.open_images("stripes", "test", without)
    assert len(catalogue.open_images("stripes", "clean", without).pairs) == 2
    with pytest.raises(InputError, match=r"stripes holds single .*, no raw stacks; set data\.input=widefield"):
        catalogue.open_split("stripes", "train", 3, 5)


def test_the_scale_of_the_truth_is_that_of_the_network(stripes, tmp_path):
    words = (
        "grating 0: the input has 40 x 40 pixels, its truth 160 x 160; this network has scale 2, for which the truth"
    )
    with pytest.raises(InputError, match=words + r" would be 80 x 80; to train on it, set network\.scale=4"):
        train(asked(times=4), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_folder_with_a_description_of_its_own(stripes, tmp_path):
    home = tmp_path / "elsewhere"
    home.mkdir()
    (home / "dataset.yaml").write_text(yaml.safe_dump(DESCRIPTION | {"size": 24}))
    pairs = catalogue.open_images(home, "validation", asked().data.wanted("validation")).pairs
    assert (len(pairs), pairs.size) == (3, 24)
    (home / "dataset.yaml").write_text(yaml.safe_dump(DESCRIPTION | {"sizes": 24}))
    with pytest.raises(InputError, match=r"dataset\.yaml: no key sizes \(did you mean 'size'\?\)"):
        description.of(home)


def test_a_reader_may_choose_its_crops(stripes):
    from srredsim.data.batches import Batches

    pairs = catalogue.open_images("stripes", "train", asked().data.wanted("train")).pairs
    frames, _ = Batches(pairs, crop=5, batch=6, seed=1, augmentation="none", angles=1, phases=1)[0]
    expected = {round(float(pairs[n].frames[1, 2, 0]), 5) for n in range(6)}
    assert {round(float(value), 5) for value in frames[:, 0, 0, 0]} == expected


@pytest.mark.parametrize("name", resources.entries("data"))
def test_every_shipped_description_is_whole(name):
    data = description.of(name)
    control = {"with_stripes", "without_stripes"}  # of which nothing is learned
    assert set(data.splits) >= {"train", "validation", "test"} or set(data.splits) == control
    assert any(getattr(data.reader, kind) for kind in catalogue.KINDS)
