"""A folder with a file for each frame of one raw stack."""

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.errors import InputError

FRAMES = np.random.default_rng(0).integers(1, 60000, (30, 24, 32), np.uint16)


def folder_of(folder, count=15, name="cell_{}.tif", first=1):
    folder.mkdir()
    for n in range(count):
        tifffile.imwrite(folder / name.format(n + first), FRAMES[n])
    return folder


def test_the_frames_come_as_people_count(tmp_path):
    """9 before 10, whatever the letters around; each file is opened when its frame is asked for."""
    stack = io.read(folder_of(tmp_path / "a"), stack=True)
    assert np.array_equal(stack.raw(0, 0, 0).reshape(15, 24, 32), FRAMES[:15])
    assert "15 files of one frame each, cell_1.tif to cell_15.tif, are taken for one stack" in stack.notes
    stack = io.read(folder_of(tmp_path / "b", 30, "x2_{:03d}_w.tif", 0), stack=True)
    assert np.array_equal(stack.raw(0, 0, 0).reshape(15, 24, 32), FRAMES[:15])
    assert np.array_equal(stack.raw(0, 0, 1).reshape(15, 24, 32), FRAMES[15:])


def test_a_frame_that_is_left_out_is_missed(tmp_path):
    folder = folder_of(tmp_path / "a", 30)
    (folder / "cell_7.tif").unlink()
    with pytest.raises(InputError, match=r"30 frames are promised, 29 are there, the first .* is 7"):
        io.read(folder, stack=True)
    stack = io.read(folder, stack=True, accept_incomplete=True)
    assert np.array_equal(stack.raw(0, 0, 0).reshape(15, 24, 32), FRAMES[15:])


MICRO_MANAGER = "img_channel{:03d}_position000_time{:09d}_z{:03d}.tif"


@pytest.mark.parametrize(("sizes", "place"), [((2, 9, 1), lambda c, t, z: c), ((1, 9, 3), lambda c, t, z: z)])
def test_names_that_count_channels_times_and_planes(tmp_path, sizes, place):
    """The frames lie along the times, as Micro-Manager counts them where a grating is moved."""
    for number, (c, t, z) in enumerate(np.ndindex(*sizes)):
        tifffile.imwrite(tmp_path / MICRO_MANAGER.format(c, t, z), FRAMES[number])
    stack = io.read(tmp_path, stack=True, angles=3, phases=3)
    assert (stack.sizes["C"], stack.sizes["T"], stack.sizes["Z"]) == (sizes[0], 1, sizes[2])
    for number, (c, t, z) in enumerate(np.ndindex(*sizes)):
        assert np.array_equal(stack.raw(0, c, z)[t // 3, t % 3], FRAMES[number])
    (tmp_path / MICRO_MANAGER.format(0, 4, 0)).unlink()
    with pytest.raises(InputError, match=rf"{np.prod(sizes)} frames are promised, {np.prod(sizes) - 1} are there"):
        io.read(tmp_path, stack=True)
    tifffile.imwrite(tmp_path / MICRO_MANAGER.format(0, 4, 0).replace("position000", "position001"), FRAMES[0])
    with pytest.raises(InputError, match="the files are of 2 positions"):
        io.read(tmp_path, stack=True)


def test_names_that_count_otherwise_are_in_a_row(tmp_path):
    """Numbers without such words before them, and names that have not the same numbers."""
    names = [f"a{n // 5}_b{n % 5}_c.tif" for n in range(15)]
    for folder, last in (("a", names[-1]), ("b", "z_1.tif")):
        (tmp_path / folder).mkdir()
        for name, frame in zip([*names[:-1], last], FRAMES, strict=False):
            tifffile.imwrite(tmp_path / folder / name, frame)
        stack = io.read(tmp_path / folder, stack=True)
        assert np.array_equal(stack.raw().reshape(15, 24, 32), FRAMES[:15])


def test_frames_that_are_not_alike(tmp_path):
    folder = folder_of(tmp_path / "a")
    tifffile.imwrite(folder / "cell_4.tif", FRAMES[4, :20])
    with pytest.raises(InputError, match=r"cell_4.tif has 20 x 32 pixels of uint16, cell_1.tif 24 x 32 of uint16"):
        io.read(folder, stack=True)
    tifffile.imwrite(folder / "cell_4.tif", FRAMES[:2])
    with pytest.raises(InputError, match=r"cell_4.tif holds 2 frames"):
        io.read(folder, stack=True)
    (folder / "cell.tif").write_bytes((folder / "cell_1.tif").read_bytes())  # the first of copies, or an overview
    with pytest.raises(InputError, match=r"^cell.tif has no number, as cell_1.tif has"):
        io.read(folder, stack=True)
    (folder / "cell.tif").unlink()
    (folder / "cell_4.tif").write_bytes(b"no TIFF")
    with pytest.raises(InputError, match=r"^cell_4.tif: neither a TIFF"):
        io.read(folder, stack=True)


def test_a_folder_of_frames_is_refused_in_one_line(tmp_path, refused, run, tiny_model):
    folder = folder_of(tmp_path / "cells")
    for command in (("inspect",), ("reconstruct",), ("predict",), ("predict", "--model", tiny_model)):
        line = refused(*command, folder)
        assert "holds 15 numbered files of one frame each, and a raw stack has several frames: give --stack" in line
    files = sorted(folder.iterdir())
    assert refused("inspect", *files, "--stack").endswith(
        f"--stack takes folders, whose files are the frames of one stack; {files[0]} is none"
    )
    status, _, err = run("predict", folder, "--stack", "--model", tiny_model)
    assert (status, "are taken for one stack" in err) == (0, True)
    assert (tmp_path / "cells_tiny.tif").exists()


def test_montages_of_a_microscope_are_one_each(tmp_path, run):
    folder = tmp_path / "montages"
    folder.mkdir()
    for n in range(7):
        tifffile.imwrite(folder / f"cell_{n}.tif", np.tile(FRAMES[n], (3, 5)))
    status, out, err = run("inspect", folder, "--microscope", "nsim", "--shard", "1/7")
    assert (status, "3 angles x 5 phases of 24 x 32" in out) == (0, True), err


def test_a_folder_of_widefield_images_is_one(tmp_path, run):
    """Which of both it is nobody can know: it is said."""
    folder = folder_of(tmp_path / "cells", name="{}.tif")
    told: list[str] = []
    assert len(io.find([folder], told.append)) == 15
    words = "if they are the frames of one raw stack, give `stack=True`"
    assert told == [f"{folder} holds 15 numbered files of one frame each; {words}"]
    for few in range(6, 16):
        (folder / f"{few}.tif").unlink()
    told.clear()
    assert len(io.find([folder], told.append)) == 5
    assert not told
