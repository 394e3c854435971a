"""Commands that are killed, or whose disk is full, and what the next one makes of what they left."""

import json
import resource
from contextlib import contextmanager

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.acquisition import Optics
from srredsim.simulation.sim import simulate_stack


@pytest.fixture
def stopped(process):
    """Function: a command that is killed at a moment."""

    def stopped(moment, *argv):
        ended = process("-m", "srredsim", *argv, SRREDSIM_STOP_AT=moment)
        assert ended.returncode == 137, ended.stderr
        io.clear_up.cache_clear()

    return stopped


@pytest.fixture
def cell(tmp_path):
    """A stack whose optics are known, so that there is a consistency map, too."""
    sample = simulate_stack(3, size=48, photons=(300, 300))
    optics = Optics(sample.settings.na, sample.settings.wavelength_em_um, sample.settings.pixel_size_um)
    return io.write_raw(tmp_path / "cell.tif", sample.raw, optics=optics)


def test_predict_killed_between_its_files_is_finished_by_the_next(run, stopped, cell, tiny_model, tmp_path, files_in):
    out = tmp_path / "out"
    asked = "predict", cell, "--model", tiny_model, "--out", out
    stopped("after cell_tiny_consistency.tif", *asked)
    assert not (out / "cell_tiny.tif").exists()
    status, printed, err = run(*asked, "--skip-existing", "--json")
    assert status == 0, err
    assert json.loads(printed)["skipped"][0]["path"] == str(out / "cell_tiny.tif")
    assert files_in(out) == {f"cell_tiny{part}" for part in (".tif", ".png", "_consistency.tif", "_consistency.png")}
    before = tifffile.imread(out / "cell_tiny.tif")
    assert run(*asked, "--overwrite").status == 0
    np.testing.assert_array_equal(tifffile.imread(out / "cell_tiny.tif"), before)


def test_simulate_killed_between_its_files(refused, stopped, tmp_path, files_in):
    asked = "simulate", "--out", tmp_path / "out", "--count", 2, "--size", 32
    stopped("before 0001.json", *asked)
    assert "exists already" in refused(*asked)
    names = {"raw/0000.tif", "truth/0000.tif", "0000.json", "raw/0001.tif", "truth/0001.tif", "0001.json"}
    assert files_in(tmp_path / "out") == names | {"raw", "truth"}


def test_prepare_killed_goes_on(run, stopped, home, tmp_path, files_in):
    asked = "prepare", "w2s", "--raw", home / "raw", "--out", tmp_path / "w2s"
    stopped("before 001_1.npy", *asked)
    assert run(*asked).status == 0
    assert files_in(tmp_path / "w2s") == files_in(home / "w2s")
    for path in (home / "w2s").rglob("*.npy"):
        np.testing.assert_array_equal(np.load(tmp_path / "w2s" / path.relative_to(home / "w2s")), np.load(path))


@pytest.mark.slow
def test_benchmark_killed_goes_on(run, stopped, home, tmp_path, files_in):
    asked = "benchmark", "w2s", "--data", home / "w2s", "--methods", "bicubic", "--noise-levels", 1, "--limit", 1
    stopped("before tables.csv", *asked, "--out", tmp_path / "killed")
    for name in ("killed", "whole"):
        assert run(*asked, "--out", tmp_path / name).status == 0
    assert files_in(tmp_path / "killed") == files_in(tmp_path / "whole")
    tables = [(tmp_path / name / "tables.csv").read_text().splitlines() for name in ("killed", "whole")]
    scores = [[line.rpartition(",")[0] for line in table] for table in tables]  # without the seconds
    assert scores[0] == scores[1]


@contextmanager
def full_disk(largest):
    """No file may have more bytes than this, which the system tells as it tells of a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    "command",
    [
        ["predict", "CELL", "--model", "TINY", "--out", "OUT"],
        ["reconstruct", "CELL", "--out", "OUT"],
        ["inspect", "CELL", "--out", "OUT"],
        ["simulate", "--count", 1, "--size", 64, "--out", "OUT"],
        ["simulate", "--w2s", "--count", 1, "--size", 32, "--out", "OUT"],
        ["prepare", "w2s", "--raw", "RAW", "--out", "OUT"],
        ["train", "--model", "TINY", "--gpus", 0, "--out", "OUT"],
    ],
    ids=lambda command: " ".join(map(str, command[:2])),
)
def test_a_full_disk_is_one_line(run, command, cell, tiny_model, home, tmp_path, files_in, eagerly):
    places = {"CELL": cell, "TINY": tiny_model, "OUT": tmp_path / "out", "RAW": home / "raw"}
    with full_disk(3000):
        status, _, err = run(*(places.get(word, word) for word in command))
    line = err.splitlines()[-1]
    assert status == 2, err
    assert "no space left on the disk" in line, err
    assert "Traceback" not in err
    left = files_in(tmp_path / "out") if (tmp_path / "out").exists() else set()
    assert not [name for name in left if name.rpartition("/")[2].startswith(".")], left
