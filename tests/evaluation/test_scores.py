"""Scores: the stated definitions, against scikit-image."""

import numpy as np
import pytest
from skimage import metrics as reference

from srredsim.errors import InputError
from srredsim.evaluation.scores import score


def test_scores_are_blind_to_gain_and_offset_and_agree_with_scikit_image():
    rng = np.random.default_rng(3)
    truth = rng.random((40, 48)) * 900
    image = truth + rng.normal(0, 60, truth.shape)
    found = score(truth, image)
    assert score(truth, -250 + 0.01 * image) == pytest.approx(found, rel=1e-3)
    gain, offset = np.polyfit(image.ravel(), truth.ravel(), 1)
    fitted, span = gain * image + offset, np.ptp(truth)
    assert found["psnr"] == pytest.approx(reference.peak_signal_noise_ratio(truth, fitted, data_range=span), abs=1e-3)
    assert found["nrmse"] == pytest.approx(
        reference.normalized_root_mse(truth, fitted, normalization="min-max"), rel=1e-4
    )
    assert found["ncc"] == pytest.approx(np.corrcoef(truth.ravel(), image.ravel())[0, 1], abs=1e-5)


def test_a_constant_image_is_scored_and_a_constant_truth_refused():
    truth = np.random.default_rng(0).random((20, 20))
    assert score(truth, np.ones_like(truth))["ncc"] == 0
    with pytest.raises(InputError, match="constant"):
        score(np.ones((20, 20)), truth)
