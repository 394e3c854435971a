"""Losses over levels and of residuals, trained: on simulated patches of SR-CACO-2, with ROI metrics to select by."""

import csv

import numpy as np
import pytest
import yaml
from keras import ops

from srredsim import losses, metrics
from srredsim.checkpoints.keras_file import load_weights
from srredsim.data.batches import validation_batches
from srredsim.errors import InputError
from srredsim.inputs import widefield
from srredsim.layers import bicubic
from srredsim.training.fit import train
from srredsim.zoo import models, recipe

PYRAMID = {"name": "mslapsrn", "convolutions": 1, "filters": 4}
SSIM = {"weight": 0.3, "data_range": 1.0, "window": 7}
TINY = {
    "name": "tiny",
    "data": {
        "scale": 4, "cell": "CELL2", "sampler": "roi", "input": "widefield", "count": 1,
        "normalise": "dataset", "truth_crop": 32, "batch": 2, "validation_count": 1, "validation_crop": 16,
    },
    "metrics": ["roi_psnr"],
    "optimizer": {"learning_rate": 1e-3, "ema": 0.9},
    "precision": "float32",
    "epochs": 1,
    "steps": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A data set of fields of 64 HR pixels."""
    folder = tmp_path_factory.mktemp("small")
    splits = {split: {"seed": 5, "count": 1, "size": 64, "fields": split} for split in ("train", "validation")}
    (folder / "dataset.yaml").write_text(yaml.safe_dump({"reader": "caco2_simulated", "splits": splits}))
    return folder


def of(small, **changes):
    return recipe.from_dict(TINY | {"data": TINY["data"] | {"name": str(small)}} | changes)


def rows_of(folder):
    with (folder / "history.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def validated(wanted, folder):
    """Input, truth, and the image of the weights that the run kept."""
    frames, truth, _ = next(iter(validation_batches(widefield.examples(wanted, "validation").pairs, 1, 16, 1)))
    network = models.build_network(wanted)
    load_weights(network, folder / "last.weights.h5")
    return frames, truth, network


def test_a_loss_over_levels_trains_all_and_keeps_the_last(small, tmp_path, eagerly):
    wanted = of(
        small, network=PYRAMID, loss={"mean_absolute_error_over_levels": 1.0, "ssim_zero_padded_over_levels": SSIM}
    )
    folder = train(wanted, out=tmp_path / "run")
    frames, truth, network = validated(wanted, folder)
    every = models.build_network(wanted, outputs="levels")
    every.set_weights(network.get_weights())
    small, large = every.predict(frames, verbose=0)
    (row,) = rows_of(folder)
    border = metrics.get("roi_psnr", 1.0, border=4)
    assert row["val_roi_psnr"] == pytest.approx(float(border(truth, network.predict(frames, verbose=0))), rel=1e-4)
    filled = np.concatenate([small.repeat(2, 1).repeat(2, 2), large], -1)
    expected = float(ops.mean(losses.get(wanted.loss)(truth, filled)))
    assert row["val_loss"] == pytest.approx(expected, rel=1e-3)
    assert np.abs(small).max() > 0


def test_a_loss_of_the_residual_that_gets_stricter_with_every_epoch(small, tmp_path):
    """In the second epoch the barrier is twice as sharp."""
    network, barrier = {"name": "vdsr", "depth": 2, "filters": 2}, {"growth": 2.0, "margin": 9.0}
    terms = {"bound_prediction_of_residual": barrier, "gradient_norm_error_of_residual": 2.0}
    wanted = of(small, network=network, loss=terms, metrics=["rmse"], epochs=2, steps=1)
    folder = train(wanted, out=tmp_path / "run")
    frames, truth, network = validated(wanted, folder)
    start = ops.convert_to_numpy(bicubic.enlarged(ops.convert_to_tensor(frames), 4, clip=True))
    pair = truth - start, network.predict(frames, verbose=0) - start
    expected = 2 * losses.function("gradient_norm_error")(*pair)
    expected += losses.function("bound_prediction")(*pair, margin=9.0, sharpness=2.0)
    assert rows_of(folder)[1]["val_loss"] == pytest.approx(float(expected[0]), rel=1e-3)


def test_grey_levels_are_counted_and_a_term_ends(small, tmp_path):
    """The counts are in the recipe of the run; in the second epoch one term is left."""
    terms = {
        "importance_weighted_absolute_error": {"weight": 3.0, "first_epoch": 1},
        "mean_squared_error": {"last_epoch": 0},
    }
    network = {"name": "vdsr", "depth": 2, "filters": 2}
    wanted = of(small, network=network, loss=terms, metrics=["rmse"], epochs=2)
    folder = train(wanted, out=tmp_path / "run")
    kept = recipe.load(folder)
    (pair,) = widefield.examples(wanted, "train").pairs
    levels, numbers = np.unique(np.rint(255 * pair.truth).astype(int), return_counts=True)
    counts = kept.loss["importance_weighted_absolute_error"]["counts"]
    assert sum(counts) == 64 * 64
    assert {level: counts[level] for level in levels} == dict(zip(levels, numbers, strict=True))
    frames, truth, network = validated(wanted, folder)
    pair = truth, network.predict(frames, verbose=0)
    expected = 3 * float(losses.function("importance_weighted_absolute_error")(*pair, counts=counts)[0])
    assert rows_of(folder)[1]["val_loss"] == pytest.approx(expected, rel=1e-3)
    plain = of(
        small,
        network={"name": "vdsr"},
        loss=terms,
        data=TINY["data"] | {"name": str(small), "normalise": "image"},
        epochs=2,
    )
    with pytest.raises(InputError, match="counts grey levels of 8 bits, as SR-CACO-2 has them"):
        train(plain, out=tmp_path / "other")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"loss": "mean_absolute_error_over_levels"}, "makes an image at each, as prosr; dncnn has none"),
        (
            {"loss": {"mean_absolute_error_of_residual": 1.0}, "adversarial": {"kind": "epsr"}},
            "adversarial training is for a loss of the image alone; leave out _of_residual",
        ),
    ],
)
def test_what_does_not_go_together(small, tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        train(of(small, network={"name": "dncnn", "depth": 2, "filters": 2}, **changes), out=tmp_path / "run")


def test_a_model_of_grey_levels_says_so(small):
    wanted = of(small, network={"name": "dncnn"}, data=TINY["data"] | {"name": str(small), "zscore": [0.0, 255.0]})
    assert widefield.notes(wanted) == ["tiny expects grey levels from 0 to 255, as an 8-bit image has"]
