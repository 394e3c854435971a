"""A run that goes on with other data: said, and no score is compared with one of other images."""

import json
import os
import shutil

import numpy as np
import pytest

from srredsim.data.pairs import Pair, Pairs
from srredsim.errors import InputError
from srredsim.normalise import Scaling
from srredsim.simulation.sim import simulate_stack
from srredsim.training import checkpoint
from srredsim.training.fit import train
from srredsim.training.same_data import data_of, go_on
from srredsim.zoo import recipe as recipes

VALIDATION, TRAINING = "the images to validate with are not those", "the pairs to train on have changed"


def put(folder, number, seed):
    """A raw stack of 3 x 3 frames and its truth, which replace those of the number."""
    sample = simulate_stack(seed, index=0, phases=3, size=32, photons=(300, 300))
    for kind, image in (("raw", sample.raw.reshape(9, 32, 32)), ("truth", sample.truth)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        np.save(folder / kind / f"{number}.npy", image)


@pytest.fixture
def data(tmp_path):
    """Four pairs, of which the first is held back."""
    for number in range(4):
        put(tmp_path / "data", number, number)
    return tmp_path / "data"


@pytest.fixture
def trained(data, tmp_path, eagerly, capsys):
    """Function: trains to so many epochs; what was said of the run, and its state."""

    def trained(epochs):
        recipe = {
            "name": "tiny",
            "network": {"name": "red_net", "input_channels": 9, "depth": 3, "filters": 2},
            "data": {"name": str(data), "angles": 3, "phases": 3, "crop": 16, "batch": 2, "validation_crop": 32},
            "schedule": {"name": "constant"},
            "optimizer": {"name": "adam", "learning_rate": 1e-4},
            "metrics": ["psnr"],
            "precision": "float32",
            "epochs": epochs,
            "steps": 1,
        }
        folder = tmp_path / "run"
        train(recipes.from_dict(recipe), out=folder, resume=folder.exists())
        told = [line for line in capsys.readouterr().err.splitlines() if line.startswith(str(folder))]
        return told, checkpoint.load(folder)

    return trained


def test_the_best_epoch_is_one_of_those_of_the_same_images(data, trained):
    assert trained(1)[0] == []
    path = data.parent / "run" / "checkpoint" / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"best": 1e3}))  # a score that no epoch will reach
    told, after = trained(2)
    assert (told, after.best, after.best_epoch) == ([], 1e3, 1)
    put(data, 3, 50)
    told, after = trained(3)
    assert [TRAINING in line for line in told] == [True]
    assert (after.best, after.best_epoch) == (1e3, 1)
    put(data, 0, 51)
    told, after = trained(4)
    assert [VALIDATION in line for line in told] == [True]
    assert after.best_epoch == 4
    assert after.best == after.history[-1]["val_psnr"] < 1e3
    assert trained(5)[0] == []


def test_copies_of_the_images_are_the_same_images(data, trained):
    _, before = trained(1)
    for path in data.rglob("*.npy"):
        shutil.copyfile(path, path.with_suffix(".copy"))
        os.replace(path.with_suffix(".copy"), path)
    told, after = trained(2)
    assert [TRAINING in line for line in told] == [True]
    assert after.data["validation"] != before.data["validation"]
    assert after.data["validation_pixels"] == before.data["validation_pixels"]


class Held(Pairs):
    def __init__(self, *values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        return Pair(np.full((2, 2, 1), self.values[index]), np.ones((4, 4)), Scaling(0.0, 1.0))


def held_back(*values, batch):
    """Batches as of a training on so many devices, the last one filled with copies of no weight."""
    filled = [*values, *values[-1:] * (-len(values) % batch)]
    frames, weights = np.array(filled, np.float32)[:, None, None, None], np.arange(len(filled)) < len(values)
    parts = [slice(start, start + batch) for start in range(0, len(filled), batch)]
    return [(frames[part], 2 * frames[part], weights[part]) for part in parts]


def test_batches_of_any_size_have_the_same_images():
    found = [data_of(Held(1), Held(2), held_back(1, 2, 3, batch=batch)) for batch in (1, 2, 3, 4)]
    assert found == found[:1] * 4
    assert data_of(Held(1), Held(2), held_back(1, 2, 4, batch=2)) != found[0]


BEFORE = {"training": "a", "validation": "b", "validation_pixels": "c"}


def state(**known):
    return checkpoint.State(1, 30.0, 1, [{"epoch": 1}], weights="x", **known)


def test_a_run_of_a_version_before_goes_on(tmp_path):
    old = state()
    assert go_on(tmp_path, old, BEFORE, fine_tunes=True) == []
    assert (old.best, old.best_epoch, old.data) == (30.0, 1, BEFORE)


@pytest.mark.parametrize("change", [{}, {"validation": "x"}, {"validation_pixels": "x"}])
def test_what_only_looks_like_other_images_is_the_same(tmp_path, change):
    """Copies have other times; another machine may have other last digits."""
    one = state(data=dict(BEFORE))
    assert go_on(tmp_path, one, BEFORE | change, fine_tunes=True) == []
    assert (one.best, one.data) == (30.0, BEFORE | change)


def test_a_fine_tuning_keeps_to_the_images_of_its_start(tmp_path):
    other = BEFORE | {"validation": "x", "validation_pixels": "y"}
    with pytest.raises(InputError, match="has its scores, and those of its start, of other images to validate with"):
        go_on(tmp_path, state(data=dict(BEFORE)), other, fine_tunes=True)
