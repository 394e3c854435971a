"""Some times, channels and z-planes of a file."""

import numpy as np
import pytest
import tifffile

from srredsim import api, io
from srredsim.acquisition import Optics
from srredsim.cli.main import main
from srredsim.errors import InputError
from srredsim.io.alternatives import alternatives
from srredsim.io.only import named, spans
from srredsim.io.raw import write_raw

OPTICS = Optics(na=1.4, wavelength_em_um=(0.461, 0.525), pixel_size_um=0.08, z_step_um=0.2)


@pytest.fixture(scope="module")
def frames():
    """(t, c, z, a, p, y, x), no two frames alike."""
    return np.random.default_rng(4).integers(100, 60000, (4, 2, 3, 3, 5, 16, 24)).astype(np.uint16)


@pytest.fixture(scope="module")
def path(frames, tmp_path_factory):
    return write_raw(tmp_path_factory.mktemp("only") / "cells.ome.tif", frames, optics=OPTICS)


@pytest.mark.parametrize(
    ("only", "part"),
    [
        ("t=1-2", np.s_[1:3]),
        ("c=1", np.s_[:, 1:2]),
        ("z=2,t=3", np.s_[3:4, :, 2:3]),
        (" T = 0 - 3 , C=0,z=0-1", np.s_[0:4, 0:1, 0:2]),
    ],
)
def test_frames_are_those_of_the_part(path, frames, only, part):
    np.testing.assert_array_equal(np.asarray(io.read(path, only=only)), frames[part])


@pytest.mark.parametrize(("only", "waves"), [("c=1", 0.525), ("c=0", 0.461), ("t=1", (0.461, 0.525))])
def test_channels_keep_their_wavelengths(path, only, waves):
    assert io.read(path, only=only).optics.wavelength_em_um == waves


def test_wavelengths_are_told_of_all_channels(path):
    stack = io.read(path, only="c=1", wavelength_em_um=(0.5, 0.6), keep_hot_pixels=True)
    assert stack.optics.wavelength_em_um == 0.6


def test_arrays_have_parts_as_files_do(frames):
    stack = api.read(frames, axes="TCZAPYX", only="t=2,z=1")
    np.testing.assert_array_equal(np.asarray(stack), frames[2:3, :, 1:2])


def test_montages_have_parts(tmp_path):
    tiles = np.random.default_rng(5).integers(100, 900, (3, 3 * 20, 5 * 20)).astype(np.uint16)
    np.save(tmp_path / "tiles.npy", tiles)
    stack = io.read(tmp_path / "tiles.npy", order="tiled", angles=3, phases=5, only="z=1", keep_hot_pixels=True)
    np.testing.assert_array_equal(stack.raw()[1, 2], tiles[1, 20:40, 40:60])
    assert stack.shape == (1, 1, 1, 3, 5, 20, 20)


def test_planes_without_a_pattern(tmp_path):
    planes = np.random.default_rng(6).integers(0, 900, (4, 3, 2, 40, 50)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "w.tif", planes, imagej=True, metadata={"axes": "TZCYX"})
    part = api.denoise(tmp_path / "w.tif", method="pure_let", noise=(1.0, 0.0), only="t=3,c=1,z=0-1")
    whole = api.denoise(tmp_path / "w.tif", method="pure_let", noise=(1.0, 0.0))
    np.testing.assert_array_equal(part.planes, whole.planes[3:4, 1:2, :2])


def test_other_readings_are_of_the_same_part(path):
    """No argument reads it in another way, as it would if they were those of the whole file."""
    assert not any(name.startswith("`") for name in alternatives(io.read(path, only="t=1,c=1,z=1")))


def test_results_are_named_after_the_part(path, tmp_path):
    writing = io.Writing(tmp_path, scene=2, only="t=0-2,c=1")
    assert writing.path(path, "wiener").name == "cells_scene2_t0-2_c1_wiener.tif"
    assert named("Z=3 - 3") == "z3"
    assert spans("z=3,t=1-4") == {"z": (3, 3), "t": (1, 4)}


@pytest.mark.parametrize("only", ["", "t", "t=", "q=1", "t=2-1", "t=1,t=2", "t=-1", "t=1-2-3", "t=1.5", 3, ("t", 1)])
def test_what_is_no_part_is_refused(only):
    with pytest.raises(InputError, match="`only` names times, channels or z-planes"):
        io.Reading(only=only)


@pytest.mark.parametrize(("only", "there"), [("t=4", "t=3"), ("t=0-9,z=1", "t=3"), ("z=3", "z=2"), ("c=1-2", "c=1")])
def test_more_than_there_is_is_refused(path, only, there):
    with pytest.raises(InputError, match=f"the last is {there}"):
        io.read(path, only=only)


def test_the_note_says_what_was_taken(path):
    notes = io.read(path, only="t=1-2,c=0").notes
    assert "t=1-2 of 4, c=0 of 2: these alone, from here on numbered from 0" in notes


@pytest.mark.parametrize("times", [1, 2])
def test_a_channel_that_shows_nothing_is_done_without(tmp_path, times, capsys):
    stack, _ = api.simulate(seed=3, size=64, photons=(2000, 2000))
    both = np.zeros((times, 2, 1, 3, 5, 64, 64), np.uint16)
    both[:, 0] = np.asarray(stack)[:, 0]
    path = write_raw(tmp_path / "two.ome.tif", both, optics=OPTICS)
    assert main(["reconstruct", str(path), "--by-plane"]) == 2
    assert "; --only takes other channels of the file alone" in capsys.readouterr().err
    assert main(["reconstruct", str(path), "--by-plane", "--only", "c=0"]) == 0
    with tifffile.TiffFile(tmp_path / "two_c0_wiener.tif") as made:
        assert made.asarray().any()
        assert len(made.pages) == times
