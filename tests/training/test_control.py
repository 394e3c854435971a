"""The control without stripes: what a network gains with them, and without."""

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from srredsim.data.pairs import Pair
from srredsim.data.reconstructed import NORMALISED
from srredsim.errors import InputError
from srredsim.evaluation.scores import score
from srredsim.training import control
from srredsim.zoo import recipe

RECIPE = {
    "name": "tiny",
    "network": {"name": "unrolled", "input_channels": 63},
    "data": {"name": "simulated_real", "input": "lit_frames", "patterns": ["3x3"], "gain_jitter": 0, "control": 2},
}


def test_the_gain_is_the_difference_of_psnr_after_a_fit():
    rng = np.random.default_rng(1)
    truth = rng.random((40, 40))
    image, widefield = (3 * truth + 7 + rng.normal(0, sd, truth.shape) for sd in (0.3, 2.0))
    expected = score(truth, image)["psnr"] - score(truth, widefield)["psnr"]
    assert control.gain_db(image, widefield, truth) == pytest.approx(expected, abs=1e-6)


def test_a_network_that_gains_as_much_without_stripes_has_gained_nothing_by_them():
    """Of channels of which the last is the image, as noisy as wanted: 20 dB better than the widefield image, or not."""
    rng = np.random.default_rng(2)
    truth = rng.random((24, 24)).astype(np.float32)
    wide = truth + rng.normal(0, 0.5, truth.shape).astype(np.float32)

    def pairs(better):
        image = truth + (wide - truth) / (10 if better else 1)
        channels = np.zeros((12, 12, 13), np.float32)
        channels[..., 7] = wide[::2, ::2]
        blocks = image.reshape(12, 2, 12, 2).transpose(0, 2, 1, 3).reshape(12, 12, 4)
        channels[..., 9:13] = blocks
        return [Pair(channels, truth, NORMALISED)]

    def start(channels):
        blocks = channels[..., 9:13].reshape(1, 12, 12, 2, 2).transpose(0, 1, 3, 2, 4)
        return blocks.reshape(1, 24, 24, 1)

    found = []
    for kinds in [(True, False), (True, True)]:
        callback = control.Control(recipe.from_dict(RECIPE), SimpleNamespace(in_place=nullcontext), *map(pairs, kinds))
        callback.set_model(SimpleNamespace(predict_on_batch=start))
        logs = {}
        callback.on_epoch_end(0, logs)
        found.append(logs[control.STRIPES])
    assert found[0] > 12
    assert found[1] == pytest.approx(0, abs=1e-6)


def test_the_fields_are_the_same_with_and_without_stripes():
    lit, even = (pairs.pairs for pairs in control.pairs_of(recipe.from_dict(RECIPE)))
    frames, dark = lit[1].frames.astype(float), even[1].frames.astype(float)
    assert np.corrcoef(lit[1].truth.ravel(), even[1].truth.ravel())[0, 1] > 0.999
    varying = [np.std(each.mean(axis=(0, 1))) + np.std(each - each.mean(-1, keepdims=True)) for each in (frames, dark)]
    assert varying[1] < varying[0]


def test_data_that_have_no_control_are_refused():
    other = RECIPE | {"data": RECIPE["data"] | {"name": "simulated"}}
    with pytest.raises(InputError, match=r"simulated cannot be asked by data\.imperfections"):
        control.pairs_of(recipe.from_dict(other))
