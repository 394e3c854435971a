"""What cannot be read is refused in one line, and nothing wrong is ever read instead."""

import contextlib
import io as buffers
import os

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.errors import InputError


def refused(path, **how):
    with pytest.raises(InputError) as error:
        io.read(path, **how).raw()
    message = str(error.value)
    assert "\n" not in message
    assert 10 < len(message) < 300
    return message


@pytest.mark.filterwarnings("error")
def test_a_tiff_cut_anywhere_is_refused_or_read_rightly(tmp_path, capfd, write_tiff, frames):
    array = frames(15)
    write_tiff(tmp_path / "whole.tif", array)
    whole = (tmp_path / "whole.tif").read_bytes()
    cuts = sorted({int(len(whole) * part) for part in np.linspace(0.001, 0.999, 25)} | {4, 8, 100, len(whole) - 1})
    read_rightly = []
    for cut in cuts:
        (tmp_path / "cut.tif").write_bytes(whole[:cut])
        try:
            raw = io.read(tmp_path / "cut.tif", angles=3, phases=5).raw()
        except InputError:
            continue
        else:
            np.testing.assert_array_equal(raw.reshape(array.shape), array)
            read_rightly.append(cut)
    assert min(read_rightly, default=len(whole)) > 0.8 * len(whole)  # what follows the pixels may be missing
    assert capfd.readouterr().err == ""  # tifffile's own complaints are not for the user


@pytest.mark.parametrize("write_tiff", ["plain", "zlib", "imagej", "ome"], indirect=True)
def test_the_message_says_that_a_tiff_is_cut_short_or_damaged(tmp_path, write_tiff, frames):
    write_tiff(tmp_path / "s.tif", frames(15))
    os.truncate(tmp_path / "s.tif", (tmp_path / "s.tif").stat().st_size * 2 // 3)
    assert any(word in refused(tmp_path / "s.tif") for word in ("cut short", "damaged", "incomplete"))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("write_tiff", ["shaped", "zlib", "imagej", "ome", "frame by frame"], indirect=True)
def test_damaged_bytes_never_end_in_another_exception(tmp_path, write_tiff, frames):
    rng = np.random.default_rng(11)
    write_tiff(tmp_path / "whole.tif", frames(15))
    whole = np.frombuffer((tmp_path / "whole.tif").read_bytes(), np.uint8)
    for _ in range(30):
        damaged = whole.copy()
        damaged[rng.integers(0, min(1200, len(whole)), 4)] = rng.integers(0, 256, 4)
        (tmp_path / "bad.tif").write_bytes(damaged.tobytes())
        with contextlib.suppress(InputError):
            io.read(tmp_path / "bad.tif", angles=3, phases=5).raw()


@pytest.mark.parametrize("write_tiff", ["zlib"], indirect=True)
def test_compressed_pixels_that_cannot_be_unpacked(tmp_path, frames, write_tiff):
    write_tiff(tmp_path / "s.tif", frames(15))
    with tifffile.TiffFile(tmp_path / "s.tif") as tif:
        start = tif.pages[3].dataoffsets[0]
    with (tmp_path / "s.tif").open("r+b") as file:
        file.seek(start)
        file.write(bytes(40))
    assert "frame 4 of 15 cannot be read" in refused(tmp_path / "s.tif")


@pytest.mark.parametrize("write_tiff", ["plain"], indirect=True)
def test_a_file_that_becomes_shorter_after_it_was_opened(tmp_path, frames, write_tiff):
    write_tiff(tmp_path / "s.tif", frames(15))
    stack = io.read(tmp_path / "s.tif")
    os.truncate(tmp_path / "s.tif", 5000)
    with pytest.raises(InputError, match="has become shorter"):
        stack.raw()


@pytest.mark.parametrize("name", ["s.tif", "s.npy"])
def test_empty_file(tmp_path, name):
    (tmp_path / name).touch()
    assert refused(tmp_path / name) == "the file is empty (0 bytes)"


def test_neither_tiff_nor_npy(tmp_path):
    (tmp_path / "s.tif").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert "neither a TIFF, a .npy file, " in refused(tmp_path / "s.tif")


@pytest.mark.parametrize("write_tiff", ["plain"], indirect=True)
def test_no_such_file_a_folder_and_an_unreadable_file(tmp_path, monkeypatch, frames, write_tiff):
    assert "none.tif does not exist" in refused(tmp_path / "none.tif")
    assert "cannot be read: Is a directory" in refused(tmp_path)

    def forbid(*_, **__):
        raise PermissionError(13, "Permission denied")

    write_tiff(tmp_path / "s.tif", frames(15))
    monkeypatch.setattr("pathlib.Path.open", forbid)
    assert refused(tmp_path / "s.tif") == "the file cannot be read: Permission denied"


@pytest.mark.parametrize("shape", [(20, 24, 3), (15, 20, 24, 3), (20, 24, 4)])
def test_colour(tmp_path, shape):
    tifffile.imwrite(tmp_path / "s.tif", np.zeros(shape, np.uint8), photometric="rgb")
    assert "colour image (RGB)" in refused(tmp_path / "s.tif")


def test_three_planes_that_tifffile_takes_for_colours(tmp_path):
    tifffile.imwrite(tmp_path / "s.tif", np.zeros((3, 20, 24), np.uint8))
    assert "save frames with photometric='minisblack'" in refused(tmp_path / "s.tif")


def test_colour_table(tmp_path):
    table = np.zeros((3, 256), np.uint16)
    tifffile.imwrite(tmp_path / "s.tif", np.zeros((15, 20, 24), np.uint8), photometric="palette", colormap=table)
    assert "colour table" in refused(tmp_path / "s.tif")


def test_many_samples_a_pixel(tmp_path):
    array = np.zeros((20, 24, 14), np.uint16)  # 9, 15 and 25 would be the frames of a raw stack
    tifffile.imwrite(tmp_path / "s.tif", array, photometric="minisblack", planarconfig="contig")
    assert "14 samples a pixel" in refused(tmp_path / "s.tif")


def test_complex_and_bool(tmp_path):
    tifffile.imwrite(tmp_path / "s.tif", np.zeros((15, 20, 24), np.complex64), photometric="minisblack")
    assert "complex" in refused(tmp_path / "s.tif")
    tifffile.imwrite(tmp_path / "b.tif", np.zeros((15, 20, 24), bool), photometric="minisblack")
    assert "bool, not numbers" in refused(tmp_path / "b.tif")


@pytest.mark.parametrize("kind", ["complex64", "bool", "U3", "datetime64[s]"])
def test_npy_of_no_use(tmp_path, kind):
    np.save(tmp_path / "s.npy", np.zeros((15, 20, 24), kind))
    assert "the pixels are" in refused(tmp_path / "s.npy")


def test_npy_of_fields(tmp_path):
    np.save(tmp_path / "s.npy", np.zeros((15, 20, 24), [("a", "u2"), ("b", "f4")]))
    assert "not numbers" in refused(tmp_path / "s.npy")


def test_npy_of_python_objects_is_not_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    np.save(tmp_path / "s.npy", np.array([Bomb()] * 15, object), allow_pickle=True)
    assert "Python objects" in refused(tmp_path / "s.npy")
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("shape", "words"),
    [((15, 20, 0), "no pixels"), ((0, 20, 24), "no pixels"), ((20,), "no image"), ((), "no image")],
)
def test_npy_that_is_no_image(tmp_path, shape, words):
    np.save(tmp_path / "s.npy", np.zeros(shape))
    assert words in refused(tmp_path / "s.npy")


def test_npy_cut_anywhere(tmp_path, frames):
    buffer = buffers.BytesIO()
    np.save(buffer, frames(15))
    whole = buffer.getvalue()
    for cut in (3, 7, 9, 60, 127, 128, 500, len(whole) - 1):
        (tmp_path / "s.npy").write_bytes(whole[:cut])
        refused(tmp_path / "s.npy")
    assert "15 frames are promised, 14 are there" in refused(tmp_path / "s.npy")


def test_one_and_two_frames(tmp_path):
    tifffile.imwrite(tmp_path / "1.tif", np.zeros((20, 24), np.uint16))
    assert "1 frame, but a raw stack has several" in refused(tmp_path / "1.tif")
    tifffile.imwrite(tmp_path / "2.tif", np.zeros((2, 20, 24), np.uint16), photometric="minisblack")
    assert "2 frames, but" in refused(tmp_path / "2.tif")
