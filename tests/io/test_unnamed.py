"""Planes that were read as z, although they may be times: that is said, and how they are read as times."""

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.errors import InputError
from srredsim.io.unnamed import order_of_times, refuse_slices

HINT = '6 z-planes (`order="PAT"` reads them as times)'
FRAMES = np.random.default_rng(0).poisson(80, (90, 16, 16)).astype(np.uint16)


@pytest.fixture
def plain(tmp_path):
    """90 frames of which the file says nothing."""
    tifffile.imwrite(tmp_path / "plain.tif", FRAMES, photometric="minisblack")
    return tmp_path / "plain.tif"


def read(path, **how):
    return io.read(path, angles=3, phases=5, **how)


def test_planes_that_nobody_named_are_said_to_be_perhaps_times(plain):
    stack = read(plain)
    assert stack.sizes["Z"] == 6
    assert HINT in stack.notes[0]
    assert order_of_times(stack) == "PAT"
    times = read(plain, order="PAT")
    assert times.sizes["T"] == 6
    assert not any(HINT in note for note in times.notes)


def test_whoever_names_z_is_not_asked_again(plain):
    assert not any("as times" in note for note in read(plain, order="ZAP").notes)
    with pytest.raises(InputError, match=r'has 6; they were read as z-planes: if they are times, give `order="TAP"`$'):
        refuse_slices("live", read(plain, order="ZAP"))


def test_what_the_file_calls_z_is_z(tmp_path):
    path = io.write_raw(tmp_path / "named.tif", FRAMES.reshape(1, 1, 6, 3, 5, 16, 16))
    stack = io.read(path)
    assert (stack.sizes["Z"], order_of_times(stack)) == (6, None)
    assert not any("as times" in note for note in stack.notes)
    with pytest.raises(InputError, match=r"^`live` is for time series of one slice, this stack has 6; leave it out$"):
        refuse_slices("live", stack)


def test_one_stack_has_no_planes_to_speak_of(tmp_path):
    tifffile.imwrite(tmp_path / "one.tif", FRAMES[:15], photometric="minisblack")
    stack = io.read(tmp_path / "one.tif")
    refuse_slices("live", stack)
    assert not any("as times" in note for note in stack.notes)


@pytest.mark.parametrize(("command", "flag"), [("reconstruct", "--live"), ("reconstruct", "--rolling")])
def test_the_command_names_its_flag(run, plain, command, flag):
    asked = command, plain, "--angles", 3, "--phases", 5, "--na", 1.4, "--wavelength-em-um", 0.5
    status, _, err = run(*asked, "--pixel-size-um", 0.08, flag)
    assert status == 2
    assert "give --order PAT" in err
    assert f"{flag} " in err


def test_inspect_says_it_too(run, plain):
    assert "6 z-planes (--order PAT reads them as times)" in run("inspect", plain, "--angles", 3, "--phases", 5).out
