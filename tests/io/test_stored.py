"""OME-TIFF and OME-Zarr hold pixels and calibration as they were given, as our readers and others see them."""

import json
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.acquisition import Optics
from srredsim.errors import InputError
from srredsim.io import stored

zarr = pytest.importorskip("zarr", reason="OME-Zarr is written by zarr (extra files)")

OPTICS = Optics(1.42, (0.461, 0.525), 0.0325, z_step_um=0.125, frame_interval_s=2.5)
NAMES = ("DAPI", 'GFP <&"> µ')
OTHERS = "SRREDSIM_OTHER_PYTHON"  # environment variable: a Python with ome-types and ome-zarr-models, if not this one


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Tiles, shards and levels of a few pixels."""
    for name, pixels in (("TILE", 16), ("SHARD", 32), ("SMALLEST_LEVEL", 20)):
        monkeypatch.setattr(stored, name, pixels)


@pytest.fixture(scope="module")
def image():
    shape = (2, 2, 3, 51, 70)
    return np.random.default_rng(5).gamma(2.0, 300.0, shape).astype(np.float32)


def written(path, image, compress="none", dtype="float32"):
    known = {"optics": OPTICS, "channel_names": NAMES, "tag": io.RESULT}
    with io.ImageWriter(path, image.shape, dtype, **known).compressed(compress) as writer:
        for position in np.ndindex(*image.shape[:3]):
            writer[position] = image[position]
    assert os.listdir(path.parent) == [path.name]
    return path


def by_hand(plane, level):
    for _ in range(level):
        y, x = (n // 2 * 2 for n in plane.shape)
        plane = (plane[0:y:2, 0:x:2] + plane[1:y:2, 0:x:2] + plane[0:y:2, 1:x:2] + plane[1:y:2, 1:x:2]) / 4
    return plane


@pytest.mark.parametrize(("ending", "compress"), [("ome.tif", "none"), ("ome.tif", "zstd"), ("ome.zarr", "zlib")])
def test_our_readers_find_pixels_and_calibration_again(tmp_path, image, ending, compress):
    path = written(tmp_path / f"a.{ending}", image, compress)
    source = io.open_source(path)
    for name, value in vars(OPTICS).items():
        assert not value or getattr(source.optics, name) == pytest.approx(value), name
    assert (source.channel_names, source.incomplete) == (NAMES, None)
    again, pixel_size_um = io.read_image(path)
    np.testing.assert_array_equal(again, image)
    assert pixel_size_um == pytest.approx(0.0325)
    np.testing.assert_array_equal(io.read_plane(path, (1, 0, 2)), image[1, 0, 2])


def test_whole_numbers_and_images_of_which_nothing_is_known(tmp_path, image):
    for ending in ("ome.tif", "ome.zarr"):
        path = written(tmp_path / ending / f"a.{ending}", image[:1], dtype="uint16")
        np.testing.assert_array_equal(io.read_image(path)[0], np.rint(image[:1]))
        plain = io.write_image(tmp_path / f"b.{ending}", np.zeros((33, 20), np.float32))  # a plane of zeros is there
        source = io.open_source(plain)
        assert (source.incomplete, source.channel_names, source.optics) == (None, None, Optics())


def test_tifffile_finds_a_pyramid_of_means_and_what_ome_says(tmp_path, image):
    path = written(tmp_path / "a.ome.tif", image, "zlib")
    with tifffile.TiffFile(path) as tif:
        levels = [level.asarray() for level in tif.series[0].levels]
        assert (tif.series[0].axes, tif.pages.first.tile, tif.pages.first.software) == ("TZCYX", (16, 16), io.RESULT)
        assert tif.pages.first.compression == tifffile.COMPRESSION.ADOBE_DEFLATE
        root = ElementTree.fromstring(tif.ome_metadata)
    assert [level.shape[-2:] for level in levels] == [(51, 70), (25, 35), (12, 17)]
    for number, level in enumerate(levels):
        np.testing.assert_allclose(level[1, 2, 0], by_hand(image[1, 0, 2], number), rtol=1e-5)
    pixels = root.find(".//{*}Pixels")
    assert [float(pixels.get(f"PhysicalSize{axis}")) for axis in "XYZ"] == [0.0325, 0.0325, 0.125]
    assert (pixels.get("TimeIncrement"), pixels.get("TimeIncrementUnit")) == ("2.5", "s")
    channels = pixels.findall("{*}Channel")
    assert [channel.get("Name") for channel in channels] == list(NAMES)
    assert [float(channel.get("EmissionWavelength")) for channel in channels] == [461, 525]
    assert [int(channel.get("Color")) & 0xFFFFFFFF for channel in channels] == [0xFF0000FF, 0x00FF00FF]  # red, green
    assert root.find(".//{*}Objective").get("LensNA") == "1.42"


def test_zarr_finds_shards_levels_and_where_they_lie(tmp_path, image):
    path = written(tmp_path / "a.ome.zarr", image, "zstd")
    group = zarr.open_group(str(path), mode="r")
    ome = dict(group.attrs)["ome"]
    (multiscale,) = ome["multiscales"]
    assert (group["0"].chunks, group["0"].shards) == ((1, 1, 1, 16, 16), (1, 1, 1, 32, 32))
    for number, dataset in enumerate(multiscale["datasets"]):
        np.testing.assert_allclose(group[dataset["path"]][1, 0, 2], by_hand(image[1, 0, 2], number), rtol=1e-5)
        scale, *moved = dataset["coordinateTransformations"]
        assert scale["scale"] == pytest.approx([2.5, 1, 0.125, 0.0325 * 2**number, 0.0325 * 2**number])
        first = np.mean(np.arange(2**number)) * 0.0325  # middle of the pixels that the first one is made of
        assert [one["translation"][-2:] for one in moved] == ([pytest.approx([first, first])] if number else [])
    assert [channel["color"] for channel in ome["omero"]["channels"]] == ["FF0000", "00FF00"]
    low, high = (ome["omero"]["channels"][1]["window"][name] for name in ("start", "end"))
    assert np.mean((image[:, 1] >= low) & (image[:, 1] <= high)) == pytest.approx(0.998, abs=0.001)


def test_a_result_is_no_input_and_is_replaced_only_when_asked(tmp_path, image):
    path = written(tmp_path / "a_wiener.ome.zarr", image[:1, :, :1])
    io.write_image(tmp_path / "a.tif", np.zeros((20, 20)))
    assert io.find([tmp_path]) == [tmp_path / "a.tif"]
    assert io.find([path]) == [path]
    with pytest.raises(InputError, match="exists already"):
        io.write_image(path, np.zeros((20, 20)))
    io.write_image(path, np.ones((20, 20)), overwrite=True)
    assert io.read_image(path)[0].shape == (1, 1, 1, 20, 20)
    assert sorted(os.listdir(tmp_path)) == ["a.tif", path.name]


@pytest.mark.parametrize("ending", ["ome.tif", "ome.zarr"])
def test_nothing_is_left_of_an_image_that_cannot_be_stored(tmp_path, image, ending, monkeypatch):
    def full(stored, position, level):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stored.Stored, "smaller", full)
    with pytest.raises(InputError, match="no space left"):
        io.write_image(tmp_path / f"a.{ending}", image)
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["ome.tif", "ome.zarr"])
def test_others_find_nothing_wrong(tmp_path, image, ending):
    python = os.environ.get(OTHERS, sys.executable)
    if subprocess.run([python, "-c", "import ome_types, ome_zarr_models, xmlschema"], capture_output=True).returncode:
        pytest.skip(f"neither here nor in {OTHERS} are ome-types with xmlschema and ome-zarr-models")
    path = written(tmp_path / f"a.{ending}", image)
    of_tiff = "import ome_types, sys; p = ome_types.from_tiff(sys.argv[1], validate=True).images[0].pixels"
    of_tiff += "\nprint(f'[{p.size_x}, {p.size_z}, {p.physical_size_x}]')"
    of_zarr = (
        "import sys, zarr; from ome_zarr_models.v05 import Image; i = Image.from_zarr(zarr.open_group(sys.argv[1]))"
    )
    of_zarr += "\nm = i.ome_attributes.multiscales[0]; s = m.datasets[0].coordinateTransformations[0].scale"
    of_zarr += "\nprint([zarr.open_group(sys.argv[1])['0'].shape[n] for n in (4, 2)] + [s[4]])"
    asked = [python, "-W", "error", "-c", of_tiff if ending == "ome.tif" else of_zarr, path]
    said = subprocess.run(asked, capture_output=True, text=True)
    assert (said.returncode, json.loads(said.stdout or "null")) == (0, [70, 3, 0.0325]), said.stderr


def test_images_that_differ_in_any_plane_have_names_of_their_own(tmp_path, image):
    other = image.copy()
    other[1, 0, 1] = other[1, 0, 1, ::-1]
    names = []
    for number, each in enumerate((image, other, image)):
        (tmp_path / str(number)).mkdir()
        with tifffile.TiffFile(written(tmp_path / str(number) / "a.ome.tif", each)) as tif:
            names.append(re.search('UUID="(urn:uuid:)?([^"]+)"', tif.ome_metadata)[2])
    assert names[0] == names[2] != names[1]
