"""Every kind of file, written by tifffile itself; every frame has a value of its own."""

import gc
import os
import threading
import tracemalloc

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.acquisition import Optics
from srredsim.errors import InputError
from srredsim.io.formats import tiff
from srredsim.io.raw import between_stacks
from srredsim.io.source import Source


def assert_reads(stack, array):
    """`array` has the axes TCZAPYX."""
    assert stack.array.shape == array.shape
    for position in stack.positions():
        raw = stack.raw(*position)
        assert raw.dtype == array.dtype
        np.testing.assert_array_equal(raw, array[position])


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_tiff_of_any_kind(tmp_path, dtype, write_tiff, frames):
    array = frames(30, dtype=dtype)
    write_tiff(tmp_path / "s.tif", array)
    stack = io.read(tmp_path / "s.tif", angles=3, phases=5)
    if stack.sizes["T"] == 2:
        assert "times" in stack.notes[0]
        assert_reads(stack, array.reshape(2, 1, 1, 3, 5, 20, 24))
    else:
        assert_reads(stack, array.reshape(1, 1, 2, 3, 5, 20, 24))


@pytest.mark.parametrize("dtype", ["uint16", "int16", "uint32", "int32", "float64", ">u2", ">f4"])
def test_npy_of_any_type(tmp_path, dtype, frames):
    array = frames(15, dtype=dtype)
    np.save(tmp_path / "s.npy", array)
    raw = io.read(tmp_path / "s.npy").raw()
    assert raw.dtype.isnative
    np.testing.assert_array_equal(raw.reshape(15, 20, 24), array)


def test_npy_in_fortran_order(tmp_path, frames):
    array = frames(3, 5)
    np.save(tmp_path / "s.npy", np.asfortranarray(array))
    stack = io.read(tmp_path / "s.npy")
    (tmp_path / "s.npy").write_bytes(b"")  # which would end the process that has mapped it
    np.testing.assert_array_equal(stack.raw(), array)


def test_what_the_file_is_called_does_not_matter(tmp_path, frames):
    array = frames(15)
    tifffile.imwrite(tmp_path / "STACK.OME.TIF", array)
    np.save(tmp_path / "x.npy", array)
    (tmp_path / "x.npy").rename(tmp_path / "stack")
    for name in ("STACK.OME.TIF", "stack"):
        np.testing.assert_array_equal(io.read(tmp_path / name).raw().reshape(15, 20, 24), array)


@pytest.mark.parametrize(
    ("axes", "order"), [("TZCYX", (0, 2, 1, 3, 4, 5, 6)), ("ZCYX", None), ("TCYX", None), ("CYX", None)]
)
def test_imagej_hyperstack(tmp_path, axes, order, frames, imagej):
    """T and C stay; the frames lie along z, or along t if there is no z."""
    shapes = {"TZCYX": (4, 15, 2), "ZCYX": (15, 2), "TCYX": (15, 2), "CYX": (15,)}
    array = frames(*shapes[axes])
    imagej(tmp_path / "s.tif", array, axes)
    stack = io.read(tmp_path / "s.tif")
    if axes == "TZCYX":
        expected = array.transpose(0, 2, 1, 3, 4).reshape(4, 2, 1, 3, 5, 20, 24)
    elif axes == "CYX":
        expected = array.reshape(1, 1, 1, 3, 5, 20, 24)
    else:
        expected = array.swapaxes(0, 1).reshape(1, 2, 1, 3, 5, 20, 24)
    assert_reads(stack, expected)


@pytest.mark.parametrize("axes", ["APYX", "TAPYX", "TAZPYX", "CTAZPYX", "PAYX", "TAZPCYX"])
def test_ome_modulo_axes(tmp_path, axes, frames, ome):
    sizes = {"T": 2, "C": 2, "Z": 4, "A": 3, "P": 5}
    array = frames(*(sizes[axis] for axis in axes[:-2]))
    ome(tmp_path / "s.tif", array, axes)
    stack = io.read(tmp_path / "s.tif")
    there = [axes.index(axis) for axis in "TCZAP" if axis in axes]
    expected = array.transpose([*there, -2, -1]).reshape(
        [sizes[axis] if axis in axes else 1 for axis in "TCZAP"] + [20, 24]
    )
    assert_reads(stack, expected)
    assert stack.notes == ()  # the file says all


def test_ome_modulo_axis_of_length_one(tmp_path, frames, ome):
    array = frames(1, 5)
    ome(tmp_path / "s.tif", array, "APYX")
    stack = io.read(tmp_path / "s.tif")
    assert (stack.pattern.angles, stack.pattern.phases) == (1, 5)


def test_ome_axes_allow_no_other_order_counts_or_tiles(tmp_path, frames, ome):
    array = frames(2, 3, 5)
    ome(tmp_path / "s.tif", array, "TAPYX")
    for order in (None, "PAT", "PAZ", "PZA"):  # which say the same of what there is
        assert_reads(io.read(tmp_path / "s.tif", order=order), array[:, None, None])
    for order in ("ZAP", "TPA", "PTA"):
        with pytest.raises(InputError, match=rf"`order` {order} was asked for, .* axes \(t = 2, a = 3, p = 5\); leave"):
            io.read(tmp_path / "s.tif", order=order)
    with pytest.raises(InputError, match="no tiled montages"):
        io.read(tmp_path / "s.tif", order="tiled")
    with pytest.raises(InputError, match="3 phases were asked for, but the file names 3 angles x 5 phases"):
        io.read(tmp_path / "s.tif", angles=3, phases=3)


def test_our_own_file_saved_again_without_axis_names(tmp_path, frames, imagej):
    """A program that does not know Modulo sees angle along t and phase along z."""
    array = frames(2, 2, 1, 3, 5)
    io.write_raw(tmp_path / "s.tif", array)
    with tifffile.TiffFile(tmp_path / "s.tif") as tif:
        stored = tif.asarray().reshape(6, 5, 2, 20, 24)
    imagej(tmp_path / "again.tif", stored, "TZCYX")
    assert_reads(io.read(tmp_path / "again.tif"), array)


def test_ome_of_several_files(tmp_path, frames):
    """Half of the frames are in another file, named by the first."""
    array = frames(2, 15)
    names = ["a.ome.tif", "b.ome.tif"]
    tiffdata = "".join(
        f'<TiffData IFD="0" FirstT="{t}" PlaneCount="15"><UUID FileName="{name}">urn:uuid:{t}</UUID></TiffData>'
        for t, name in enumerate(names)
    )
    for t, name in enumerate(names):
        xml = (
            f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:{t}"><Image ID="Image:0">'
            '<Pixels ID="Pixels:0" DimensionOrder="XYZTC" Type="uint16" SizeX="24" SizeY="20" SizeZ="15" SizeT="2" '
            f'SizeC="1"><Channel ID="Channel:0:0" SamplesPerPixel="1"/>{tiffdata}</Pixels></Image></OME>'
        )
        tifffile.imwrite(tmp_path / name, array[t], photometric="minisblack", description=xml, metadata=None)
    assert_reads(io.read(tmp_path / names[0]), array.reshape(2, 1, 1, 3, 5, 20, 24))
    (tmp_path / names[1]).unlink()
    with pytest.raises(InputError, match="30 frames are promised, 15 are there"):
        io.read(tmp_path / names[0])


def test_only_the_first_of_several_images_is_read_and_said_to_be(tmp_path, frames):
    array = frames(15)
    with tifffile.TiffWriter(tmp_path / "s.tif") as writer:
        writer.write(array, photometric="minisblack")
        writer.write(np.zeros((7, 9), np.uint8))
    stack = io.read(tmp_path / "s.tif")
    np.testing.assert_array_equal(stack.raw().reshape(array.shape), array)
    assert "2 images" in " ".join(stack.notes)


def test_8_bits_are_noted(tmp_path):
    tifffile.imwrite(tmp_path / "s.tif", np.zeros((15, 20, 24), np.uint8), photometric="minisblack")
    assert "8-bit" in " ".join(io.read(tmp_path / "s.tif").notes)


def test_lossy_compression_is_noted(tmp_path):
    array = np.zeros((15, 32, 32), np.uint8)
    tifffile.imwrite(tmp_path / "s.tif", array, photometric="minisblack", compression="jpeg")
    assert "JPEG-compressed" in " ".join(io.read(tmp_path / "s.tif").notes)


# --- lazily -----------------------------------------------------------------------------------------------------------

BIG = (200, 15, 512, 512)  # 1.6 GB of which one raw stack, 8 MB, is read; the files are sparse


def big_npy(path):
    array = np.lib.format.open_memmap(path, "w+", "uint16", BIG)
    array[199, 7, 5, 6] = 321


def big_tiff(path):
    array = tifffile.memmap(path, shape=BIG, dtype="uint16", metadata={"axes": "TZYX"}, **tiff.kind("imagej"))
    array[199, 7, 5, 6] = 321


@pytest.mark.parametrize("write", [big_npy, big_tiff])
def test_only_what_is_asked_for_is_read(tmp_path, write):
    path = tmp_path / "big"
    write(path)
    gc.collect()
    tracemalloc.start()
    stack = io.read(path)
    raw = stack.raw(t=199)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert stack.sizes["T"] == 200
    assert np.argwhere(raw).tolist() == [[1, 2, 5, 6]]
    assert raw[1, 2, 5, 6] == 321
    assert peak < 3 * raw.nbytes


@pytest.mark.parametrize("write_tiff", ["plain", "imagej", "zlib", "frame by frame"], indirect=True)
def test_threads_read_at_the_same_time(tmp_path, write_tiff, frames):
    array = frames(30)
    write_tiff(tmp_path / "s.tif", array)
    stack = io.read(tmp_path / "s.tif", angles=3, phases=5)
    wrong = []

    def work(z):
        for _ in range(20):
            raw = stack.raw(z=z).reshape(15, 20, 24)
            wrong.extend([z] * (not np.array_equal(raw, array[15 * z : 15 * z + 15])))

    threads = [threading.Thread(target=work, args=(i % 2,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("write_tiff", ["plain", "imagej", "ome", "zlib", "frame by frame"], indirect=True)
def test_no_file_stays_open(tmp_path, write_tiff, frames):
    write_tiff(tmp_path / "s.tif", frames(15))
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    stack = io.read(tmp_path / "s.tif")
    stack.raw()
    assert not before or len(os.listdir("/proc/self/fd")) == before
    (tmp_path / "s.tif").rename(tmp_path / "moved.tif")
    with pytest.raises(InputError, match="cannot be read"):
        stack.raw()


# --- written by us ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1, 1, 3, 5), (2, 3, 4, 3, 5), (2, 1, 1, 3, 3), (1, 1, 4, 1, 3), (1, 2, 1, 3, 1)])
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_write_raw_and_read(tmp_path, shape, dtype, frames):
    array = frames(*shape, dtype=dtype)
    optics = Optics(1.42, 0.525, 0.0821, 0.125, 2.5)
    io.write_raw(tmp_path / "s.tif", array, optics=optics)
    stack = io.read(tmp_path / "s.tif")
    assert_reads(stack, array)
    assert stack.optics == optics


def test_write_raw_of_one_stack_without_optics(tmp_path, frames):
    array = frames(3, 5)
    assert io.write_raw(str(tmp_path / "s.tif"), array) == tmp_path / "s.tif"
    stack = io.read(tmp_path / "s.tif")
    assert_reads(stack, array[None, None, None])
    assert stack.optics == Optics()


def test_tifffile_sees_the_axes_that_write_raw_names(tmp_path, frames):
    array = frames(2, 1, 1, 3, 5)
    io.write_raw(tmp_path / "s.tif", array, optics=Optics(1.4, 0.525, 0.08))
    with tifffile.TiffFile(tmp_path / "s.tif") as tif:
        assert tif.series[0].kind == "ome"
        assert tif.series[0].axes == "TAPYX"
        np.testing.assert_array_equal(tif.asarray(), array[:, 0, 0])
        assert tif.pages[0].tags["XResolution"].value[0] / tif.pages[0].tags["XResolution"].value[1] == 125000
        assert tif.pages[0].tags["ResolutionUnit"].value == 3  # centimetre
        assert 'LensNA="1.4"' in tif.ome_metadata


def test_write_raw_refuses_other_axes(tmp_path, frames):
    with pytest.raises(ValueError, match="APYX"):
        io.write_raw(tmp_path / "s.tif", frames(15))
    assert list(tmp_path.iterdir()) == []


def test_times_of_which_some_are_left_out_have_no_interval():
    """Frames along one axis of time, 9 an image; one of the second image was lost."""
    optics = Optics(frame_interval_s=0.1)
    source = Source("T", (36,), (8, 8), np.dtype(np.uint16), lambda number: np.zeros((8, 8)), optics)
    whole = np.arange(36).reshape(4, 1, 1, 3, 3)
    told, notes = between_stacks(optics, source, whole)
    assert told.frame_interval_s == pytest.approx(0.9)
    assert notes == ["frame interval 9 x 0.1 s: the frames of a stack follow one another in time"]
    told, notes = between_stacks(optics, source, whole[[0, 2, 3]])
    assert told.frame_interval_s is None
    assert notes == ["stacks that were left out make the times uneven: no frame interval is kept"]
