"""Images in the units of others: what one gains over another."""

import numpy as np
import pytest

from srredsim.evaluation.scores import score
from srredsim.quality.intensity import gained_db


def test_the_gain_is_the_difference_of_two_psnr():
    rng = np.random.default_rng(2)
    truth = rng.random((40, 30))
    near, far = truth + 0.1 * rng.standard_normal(truth.shape), 5 - 3 * truth + rng.standard_normal(truth.shape)
    expected = score(truth, near)["psnr"] - score(truth, far)["psnr"]
    assert gained_db(truth, 7 * near + 2, far) == pytest.approx(expected, abs=1e-3)
