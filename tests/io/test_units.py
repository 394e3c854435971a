"""Units that a file names: read right, or said to be unknown."""

import numpy as np
import pytest
import tifffile

from srredsim import io

FRAMES = np.arange(15 * 8 * 9, dtype=np.uint16).reshape(15, 8, 9)


def imagej(path, resolution=(1 / 0.0666, 1 / 0.0666), **metadata):
    tifffile.imwrite(path, FRAMES, imagej=True, resolution=resolution, metadata={"unit": "um", **metadata})
    return io.read(path)


def ome(path, **metadata):
    tifffile.imwrite(path, FRAMES, ome=True, photometric="minisblack", metadata={"axes": "TYX", **metadata})
    return io.read(path)


@pytest.mark.parametrize(
    ("unit", "seconds"), [("min", 120), ("sec", 2), ("ms", 0.002), ("hours", 7200), ("day", 172800)]
)
def test_imagej_time(tmp_path, unit, seconds):
    assert imagej(tmp_path / "a.tif", finterval=2.0, tunit=unit).optics.frame_interval_s == pytest.approx(seconds)


@pytest.mark.parametrize(("unit", "seconds"), [("min", 120), ("h", 7200), ("d", 172800), ("µs", 2e-6), ("ms", 0.002)])
def test_ome_time(tmp_path, unit, seconds):
    stack = ome(tmp_path / "a.ome.tif", TimeIncrement=2.0, TimeIncrementUnit=unit)
    assert stack.optics.frame_interval_s == pytest.approx(seconds)


def test_an_unknown_unit_of_time_is_not_seconds(tmp_path):
    stack = imagej(tmp_path / "a.tif", finterval=2.0, tunit="fortnights")
    assert stack.optics.frame_interval_s is None
    assert any("2 fortnights" in note for note in stack.notes)


def test_imagej_units_of_y_and_z(tmp_path):
    stack = imagej(tmp_path / "a.tif", (1 / 0.0666, 1 / 66.6), yunit="nm", zunit="nm", spacing=125.0)
    assert stack.optics.pixel_size_um == pytest.approx(0.0666, rel=1e-4)
    assert stack.optics.z_step_um == pytest.approx(0.125)


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_length_that_is_no_number_is_not_known(tmp_path, value):
    stack = ome(tmp_path / "a.ome.tif", PhysicalSizeX=value, PhysicalSizeY=value)
    assert stack.optics.pixel_size_um is None


@pytest.mark.parametrize("value", [-0.08, 1e-30, 1e30])
def test_a_length_that_is_none_is_not_used_nor_written(tmp_path, value):
    """Said once; results can be written, with what is known."""
    stack = ome(tmp_path / "a.ome.tif", PhysicalSizeX=value, PhysicalSizeY=value)
    assert stack.optics.pixel_size_um is None
    assert sum("not used" in note for note in stack.notes) == 1
    io.write_image(tmp_path / "b.tif", stack.raw(0, 0, 0)[0, 0], optics=stack.optics)


def test_a_step_that_is_no_number_is_not_used(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", FRAMES, imagej=True, metadata={"axes": "ZYX", "unit": "um", "spacing": np.nan})
    assert io.read(tmp_path / "a.tif").optics.z_step_um is None
    steps = {"PhysicalSizeZ": -0.1, "TimeIncrement": -2}
    tifffile.imwrite(tmp_path / "a.tif", FRAMES, ome=True, photometric="minisblack", metadata={"axes": "ZYX"} | steps)
    stack = io.read(tmp_path / "a.tif")
    assert (stack.optics.z_step_um, stack.optics.frame_interval_s) == (None, None)
    assert {"the file says a z step of -0.1 um: not used", "the file says a frame interval of -2 s: not used"} < set(
        stack.notes
    )


@pytest.mark.parametrize(("order", "steps"), [("PAT", 15), ("PTA", 5), ("TAP", 1)])
def test_times_of_stacks_whose_frames_lie_along_time(tmp_path, order, steps):
    """30 frames, one every two seconds, are two stacks: the second begins where its first frame does."""
    both = np.concatenate([FRAMES, FRAMES])
    tifffile.imwrite(tmp_path / "a.tif", both, imagej=True, metadata={"axes": "TYX", "finterval": 2.0})
    stack = io.read(tmp_path / "a.tif", order=order, angles=3, phases=5)
    assert (stack.sizes["T"], stack.optics.frame_interval_s) == (2, 2.0 * steps)
    assert any(f"frame interval {steps} x 2 s" in note for note in stack.notes) == (steps > 1)
    tifffile.imwrite(
        tmp_path / "a.tif",
        both.reshape(2, 15, *FRAMES.shape[1:]),
        imagej=True,
        metadata={"axes": "TZYX", "finterval": 2.0},
    )
    assert io.read(tmp_path / "a.tif").optics.frame_interval_s == 2.0
    imagej(tmp_path / "b.tif", axes="TYX", finterval=2.0)
    assert io.read(tmp_path / "b.tif", order="tiled", angles=2, phases=3).optics.frame_interval_s == 2.0
