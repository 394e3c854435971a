"""Scores: the stated definitions, the same images for model and baseline, the right numbers in the right rows."""

import json

import numpy as np
import pytest
from skimage import metrics as reference

from srredsim.data.pairs import Pair
from srredsim.errors import InputError
from srredsim.evaluation import benchmark, tables
from srredsim.normalise import Scaling
from srredsim.zoo import models


def test_scores_are_blind_to_gain_and_offset_and_agree_with_scikit_image():
    rng = np.random.default_rng(3)
    truth = rng.random((40, 48)) * 900
    image = truth + rng.normal(0, 60, truth.shape)
    found = benchmark.score(truth, image)
    assert benchmark.score(truth, -250 + 0.01 * image) == pytest.approx(found, rel=1e-3)
    gain, offset = np.polyfit(image.ravel(), truth.ravel(), 1)
    fitted, span = gain * image + offset, np.ptp(truth)
    assert found["psnr"] == pytest.approx(reference.peak_signal_noise_ratio(truth, fitted, data_range=span), abs=1e-3)
    assert found["nrmse"] == pytest.approx(
        reference.normalized_root_mse(truth, fitted, normalization="min-max"), rel=1e-4
    )
    assert found["ncc"] == pytest.approx(np.corrcoef(truth.ravel(), image.ravel())[0, 1], abs=1e-5)


def test_a_constant_image_is_scored_and_a_constant_truth_refused():
    truth = np.random.default_rng(0).random((20, 20))
    assert benchmark.score(truth, np.ones_like(truth))["ncc"] == 0
    with pytest.raises(InputError, match="constant"):
        benchmark.score(np.ones((20, 20)), truth)


class TwoLevels:
    """Two fields at two light levels; the frames are the binned truth, so widefield scores are known to be high."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        rng = np.random.default_rng(index % 2)
        truth = np.kron(rng.random((24, 20)), np.ones((2, 2))).astype(np.float32)
        noise = (0.5, 0.0)[index // 2] * np.random.default_rng(9).normal(size=(24, 20, 15))
        return Pair(truth[::2, ::2, None] + noise, truth, Scaling(0.0, 1.0), {"photons": (10.0, 90.0)[index // 2]})


def test_every_level_has_its_own_rows(tiny_model, monkeypatch):
    opened = type("Opened", (), {"pairs": TwoLevels()})
    monkeypatch.setattr(benchmark.catalogue, "open_split", lambda *_: opened)
    result = benchmark.evaluate(models.load(tiny_model, "float32"), "simulated")
    assert [(group["photons"], group["images"]) for group in result["groups"]] == [(10.0, 2), (90.0, 2)]
    dim, bright = (group["methods"]["widefield (bicubic)"] for group in result["groups"])
    assert bright["psnr"]["mean"] > dim["psnr"]["mean"] + 1
    pair = TwoLevels()[3]
    one = benchmark.score(
        pair.truth, benchmark.images(models.load(tiny_model, "float32"), pair, 3, 5)["widefield (Fourier)"]
    )
    other = benchmark.score(TwoLevels()[2].truth, benchmark.fourier_upscale(TwoLevels()[2].frames.mean(-1)))
    expected = [(one["psnr"] + other["psnr"]) / 2, abs(one["psnr"] - other["psnr"]) / 2]
    found = result["groups"][1]["methods"]["widefield (Fourier)"]["psnr"]
    np.testing.assert_allclose([found["mean"], found["std"]], expected, rtol=1e-4)
    json.dumps(result)
    table = tables.text(result).splitlines()
    assert len(table) == 2 + 2 * 3
    assert f"{found['mean']:.2f} ± {found['std']:.2f}" in table[6]
