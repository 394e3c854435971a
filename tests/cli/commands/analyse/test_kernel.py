"""`srredsim analyse kernel`: blur between widefield and SIM; pairs in the order given."""

import json

import numpy as np


def test_blur_between_widefield_and_sim(home, run):
    lr, hr = (home / "w2s" / "normalized" / kind for kind in ("avg400", "sim"))
    status, out, _ = run("analyse", "kernel", "--lr", lr, "--hr", hr, "--unit", 1, "--out", home / "kernel", "--json")
    assert status == 0
    report = json.loads(out)
    assert [pair["lr"][-9:] for pair in report["pairs"]] == [pair["hr"][-9:] for pair in report["pairs"]]
    kernel = np.array(report["mean"])
    assert kernel.shape == (36, 36)
    assert np.unravel_index(kernel.argmax(), kernel.shape) == (18, 18)  # both images show the same place
    assert (home / "kernel" / "kernel.png").stat().st_size > 1000


def test_a_file_given_twice_is_in_two_pairs(home, run):
    """Pairs are made in the order given, so none may be dropped."""
    averages, sims = (home / "w2s" / "normalized" / kind for kind in ("avg400", "sim"))
    lr = [averages / f"001_{channel}.npy" for channel in (0, 1)]
    hr = [sims / f"001_{channel}.npy" for channel in (0, 0, 1)]
    status, _, err = run("analyse", "kernel", "--unit", 1, "--lr", *lr, "--hr", *hr)
    assert status == 2
    assert "one high-resolution image is wanted for each of low resolution; got 3 and 2" in err
