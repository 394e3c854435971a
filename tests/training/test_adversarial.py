"""Adversarial training: the gradients go where they should, and it resumes exactly."""

import csv
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from srredsim.data.batches import Batches
from srredsim.data.pairs import Pair, Pairs
from srredsim.discriminators import vgg_style
from srredsim.errors import InputError
from srredsim.losses.adversarial import discriminator_loss, esrgan_loss
from srredsim.networks import rrdb
from srredsim.normalise import Scaling
from srredsim.training import adversarial
from srredsim.training.fit import train
from srredsim.zoo import recipe

GAN = {"weight": 0.05, "discriminator": {"name": "vgg_style"} | vgg_style.SMALL | {"levels": 2}, "learning_rate": 1e-3}
TINY = {
    "name": "tiny_gan",
    "network": {"name": "red_net", "input_channels": 9, "depth": 3, "filters": 4, "widefield_skip": True},
    "data": {
        "name": "simulated", "angles": 3, "phases": 3, "count": 6, "crop": 16, "batch": 4,
        "validation_count": 3, "validation_crop": 32,
    },
    "optimizer": {"learning_rate": 1e-3},
    "metrics": ["psnr"],
    "precision": "float32",
    "epochs": 2,
    "steps": 4,
    "seed": 3,
}  # fmt: skip


def tiny(gan: dict | None = None, **changes) -> recipe.Recipe:
    return recipe.from_dict(TINY | {"adversarial": GAN | (gan or {})} | changes)


def stored(file: Path) -> dict[str, np.ndarray]:
    found = {}
    with h5py.File(file) as opened:
        opened.visititems(lambda key, item: found.update({key: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def history(folder: Path) -> list[dict[str, float]]:
    with open(folder / "history.csv", newline="") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def trainer_of(wanted: recipe.Recipe, optimizer):
    """A compiled trainer of one device, whose discriminator learns by plain gradient descent."""
    from srredsim import losses
    from srredsim.zoo import models

    keras.utils.set_random_seed(5)
    made = adversarial.trainer(wanted, models.build_network(wanted))
    made.compile(optimizer=optimizer, loss=losses.get(wanted.loss), jit_compile=False)
    made.optimizer.build(made.network.trainable_variables)
    return made


@pytest.mark.usefixtures("eagerly")
def test_a_resumed_run_ends_like_the_uninterrupted_one_also_in_float16(tmp_path, broken_off):
    """The first epoch leaves the discriminator alone, and the optimiser of the network begins each anew."""
    gan, steps = {"real": "other_batch", "warm_up_epochs": 1}, TINY["steps"]
    wanted = tiny(gan, precision="float16", epochs=3, optimizer=TINY["optimizer"] | {"restart_each_epoch": True})
    broken = broken_off(1)
    whole = train(wanted, out=tmp_path / "whole")
    assert len(history(broken)) == 1
    train(wanted, out=broken, resume=True)
    assert history(broken) == history(whole)
    expected, found = (stored(run / "checkpoint" / "epoch_00003.weights.h5") for run in (whole, broken))
    assert expected.keys() == found.keys()
    for part in ("layers/", "discriminator/", "optimizer/", "discriminator_optimizer/"):
        assert any(key.startswith(part) for key in expected), part
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, err_msg=key)
    taken = {key.split("/")[0]: int(v) for key, v in expected.items() if key.endswith("inner_optimizer/vars/0")}
    assert taken["optimizer"] == steps
    assert steps < taken["discriminator_optimizer"] <= 2 * steps  # less those whose scaled loss was too large

    warm, *rows = history(whole)
    assert list(warm) == [
        "epoch", "discriminator_loss", "gan_loss", "loss", "mean_fake_logit", "mean_real_logit", "pixel_loss",
        "psnr", "val_loss", "val_psnr",
    ]  # fmt: skip
    assert warm["gan_loss"] == warm["discriminator_loss"] == 0
    assert warm["loss"] == pytest.approx(warm["pixel_loss"])
    for row in rows:
        assert row["loss"] == pytest.approx(row["pixel_loss"] + 0.05 * row["gan_loss"], rel=1e-5)
        assert row["gan_loss"] > 0
        assert row["discriminator_loss"] > 0
    assert rows[-1]["discriminator_loss"] < rows[0]["discriminator_loss"]
    assert rows[-1]["mean_real_logit"] > rows[-1]["mean_fake_logit"]
    assert not any("dense" in key for key in stored(whole / "model.weights.h5"))  # the generator alone


def test_a_step_is_one_of_each_side_from_the_same_state():
    """Both gradients anew, each with the other side held fixed."""
    import tensorflow as tf

    rng = np.random.default_rng(1)
    frames = rng.random((3, 16, 16, 9), np.float32)
    images = rng.random((3, 32, 32, 2), np.float32)
    network = {"name": "rrdb"} | rrdb.SMALL | {"input_channels": 9}
    plain = {"name": "sgd", "clip_norm": None}
    wanted = tiny({"learning_rate": 0.3}, optimizer=plain, loss="mean_squared_error", network=network)
    trained = trainer_of(wanted, keras.optimizers.SGD(0.2))
    network, judge = trained.network, trained.discriminator
    before = [value.numpy() for value in network.trainable_variables], [v.numpy() for v in judge.trainable_variables]

    with tf.GradientTape() as tape:
        made = network(frames, training=True)
        real, fake = judge(images[..., 1:], training=True), judge(made, training=True)
        loss = tf.reduce_mean((made - images[..., :1]) ** 2) + 0.05 * esrgan_loss(real, fake)
    of_network = tape.gradient(loss, network.trainable_variables)
    with tf.GradientTape() as tape:
        loss = discriminator_loss(judge(images[..., 1:], training=True), judge(made.numpy(), training=True))
    of_judge = tape.gradient(loss, judge.trainable_variables)

    trained.train_on_batch(frames, images)
    for variable, value, gradient in zip(network.trainable_variables, before[0], of_network, strict=True):
        assert np.abs(gradient).max() > 0
        np.testing.assert_allclose(variable.numpy(), value - 0.2 * gradient, rtol=1e-4, atol=1e-7)
    for variable, value, gradient in zip(judge.trainable_variables, before[1], of_judge, strict=True):
        np.testing.assert_allclose(variable.numpy(), value - 0.3 * gradient, rtol=1e-4, atol=1e-7)


class Numbered(Pairs):
    """Pairs whose truth shows their number everywhere."""

    def __len__(self):
        return 7

    def __getitem__(self, index):
        return Pair(np.full((8, 8, 1), 1.0 + index), np.full((16, 16), 1.0 + index), Scaling(0.0, 1.0))


def test_the_other_batch_is_of_the_same_pairs_in_another_order():
    plain = Batches(Numbered(), crop=4, batch=7, seed=1, augmentation="none", angles=1, phases=1)
    both = adversarial.batches(tiny({"real": "other_batch"}), plain)
    assert adversarial.batches(tiny(), plain) is plain
    frames, images = both[3]
    np.testing.assert_array_equal(frames, plain[3][0])
    np.testing.assert_array_equal(images[..., :1], plain[3][1])
    assert images.shape == (7, 8, 8, 2)
    truths, others = images[:, 0, 0].T
    assert sorted(truths) == sorted(others) == [1, 2, 3, 4, 5, 6, 7]
    assert list(truths) != list(others)
    assert both.indices(range(1)) == set(range(7))
    np.testing.assert_array_equal(images, both[3][1])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": TINY["data"] | {"crop": 20}}, r"32 x 32 x 1; crops of 20 .* 40 x 40 x 1: set data.crop=16 or .*=40"),
        ({"adversarial": GAN | {"discriminator": {"name": "vgg_stile"}}}, "vgg_style"),
    ],
)
def test_mistakes_are_named(tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        train(tiny(**changes), out=tmp_path / "run")


def test_other_backends_are_refused(monkeypatch):
    from srredsim.zoo import models

    network = models.build_network(tiny())
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(InputError, match="needs the TensorFlow backend; this is jax"):
        adversarial.trainer(tiny(), network)
