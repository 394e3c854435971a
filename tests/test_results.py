"""Images that are saved where they cannot be, pickled, or shown though there is nothing in them."""

import doctest
import pickle
import warnings

import numpy as np
import pytest
import tifffile

import srredsim
from srredsim import results
from srredsim.errors import InputError
from srredsim.results import Image

IMAGE = Image(np.random.default_rng(0).random((32, 40), np.float32), "YX")


@pytest.mark.parametrize("dtype", ["uint8", None, np.float64, "float"])
def test_types_that_are_not_written(dtype, tmp_path):
    with pytest.raises(InputError, match=r"no `dtype` .*; there are: float32, uint16"):
        IMAGE.save(tmp_path / "image.tif", dtype=dtype)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", ["a\0b.tif", 5, None, "", "/proc/image.tif", "/proc/none/image.tif"])
def test_paths_that_cannot_be_written(path):
    for result in (IMAGE, srredsim.show(IMAGE)):
        place = path.replace(".tif", ".png") if isinstance(path, str) and result is not IMAGE else path
        with pytest.raises(InputError, match="`path`") as problem:
            result.save(place)
        assert "`out`" not in str(problem.value)


def test_what_is_there_is_kept_and_the_advice_is_that_of_save(tmp_path):
    for result, name in ((IMAGE, "image.tif"), (srredsim.show(IMAGE), "image.png")):
        (tmp_path / name).write_bytes(b"mine")
        with pytest.raises(InputError, match=r"exists already; give `overwrite` or another `path`"):
            result.save(tmp_path / name)
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(InputError, match=r"cannot be made.*another `path`"):
            result.save(tmp_path / "file" / name)
        assert (tmp_path / name).read_bytes() == b"mine"


def test_no_pixels_are_those_of_an_array():
    with pytest.raises(InputError, match=r"^there are no pixels: the shape is \(0, 32, 32\)"):
        srredsim.read(np.zeros((0, 32, 32)))


def test_an_image_without_pixels_is_not_written(tmp_path):
    with pytest.raises(InputError, match="no pixels to write"):
        Image(np.zeros((0, 4), np.float32), "YX").save(tmp_path / "image.tif")


def test_images_can_be_pickled():
    known = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.07}
    light = {"photons": (400.0, 400.0), "phantom": "filaments", "haze": 0.2}
    stack, truth = srredsim.simulate(seed=8, size=64, **light, **known)
    judged = srredsim.compare_with_frames(truth, stack)
    of_stack = srredsim.reconstruct(stack)
    for image in (judged, truth, of_stack):
        again = pickle.loads(pickle.dumps(image))
        np.testing.assert_array_equal(again.array, image.array)
        assert (again.axes, again.optics, again.found) == (image.axes, image.optics, image.found)
        assert again.made_of == image.made_of
    assert pickle.loads(pickle.dumps(judged))._repr_jpeg_() == judged._repr_jpeg_()


@pytest.mark.parametrize("lost", [slice(None), slice(0, 8)], ids=["all", "some"])
def test_pictures_of_what_is_no_number(lost):
    array = np.array(IMAGE.array)
    array[lost] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Image(array, "YX")._repr_png_().startswith(b"\x89PNG")


# As an array


@pytest.mark.parametrize("module", [results])
def test_examples_of_docstrings_run(module):
    found = doctest.testmod(module)
    assert (found.failed, found.attempted > 3) == (0, True)


def test_an_image_is_computed_with_as_its_array_is():
    array = IMAGE.array
    assert (len(IMAGE), IMAGE.shape, IMAGE.ndim, IMAGE.dtype) == (32, (32, 40), 2, np.dtype("float32"))
    for found, expected in (
        (IMAGE[3], array[3]),
        (IMAGE[2:5, ::-1], array[2:5, ::-1]),
        (IMAGE[array > 0.5], array[array > 0.5]),
        (IMAGE - IMAGE[::-1], array - array[::-1]),
        (2 - IMAGE / 3, 2 - array / 3),
        (array * IMAGE, array * array),
        (IMAGE > 0.5, array > 0.5),
        (IMAGE == IMAGE, array == array),
        (-IMAGE, -array),
        (np.log1p(IMAGE), np.log1p(array)),
        (np.maximum(IMAGE, array[::-1]), np.maximum(array, array[::-1])),
        (np.add.reduce(IMAGE, axis=1), array.sum(axis=1)),
        (np.mean(IMAGE), array.mean()),
        (np.percentile(IMAGE, 3), np.percentile(array, 3)),
        (np.stack([IMAGE, IMAGE]), np.stack([array, array])),
        (np.asarray(IMAGE, np.float64), array.astype(float)),
        (np.array(list(IMAGE)), array),
    ):
        assert not isinstance(found, Image)
        np.testing.assert_array_equal(found, expected)
    copy = array.copy()
    copy += IMAGE
    np.testing.assert_array_equal(copy, 2 * array)
    assert np.asarray(IMAGE) is not None
    assert np.shares_memory(np.asarray(IMAGE), array)
    assert not np.shares_memory(np.array(IMAGE, copy=True), array)


def test_an_image_is_changed_in_place_as_its_array_is():
    image = Image(np.arange(6.0).reshape(2, 3), "YX")
    same = image
    image += 1
    assert image is same
    assert np.add(image, 1, out=image) is image
    assert image.array.tolist() == [[2, 3, 4], [5, 6, 7]]
    low, high = np.empty((2, 3)), np.empty((2, 3))
    np.modf(image / 2, out=(low, high))
    assert high.tolist() == [[1, 1, 2], [2, 3, 3]]


def test_a_folder_that_is_no_image_is_not_replaced(tmp_path):
    pytest.importorskip("zarr")
    image = Image(np.random.default_rng(0).random((32, 40)).astype(np.float32), "YX")
    theirs = tmp_path / "mine.zarr"
    theirs.mkdir()
    (theirs / "thesis.doc").write_text("years of work")
    with pytest.raises(InputError, match="holds something else, and is not replaced"):
        image.save(theirs, overwrite=True)
    assert (theirs / "thesis.doc").read_text() == "years of work"
    ours = image.save(tmp_path / "ours.zarr")
    assert image.save(ours, overwrite=True) == ours


def test_a_link_to_nothing_is_there(tmp_path):
    link = tmp_path / "image.tif"
    link.symlink_to(tmp_path / "gone.tif")
    with pytest.raises(InputError, match="exists"):
        Image(np.random.default_rng(0).random((32, 40)), "YX").save(link)
    assert link.is_symlink()


def test_what_is_no_number_is_0_in_whole_numbers(tmp_path, recwarn):
    image = Image(np.full((32, 40), 7.4, np.float32), "YX")
    image.array[3, 5] = np.nan
    saved = tifffile.imread(image.save(tmp_path / "image.tif", dtype="uint16"))
    assert (saved[3, 5], saved[3, 6]) == (0, 7)
    assert not recwarn.list
