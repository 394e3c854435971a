"""Two replicas train like one device: all of it in one process, as only a process that is new can have two."""

import json
import math
import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from srredsim import inputs
from srredsim.checkpoints.keras_file import load_weights
from srredsim.data.batches import validation_batches
from srredsim.discriminators import vgg_style
from srredsim.zoo import models, recipe

DRIVER = Path(__file__).with_name("driver.py")
TINY = {
    "name": "tiny",
    "network": {"name": "red_net", "input_channels": 9, "depth": 3, "filters": 4, "widefield_skip": True},
    "data": {
        "name": "simulated", "angles": 3, "phases": 3, "count": 8, "crop": 16, "batch": 4,
        "validation_count": 3, "validation_crop": 32,
    },
    "schedule": {"name": "cosine", "warmup_steps": 3},
    "precision": "float32",
    "epochs": 2,
    "steps": 3,
    "seed": 3,
}  # fmt: skip
OVER_STEPS = TINY | {
    "network": {"name": "srfbn", "input_channels": 9, "steps": 3, "groups": 1, "filters": 3},
    "loss": {"mean_absolute_error_over_steps": 0.5},
    "metrics": ["rmse", "psnr"],
    "optimizer": {"name": "sgd", "learning_rate": 0.02, "clip_norm": None},
}
DISCRIMINATOR = {"name": "vgg_style"} | vgg_style.SMALL | {"levels": 2}
GAN = TINY | {
    "loss": "mean_absolute_error",
    "metrics": ["psnr"],
    # L2 is added once, not once for each device. With that epsilon, what two devices round otherwise stays small.
    "optimizer": {"name": "adam", "epsilon": 0.1, "l2": 0.5, "ema": 0.9, "learning_rate": 0.03, "clip_norm": 1e3},
    "adversarial": {
        "kind": "epsr", "weight": 0.05, "discriminator": DISCRIMINATOR, "learning_rate": 0.1, "real": "other_batch",
    },
}  # fmt: skip


NAMES = {
    "one": {"replicas": 1, "eager": True},
    "two": {"replicas": 2},
    "host": {"replicas": 2, "as_host": True},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folder of a run over steps by each of `NAMES`, and their histories by name."""
    return run_by_both(OVER_STEPS, tmp_path_factory.mktemp("two_devices"))


def run_by_both(wanted: dict, folder: Path, same_images: bool = False) -> tuple[Path, dict]:
    of_all = {"recipe": wanted, "same_images": same_images}
    jobs = [of_all | {"out": str(folder / name)} | how for name, how in NAMES.items()]
    told = json.dumps({"devices": 2, "jobs": jobs})
    done = subprocess.run([sys.executable, str(DRIVER), told], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, dict(zip(NAMES, json.loads(done.stdout.splitlines()[-1]), strict=True))


def assert_same(runs, names: tuple[str, ...], file: str, two: str = "two") -> None:
    folder, histories = runs
    for a, b in zip(histories["one"], histories[two], strict=True):
        for name in names:  # three validation images: the last replica gets padding
            assert a[name] == pytest.approx(b[name], rel=1e-4), name
    expected, found = (weights(folder / name / file) for name in ("one", two))
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-4, atol=2e-5, err_msg=key)


def weights(file: Path) -> dict[str, np.ndarray]:
    found = {}
    with h5py.File(file) as opened:
        opened.visititems(lambda key, item: found.update({key: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def test_two_replicas_train_like_one(runs):
    assert_same(runs, ("loss", "psnr", "val_loss", "val_psnr", "val_rmse"), "last.weights.h5")


def test_so_do_those_of_a_host_that_trains_with_others(runs):
    assert_same(runs, ("loss", "psnr", "val_loss", "val_psnr", "val_rmse"), "last.weights.h5", "host")
    assert [row.keys() for row in runs[1]["one"]] == [row.keys() for row in runs[1]["host"]]


def test_a_loss_over_steps_trains_all_and_keeps_the_network_of_the_last(runs):
    """History and weights agree: the score is that of the last step, the loss the sum over the steps."""
    folder, history = runs[0] / "two", runs[1]["two"]
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
    errors = every(frames).numpy() - truth
    rmse = np.sqrt(np.square(last(frames).numpy() - truth).mean(axis=(1, 2, 3)))
    assert history[-1]["val_rmse"] == pytest.approx(rmse.mean(), rel=1e-4)
    assert np.abs(errors[..., 0] - errors[..., -1]).max() > 1e-3
    assert history[-1]["val_loss"] == pytest.approx(0.5 * np.abs(errors).mean(axis=(0, 1, 2)).sum(), rel=1e-4)
    saved = keras.saving.load_model(folder / "model.keras")
    assert saved.output_shape[-1] == 1
    np.testing.assert_allclose(saved(frames), models.load(folder, "float32").network(frames), atol=1e-6)


@pytest.mark.slow
def test_relativistic_means_are_those_of_a_device(tmp_path):
    """With the batch given twice, each is that of one device: all that was trained is the same, and adds up."""
    runs = run_by_both(GAN, tmp_path, same_images=True)
    names = tuple(name for name in runs[1]["one"][0] if name not in ("epoch", "seconds"))
    assert {"discriminator_loss", "gan_loss", "mean_fake_logit", "mean_real_logit", "val_psnr"} < set(names)
    for two in ("two", "host"):
        assert_same(runs, names, "checkpoint/epoch_00002.weights.h5", two)
        assert_same(runs, names, "last.weights.h5", two)  # averages
    for row in runs[1]["two"]:
        assert all(math.isfinite(value) for value in row.values())
        assert row["loss"] == pytest.approx(row["pixel_loss"] + 0.05 * row["gan_loss"], rel=1e-5)
