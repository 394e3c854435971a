"""Results, read back by tifffile, whose ImageJ reader shares no line with our writer."""

import errno
import os
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.acquisition import Optics
from srredsim.errors import InputError


def image(*shape, dtype="float32"):
    """Every pixel has a value of its own."""
    return np.random.default_rng(2).permutation(int(np.prod(shape))).reshape(shape).astype(dtype)


CALIBRATION = {
    "optics": Optics(pixel_size_um=0.0405, z_step_um=0.125, frame_interval_s=2.5),
    "channel_names": ("actin", "tubulin"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", ["float32", "uint16"])
def test_imagej_finds_pixels_axes_and_calibration(tmp_path, dtype):
    array = image(3, 2, 4, 5, 7, dtype=dtype)
    assert io.write_image(tmp_path / "i.tif", array, **CALIBRATION) == tmp_path / "i.tif"
    with tifffile.TiffFile(tmp_path / "i.tif") as tif:
        metadata, series, page = tif.imagej_metadata, tif.series[0], tif.pages[0]
        assert series.axes == "TZCYX"
        assert series.dtype == dtype
        np.testing.assert_array_equal(series.asarray(), array.swapaxes(1, 2))
        assert (metadata["frames"], metadata["slices"], metadata["channels"]) == (3, 4, 2)
        assert (metadata["unit"], metadata["spacing"], metadata["finterval"]) == ("um", 0.125, 2.5)
        assert metadata["hyperstack"] is True
        assert metadata["Labels"] == ["actin", "tubulin"] * 12
        for name in ("XResolution", "YResolution"):
            numerator, denominator = page.tags[name].value
            assert numerator / denominator == pytest.approx(1 / 0.0405)


def test_an_image_of_which_nothing_is_known(tmp_path):
    array = image(5, 7)
    io.write_image(tmp_path / "i.tif", array)
    with tifffile.TiffFile(tmp_path / "i.tif") as tif:
        np.testing.assert_array_equal(tif.asarray(), array)
        assert not {"unit", "spacing", "finterval"} & set(tif.imagej_metadata)
    back, pixel_size_um = io.read_image(tmp_path / "i.tif")
    assert back.shape == (1, 1, 1, 5, 7)
    assert pixel_size_um is None


@pytest.mark.parametrize(
    ("given", "written"), [("float64", "float32"), ("int32", "float32"), ("uint8", "uint16"), (">u2", "uint16")]
)
def test_other_types_become_what_imagej_can_hold(tmp_path, given, written):
    array = image(1, 1, 1, 5, 7, dtype=given)
    io.write_image(tmp_path / "i.tif", array)
    back, _ = io.read_image(tmp_path / "i.tif")
    assert back.dtype == written
    np.testing.assert_array_equal(back, array)


def test_display_range_is_that_of_the_pixels(tmp_path):
    array = np.random.default_rng(1).normal(-3, 10, (4, 1, 1, 200, 220)).astype(np.float32)
    array[0, 0, 0, 0, 0] = 1e6  # one hot pixel must not make the image dark
    array[0, 0, 0, 0, 1] = np.nan
    io.write_image(tmp_path / "i.tif", array)
    with tifffile.TiffFile(tmp_path / "i.tif") as tif:
        metadata = tif.imagej_metadata
        np.testing.assert_array_equal(tif.asarray()[:, None, None], array)
    assert [metadata["min"], metadata["max"]] == pytest.approx(np.nanpercentile(array, [0.1, 99.9]).tolist(), rel=0.02)


@pytest.mark.parametrize(("low", "high"), [(-1.23456789e-12, 9.87654321e-11), (-6.5e30, 65535), (0, 0)])
def test_display_range_of_any_size_leaves_the_pixels_alone(tmp_path, low, high):
    array = np.array([[low, high]] * 3, np.float32)
    io.write_image(tmp_path / "i.tif", array)
    with tifffile.TiffFile(tmp_path / "i.tif") as tif:
        np.testing.assert_array_equal(tif.asarray(), array)
        assert tif.imagej_metadata["max"] == pytest.approx(high, rel=0.01)


def test_each_channel_has_a_display_range_and_they_are_shown_together(tmp_path):
    array = np.random.default_rng(1).normal(0, 1, (2, 3, 2, 60, 70)).astype(np.float32)
    array *= np.array([1, 100, 1e-3], np.float32)[:, None, None, None]
    for mode in ("composite", "grayscale"):
        names = ("DAPI", "GFP", "red")
        io.write_image(tmp_path / "i.tif", array, mode=mode, channel_names=names, overwrite=True)
        with tifffile.TiffFile(tmp_path / "i.tif") as tif:
            metadata = tif.imagej_metadata
        assert metadata["mode"] == mode
        expected = np.percentile(array, [0.1, 99.9], axis=(0, 2, 3, 4)).T
        np.testing.assert_allclose(np.reshape(metadata["Ranges"], (3, 2)), expected, rtol=0.1)
        assert [metadata["min"], metadata["max"]] == pytest.approx(metadata["Ranges"][:2])
        np.testing.assert_array_equal(io.read_image(tmp_path / "i.tif")[0], array)


def test_numerical_aperture_and_wavelength_are_in_the_file_and_read_again(tmp_path):
    optics = Optics(1.42, 0.525, 0.04, 0.125, 2.5)
    io.write_image(tmp_path / "i.tif", image(2, 1, 3, 8, 10), optics=optics)
    with tifffile.TiffFile(tmp_path / "i.tif") as tif:
        words = tif.imagej_metadata["Info"]
    assert words.splitlines() == ["Numerical aperture = 1.42", "Emission wavelength (um) = 0.525"]
    assert io.open_source(tmp_path / "i.tif").optics == optics
    optics = Optics(1.42, (0.461, 0.525, 0.6))
    io.write_image(tmp_path / "colours.tif", image(1, 3, 1, 8, 10), optics=optics)
    assert io.open_source(tmp_path / "colours.tif").optics == optics
    io.write_image(tmp_path / "bare.tif", image(2, 1, 3, 8, 10))
    assert io.open_source(tmp_path / "bare.tif").optics == Optics()


# --- plane by plane ---------------------------------------------------------------------------------------------------


def test_writer_takes_planes_and_tiles_in_any_order(tmp_path):
    array = image(2, 2, 3, 8, 10)
    with io.ImageWriter(tmp_path / "i.tif", array.shape, "float32") as writer:
        assert not (tmp_path / "i.tif").exists()
        for t, c, z in [*np.ndindex(2, 2, 3)][::-1]:
            if z == 1:
                for rows in (slice(0, 5), slice(5, 8)):
                    for columns in (slice(0, 4), slice(4, 10)):
                        writer.plane(t, c, z)[rows, columns] = array[t, c, z, rows, columns]
            else:
                writer[t, c, z] = array[t, c, z]
        np.testing.assert_array_equal(writer.plane(1, 0, 1), array[1, 0, 1])
    np.testing.assert_array_equal(io.read_image(tmp_path / "i.tif")[0], array)
    assert os.listdir(tmp_path) == ["i.tif"]


def test_uint16_is_rounded_and_clipped(tmp_path):
    with io.ImageWriter(tmp_path / "i.tif", (1, 1, 1, 1, 5), "uint16") as writer:
        writer[0, 0, 0] = np.array([[-3.2, 0.6, 2.4, 65535.4, 1e9]])
    assert io.read_image(tmp_path / "i.tif")[0].ravel().tolist() == [0, 1, 2, 65535, 65535]


def test_planes_that_were_not_written_are_zero(tmp_path):
    with io.ImageWriter(tmp_path / "i.tif", (2, 1, 1, 3, 4), "float32") as writer:
        writer[1, 0, 0] = np.ones((3, 4))
    assert io.read_image(tmp_path / "i.tif")[0].sum(axis=(1, 2, 3, 4)).tolist() == [0, 12]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_of_an_image_that_was_not_finished(tmp_path, error):
    def work():
        with io.ImageWriter(tmp_path / "i.tif", (2, 1, 1, 3, 4), "float32") as writer:
            writer[0, 0, 0] = np.ones((3, 4))
            raise error

    with pytest.raises(error):
        work()
    assert os.listdir(tmp_path) == []


def test_an_image_that_exists_is_replaced_only_when_asked(tmp_path):
    (tmp_path / "i.tif").write_text("mine")
    with pytest.raises(InputError, match=r"i\.tif exists already; give `overwrite` or another `out`"):
        io.write_image(tmp_path / "i.tif", image(5, 7))
    assert (tmp_path / "i.tif").read_text() == "mine"
    io.write_image(tmp_path / "i.tif", image(5, 7), overwrite=True)
    assert io.read_image(tmp_path / "i.tif")[0].shape == (1, 1, 1, 5, 7)
    assert os.listdir(tmp_path) == ["i.tif"]


@pytest.mark.parametrize("step", ["allocate", "write"])
def test_a_full_disk_in_words(tmp_path, monkeypatch, step):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((os, "posix_fallocate") if step == "allocate" else (io.ImageWriter, "__setitem__")), full)
    with pytest.raises(InputError, match=r"i\.tif cannot be written: no space left on the disk"):
        io.write_image(tmp_path / "i.tif", image(5, 7))
    assert os.listdir(tmp_path) == []


def with_free_bytes(monkeypatch, count):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=count))


def test_too_large_for_the_disk_is_known_before_the_work(tmp_path, monkeypatch):
    with_free_bytes(monkeypatch, 3_290_000_000)
    with pytest.raises(InputError, match=r"takes 4 GB, but 3\.29 GB are free on the disk"):  # noqa: SIM117
        with io.ImageWriter(tmp_path / "i.tif", (1, 1, 1000, 1000, 1000), "float32"):
            raise AssertionError("must not get here")
    assert os.listdir(tmp_path) == []


@pytest.mark.filterwarnings("error")
def test_more_than_4_gb_as_imagej_has_it(tmp_path, monkeypatch):
    """One header, then plane after plane; not BigTIFF, which ImageJ itself cannot open. Sparse: takes no space."""
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    with_free_bytes(monkeypatch, 10**10)
    shape = (1200, 1, 1, 1024, 1024)  # 5.03 GB
    mark = np.arange(1024 * 1024, dtype=np.float32).reshape(1024, 1024)
    with io.ImageWriter(tmp_path / "i.tif", shape, "float32", optics=Optics(pixel_size_um=0.04)) as writer:
        writer[1199, 0, 0] = mark
        writer[1026, 0, 0] = 2 * mark
    with (tmp_path / "i.tif").open("rb") as file:
        assert file.read(4) == b"II*\0"
    with tifffile.TiffFile(tmp_path / "i.tif") as tif:
        assert tif.series[0].shape == (1200, 1024, 1024)
        assert tif.imagej_metadata["images"] == 1200
        offset = tif.pages[0].dataoffsets[0]
    stack = io.read(tmp_path / "i.tif", angles=3, phases=5)
    np.testing.assert_array_equal(stack.raw(t=79)[2, 4], mark)
    np.testing.assert_array_equal(stack.raw(t=68)[1, 1], 2 * mark)
    last = np.fromfile(tmp_path / "i.tif", "<f4", offset=offset + 1199 * mark.nbytes)
    np.testing.assert_array_equal(last, mark.ravel())


@pytest.mark.parametrize(
    ("shape", "more", "words"),
    [
        ((3, 4), {}, "TCZYX"),
        ((1, 1, 0, 3, 4), {}, "length 0"),
        ((1, 1, 1, 3, 4), {"dtype": "int32"}, "float32 or uint16"),
        ((1, 2, 1, 3, 4), {"channel_names": ["a"]}, "2 channels"),
    ],
)
def test_misuse(tmp_path, shape, more, words):
    with pytest.raises(ValueError, match=words):
        io.ImageWriter(tmp_path / "i.tif", shape, **more)


def test_a_plane_of_another_size(tmp_path):
    with pytest.raises(ValueError, match="plane"), io.ImageWriter(tmp_path / "i.tif", (1, 1, 1, 3, 4)) as writer:
        writer[0, 0, 0] = np.ones((4, 3))


# --- reference images -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("axes", "shape"), [("YX", (5, 7)), ("ZYX", (4, 5, 7)), ("TCYX", (3, 2, 5, 7))])
def test_reference_images_of_any_axes(tmp_path, imagej, axes, shape):
    array = image(*shape)
    imagej(tmp_path / "i.tif", array, axes, resolution=(25, 25), metadata={"unit": "um"})
    back, pixel_size_um = io.read_image(tmp_path / "i.tif")
    sizes = dict(zip(axes, shape, strict=True))
    np.testing.assert_array_equal(back, array.reshape([sizes.get(axis, 1) for axis in "TCZYX"]))
    assert pixel_size_um == pytest.approx(0.04)


def test_reference_image_in_npy(tmp_path):
    np.save(tmp_path / "i.npy", image(5, 7))
    np.testing.assert_array_equal(io.read_image(tmp_path / "i.npy")[0][0, 0, 0], image(5, 7))


def test_a_raw_stack_is_no_reference_image(tmp_path):
    io.write_raw(tmp_path / "s.tif", image(3, 5, 8, 9))
    with pytest.raises(InputError, match="planes of time, channel and z can be sorted"):
        io.read_image(tmp_path / "s.tif")


@pytest.mark.parametrize("moved", [0, 8])
def test_display_range_of_columns_is_not_that_of_a_few_of_them(tmp_path, moved):
    """A step of a power of two through rows of as many pixels would see every sixteenth column alone."""
    array = np.full((2048, 2048), 10, np.float32)
    array[:, moved::16] = 1000
    io.write_image(tmp_path / "i.tif", array)
    with tifffile.TiffFile(tmp_path / "i.tif") as tif:
        assert (tif.imagej_metadata["min"], tif.imagej_metadata["max"]) == (10, 1000)
