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
PLAIN = {
    "name": "tiny",
    "network": {"name": "red_net", "input_channels": 9, "depth": 3, "filters": 4, "widefield_skip": True},
    "data": {
        "name": "simulated", "angles": 3, "phases": 3, "count": 8, "crop": 16, "batch": 4,
        "validation_count": 3, "validation_crop": 32,
    },
    "optimizer": {"name": "sgd", "learning_rate": 0.02, "clip_norm": None},
    "schedule": {"name": "cosine", "warmup_steps": 5},
    "loss": "mean_squared_error",
    "precision": "float32",
    "epochs": 2,
    "steps": 6,
    "seed": 3,
}  # fmt: skip
OVER_STEPS = PLAIN | {
    "network": {"name": "srfbn", "input_channels": 9, "steps": 3, "groups": 1, "filters": 3},
    "loss": {"mean_absolute_error_over_steps": 0.5},
    "metrics": ["rmse"],
    "optimizer": {"learning_rate": 1e-3},
    "epochs": 1,
    "steps": 3,
}
DISCRIMINATOR = {"name": "vgg_style"} | vgg_style.SMALL | {"levels": 2}
GAN = PLAIN | {
    "loss": "mean_absolute_error",
    "metrics": ["psnr"],
    "optimizer": {"ema": 0.9, "learning_rate": 1e-3},
    "adversarial": {
        "kind": "epsr", "weight": 0.05, "discriminator": DISCRIMINATOR, "learning_rate": 1e-3, "real": "other_batch",
    },
    "epochs": 1,
}  # fmt: skip
SAME_IMAGES = GAN | {
    "optimizer": {"name": "sgd", "clip_norm": None, "l2": 0.5},  # L2 is added once, not once for each device
    "adversarial": {"weight": 0.05, "discriminator": DISCRIMINATOR, "learning_rate": 0.1},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folder of the runs, two the same as one with two replicas; their histories by name; and the twins of `gan`."""
    folder = tmp_path_factory.mktemp("two_devices")
    wanted = {"one": (PLAIN, 1), "two": (PLAIN, 2), "over_steps": (OVER_STEPS, 2), "gan": (GAN, 2)}
    jobs = [{"recipe": one, "out": str(folder / name), "replicas": n} for name, (one, n) in wanted.items()]
    told = {"devices": 2, "jobs": jobs, "gan": SAME_IMAGES}
    done = subprocess.run([sys.executable, str(DRIVER), json.dumps(told)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    return folder, dict(zip(wanted, found["jobs"], strict=True)), found["gan"]


def weights(folder: Path) -> dict[str, np.ndarray]:
    found = {}
    with h5py.File(folder / "last.weights.h5") as file:
        file.visititems(lambda key, item: found.update({key: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def test_two_replicas_train_like_one(runs):
    folder, histories, _ = runs
    for a, b in zip(histories["one"], histories["two"], strict=True):
        for name in ("loss", "psnr", "val_loss", "val_psnr"):  # three validation images: the last replica gets padding
            assert a[name] == pytest.approx(b[name], rel=1e-4), name
    for key, value in weights(folder / "one").items():
        np.testing.assert_allclose(weights(folder / "two")[key], value, atol=2e-5, err_msg=key)


def test_a_loss_over_steps_trains_all_and_keeps_the_network_of_the_last(runs):
    """History and weights agree: the score is that of the last step, the loss the sum over the steps."""
    folder, history = runs[0] / "over_steps", runs[1]["over_steps"]
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


def test_relativistic_means_are_those_of_a_device(runs):
    """With the batch given twice, each is that of one device."""
    one, two = runs[2]
    for name, values in one["history"].items():
        np.testing.assert_allclose(two["history"][name], values, rtol=1e-4, err_msg=name)
    for (path, a), (_, b) in zip(one["variables"], two["variables"], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-6, err_msg=path)


def test_an_adversarial_run_of_two_replicas_adds_up(runs):
    (row,) = runs[1]["gan"]
    assert all(math.isfinite(value) for value in row.values())
    assert row["loss"] == pytest.approx(row["pixel_loss"] + 0.05 * row["gan_loss"], rel=1e-5)
