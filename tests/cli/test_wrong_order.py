"""Frames in another order than they were read in: that is said once, and nothing that only follows from it."""

import json

import numpy as np
import pytest
import tifffile

import srredsim
from srredsim.quality.report import MISREAD, WRONG_ORDER

OPTICS = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.08}
FLAGS = ["--na", 1.4, "--wavelength-em-um", 0.525, "--pixel-size-um", 0.08]
FOLLOWS = ("too faint", "same direction", "exchanged:")


@pytest.fixture(scope="module")
def frames():
    """15 frames, the phases of an angle behind one another."""
    stack = srredsim.simulate(seed=3, size=96, photons=(2000, 2000), phantom="filaments", **OPTICS).stack
    return np.asarray(stack.raw()).reshape(15, 96, 96).astype(np.uint16)


@pytest.fixture
def misread(frames, tmp_path):
    path = tmp_path / "misread.tif"
    tifffile.imwrite(path, frames.reshape(3, 5, 96, 96).swapaxes(0, 1).reshape(15, 96, 96), photometric="minisblack")
    return path


@pytest.mark.parametrize("command", ["reconstruct", "predict"])
def test_a_wrong_order_is_the_only_warning(run, misread, command):
    status, out, err = run(command, misread, *FLAGS)
    warned = [line for line in err.splitlines() if "warning: " in line]
    assert status == 0
    assert len(warned) == 1
    assert f"{WRONG_ORDER}read the file with --order ZAP" in warned[0]
    assert not [line for line in (out + err).splitlines() for words in FOLLOWS if words in line]
    assert (MISREAD in out) == (command == "reconstruct")


def test_the_report_says_the_same(run, misread):
    (report,) = json.loads(run("reconstruct", misread, *FLAGS, "--json").out)["results"]
    assert report["verdict"] == report["channels"][0]["verdict"] == MISREAD
    assert [note.startswith(WRONG_ORDER) for note in report["notes"] if note.startswith("warning: ")] == [True]


def test_python_says_only_that_too(frames):
    swapped = frames.reshape(3, 5, 96, 96).swapaxes(0, 1).reshape(15, 96, 96)
    for image in (srredsim.reconstruct(swapped, **OPTICS), srredsim.predict(swapped, **OPTICS)):
        (line,) = [note for note in image.notes if note.startswith("warning: ")]
        assert line.startswith(WRONG_ORDER)


def test_the_verdict_on_the_stripes_is_printed_once(run, frames, tmp_path):
    tifffile.imwrite(tmp_path / "good.tif", frames, photometric="minisblack")
    status, out, err = run("predict", tmp_path / "good.tif", *FLAGS)
    assert status == 0
    assert (out + err).count("the stripes of every angle were measured") == 1
    assert "consistency: residual" in out
