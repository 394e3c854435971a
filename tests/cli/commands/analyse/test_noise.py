"""`srredsim analyse noise`: the noise of a camera that is known; pixels that are no numbers."""

import json

import numpy as np
import pytest


def test_noise_of_the_captures_is_that_of_the_camera(home, run):
    """Gain 4, offset 100, read noise 1.5 electrons: variance 4 mean + 16 x 2.25 - 400."""
    stacks = sorted((home / "raw" / "Image081").glob("wf_*"))
    status, out, _ = run("analyse", "noise", *stacks, "--repeats", "--out", home / "noise", "--json")
    assert status == 0
    report = json.loads(out)
    assert report["mean"]["a"] == pytest.approx(4, rel=0.02)
    assert report["mean"]["b"] == pytest.approx(36 - 400, abs=20)
    written = json.loads((home / "noise" / "noise.json").read_text())
    assert written["images"] == report["images"]
    assert (home / "noise" / "noise.png").stat().st_size > 1000
    status, _, err = run("analyse", "noise", *stacks, "--repeats", "--out", home / "noise")
    assert status == 2
    assert "exists already; give --overwrite" in err


def test_pixels_that_are_no_numbers_are_counted(tmp_path, run):
    image = np.random.default_rng(0).poisson(200, (40, 48)).astype(np.float32)
    image[3, 5:7] = np.nan
    np.save(tmp_path / "holes.npy", image)
    status, _, err = run("analyse", "noise", tmp_path / "holes.npy")
    assert status == 2
    assert err.endswith("holes.npy: noise cannot be measured: 2 of 1920 pixels are NaN or infinite\n")
