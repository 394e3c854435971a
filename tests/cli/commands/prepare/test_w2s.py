"""`srredsim prepare w2s`: what its folder holds, prepared again, and what is refused."""

import json

import numpy as np
import pytest

from srredsim.data.w2s.folder import Folder
from srredsim.data.widefield import WidefieldPairs


def test_prepared_again(home, run):
    status, out, err = run("prepare", "w2s", "--raw", home / "raw", "--out", home / "w2s", "--json")
    assert status == 0
    report = json.loads(out)
    assert (report["made"], report["kept"], report["fields"]) == (0, 6, [1, 81])
    assert "train: 1 of 76 fields (001)" in err
    assert len(Folder(home / "w2s", "test")) == 3


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--zscore", "own"], "--zscore was published, now own"),
        (["--zscore", "1", "2", "3"], "--zscore is published, own, or MEAN STD; got 1 2 3"),
        (["--zscore", "nan", "2"], "two numbers, STD above 0"),
    ],
)
def test_prepare_refuses_in_one_line(home, run, flags, words):
    status, out, err = run("prepare", "w2s", "--raw", home / "raw", "--out", home / "w2s", *flags)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert words in err


def test_the_folder_makes_pairs_of_widefield_images(home):
    """z-scores as they are stored; or in counts, the SIM image fitted to the widefield image."""
    fields = Folder(home / "w2s", "train")
    stored = [np.load(home / "w2s" / "normalized" / kind / "001_1.npy") for kind in ("avg4", "sim")]
    pairs = WidefieldPairs(fields, [1, 4], "sim", "dataset")
    assert len(pairs) == 6
    noisy, truth = pairs[3].normalised()
    np.testing.assert_allclose(noisy[..., 0], stored[0], atol=1e-5)
    np.testing.assert_allclose(truth[..., 0], stored[1], atol=1e-5)
    pair = WidefieldPairs(fields, [4], "sim", "image")[1]
    made_from = np.load(home / "raw" / "Image001" / "sim_channel1.npy")  # counts above background: nothing to fit
    gain, _ = np.polyfit(made_from.ravel(), pair.truth.ravel(), 1)
    assert gain == pytest.approx(1, abs=0.25)
