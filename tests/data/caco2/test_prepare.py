"""Released patches, prepared and read: the right pixels in the right order; what is missing or wrong, in one line."""

import os
import shutil
import zipfile

import numpy as np
import pytest
import tifffile

from srredsim.cli.main import main
from srredsim.data import catalogue
from srredsim.data.caco2 import archive, folds
from srredsim.data.caco2.folder import Folder, read
from srredsim.data.caco2.layout import fold, layout
from srredsim.data.caco2.prepare import prepare
from srredsim.data.readers import Wanted
from srredsim.errors import InputError

COUNT = 4  # pairs of each split, so that each tile of the test has one


def drawn(seed, index, size, scales):
    """Patches that tell from which series, field, cell and scale they are."""
    cells = 60 * np.arange(3, dtype=np.uint8)[:, None, None]
    return [np.full((3, size // s, size // s), 10 * index + s, np.uint8) + cells for s in (1, *scales)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Folder of a released archive, ``caco2`` with ``folds.zip``, and of what was prepared of it, ``out``."""
    home = tmp_path_factory.mktemp("caco2")
    real, archive.scans = archive.scans, drawn
    try:
        archive.simulate_archive(home, COUNT)
    finally:
        archive.scans = real
    report = prepare(home / "caco2", home / "folds.zip", home / "out", skip_incomplete=True)
    assert report["made"] == 3 * 4 * 3 * COUNT
    return home


@pytest.fixture
def raw(home, tmp_path):
    """A copy of the patches that may be spoilt."""
    shutil.copytree(home / "caco2", tmp_path / "raw", copy_function=os.link)
    return tmp_path / "raw"


def opened(folder, split, **options):
    wanted = Wanted(normalise="dataset", options={"scale": 4, "cell": "CELL1"} | options)
    return catalogue.open_images(folder, split, wanted).pairs


def test_pairs_in_the_order_of_the_list(home):
    for folder in (home / "out", home / "caco2"):
        if folder.name == "caco2":  # released patches beside unpacked lists are read as they are
            with zipfile.ZipFile(home / "folds.zip") as lists:
                lists.extractall(folder)
        pairs = opened(folder, "test")
        assert isinstance(pairs, Folder)
        assert [pairs.facts(n)["tile"] for n in range(len(pairs))] == [9, 10, 14, 20]
        for index in range(COUNT):
            pair = pairs[index]
            assert pair.frames.shape == (128, 128, 1)
            np.testing.assert_allclose(255 * pair.frames, 10 * index + 4 + 60, rtol=1e-6)
            np.testing.assert_allclose(255 * pair.truth, 10 * index + 1 + 60, rtol=1e-6)
    shutil.rmtree(home / "caco2" / "folds")
    assert len(opened(home / "out", "clean")) == 2
    assert len(opened(home / "out", "train", scale=8, cell="CELL0+CELL2")) == 2 * COUNT
    with pytest.raises(InputError, match="this network has scale 2"):
        opened(home / "out", "test").check(2)


def test_patches_are_known_by_all_their_files(home, tmp_path):
    shutil.copytree(home / "out", tmp_path / "out")
    asked = [{}, {"scale": 2}, {"cell": "CELL0"}, {"low": "reduced"}]
    before = [opened(tmp_path / "out", "test", **one).identity() for one in asked]
    before.append(opened(tmp_path / "out", "clean").identity())
    assert len({*before}) == 5
    path = opened(tmp_path / "out", "test").facts(2)["source"]
    tifffile.imwrite(path, 255 - tifffile.imread(path), photometric="minisblack")
    after = [opened(tmp_path / "out", "test", **one).identity() for one in asked]
    after.append(opened(tmp_path / "out", "clean").identity())
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True, True, False, True]


def test_done_again_and_gone_on_with(home, tmp_path):
    args = home / "caco2", home / "folds.zip"
    before = prepare(*args, home / "out", skip_incomplete=True)
    assert (before["made"], before["kept"]) == (0, 144)
    out = tmp_path / "out"
    shutil.copytree(home / "out", out)
    lost = sorted((out / "hr_div_2").iterdir())
    lost[0].unlink()
    lost[1].write_bytes(lost[1].read_bytes()[:1000])
    again = prepare(*args, out, skip_incomplete=True)
    assert (again["made"], again["kept"]) == (2, 142)
    assert read(lost[1], 256).shape == (256, 256)
    assert (out / "sr_caco_2.json").read_text() == (home / "out" / "sr_caco_2.json").read_text()


def test_what_was_not_released_so_is_converted_when_told(home, raw, tmp_path):
    low, high = (raw / name / sorted(os.listdir(raw / name))[0] for name in ("hr_div_4", "hr_div_1"))
    grey, colours = read(low, 128), np.stack([read(high, 512) + np.uint8(n) for n in (0, 1, 5)], -1)
    for path in (low, high):
        path.unlink()
    tifffile.imwrite(low, grey.astype(np.uint16) * 257 + 120)
    tifffile.imwrite(high, colours, photometric="rgb")
    with pytest.raises(
        InputError, match=r"2 patches are missing or not .*8 bits, 3 channels; prepare it with `convert=True`"
    ):
        prepare(raw, home / "folds.zip", tmp_path / "out", skip_incomplete=False)
    prepare(raw, home / "folds.zip", tmp_path / "out", convert=True, skip_incomplete=True)
    np.testing.assert_array_equal(read(tmp_path / "out" / "hr_div_4" / low.name, 128), grey)
    np.testing.assert_array_equal(read(tmp_path / "out" / "hr_div_1" / high.name, 512), colours[..., 0] + 2)


def test_pairs_without_their_patches_are_left_out_when_told(home, raw, tmp_path):
    lost = raw / "hr_div_8" / sorted(os.listdir(raw / "hr_div_8"))[0]
    lost.unlink()
    args = raw, home / "folds.zip", tmp_path / "out"
    with pytest.raises(
        InputError, match=rf"lists 4 pairs, not 7349; a patch cannot be used: hr_div_8/{lost.name}: missing"
    ):
        prepare(*args)
    assert not (tmp_path / "out").exists()
    report = prepare(*args, skip_incomplete=True)
    assert sum(report["skipped"].values()) == 1
    assert sum(report["pairs"].values()) == 27 * COUNT - 1


def spoilt_list(home, tmp_path, change):
    """folds.zip of which the list of the test at 4, CELL1, is another."""
    name = fold("test", 4, "CELL1", 512)
    with zipfile.ZipFile(home / "folds.zip") as old, zipfile.ZipFile(tmp_path / "folds.zip", "w") as new:
        for entry in old.namelist():
            text = old.read(entry).decode()
            if name not in entry:
                new.writestr(entry, text)
            elif (changed := change(text)) is not None:
                new.writestr(entry, changed)
    return tmp_path / "folds.zip"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: None, "lacks 1 of 27 fold lists, the first is caco2_test_X_4_in_128_out_512_cell_CELL1/l_h.txt"),
        (
            lambda text: text.replace("hr_div_4", "hr_div_2"),
            "line 1 is of the scale 2 to 1, the list of the scale 4 to 1",
        ),
        (lambda text: text.replace("-9_0", "-9_1", 1), "line 1 pairs unlike patches"),
        (lambda text: text.replace("CELL1", "CELL2"), "line 1 pairs unlike patches, or not those of CELL1"),
        (lambda text: text.replace("hr_div_1", "../hr_div_1"), "line 1 should be LR path,HR path"),
        (lambda text: text.replace("-9_0", "-7_0"), r"l_h.txt, line 1 is of tile 7, which is not in the split test$"),
        (lambda text: text + "nonsense\n", r"line 5 should be LR path,HR path as hr_div_2/.*; got .?nonsense"),
    ],
)
def test_lists_that_are_none(home, tmp_path, change, words):
    with pytest.raises(InputError, match=words):
        prepare(home / "caco2", spoilt_list(home, tmp_path, change), tmp_path / "out", skip_incomplete=True)
    assert not (tmp_path / "out").exists()


def refused(capsys, *words):
    assert main(["prepare", "sr-caco-2", *map(str, words)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    return err


def test_refused_in_one_line(home, tmp_path, capsys):
    out, caco2, lists = tmp_path / "out", home / "caco2", home / "folds.zip"
    assert "--raw is the folder caco2" in refused(capsys, "--raw", home, "--folds", lists, "--out", out)
    assert f"no file {tmp_path / 'no.zip'}" in refused(
        capsys, "--raw", caco2, "--folds", tmp_path / "no.zip", "--out", out
    )
    (tmp_path / "cut.zip").write_bytes(lists.read_bytes()[:500])
    assert "no whole zip archive" in refused(capsys, "--raw", caco2, "--folds", tmp_path / "cut.zip", "--out", out)
    assert "cannot be read: Is a directory" in refused(capsys, "--raw", caco2, "--folds", caco2, "--out", out)
    said = refused(capsys, "--raw", caco2, "--folds", lists, "--out", out)
    assert "lists 4 pairs, not 7349" in said
    assert "--skip-incomplete" in said
    assert "released patches itself" in refused(capsys, "--raw", caco2, "--folds", lists, "--out", caco2)
    assert not out.exists()


def test_patches_of_other_kinds(tmp_path):
    for content, side, words in (
        (np.zeros((12, 12), np.uint8), 16, "a patch here has 16 x 16 pixels, this has 12 x 12"),
        (np.zeros((16, 16), np.float32), 16, "this has 32 bits, 1 channel"),
        (np.zeros((2, 16, 16), np.uint8), 16, "this has 8 bits, 2 channels"),
    ):
        tifffile.imwrite(tmp_path / "a.tif", content, photometric="minisblack")
        with pytest.raises(InputError, match=words):
            read(tmp_path / "a.tif", side)
    (tmp_path / "a.tif").write_bytes(b"II*\0nonsense")
    with pytest.raises(InputError, match=str(tmp_path / "a.tif")):
        read(tmp_path / "a.tif", 16)
    with pytest.raises(InputError, match="is missing"):
        folds.in_folder(tmp_path, "test", 2, "CELL0", layout())


def test_the_command(home, tmp_path, capsys):
    flags = "--raw", home / "caco2", "--folds", home / "folds.zip", "--out", tmp_path / "out", "--skip-incomplete"
    assert main(["prepare", "sr-caco-2", *map(str, flags)]) == 0
    assert "  val: 4 pairs of each scale and cell" in capsys.readouterr().out
    assert main(["simulate", "--sr-caco-2", "--w2s", "--out", str(tmp_path / "two")]) == 2
    assert main(["simulate", "--sr-caco-2", "--size", "64", "--out", str(tmp_path / "two")]) == 2
    assert "--sr-caco-2 has a size and a light of its own; leave out --size" in capsys.readouterr().err
