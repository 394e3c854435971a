"""Averaged weights have averaged statistics beside them, as a slow rewrite in NumPy has them; a resumed run too."""

import keras
import numpy as np
import pytest
from keras import ops

from srredsim import networks
from srredsim.data import catalogue
from srredsim.training import optimizers, strategy
from srredsim.training.averages import Averages
from srredsim.training.fit import train
from srredsim.training.strategy import Devices
from srredsim.zoo import models, recipe
from srredsim.zoo.recipe import Optimizer

MOMENTUM = 0.7
DENOISER = {
    "name": "denoiser",
    "network": {"name": "dncnn", **networks.module("dncnn").SMALL},
    "data": {
        "name": "w2s_simulated", "input": "widefield", "normalise": "dataset", "count": 2, "crop": 16, "batch": 2,
        "validation_count": 2, "validation_crop": 32,
    },
    "optimizer": {"learning_rate": 1e-2, "ema": MOMENTUM},
    "precision": "float32",
    "epochs": 2,
    "steps": 3,
}  # fmt: skip


def state(network):
    return [ops.convert_to_numpy(own) for own in (*network.trainable_weights, *network.non_trainable_weights)]


def trained(settings, steps, devices=Devices(1)):  # noqa: B008  frozen
    """A network with its averages, and what it was after each step."""
    keras.utils.set_random_seed(2)
    with devices.scope():
        network = networks.build("dncnn", **networks.module("dncnn").SMALL)
        optimizer = optimizers.build(settings, 0.05, "float32")
        network.compile(optimizer, "mean_squared_error")
        optimizer.build(network.trainable_variables)
        averages = Averages(network, optimizer)
    seen, rng = [], np.random.default_rng(0)
    for step in range(steps):
        images = rng.normal(step, 1 + step, (2, 2, 16, 20, 1)).astype(np.float32)  # statistics that change
        network.train_on_batch(*images)
        averages.update(network)
        seen.append(state(network))
    return network, averages, seen


@pytest.mark.parametrize("mirrored", [False, True], ids=["", "under a strategy"])
def test_weights_and_statistics_are_averaged_alike(mirrored):
    devices = strategy.mirrored(["/cpu:0"]) if mirrored else Devices(1)
    network, averages, seen = trained(Optimizer(ema=MOMENTUM), 4, devices)
    expected = seen[0]
    for later in seen[1:]:
        expected = [MOMENTUM * old + (1 - MOMENTUM) * new for old, new in zip(expected, later, strict=True)]
    with averages.in_place():
        for found, wanted, last in zip(state(network), expected, seen[-1], strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
            assert np.abs(found - last).max() > 1e-4  # neither is what the network would have otherwise
    for found, last in zip(state(network), seen[-1], strict=True):
        np.testing.assert_array_equal(found, last)


def test_without_averaging_the_network_stays_as_it_is():
    network, averages, seen = trained(Optimizer(), 1)
    with averages.in_place():
        for found, last in zip(state(network), seen[-1], strict=True):
            np.testing.assert_array_equal(found, last)


def test_the_original_is_back_after_an_error():
    network, averages, seen = trained(Optimizer(ema=MOMENTUM), 2)
    with pytest.raises(KeyboardInterrupt), averages.in_place():
        raise KeyboardInterrupt
    for found, last in zip(state(network), seen[-1], strict=True):
        np.testing.assert_array_equal(found, last)


def test_a_run_that_was_resumed_ends_like_the_uninterrupted_one(tmp_path, broken_off, eagerly):
    resumed = broken_off(1)
    train(recipe.from_dict(DENOISER), out=tmp_path / "whole")
    train(recipe.load(resumed), out=resumed, resume=True)
    whole, broken = (models.load(folder, "float32") for folder in (tmp_path / "whole", resumed))
    for one, other in zip(state(whole.network), state(broken.network), strict=True):
        np.testing.assert_array_equal(one, other)
    fresh = state(models.build_network(whole.recipe))
    assert all(np.any(one != start) for one, start in zip(state(whole.network)[-2:], fresh[-2:], strict=True))
    zscore = catalogue.open_fields("w2s_simulated", "train", 2).widefield
    assert whole.recipe.data.zscore == (zscore.offset, zscore.gain)  # what a prediction needs
    assert broken.recipe.data == whole.recipe.data
