"""Training: it learns, and resumes exactly after kill -9, whatever it was about to write."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from tensorboard.util import tensor_util

from srredsim.errors import InputError
from srredsim.io import whole as files
from srredsim.training import callbacks, checkpoint, fit, runs
from srredsim.training.alone import alone
from srredsim.training.fit import train
from srredsim.zoo import models, recipe

DRIVER = Path(__file__).with_name("driver.py")
TINY = {
    "name": "tiny",
    "network": {"name": "red_net", "input_channels": 9, "depth": 3, "filters": 4, "widefield_skip": True},
    "data": {
        "name": "simulated", "angles": 3, "phases": 3, "count": 8, "crop": 16, "batch": 4,
        "validation_count": 3, "validation_crop": 32,
    },
    "optimizer": {"name": "adam", "learning_rate": 1e-3, "ema": 0.9},
    "schedule": {"name": "cosine", "warmup_steps": 5},
    "precision": "float32",
    "epochs": 3,
    "steps": 25,
    "seed": 3,
}  # fmt: skip


def tiny(**changes) -> dict:
    return TINY | changes


def weights(folder: Path, name: str = "last.weights.h5") -> dict[str, np.ndarray]:
    found = {}
    with h5py.File(folder / name) as file:
        file.visititems(lambda key, item: found.update({key: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def history(folder: Path) -> list[dict]:
    """Without the time that it took."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in checkpoint.load(folder).history]


def check_same(folder: Path, other: Path) -> None:
    assert history(folder) == history(other)
    for name in ("last.weights.h5", "model.weights.h5"):
        expected = weights(other, name)
        for key, value in weights(folder, name).items():
            np.testing.assert_array_equal(value, expected[key], err_msg=key)


def curves(folder: Path) -> dict[str, list[float]]:
    """What TensorBoard shows, by its names."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), {"tensors": 0})
    events.Reload()
    return {
        tag: [float(tensor_util.make_ndarray(one.tensor_proto)) for one in events.Tensors(tag)]
        for tag in events.Tags()["tensors"]
    }


def columns(rows: list[dict], prefix: str) -> dict[str, list]:
    """The same of a history."""
    return {
        f"epoch_{name.removeprefix(prefix)}": [pytest.approx(float(row[name]), rel=1e-6) for row in rows]
        for name in rows[0]
        if name.startswith(prefix)
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Folder of a run that nothing stopped. Beside it the same as a kill would have left it: ``first`` and ``third``
    before the record of that epoch appears, ``unwritten`` before model.keras does.
    """
    home = tmp_path_factory.mktemp("fit")
    moments = iter(["first", "second", "third"])

    def as_if_killed(moment):
        if moment == "before model.keras" or (moment == "before state.json" and (name := next(moments, None))):
            left = home / ("unwritten" if moment == "before model.keras" else name)
            shutil.copytree(home / "whole", left)
            for path in left.rglob(".srredsim-*"):  # of a process that is gone
                path.rename(path.with_name(path.name.replace(f"-{os.getpid()}-", "-99999999-")))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "moment", as_if_killed)
        return train(recipe.from_dict(TINY), out=home / "whole")


@pytest.mark.slow
def test_killed_and_resumed_run_ends_like_the_uninterrupted_one(whole):
    """Two kills: what was left before there was any record is begun anew, and killed at any moment after that."""
    broken = whole.with_name("first")
    told = {"devices": 1, "jobs": [{"recipe": TINY, "out": str(broken), "replicas": 1, "resume": True}]}
    process = subprocess.Popen(
        [sys.executable, str(DRIVER), json.dumps(told)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    state = broken / "checkpoint" / "state.json"
    assert not state.is_file()
    while not state.is_file() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert 1 <= json.loads(state.read_text())["epochs_done"] < 3
    train(recipe.from_dict(TINY), out=broken, resume=True)
    check_same(broken, whole)
    with open(broken / "history.csv", newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2", "3"]


SWIN = {"name": "swinir", "input_channels": 9, "groups": 1, "blocks": 2, "filters": 4, "heads": 2, "window": 4}


def test_what_is_left_out_by_chance_goes_on_being_drawn(tmp_path):
    """Stochastic depth: resumed after two epochs of three, or never stopped; all of a batch is drawn alike."""
    content = tiny(network=SWIN | {"scale": 2, "stochastic_depth": 0.5}, schedule={"name": "constant"}, steps=4)
    train(recipe.from_dict(content), out=tmp_path / "whole")
    train(recipe.from_dict(content | {"epochs": 2}), out=tmp_path / "broken")
    at_stop = checkpoint.load(tmp_path / "broken")
    train(recipe.from_dict(content), out=tmp_path / "broken", resume=True)
    states = [checkpoint.load(tmp_path / name) for name in ("broken", "whole")]
    assert states[0].drawn == states[1].drawn != at_stop.drawn
    expected = weights(tmp_path / "whole")
    for key, value in weights(tmp_path / "broken").items():
        np.testing.assert_allclose(value, expected[key], rtol=1e-4, atol=1e-6, err_msg=key)


def test_training_learns_and_leaves_everything_behind(whole, tmp_path, eagerly):
    with open(whole / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[-1]["val_psnr"]) > float(rows[0]["val_psnr"]) + 0.1
    assert {"preview.png", "model.keras", "model.weights.h5", "last.weights.h5", "run.json", "recipe.yaml"} <= {
        path.name for path in whole.iterdir()
    }
    assert curves(whole / "tensorboard" / "validation") == columns(rows, "val_")
    trained = curves(whole / "tensorboard" / "train")
    assert trained.keys() == {"epoch_loss", "epoch_psnr", "epoch_ncc", "epoch_learning_rate"}
    assert recipe.load(whole) == recipe.from_dict(TINY)
    check_model(whole)

    with pytest.raises(InputError, match="has a run already"):
        train(recipe.load(whole), out=whole)
    with pytest.raises(InputError, match="3 epochs already"):
        train(recipe.load(whole), out=whole, resume=True)

    with pytest.raises(InputError, match=r"trained with another data\.batch, seed"):
        train(recipe.load(whole, ["seed=8", "data.batch=2", "epochs=5"]), out=whole, resume=True)

    fresh = train(recipe.from_dict(tiny(epochs=1, steps=1, initial_weights=str(whole))), out=tmp_path / "tuned")
    with open(fresh / "history.csv", newline="") as file:
        start = float(next(csv.DictReader(file))["val_psnr"])
    assert start > float(rows[0]["val_psnr"])


def check_model(folder: Path) -> None:
    """The model that anyone opens gives the image of the weights."""
    frames = np.random.default_rng(0).random((1, 20, 24, 9), np.float32)
    by_file = keras.saving.load_model(folder / "model.keras")(frames)
    np.testing.assert_array_equal(models.load(folder, "float32").network(frames), by_file)


def test_a_run_that_ends_before_an_epoch_is_done_can_be_begun_anew(tmp_path, monkeypatch, eagerly):
    """The same folder, with other settings; Ctrl-C leaves what a resumed run needs."""
    out = tmp_path / "run"
    for problem, left in ((InputError("too large"), False), (KeyboardInterrupt(), True)):

        def stopped(*_, problem=problem, **__):
            raise problem

        with monkeypatch.context() as patch:
            patch.setattr(callbacks.StopOnNaN, "on_train_batch_end", stopped)
            with pytest.raises(type(problem)):
                train(recipe.from_dict(tiny(epochs=1, steps=1)), out=out)
        assert (out / "recipe.yaml").exists() == left
        assert left or list(out.glob("*")) == []
    with pytest.raises(InputError, match="has a run already; go on with `resume`"):
        train(recipe.from_dict(tiny(epochs=1, steps=1)), out=out)


def test_nan_ends_the_run_and_keeps_the_last_good_weights(tmp_path, monkeypatch, eagerly):
    save = checkpoint.save

    def save_and_spoil(folder, state, model):
        save(folder, state, model)
        for weight in model.trainable_variables:
            weight.assign(weight * np.nan)

    monkeypatch.setattr(checkpoint, "save", save_and_spoil)
    with pytest.raises(InputError, match=r"loss became (nan|inf).*lower optimizer\.learning_rate"):
        train(recipe.from_dict(tiny(epochs=3, steps=2, metrics=["psnr"])), out=tmp_path / "run")
    assert checkpoint.load(tmp_path / "run").epochs_done == 1
    for name in ("last.weights.h5", "model.weights.h5"):
        assert all(np.isfinite(value).all() for value in weights(tmp_path / "run", name).values())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"loss": {"mean_absolute_error_over_steps": 1.0}}, "makes its image in steps, as srfbn; red_net has none"),
        ({"network": {"name": "red_net", "input_channels": 15}}, "takes 15 frames, the data have 3 angles x 3 phases"),
        ({"network": {"name": "red_nte"}}, "red_net"),
        ({"loss": "mean_squared_eror"}, "mean_squared_error"),
        ({"metrics": ["psnrr"]}, "psnr"),
        ({"data": {"name": "simulatd", "phases": 3}}, "simulated"),
        ({"initial_weights": "nothing"}, "nothing"),
    ],
)
def test_mistakes_in_a_recipe_are_named(tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        train(recipe.from_dict(tiny(**changes)), out=tmp_path / "run")


def test_a_run_is_begun_only_when_its_images_fit(tmp_path):
    """So that it can be started again in the same folder with the mistake mended."""
    wrong = recipe.from_dict(tiny(data=TINY["data"] | {"crop": 1000, "count": 4}))
    with pytest.raises(InputError, match="a crop of 1000 pixels does not fit in"):
        train(wrong, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_more_gpus_than_there_are(tmp_path):
    with pytest.raises(InputError, match="`gpus` 2 asks for more than the 0 GPUs of this machine"):
        train(recipe.from_dict(tiny()), out=tmp_path / "run", gpus=2)


def test_a_run_is_not_resumed_as_that_of_another_model(whole, tmp_path):
    recipe.save(recipe.from_dict(TINY), tmp_path / "mine.yaml")
    found, folder = runs.resumed(str(tmp_path / "mine.yaml"), ["epochs=5"], whole)
    assert (found.epochs, folder) == (5, whole)
    with pytest.raises(InputError, match=r"is a run of tiny, whose network is another than that of red_frames"):
        runs.resumed("red_frames", [], whole)


def test_of_several_runs_the_one_written_last_goes_on(tmp_path, monkeypatch):
    """Whatever it is called; one that has no epoch yet counts from its start."""
    monkeypatch.setattr(runs, "HOME", tmp_path)
    for when, name in enumerate(("b", "a", "c"), start=1):
        (tmp_path / "tiny" / name / "checkpoint").mkdir(parents=True)
        for file in ("recipe.yaml", *(["checkpoint/state.json"] if name != "c" else [])):
            path = tmp_path / "tiny" / name / file
            path.write_text("{}")
            os.utime(path, (when, when + 10 * (file != "recipe.yaml")))
    assert runs.find(None, "tiny") == tmp_path / "tiny" / "a"
    os.utime(tmp_path / "tiny" / "c" / "recipe.yaml", (99, 99))
    assert runs.find(None, "tiny") == tmp_path / "tiny" / "c"


def test_nothing_to_resume(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="nothing to resume"):
        train(recipe.from_dict(tiny()), resume=True)


# Stopped, or in the wrong place


def test_a_run_stopped_before_its_model_is_written_is_finished(whole):
    out = whole.with_name("unwritten")
    assert checkpoint.load(out).epochs_done == 3
    assert not (out / "model.keras").exists()
    assert [path.name for path in out.rglob(".srredsim-*")]
    (out / "history.csv").unlink()
    train(recipe.from_dict(TINY), out=out, resume=True)
    check_model(out)
    assert (out / "history.csv").read_text() == (whole / "history.csv").read_text()
    assert not [path.name for path in out.rglob(".*")]
    with pytest.raises(InputError, match="3 epochs already"):
        train(recipe.from_dict(TINY), out=out, resume=True)


def test_an_epoch_is_done_when_all_else_of_it_is_there(tmp_path):
    """What follows it would be missing for ever from a run that is stopped then: the preview, of the last epoch."""
    held_back = [(np.zeros((1, 8, 8, 9)), np.zeros((1, 16, 16, 1)), None)]
    acting = fit._watchers(recipe.from_dict(tiny()), tmp_path, checkpoint.State(), None, None, (held_back, {}))
    kinds = [type(one) for one in acting]
    assert kinds.index(callbacks.Preview) < kinds.index(callbacks.Record)


def test_a_run_stopped_between_weights_and_state_ends_the_same(whole):
    """As a kill leaves it: all but the record of an epoch is there. What is really killed is among the slow tests."""
    broken = whole.with_name("third")
    assert checkpoint.load(broken).epochs_done == 2
    assert (broken / "checkpoint" / "epoch_00003.weights.h5").is_file()
    train(recipe.from_dict(TINY), out=broken, resume=True)
    check_same(broken, whole)


def test_two_do_not_train_in_one_folder(whole, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    shutil.copytree(whole, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    more = recipe.from_dict(TINY | {"epochs": 4})
    with alone(folder), pytest.raises(InputError, match=r"run is being trained by another process; wait for it, stop"):
        train(more, out=folder, resume=True)
    states = iter([checkpoint.load(folder), checkpoint.State()])  # the other one has ended in between
    monkeypatch.setattr(checkpoint, "load", lambda _: next(states))
    with pytest.raises(InputError, match="run was trained on by another process just now; resume once more"):
        train(more, out=folder, resume=True)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["history.csv", "model.keras", "preview.png", "run.json", "notes.txt"])
def test_files_of_others_are_not_written_over(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match=f"holds other files, as {name}; .*another `out`"):
        train(recipe.from_dict(tiny()), out=tmp_path)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_the_folder_of_a_run_that_could_not_begin_goes_again(tmp_path):
    home = tmp_path / "runs" / "one"

    def begun(*files):
        with runs.made(home):
            for name in files:
                (home / name).touch()
            raise InputError("images are missing")

    with pytest.raises(InputError, match="images are missing"):
        begun()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="images are missing"):
        begun("recipe.yaml")
    assert (home / "recipe.yaml").is_file()
