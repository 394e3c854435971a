"""Raw frames where nobody would look for them: as samples of pixels, behind a thumbnail; what is really a colour."""

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.errors import InputError
from srredsim.io.formats import tiff

FRAMES = np.random.default_rng(0).integers(0, 60000, (15, 24, 32), np.uint16)


def written(path, frames, **how):
    tifffile.imwrite(path, frames, **how)
    return path


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("count", [9, 15])
def test_frames_as_samples_of_pixels(count, compression, tmp_path):
    interleaved = np.ascontiguousarray(np.moveaxis(FRAMES[:count], 0, -1))
    path = written(
        tmp_path / "a.tif", interleaved, photometric="minisblack", planarconfig="contig", compression=compression
    )
    stack = io.read(path)
    assert np.array_equal(stack.raw().reshape(count, 24, 32), FRAMES[:count])
    assert f"the {count} frames are stored as {count} samples a pixel" in stack.notes


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_frames_as_colour_planes(compression, tmp_path):
    frames = FRAMES[:9].reshape(3, 3, 24, 32)
    path = written(tmp_path / "a.tif", frames, photometric="rgb", planarconfig="separate", compression=compression)
    stack = io.read(path)
    assert np.array_equal(stack.raw(), frames)
    assert "the 9 frames are stored as 3 samples a pixel on 3 pages" in stack.notes


def test_a_colour_image_stays_one(tmp_path):
    colours = np.zeros((24, 32, 3), np.uint8) + np.arange(3, dtype=np.uint8)
    for path in (
        written(tmp_path / "a.tif", colours, photometric="rgb"),
        written(tmp_path / "b.tif", np.stack([colours] * 3), photometric="rgb"),  # pages of colours beside one another
        written(tmp_path / "c.tif", np.moveaxis(colours, -1, 0).copy(), photometric="rgb", planarconfig="separate"),
    ):
        with pytest.raises(InputError, match="colour image"):
            io.read(path)


def test_a_thumbnail_before_the_frames(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(FRAMES[0, ::4, ::4].copy(), photometric="minisblack", metadata=None)
        for frame in FRAMES:
            tif.write(frame, photometric="minisblack", metadata=None)
    stack = io.read(tmp_path / "a.tif")
    assert np.array_equal(stack.raw().reshape(15, 24, 32), FRAMES)
    assert "the first image, of 6 x 8 pixels, is taken for a thumbnail and left out" in stack.notes


def test_a_large_image_before_smaller_ones_is_read_as_before(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(np.zeros((40, 40), np.uint16), photometric="minisblack", metadata=None)
        for frame in FRAMES:
            tif.write(frame, photometric="minisblack", metadata=None)
    with pytest.raises(InputError, match="1 frame, but"):
        io.read(tmp_path / "a.tif")


def test_seven_frames_are_told_what_they_may_be(tmp_path):
    with pytest.raises(InputError, match="hexagonal"):
        io.read(written(tmp_path / "a.tif", FRAMES[:7], photometric="minisblack"))


def test_positions_of_an_ome_tiff_are_scenes(tmp_path):
    """As a stage that goes from place to place leaves them; an image of another shape is none of them."""
    rng, path = np.random.default_rng(3), tmp_path / "a.ome.tif"
    stacks = rng.integers(1, 900, (2, 15, 20, 24)).astype("u2")
    with tifffile.TiffWriter(path, **tiff.kind("ome")) as writer:
        for number, stack in enumerate(stacks):
            said = {"axes": "ZYX", "Name": f"cell {number}", "PhysicalSizeX": 0.05 + number / 100}
            writer.write(stack, photometric="minisblack", metadata=said)
        writer.write(stacks[0, 0, :8, :8], photometric="minisblack", metadata={"axes": "YX"})
    assert io.scenes(path) == ["cell 0", "cell 1"]
    for scene, stack in enumerate(stacks, start=1):
        found = io.read(path, scene=scene)
        np.testing.assert_array_equal(found.raw().reshape(stack.shape), stack)
        assert found.optics.pixel_size_um == pytest.approx(0.04 + scene / 100)
        assert "only those like the first" in " ".join(found.notes)
