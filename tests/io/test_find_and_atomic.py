"""The tests may run as a user who may write everywhere, so refusals come from patched system calls."""

import errno
import os

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.errors import InputError


def listing(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


# --- find -------------------------------------------------------------------------------------------------------------


def test_files_stay_in_order_and_folders_are_expanded_in_theirs(tmp_path):
    (tmp_path / "folder").mkdir()
    for name in ("b.tif", "a.TIFF", "c.npy", ".hidden.tif", "notes.txt", "d.Tif"):
        (tmp_path / "folder" / name).touch()
    (tmp_path / "folder" / "inner.tif").mkdir()
    (tmp_path / "z.bin").touch()
    folder = tmp_path / "folder"
    found = io.find([tmp_path / "z.bin", str(folder), folder / "b.tif"])
    assert found == [tmp_path / "z.bin", *(folder / name for name in ("a.TIFF", "b.tif", "c.npy", "d.Tif"))]


def test_patterns_are_expanded_where_the_shell_has_not_done_so(tmp_path):
    for name in ("b.tif", "a.tif", "c.npy", "a.txt", "odd[1].tif"):
        (tmp_path / name).touch()
    io.write_image(tmp_path / "a_wiener.tif", np.eye(5), tag=io.RESULT)
    said = []
    assert io.find([tmp_path / "[ab]*"], said.append) == [tmp_path / "a.tif", tmp_path / "b.tif"]
    assert len(said) == 1
    assert "1 results of srredsim are left out, as a_wiener.tif" in said[0]
    assert io.find([tmp_path / "odd[1].tif"]) == [tmp_path / "odd[1].tif"]  # that is its name
    assert io.find([tmp_path / "*_wiener.tif"]) == [tmp_path / "a_wiener.tif"]
    with pytest.raises(InputError, match=r"\*\.txt matches no image"):
        io.find([tmp_path / "*.txt"])


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a.tif", "a"), ("a.ome.tif", "a"), ("a.OME.TIFF", "a"), ("a.b.tif", "a.b"), (".ome.tif", ".ome")],
)
def test_names_of_results_begin_without_the_endings_of_the_file(tmp_path, name, stem):
    assert io.stem(tmp_path / name) == stem
    assert io.Writing().path(tmp_path / name, "wiener") == tmp_path / f"{stem}_wiener.tif"


def test_a_folder_without_a_stack(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"holds no .*\*.npy, \*.tif, \*.tiff file"):
        io.find([tmp_path])


def test_nothing_given():
    with pytest.raises(InputError, match="no input was given"):
        io.find([])


def test_a_path_that_does_not_exist_names_the_nearest(tmp_path):
    (tmp_path / "stack_01.tif").touch()
    with pytest.raises(InputError, match=r"stack_1\.tif does not exist; there is .*stack_01\.tif"):
        io.find([tmp_path / "stack_1.tif"])
    (tmp_path / "text.tif").touch()
    with pytest.raises(InputError, match=r"nope\.tif does not exist$"):  # what is alike is the ending alone
        io.find([tmp_path / "nope.tif"])
    with pytest.raises(InputError, match=r"nothing_like_it does not exist$"):
        io.find([tmp_path / "nothing_like_it"])
    with pytest.raises(InputError, match=r"^s3:.*is an address"):
        io.find(["s3://bucket/stack_01.tif"])
    with pytest.raises(InputError, match=r"x\.tif does not exist$"):
        io.find([tmp_path / "no folder" / "x.tif"])


def test_a_folder_that_cannot_be_read(tmp_path, monkeypatch):
    def forbid(self):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.iterdir", forbid)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        io.find([tmp_path])


# --- atomic -----------------------------------------------------------------------------------------------------------


def test_a_file_appears_when_it_is_whole(tmp_path):
    with io.atomic(tmp_path / "new" / "folders" / "a.png") as temporary:
        assert temporary.parent == tmp_path / "new" / "folders"
        assert temporary.name.startswith(".")
        assert temporary.suffix == ".png"
        assert not temporary.exists()
        temporary.write_text("whole")
        assert not (tmp_path / "new" / "folders" / "a.png").exists()
    assert (tmp_path / "new" / "folders" / "a.png").read_text() == "whole"
    assert listing(tmp_path) == ["new", "new/folders", "new/folders/a.png"]


def test_a_folder_appears_when_it_is_whole(tmp_path):
    for content in ("first", "second"):
        with io.atomic(tmp_path / "model", overwrite=True) as temporary:
            (temporary / "inner").mkdir(parents=True)
            (temporary / "inner" / content).touch()
    assert listing(tmp_path) == ["model", "model/inner", "model/inner/second"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
@pytest.mark.parametrize("folder", [False, True])
def test_a_failure_leaves_nothing(tmp_path, error, folder):
    def work():
        with io.atomic(tmp_path / "new" / "deep" / "a") as temporary:
            if folder:
                temporary.mkdir()
                temporary = temporary / "b"
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        work()
    assert listing(tmp_path) == []


def test_a_failure_leaves_what_others_put_there(tmp_path):
    def work():
        with io.atomic(tmp_path / "new" / "a"):
            (tmp_path / "new" / "other").touch()
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        work()
    assert listing(tmp_path) == ["new", "new/other"]


def test_what_exists_is_kept_and_overwritten_only_when_asked(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(InputError, match="a exists already; give `overwrite` or another `out`"):  # noqa: SIM117
        with io.atomic(tmp_path / "a"):
            raise AssertionError("the work must not begin")
    with io.atomic(tmp_path / "a", overwrite=True) as temporary:
        temporary.write_text("new")
        assert (tmp_path / "a").read_text() == "old"
    assert (tmp_path / "a").read_text() == "new"


def test_what_appears_during_the_work_is_kept(tmp_path):
    def work():
        with io.atomic(tmp_path / "a") as temporary:
            temporary.write_text("mine")
            (tmp_path / "a").write_text("theirs")

    with pytest.raises(InputError, match="exists already"):
        work()
    assert (tmp_path / "a").read_text() == "theirs"
    assert listing(tmp_path) == ["a"]


@pytest.mark.parametrize("deep", ["a.tif", "deeper/a.tif"])
def test_a_file_where_a_folder_should_be(tmp_path, deep):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file is a file, not a folder; give another `out`"):  # noqa: SIM117
        with io.atomic(tmp_path / "file" / deep):
            raise AssertionError("the work must not begin")
    assert listing(tmp_path) == ["file"]


def test_a_folder_where_the_file_should_be(tmp_path):
    (tmp_path / "a").mkdir()

    def work():
        with io.atomic(tmp_path / "a", overwrite=True) as temporary:
            temporary.write_text("mine")

    with pytest.raises(InputError, match="a cannot be written: is a directory"):
        work()
    assert listing(tmp_path) == ["a"]


def refuse(number, name):
    def call(path, *_, **__):
        raise OSError(number, os.strerror(number), str(path))

    call.__name__ = name
    return call


@pytest.mark.parametrize(
    ("number", "call", "words"),
    [
        (errno.EACCES, "open", "is read-only or not yours; give another `out`"),
        (errno.EROFS, "open", "is read-only"),
        (errno.EACCES, "mkdir", "is read-only"),
        (errno.ENOSPC, "open", "no space left on the disk"),
        (errno.ENOSPC, "replace", "no space left on the disk"),
        (errno.EPERM, "replace", "is read-only"),
        (errno.ENAMETOOLONG, "open", "file name too long"),
    ],
)
def test_system_refusals_in_words(tmp_path, monkeypatch, number, call, words):
    monkeypatch.setattr(os, call, refuse(number, call))

    def work():
        with io.atomic(tmp_path / "new" / "a.tif") as temporary:
            temporary.touch()

    with pytest.raises(InputError, match=words) as error:
        work()
    assert str(error.value).startswith(f"{tmp_path / 'new' / 'a.tif'} cannot be written: ")
    monkeypatch.undo()
    assert listing(tmp_path) == []


@pytest.mark.parametrize("out", ["new/a.tif", "a.tif"])
def test_the_folder_that_is_read_only_is_the_one_that_is_there(tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "mkdir", refuse(errno.EACCES, "mkdir"))
    monkeypatch.setattr(os, "open", refuse(errno.EACCES, "open"))
    with pytest.raises(InputError, match="written: the current folder is read-only or not yours"), io.atomic(out):
        pass


def test_where_the_system_has_no_folders_is_no_bare_error():
    with (
        pytest.raises(InputError, match=r"/proc/none/a\.tif cannot be written: no such file"),
        io.atomic("/proc/none/a.tif"),
    ):
        pass


def test_what_is_in_the_way_of_a_result_is_named(tmp_path):
    (tmp_path / "a_model.png").touch()
    paths = tmp_path / "a_model.ome.zarr", [tmp_path / "a_model.png"]
    with pytest.raises(InputError, match=r"a_model\.png exists already, without a_model\.ome\.zarr; give"):
        io.refuse_results(*paths)
    (tmp_path / "a_model.tif").touch()
    with pytest.raises(
        InputError, match=r"a_model\.png exists already, beside a_model\.tif, a result in another format;"
    ):
        io.refuse_results(*paths)


def test_an_error_about_another_file_stays_what_it_is(tmp_path):
    def work():
        with io.atomic(tmp_path / "a"):
            (tmp_path / "input that is gone").read_text()

    with pytest.raises(FileNotFoundError):
        work()
    assert listing(tmp_path) == []


def test_names_as_long_as_the_system_allows(tmp_path):
    longest = "a" * 251 + ".tif"
    with io.atomic(tmp_path / longest) as temporary:
        temporary.touch()
    assert listing(tmp_path) == [longest]
    with pytest.raises(InputError, match="cannot be written: file name too long"):  # noqa: SIM117
        with io.atomic(tmp_path / ("a" + longest)):
            raise AssertionError("the work must not begin")


def test_modes_are_those_of_any_new_file(tmp_path):
    """Not private to the user, as temporary files often are."""
    (tmp_path / "plain").touch()
    with io.atomic(tmp_path / "a") as temporary:
        temporary.touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


# --- several files that are one image -------------------------------------------------------------------------------


def ome_set(folder, frames):
    """An angle in each file, as microscopes write it; every file has the metadata of all."""
    names = [f"sim_a{number}.ome.tif" for number in range(len(frames))]
    parts = "".join(
        f'<TiffData FirstZ="0" FirstT="{5 * n + p}" IFD="{p}" PlaneCount="1">'
        f'<UUID FileName="{name}">urn:uuid:{n:08}-0000-0000-0000-000000000000</UUID></TiffData>'
        for n, name in enumerate(names)
        for p in range(5)
    )
    for number, (name, angle) in enumerate(zip(names, frames, strict=True)):
        y, x = angle.shape[1:]
        xml = (
            '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"'
            f' UUID="urn:uuid:{number:08}-0000-0000-0000-000000000000"><Image ID="Image:0"><Pixels ID="Pixels:0"'
            f' DimensionOrder="XYZTC" Type="uint16" SizeX="{x}" SizeY="{y}" SizeZ="1" SizeT="{5 * len(names)}"'
            ' SizeC="1">'
            f'<Channel ID="Channel:0:0" SamplesPerPixel="1"/>{parts}</Pixels></Image></OME>'
        )
        tifffile.imwrite(folder / name, angle, description=xml, metadata=None, photometric="minisblack")
    return [folder / name for name in names]


def test_the_files_of_an_ome_set_are_one_image(tmp_path, frames):
    angles = frames(3, 5)
    files = ome_set(tmp_path, angles)
    notes, known = [], set()
    assert io.find([tmp_path], notes.append, known) == files[:1]
    assert notes == [f"{files[0]}: sim_a0.ome.tif, sim_a1.ome.tif, sim_a2.ome.tif are one image"]
    assert io.find([files[1]], notes.append, known) == []
    assert io.find(files) == files[:1]
    assert io.find([files[2]]) == [files[2]]  # asked for by its name
    np.testing.assert_array_equal(io.read(files[0]).raw(), angles)
    files[0].unlink()
    assert io.find([tmp_path]) == files[1:2]


def test_a_renamed_copy_is_an_image_of_its_own(tmp_path, frames):
    for name in ("one.ome.tif", "two.ome.tif"):
        io.write_raw(tmp_path / name, frames(3, 5))
    (tmp_path / "copy.ome.tif").write_bytes((tmp_path / "one.ome.tif").read_bytes())
    assert len(io.find([tmp_path])) == 3


def test_the_stamp_is_of_all_files_of_an_image(tmp_path, frames):
    """Two more bytes in any of the files, or in any of a folder, also below it; another image beside says nothing."""
    files = ome_set(tmp_path, frames(3, 5))
    folder = tmp_path / "image.planes"
    (folder / "level").mkdir(parents=True)
    for name in ("a", "level/b"):
        (folder / name).write_bytes(b"pixels")
    (tmp_path / "another.tif").write_bytes(b"old")
    for image, parts in ((files[0], files), (files[1], files), (folder, [folder / "a", folder / "level" / "b"])):
        for part in parts:
            before = io.stamp(image)
            (tmp_path / "another.tif").write_bytes(b"newer" * len(before))
            assert io.stamp(image) == before
            with part.open("ab") as file:
                file.write(b"xx")
            assert io.stamp(image) != before
        before = io.stamp(image)
        stat = parts[-1].stat()
        os.utime(parts[-1], ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
        assert io.stamp(image) != before
    before = io.stamp(folder)
    (folder / "a").rename(folder / "c")
    assert io.stamp(folder) != before


def test_a_folder_that_is_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "inner").touch()
    (tmp_path / "image.zarr").symlink_to(tmp_path / "disk", target_is_directory=True)
    with io.atomic(tmp_path / "image.zarr", overwrite=True) as temporary:
        temporary.mkdir()
        (temporary / "new").touch()
    assert listing(tmp_path) == ["disk", "disk/inner", "image.zarr", "image.zarr/new"]
