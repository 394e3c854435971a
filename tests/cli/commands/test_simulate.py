"""`srredsim simulate`: stacks that can be read; nothing overwritten."""

import json
from pathlib import Path

import numpy as np
import pytest

from srredsim import io


def test_simulate_writes_stacks_that_can_be_read(run, here):
    status, out, err = run("simulate", "--out", "made", "--count", 2, "--size", 32, "--angles", 2, "--phases", 3)
    assert (status, err) == (0, "")
    assert [Path(line).as_posix() for line in out.split()] == ["made/raw/0000.tif", "made/raw/0001.tif"]
    assert io.read(Path("made/raw/0001.tif")).raw().shape == (2, 3, 32, 32)


def test_light_that_the_camera_cuts_off_is_warned_of(run, here):
    how = "simulate", "--size", 32, "--photons", 60000, 60001, "--count", 2
    status, _, err = run(*how, "--out", "made")
    assert status == 0
    assert "warning: 2 of 2 stacks reach 65535, where the camera cuts the light off: give fewer --photons" in err
    told = json.loads(Path("made/0000.json").read_text())
    assert told["saturated_pixels"] == np.count_nonzero(io.read(Path("made/raw/0000.tif")).raw() == 65535) > 0


def test_simulate_overwrites_nothing(run, refused, here, files_in):
    run("simulate", "--out", "made", "--size", 32)
    before = {name: (here / name).stat().st_mtime_ns for name in files_in(here)}
    assert "exists" in refused("simulate", "--out", "made", "--size", 32, "--seed", 3)
    assert {name: (here / name).stat().st_mtime_ns for name in files_in(here)} == before


@pytest.mark.parametrize("extra", [["--photons", "200", "20"], ["--size", "1"], ["--phases", "1"]])
def test_simulating_what_cannot_be(refused, here, extra, files_in):
    refused("simulate", "--out", "made", *extra)
    assert files_in(here) == set()


def test_simulating_into_a_file(refused, here, files_in):
    Path("made").write_text("mine")
    refused("simulate", "--out", "made", "--size", 32)
    assert files_in(here) == {"made"}


@pytest.mark.parametrize("flags", [["--photons", "5", "50"], ["--photons", "20", "5000"], ["--phases", "5"]])
def test_a_simulated_archive_has_one_pattern_and_light(tmp_path, refused, flags):
    """What would be the same elsewhere is refused, too."""
    line = refused("simulate", "--w2s", "--out", tmp_path / "raw", *flags)
    assert line.endswith(f"--w2s has 3 angles, 5 phases and a light of its own; leave out {flags[0]}")
    assert list(tmp_path.iterdir()) == []
