"""Files that promise more than they hold: with `accept_incomplete`, the whole stacks that are there, and no other."""

import numpy as np
import pytest
import tifffile

import srredsim
from srredsim import io
from srredsim.errors import InputError
from srredsim.io.incomplete import whole_stacks

FRAMES = np.random.default_rng(0).integers(0, 60000, (45, 32, 40), np.uint16)  # three stacks of 3 x 5


def imagej(path, images, there, slices=1):
    """Page after page, as programs stream them; the header, written first, promises more."""
    with tifffile.TiffWriter(path) as tif:
        for n, frame in enumerate(FRAMES[:there]):
            header = f"ImageJ=1.53\nimages={images}\nslices={slices}\nframes={images // slices}\n"
            tif.write(frame, description=header if n == 0 else None, metadata=None, compression="zlib")
    return path


def cut(path, there):
    """One block of pixels, of which a part was written."""
    tifffile.imwrite(path, FRAMES, imagej=True, metadata={"axes": "TYX"})
    with tifffile.TiffFile(path) as tif:
        end = tif.pages[0].dataoffsets[0] + there * FRAMES[0].nbytes
    path.write_bytes(path.read_bytes()[:end])
    return path


def cut_behind(path, there, **settings):
    """The same, written by tifffile with metadata of its own, page by page or in one block."""
    tifffile.imwrite(path, FRAMES, photometric="minisblack", **settings)
    with tifffile.TiffFile(path) as tif:
        page = tif.pages[there - 1]
        if len(tif.pages[0].dataoffsets) == 1 and tif.series[0].dataoffset is not None:
            end = tif.series[0].dataoffset + there * FRAMES[0].nbytes
        else:
            end = page.dataoffsets[-1] + page.databytecounts[-1]
    path.write_bytes(path.read_bytes()[:end])
    return path


def cut_npy(path, there):
    path = path.with_suffix(".npy")
    np.save(path, FRAMES)
    path.write_bytes(path.read_bytes()[: 128 + there * FRAMES[0].nbytes + 5])
    return path


MADE = {
    "imagej": lambda path, there: imagej(path, 45, there),
    "block": cut,
    "npy": cut_npy,
    "shaped": cut_behind,
    "shaped_pages": lambda path, there: cut_behind(path, there, compression="zlib"),
    "ome": lambda path, there: cut_behind(path, there, ome=True, metadata={"axes": "TYX"}),
    "plain": lambda path, there: cut_behind(path, there, metadata=None),
    "big": lambda path, there: cut_behind(path, there, metadata=None, bigtiff=True, byteorder=">"),
}


def lacking_tiles(path, frame):
    tifffile.imwrite(path, FRAMES, tile=(16, 16), compression="zlib", photometric="minisblack")
    with tifffile.TiffFile(path, mode="r+") as tif:
        for name in ("TileOffsets", "TileByteCounts"):
            tag = tif.pages[frame].tags[name]
            tag.overwrite([0, *tag.value[1:]])
    return path


@pytest.mark.parametrize("there", [30, 40, 44])
@pytest.mark.parametrize("make", MADE)
def test_the_whole_stacks_that_are_there(make, there, tmp_path):
    path = MADE[make](tmp_path / "a.tif", there)
    with pytest.raises(InputError, match=f"45 frames are promised, {there} are there.*`accept_incomplete`"):
        io.read(path)
    stack = io.read(path, angles=3, phases=5, accept_incomplete=True)
    assert (stack.sizes["T"] * stack.sizes["Z"], stack.sizes["A"], stack.sizes["P"]) == (2, 3, 5)
    read = np.concatenate([stack.raw(*position).reshape(15, 32, 40) for position in stack.positions()])
    assert np.array_equal(read, FRAMES[:30])
    notes = " ".join(stack.notes)
    assert f"45 frames are promised, {there} are there" in notes
    assert "of 3 z-planes 2 are whole" in notes or "of 3 times 2 are whole" in notes


def test_frames_that_nothing_promised(tmp_path):
    """A recording that was stopped within a stack: the whole ones before it are taken when it is asked for."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, FRAMES[:40], metadata=None, photometric="minisblack", compression="zlib")
    with pytest.raises(InputError, match=r"40 frames do not make 3 angles x 5 phases; .* `accept_incomplete`"):
        io.read(path, angles=3, phases=5)
    stack = io.read(path, angles=3, phases=5, accept_incomplete=True)
    read = np.concatenate([stack.raw(*position).reshape(15, 32, 40) for position in stack.positions()])
    assert np.array_equal(read, FRAMES[:30])
    assert "of 3 z-planes 2 are whole, and taken" in stack.notes
    stack = io.read(path, angles=3, phases=5, channels=2, accept_incomplete=True)
    assert np.array_equal(stack.raw(0, 1, 0).reshape(15, 32, 40), FRAMES[1:30:2])
    assert stack.array.shape[:3] == (1, 2, 1)


def test_less_than_one_stack_is_none(tmp_path):
    path = imagej(tmp_path / "a.tif", 15, 14)
    with pytest.raises(InputError, match="frames missing in the file: 1; no stack is whole"):
        io.read(path, accept_incomplete=True)


def test_another_order_may_have_no_whole_stack(tmp_path):
    """Where the angles follow one another, a file that ends early lacks the last angle of every plane."""
    path = imagej(tmp_path / "a.tif", 45, 30)
    with pytest.raises(InputError, match="frames missing in the file: 15; no stack"):
        io.read(path, order="PZA", angles=3, phases=5, accept_incomplete=True)


def test_a_frame_that_was_never_written(tmp_path):
    path = lacking_tiles(tmp_path / "a.tif", 20)
    with pytest.raises(InputError, match="45 frames are promised, 44 are there"):
        io.read(path)
    stack = io.read(path, accept_incomplete=True, angles=3, phases=5)
    read = np.stack([stack.raw(*position).reshape(15, 32, 40) for position in stack.positions()])
    assert np.array_equal(read, FRAMES.reshape(3, 15, 32, 40)[[0, 2]])


def test_widefield_images(tmp_path, run):
    path = imagej(tmp_path / "a.tif", 4, 2)
    status, _, err = run("denoise", path, "--method", "pure_let", "--noise", 1, 0)
    assert (status, "4 frames are promised, 2 are there" in err, "--accept-incomplete" in err) == (2, True, True)
    image = srredsim.denoise(path, method="pure_let", noise=(1, 0), accept_incomplete=True)
    assert image.shape == (2, 32, 40)


def test_commands_have_the_flag(tmp_path, run):
    path = imagej(tmp_path / "a.tif", 45, 40)
    status, _, err = run("inspect", path)
    assert (status, "--accept-incomplete" in err) == (2, True)
    status, out, err = run("inspect", path, "--accept-incomplete", "--angles", 3, "--phases", 5)
    assert (status, "40 are there" in out) == (0, True), err


def test_nothing_is_left_out_of_what_is_whole():
    numbers = np.arange(2 * 3 * 2 * 4).reshape(2, 3, 2, 4)
    assert whole_stacks(numbers, ()) == (numbers, [])
    kept, _ = whole_stacks(numbers, (30,))
    assert np.array_equal(kept, numbers[:1])
    kept, _ = whole_stacks(numbers[:1], (5,))
    assert np.array_equal(kept, numbers[:1, :, [0]])
