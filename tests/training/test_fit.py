"""Training: it learns, resumes exactly after kill -9, and two replicas train like one."""

import csv
import json
import os
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

from srredsim import inputs
from srredsim.checkpoints.keras_file import load_weights
from srredsim.data.batches import validation_batches
from srredsim.errors import InputError
from srredsim.training import callbacks, checkpoint, fit, runs
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
    "epochs": 4,
    "steps": 12,
    "seed": 3,
}  # fmt: skip


def tiny(**changes) -> dict:
    return TINY | changes


def job(out, wanted, replicas=1) -> dict:
    return {"recipe": wanted, "out": str(out), "replicas": replicas}


def command(*jobs, devices=1) -> list[str]:
    return [sys.executable, str(DRIVER), json.dumps({"devices": devices, "jobs": jobs})]


def run(out, wanted, **more) -> list[dict]:
    return checkpoint.load(train(recipe.from_dict(wanted), out=out, **more)).history


def weights(folder: Path, name: str = "last.weights.h5") -> dict[str, np.ndarray]:
    found = {}
    with h5py.File(folder / name) as file:
        file.visititems(lambda key, item: found.update({key: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def without_time(history: list[dict]) -> list[dict]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


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


def test_killed_and_resumed_run_ends_like_the_uninterrupted_one(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    expected = run(whole, tiny(steps=25))
    process = subprocess.Popen(
        command(job(broken, tiny(steps=25))), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    state = broken / "checkpoint" / "state.json"
    while not state.is_file() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert 1 <= json.loads(state.read_text())["epochs_done"] < 4
    resumed = run(broken, tiny(steps=25), resume=True)
    assert without_time(resumed) == without_time(expected)
    for name in ("last.weights.h5", "model.weights.h5"):
        for key, value in weights(whole, name).items():
            np.testing.assert_array_equal(weights(broken, name)[key], value, err_msg=key)
    with open(broken / "history.csv", newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2", "3", "4"]


PLAIN = tiny(
    epochs=2,
    steps=6,
    optimizer={"name": "sgd", "learning_rate": 0.02, "clip_norm": None},
    loss="mean_squared_error",
)
OVER_STEPS = tiny(
    network={"name": "srfbn", "input_channels": 9, "steps": 3, "groups": 1, "filters": 3},
    loss={"mean_absolute_error_over_steps": 0.5},
    metrics=["rmse"],
    optimizer={"learning_rate": 1e-3},
    epochs=2,
    steps=3,
)


@pytest.fixture(scope="module")
def on_two_devices(tmp_path_factory):
    """Folder of the runs one, two (the same with two replicas) and over_steps, and the history of each."""
    folder = tmp_path_factory.mktemp("two_devices")
    jobs = {"one": (PLAIN, 1), "two": (PLAIN, 2), "over_steps": (OVER_STEPS, 2)}
    told = command(*(job(folder / name, *what) for name, what in jobs.items()), devices=2)
    done = subprocess.run(told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, dict(zip(jobs, json.loads(done.stdout.splitlines()[-1]), strict=True))


def test_two_replicas_train_like_one(on_two_devices):
    folder, histories = on_two_devices
    one, two = histories["one"], histories["two"]
    for a, b in zip(one, two, strict=True):
        for name in ("loss", "psnr", "val_loss", "val_psnr"):  # three validation images: the last replica gets padding
            assert a[name] == pytest.approx(b[name], rel=1e-4), name
    for key, value in weights(folder / "one").items():
        np.testing.assert_allclose(weights(folder / "two")[key], value, atol=2e-5, err_msg=key)


def test_training_learns_and_leaves_everything_behind(tmp_path):
    out = train(recipe.from_dict(tiny(epochs=3, steps=60, optimizer={"learning_rate": 1e-3})), out=tmp_path / "run")
    with open(out / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[-1]["val_psnr"]) > float(rows[0]["val_psnr"]) + 0.1
    assert {"preview.png", "model.keras", "model.weights.h5", "last.weights.h5", "run.json", "recipe.yaml"} <= {
        path.name for path in out.iterdir()
    }
    assert curves(out / "tensorboard" / "validation") == columns(rows, "val_")
    trained = curves(out / "tensorboard" / "train")
    assert trained.keys() == {"epoch_loss", "epoch_psnr", "epoch_ncc", "epoch_learning_rate"}
    assert recipe.load(out) == recipe.from_dict(tiny(epochs=3, steps=60, optimizer={"learning_rate": 1e-3}))

    import keras

    loaded = models.load(out, "float32")
    frames = np.random.default_rng(0).random((1, 20, 24, 9), np.float32)
    by_file = keras.models.load_model(out / "model.keras")(frames)
    np.testing.assert_array_equal(loaded.network(frames), by_file)

    with pytest.raises(InputError, match="has a run already"):
        train(recipe.load(out), out=out)
    with pytest.raises(InputError, match="3 epochs already"):
        train(recipe.load(out), out=out, resume=True)

    with pytest.raises(InputError, match=r"trained with another data\.batch, seed"):
        train(recipe.load(out, ["seed=8", "data.batch=2", "epochs=5"]), out=out, resume=True)

    fresh = train(recipe.from_dict(tiny(epochs=1, steps=1, initial_weights=str(out))), out=tmp_path / "tuned")
    with open(fresh / "history.csv", newline="") as file:
        start = float(next(csv.DictReader(file))["val_psnr"])
    assert start > float(rows[0]["val_psnr"])


def test_a_loss_over_steps_trains_all_and_keeps_the_network_of_the_last(on_two_devices):
    """History and weights agree: the score is that of the last step, the loss the sum over the steps."""
    folders, histories = on_two_devices
    folder, history = folders / "over_steps", histories["over_steps"]
    assert (folder / "preview.png").is_file()
    described = recipe.from_dict(OVER_STEPS)
    frames, truth, _ = next(
        iter(
            validation_batches(
                inputs.module(described.data.input).examples(described, "validation").pairs,
                described.data.validation_count,
                32,
                3,
            )
        )
    )
    last, every = models.build_network(described), models.build_network(described, "float32", "steps")
    load_weights(last, folder / "last.weights.h5")
    every.set_weights(last.get_weights())
    errors = every.predict(frames, verbose=0) - truth
    rmse = np.sqrt(np.square(last.predict(frames, verbose=0) - truth).mean(axis=(1, 2, 3)))
    assert history[-1]["val_rmse"] == pytest.approx(rmse.mean(), rel=1e-4)
    assert np.abs(errors[..., 0] - errors[..., -1]).max() > 1e-3
    assert history[-1]["val_loss"] == pytest.approx(0.5 * np.abs(errors).mean(axis=(0, 1, 2)).sum(), rel=1e-4)
    saved = keras.saving.load_model(folder / "model.keras")
    assert saved.output_shape[-1] == 1
    load_weights(last, folder / "model.weights.h5")
    np.testing.assert_allclose(
        saved.predict(frames, verbose=0), models.load(folder, "float32").network.predict(frames, verbose=0), atol=1e-6
    )


def test_nan_ends_the_run_and_keeps_the_last_good_weights(tmp_path):
    good = train(recipe.from_dict(tiny(epochs=1)), out=tmp_path / "run")
    before = weights(good, "model.weights.h5")
    text = (good / "recipe.yaml").read_text()
    (good / "recipe.yaml").write_text(text)
    hot = tiny(epochs=2, optimizer={"name": "sgd", "learning_rate": 1e30, "clip_norm": None}, schedule={}, steps=30)
    with pytest.raises(InputError, match=r"loss became (nan|inf).*lower optimizer\.learning_rate"):
        train(recipe.from_dict(hot), out=tmp_path / "hot")
    for key, value in weights(good, "model.weights.h5").items():
        np.testing.assert_array_equal(before[key], value)


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


def test_nothing_to_resume(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="nothing to resume"):
        train(recipe.from_dict(tiny()), resume=True)


# Stopped, or in the wrong place


def stopped_run(folder, moment, wanted):
    stopped = subprocess.run(
        command(job(folder, wanted)),
        env=os.environ | {"SRREDSIM_STOP_AT": moment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert stopped.returncode == 137


def test_a_run_stopped_before_its_model_is_written_is_finished(tmp_path):
    wanted, out = tiny(epochs=1, steps=2), tmp_path / "run"
    stopped_run(out, "before model.keras", wanted)
    assert checkpoint.load(out).epochs_done == 1
    assert not (out / "model.keras").exists()
    (out / "history.csv").unlink()
    train(recipe.from_dict(wanted), out=out, resume=True)
    frames = np.random.default_rng(0).random((1, 20, 24, 9), np.float32)
    by_file = keras.saving.load_model(out / "model.keras")(frames)
    np.testing.assert_array_equal(models.load(out, "float32").network(frames), by_file)
    assert (out / "history.csv").read_text().startswith("epoch,")
    assert not [path.name for path in out.rglob(".*")]
    with pytest.raises(InputError, match="1 epochs already"):
        train(recipe.from_dict(wanted), out=out, resume=True)


def test_an_epoch_is_done_when_all_else_of_it_is_there(tmp_path):
    """What follows it would be missing for ever from a run that is stopped then: the preview, of the last epoch."""
    held_back = [(np.zeros((1, 8, 8, 9)), np.zeros((1, 16, 16, 1)), None)]
    acting = fit._watchers(recipe.from_dict(tiny()), tmp_path, checkpoint.State(), None, None, held_back)
    kinds = [type(one) for one in acting]
    assert kinds.index(callbacks.Preview) < kinds.index(callbacks.Record)


def test_a_run_stopped_between_weights_and_state_ends_the_same(tmp_path):
    wanted = tiny(epochs=2, steps=2)
    stopped_run(tmp_path / "broken", "before state.json", wanted)
    train(recipe.from_dict(wanted), out=tmp_path / "broken", resume=True)
    train(recipe.from_dict(wanted), out=tmp_path / "whole")
    for key, value in weights(tmp_path / "whole", "last.weights.h5").items():
        np.testing.assert_array_equal(weights(tmp_path / "broken", "last.weights.h5")[key], value, err_msg=key)


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
