"""Fine-tuning: never worse than its start, held against what needs no network, and resumed exactly."""

import csv
import shutil
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

import srredsim
from srredsim import io
from srredsim.acquisition import Optics
from srredsim.data.folder import FolderPairs
from srredsim.errors import InputError
from srredsim.io import Reading
from srredsim.reconstruction.upscale import bicubic_upscale
from srredsim.simulation.sim import simulate_stack
from srredsim.training import checkpoint, runs
from srredsim.training.fine_tuning import recipe_for
from srredsim.training.fit import train
from srredsim.zoo import models
from srredsim.zoo import recipe as recipes

COUNT, SIZE = 6, 48


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Folder of raw stacks with their truth: five to train on, one held back."""
    folder = tmp_path_factory.mktemp("pairs")
    for kind in ("raw", "truth"):
        (folder / kind).mkdir()
    for number in range(COUNT):
        sample = simulate_stack(number, size=SIZE, photons=(300, 300))
        settings = sample.settings
        optics = Optics(settings.na, settings.wavelength_em_um, settings.pixel_size_um)
        io.write_raw(folder / "raw" / f"{number}.tif", sample.raw, optics=optics)
        tifffile.imwrite(folder / "truth" / f"{number}.tif", 3 * sample.truth + 7)
    return folder


@pytest.fixture(scope="module")
def tuned(tiny_model, pairs):
    """Function: the recipe of a fine-tuning, small enough for a test."""

    def tuned(*changes, model=tiny_model):
        small = ["epochs=3", "steps=4", "data.batch=2", "precision=float32", "data.validation_crop=40"]
        return recipe_for(model, [f"data.name={pairs}", *small, *changes])

    return tuned


@pytest.fixture(scope="module")
def whole(tuned, tmp_path_factory):
    """Folder of such a run and what it said; beside it ``broken``, the run as it stood after its first epoch."""
    home, save = tmp_path_factory.mktemp("tuned"), checkpoint.save

    def save_and_copy(folder, state, model):
        save(folder, state, model)
        if state.epochs_done == 1:
            shutil.copytree(folder, home / "broken")

    with pytest.MonkeyPatch.context() as patch, redirect_stderr(StringIO()) as said:
        patch.setattr(checkpoint, "save", save_and_copy)
        return train(tuned("optimizer.learning_rate=1e-3"), out=home / "whole"), said.getvalue().splitlines()


def rows_of(run: Path) -> list[dict[str, str]]:
    with (run / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def weights(path: Path) -> dict[str, np.ndarray]:
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda key, item: found.update({key: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def assert_same_weights(one: Path, other: Path):
    expected = weights(one)
    assert expected.keys() == weights(other).keys()
    for key, value in weights(other).items():
        np.testing.assert_array_equal(value, expected[key], err_msg=key)


def psnr_after_a_straight_line(truth, image, gain):
    """In dB, of the central 40 x 40 raw pixels, 1 being the brightest of the widefield image."""
    truth, image = (one[8:-8, 8:-8].astype(float) for one in (truth, image))
    fitted = np.polyval(np.polyfit(image.ravel(), truth.ravel(), 1), image)
    return -20 * np.log10(np.sqrt(np.mean((fitted - truth) ** 2)) / gain)


def test_the_history_begins_with_the_start_and_has_what_needs_no_network(whole, tiny_model, pairs):
    run, told = whole
    start, *epochs = rows_of(run)
    assert [row["epoch"] for row in (start, *epochs)] == ["0", "1", "2", "3"]
    pair = FolderPairs([pairs / "raw" / "0.tif"], [pairs / "truth" / "0.tif"], Reading(angles=3, phases=5))[0]
    network = models.load(tiny_model, "float32").network
    image = np.asarray(network(pair.centre(40).normalised()[0][None]))[0, ..., 0]
    images = {
        "val_psnr_fitted": np.pad(image, 8),  # only its middle is compared
        "val_psnr_fitted of Wiener": np.asarray(srredsim.reconstruct(pairs / "raw" / "0.tif")).squeeze(),
        "val_psnr_fitted of widefield (bicubic)": bicubic_upscale(pair.frames.mean(-1)),
    }
    expected = {name: psnr_after_a_straight_line(pair.truth, each, pair.scaling.gain) for name, each in images.items()}
    assert {name: float(start[name]) for name in expected} == pytest.approx(expected, abs=2e-3)
    assert all(row[name] == start[name] for row in epochs for name in expected if " of " in name)
    table = told[next(n for n, line in enumerate(told) if line.startswith("validation")) :]
    assert table[0].split() == ["validation", "val_psnr_fitted", "val_ncc"]
    shown = {line[:20].strip(): line.split()[-2] for line in table[1:] if not line.startswith("warning")}
    for name in ("widefield (bicubic)", "Wiener"):
        assert shown[name] == f"{expected[f'val_psnr_fitted of {name}']:.4g}"
    assert any(line.startswith("warning: on these pairs Wiener is better than the network; ") for line in table)
    assert "red_wiener" in models.names()  # which that line goes on to name


def test_a_run_that_only_gets_worse_keeps_its_start_and_ends(tuned, tiny_model, tmp_path, monkeypatch, capsys, eagerly):
    """Also when it was stopped before its first epoch was kept."""
    recipe, run = tuned("epochs=9", "optimizer.learning_rate=0.3", "fine_tuning.patience=2"), tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, out=run)
    assert checkpoint.load(run).epochs_done == 0
    train(recipe, out=run, resume=True)
    assert [row["epoch"] for row in rows_of(run)] == ["0", "1", "2"]
    assert_same_weights(run / models.WEIGHTS, tiny_model / models.WEIGHTS)
    assert f"warning: no epoch was better than {tiny_model} as it was, whose weights" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"ended after 2 epochs, the last 2 without .* fine_tuning\.patience higher"):
        train(recipe, out=run, resume=True)


def test_a_resumed_fine_tuning_ends_like_the_uninterrupted_one(whole, tuned):
    whole, _ = whole
    broken = whole.with_name("broken")
    assert [row["epoch"] for row in rows_of(broken)] == ["0", "1"]
    train(tuned("optimizer.learning_rate=1e-3"), out=broken, resume=True)
    for row, expected in zip(rows_of(broken), rows_of(whole), strict=True):
        assert row | {"seconds": ""} == expected | {"seconds": ""}
    for name in (models.WEIGHTS, "last.weights.h5"):
        assert_same_weights(whole / name, broken / name)
    assert float(rows_of(whole)[-1]["val_psnr_fitted"]) > float(rows_of(whole)[0]["val_psnr_fitted"])


def interrupted(*_):
    raise KeyboardInterrupt


def test_the_schedule_is_as_long_as_the_pairs_allow(tiny_model, pairs):
    """Crops of 16 pixels: 9 fill an image of 48, of which there are five to train on."""
    small = recipe_for(tiny_model, [f"data.name={pairs}"])
    assert (small.steps, small.optimizer.learning_rate) == (25, pytest.approx(1e-5))  # 9 * 5 / 2, but 25 at least
    crops = recipe_for(tiny_model, [f"data.name={pairs}", "data.crop=8"])
    assert crops.steps == 90  # 36 * 5 / 2
    assert recipe_for(tiny_model, [f"data.name={pairs}", "data.crop=8", "data.batch=1"]).steps == 180
    assert recipe_for(tiny_model, [f"data.name={pairs}", "data.crop=4", "steps=7"]).steps == 7
    assert recipe_for(tiny_model, [f"data.name={pairs}", "data.crop=4", "data.batch=1"]).steps == 250  # a pass has 720
    assert small.initial_weights == str(tiny_model)


def test_the_pairs_are_all_that_is_learned_from(tmp_path):
    """Not the scenes that a model was trained on beside its data."""
    for kind, side in (("raw", 128), ("truth", 256)):
        (tmp_path / kind).mkdir()
        for name in "ab":
            image = np.random.default_rng(5).poisson(9.0, (128, 128)).repeat(side // 128, 0).repeat(side // 128, 1)
            tifffile.imwrite(tmp_path / kind / f"{name}.tif", image.astype(np.uint16))
    chosen = recipe_for("widefield_sr", [f"data.name={tmp_path}"]).data
    assert (chosen.leaves, chosen.dense) == (0.0, 0.0)
    assert recipe_for("widefield_sr", [f"data.name={tmp_path}", "data.leaves=0.2"]).data.leaves == 0.2


def test_the_pattern_is_that_of_the_stacks(tiny_cleaner, pairs, tmp_path):
    """The model is for 3x5 and 3x3; 15 frames are no 9."""
    assert recipe_for(tiny_cleaner, [f"data.name={pairs}"]).data.patterns == ("3x5",)
    anew, _ = runs.begun(str(tiny_cleaner), [f"data.name={pairs}"], tmp_path / "run")
    assert anew.data.patterns == ("3x5",)
    for kind, frames, size in (("raw", 15, 24), ("truth", 1, 48)):
        (tmp_path / kind).mkdir()
        tifffile.imwrite(tmp_path / kind / "0.tif", np.zeros((frames, size, size), np.uint16), photometric="minisblack")
    with pytest.raises(InputError, match=r"of 3x5 and of 5x3 frames; say which, as in `set` data\.patterns=\[3x5\]"):
        recipe_for(tiny_cleaner, [f"data.name={tmp_path}", "data.patterns=[3x5, 5x3]"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fine_tuning": {"patience": 0}}, "patience is at least 1; got 0"),
        ({"initial_weights": None}, "the model that initial_weights names"),
        ({"metrics": []}, "name one, as metrics"),
        ({"adversarial": {}}, "adversarial=null"),
    ],
)
def test_a_fine_tuning_that_cannot_be(changes, words):
    fine = {"name": "a", "network": {"name": "red_net"}, "initial_weights": "srredsim", "fine_tuning": {}}
    recipes.from_dict(fine)
    with pytest.raises(InputError, match=words):
        recipes.from_dict(fine | changes)


def test_a_cleaner_of_wiener_images_is_held_against_them(tiny_cleaner, pairs, tmp_path, eagerly):
    """It returns the Wiener image as it is, so that both have the same scores."""
    small = ["epochs=1", "steps=1", "precision=float32", "optimizer.learning_rate=1e-9"]
    run = train(recipe_for(tiny_cleaner, [f"data.name={pairs}", *small]), out=tmp_path / "run")
    start = rows_of(run)[0]
    assert float(start["val_ncc"]) == pytest.approx(float(start["val_ncc of Wiener"]), abs=1e-4)
    assert float(start["val_ncc of widefield (Fourier)"]) < float(start["val_ncc of Wiener"])
