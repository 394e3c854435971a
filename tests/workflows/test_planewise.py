"""A file turned into another plane by plane: which plane goes where, what travels along, what is refused."""

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.errors import InputError
from srredsim.io import Writing
from srredsim.workflows.planewise import Work, planewise

Y, X = 20, 24


def draw(path, plane, result, *, names, title, pixel_size_um):
    """A picture that says what it was given."""
    first = (planes[..., 0, 0].astype(int).tolist() for planes in (plane, result))
    path.write_text(f"{names} {title!r} {pixel_size_um} {' '.join(map(str, first))}")


def numbered(*shape):
    """Planes of noise whose first pixel is their number."""
    image = np.random.default_rng(3).integers(100, 900, (*shape, Y, X)).astype(np.uint16)
    image[..., 0, 0] = 1 + np.arange(np.prod(shape, dtype=int)).reshape(shape)
    return image


def hyperstack(path, **more):
    """(t, c, z) = (2, 3, 4), as Fiji writes it: z before c."""
    image = numbered(2, 4, 3)
    metadata = {"axes": "TZCYX", "unit": "um", "spacing": 0.3, "finterval": 2.0, **more}
    tifffile.imwrite(path, image, imagej=True, resolution=(10, 10), metadata=metadata)
    return image.transpose(0, 2, 1, 3, 4)


def test_every_plane_goes_where_it_came_from(tmp_path):
    image = hyperstack(tmp_path / "a.tif")
    seen = []

    def work(plane):
        t, c, z = plane.position
        assert plane.where == f"t={t}, c={c}, z={z}"
        np.testing.assert_array_equal(plane.image, image[t, c, z])
        seen.append(plane.position)
        return plane.image + 1000.0 * t + 100.0 * c + 10.0 * z

    done = []
    report = planewise(
        tmp_path / "a.tif",
        Work("more", work, draw),
        writing=Writing(tmp_path / "out"),
        progress=lambda *now: done.append(now),
    )
    assert seen == list(np.ndindex(2, 3, 4))
    assert done == [(number, 24) for number in range(1, 25)]
    result, pixel_size_um = io.read_image(tmp_path / "out" / "a_more.tif")
    t, c, z = np.meshgrid(np.arange(2), np.arange(3), np.arange(4), indexing="ij")
    np.testing.assert_array_equal(result, image + (1000 * t + 100 * c + 10 * z)[..., None, None])
    assert pixel_size_um == report["pixel_size_um"] == pytest.approx(0.1)
    assert report["shape_tczyx"] == [2, 3, 4, Y, X]
    assert report["paths"] == [str(tmp_path / "out" / f"a_more.{end}") for end in ("tif", "png")]
    with tifffile.TiffFile(tmp_path / "out" / "a_more.tif") as file:
        assert (file.imagej_metadata["spacing"], file.imagej_metadata["finterval"]) == (0.3, 2.0)
    first = image[0, :, 2, 0, 0].tolist()  # the middle of z
    title = "a.tif   t=0, z=2   channel 1 red, channel 2 green, channel 3 blue"
    expected = f"('noisy', 'more') {title!r} 0.1 {first} {[value + 100 * c + 20 for c, value in enumerate(first)]}"
    assert (tmp_path / "out" / "a_more.png").read_text() == expected


def test_whole_numbers_are_rounded_and_clipped_and_it_is_said(tmp_path):
    np.save(tmp_path / "a.npy", numbered())

    def work(plane):
        return np.where(np.arange(X) < 8, -5.0, np.where(np.arange(X) < 16, 7.6, 1e5)) + 0 * plane.image

    report = planewise(tmp_path / "a.npy", Work("x", work, draw), writing=Writing(dtype="uint16"))
    result, _ = io.read_image(tmp_path / "a_x.tif")
    assert result.dtype == np.uint16
    assert [result[0, 0, 0, 3, x] for x in (0, 8, 16)] == [0, 8, 65535]
    assert report["notes"] == ["uint16: values are rounded, and clipped to 0 ... 65535"]


@pytest.mark.parametrize(("brightest", "said"), [(0.9, ["values from 0 to 1 alone"]), (20.0, [])])
def test_whole_numbers_without_levels_are_warned_of(tmp_path, brightest, said):
    np.save(tmp_path / "a.npy", numbered())
    work = Work("x", lambda plane: brightest * np.linspace(0, 1, X, dtype=np.float32) + 0 * plane.image, draw)
    notes = planewise(tmp_path / "a.npy", work, writing=Writing(dtype="uint16"))["notes"]
    warned = [note for note in notes if note.startswith("warning: as uint16")]
    assert len(warned) == len(said)
    assert all(words in line for words, line in zip(said, warned, strict=True))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
def test_any_type_of_number(tmp_path, dtype):
    image = (numbered() // 4).astype(dtype)
    np.save(tmp_path / "a.npy", image)
    planewise(tmp_path / "a.npy", Work("same", lambda plane: plane.image, draw))
    np.testing.assert_array_equal(io.read_image(tmp_path / "a_same.tif")[0][0, 0, 0], image)


@pytest.mark.parametrize("frames", [9, 15, 25])
def test_planes_that_may_be_raw_frames_are_doubted(tmp_path, frames):
    np.save(tmp_path / "a.npy", numbered(frames))
    (note,) = planewise(tmp_path / "a.npy", Work("x", lambda plane: plane.image, draw))["notes"]
    assert f"the {frames} planes are taken one by one; if they are the raw frames of one SIM image" in note


def unlike(**pixels):
    """Four planes of which the third has other pixels at (5, 6)."""
    image = numbered(4).astype(np.float32)
    image[2, 5, 6] = pixels["value"]
    return image


REFUSED = {
    "nan": (unlike(value=np.nan), r"z=2: 1 of 480 pixels are NaN or infinite"),
    "infinite": (unlike(value=np.inf), r"z=2: 1 of 480 pixels are NaN or infinite"),
    "constant": (np.full((Y, X), 7, np.uint16), r"^every pixel is 7: there is no image"),
    "small": (numbered()[:15], r"the planes are 15 x 24 pixels; 16 x 16 is the least$"),
    "colour": (numbered()[..., None].repeat(3, -1), r"24 x 3 pixels.*is the last axis the colour"),
    "complex": (numbered() * 1j, r"complex numbers"),
    "text": (np.full((Y, X), "a"), r"not numbers"),
    "many axes": (numbered(2, 2, 2, 2), r"more than time, channel, z"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_widefield_image_leaves_nothing(tmp_path, case):
    image, words = REFUSED[case]
    np.save(tmp_path / "a.npy", image)
    with pytest.raises(InputError, match=words):
        planewise(tmp_path / "a.npy", Work("x", lambda plane: plane.image, draw))
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]


def test_a_raw_stack_is_refused(tmp_path):
    raw = numbered(3, 5)
    io.write_raw(tmp_path / "raw.tif", raw)
    with pytest.raises(InputError, match="with angles and phases, not a widefield image"):
        planewise(tmp_path / "raw.tif", Work("x", lambda plane: plane.image, draw))


def test_a_file_that_is_cut_short(tmp_path):
    hyperstack(tmp_path / "a.tif")
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(whole[: 2 * len(whole) // 3])
    with pytest.raises(InputError, match="incomplete: 24 frames are promised, 18 are there"):
        planewise(tmp_path / "a.tif", Work("x", lambda plane: plane.image, draw))
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


@pytest.mark.parametrize("ending", ["tif", "png"])
def test_existing_results_stay_unless_told(tmp_path, ending):
    np.save(tmp_path / "a.npy", numbered())
    mine = tmp_path / f"a_x.{ending}"
    mine.write_text("mine")

    def never(plane):
        raise AssertionError("no plane should be worked on")

    with pytest.raises(InputError, match=rf"a_x\.{ending} exists already"):
        planewise(tmp_path / "a.npy", Work("x", never, draw))
    assert mine.read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2
    planewise(tmp_path / "a.npy", Work("x", lambda plane: plane.image, draw), writing=Writing(overwrite=True))
    assert mine.read_bytes() != b"mine"


def test_a_picture_that_fails_leaves_nothing(tmp_path):
    np.save(tmp_path / "a.npy", numbered())

    def fails(*_, **__):
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        planewise(tmp_path / "a.npy", Work("x", lambda plane: plane.image, fails))
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]


def test_the_warning_knows_the_brightest_of_all_planes_not_of_those_in_the_picture(tmp_path):
    hyperstack(tmp_path / "a.tif")
    work = Work("x", lambda plane: plane.image / (1 if plane.position == (1, 0, 0) else 900), draw)
    notes = planewise(tmp_path / "a.tif", work, writing=Writing(dtype="uint16"))["notes"]
    assert not [note for note in notes if note.startswith("warning: as uint16")]
