"""Whole tiles cut into patches: known shifts are found, LR lies on HR, windows are where they were; what is refused."""

import json
import shutil

import numpy as np
import pytest
import tifffile
import yaml
from scipy import ndimage

from srredsim.cli.main import main
from srredsim.data import catalogue
from srredsim.data.caco2 import cut as cutting
from srredsim.data.caco2 import tiles
from srredsim.data.caco2.cut import Patch, cut
from srredsim.data.caco2.layout import Layout
from srredsim.data.caco2.registration import moved, shift_of
from srredsim.data.readers import Wanted
from srredsim.errors import InputError

SIZE = Patch(64, 32)
NAMES = {1: "HighRes1024", 2: "LowRes512"}
SHAPES = {6: (129, 130), 7: (129, 130), 9: (129, 162)}  # one window, one, two


def specimen(seed, shape):
    """(y, x): blobs of a few pixels."""
    image = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 4)
    return (np.clip(image / image.std(), 0, 3) * 60 + 8).astype(np.uint8)


def scanned(image, scale, shift=(0, 0)):
    """Blocks of an image that lies ``shift`` pixels further down and to the right."""
    beyond = np.roll(image, shift, (0, 1))
    y, x = (n // scale for n in image.shape)
    return beyond[: y * scale, : x * scale].reshape(y, scale, x, scale).mean((1, 3)).astype(np.uint8)


@pytest.mark.parametrize(("scale", "shift"), [(2, (5, -3)), (4, (-8, 4))])
def test_a_known_shift_is_found_and_taken_back(scale, shift):
    high = specimen(1, (192, 160))
    low = scanned(high, scale, shift)
    found = shift_of(high, low)
    np.testing.assert_allclose(found, shift, atol=1)
    inner = high[48:-48, 48:-48]
    back = np.kron(moved(low, found, scale, 48), np.ones((scale, scale)))
    left = np.kron(low, np.ones((scale, scale)))[48:-48, 48:-48]
    assert np.mean((back - inner) ** 2.0) < 0.2 * np.mean((left - inner) ** 2.0)


def test_moved_is_the_enlarged_image_moved_and_every_scaleth_pixel_of_it():
    low = np.arange(1, 12 * 10 + 1, dtype=np.uint8).reshape(12, 10)
    for scale, margin, shift in ((4, 8, (3, -5)), (2, 4, (-6, 1)), (4, 4, (-9, 30))):
        large = np.kron(low, np.ones((scale, scale), np.uint8))
        expected = np.zeros_like(large)
        for y, x in np.ndindex(large.shape):
            row, column = y + shift[0], x + shift[1]
            if 0 <= row < large.shape[0] and 0 <= column < large.shape[1]:
                expected[y, x] = large[row, column]
        inner = expected[margin : large.shape[0] - margin, margin : large.shape[1] - margin]
        np.testing.assert_array_equal(moved(low, shift, scale, margin), inner[scale // 2 :: scale, scale // 2 :: scale])


def test_windows_are_taken_where_their_middle_is_bright():
    planes = {1: np.zeros((2, 225, 193), np.uint8), 2: np.zeros((2, 112, 96), np.uint8)}
    layout = Layout((2,), ("CELL0", "CELL1"), 64, 32, {}, {})
    assert tiles.windows_of(3, 1024, planes, layout) == []
    planes[1][0] = 255  # only the last plane counts
    planes[1][1, 100:128, 40:72] = 4  # 22 % of the middle of two windows, 5 % of that of their neighbours
    found = tiles.windows_of(3, 1024, planes, layout)
    assert [(one.y, one.x, one.number) for one in found] == [(32, 0, 0), (64, 0, 1)]
    planes[1][1, 100:128, 40:72] = 3
    assert tiles.windows_of(3, 1024, planes, layout) == []
    planes[1][1] = 4
    corners = [(one.y, one.x) for one in tiles.windows_of(3, 1024, planes, layout)]
    assert corners == [(y, x) for y in (0, 32, 64, 96) for x in (0, 32, 64)]  # 225 and 193: the end is before the last


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Tiles 6 (train), 7 (validation) and 9 (test) of two planes, at /2 three pixels further down than HR."""
    home = tmp_path_factory.mktemp("tiles")
    for tile, shape in SHAPES.items():
        high = np.stack([specimen(10 * tile + plane, shape) for plane in (0, 1)])
        for scale, folder in NAMES.items():
            planes = high if scale == 1 else np.stack([scanned(one, scale, (3, 0)) for one in high])
            (home / folder).mkdir(exist_ok=True)
            tifffile.imwrite(home / folder / f"{folder}-{tile}.tif", planes, photometric="minisblack")
    (home / "HighRes1024" / "._HighRes1024-9.tif").write_bytes(b"what a Mac leaves on a stick")
    return home


@pytest.fixture(scope="module")
def done(raw, tmp_path_factory):
    out = tmp_path_factory.mktemp("cut") / "out"
    return out, cut(raw, out, patch=SIZE)


def opened(folder, split, **options):
    wanted = Wanted(normalise="dataset", options={"scale": 2, "cell": "CELL1"} | options)
    return catalogue.open_images(folder, split, wanted).pairs


def test_what_was_cut_is_a_data_set(raw, done):
    out, report = done
    assert report["patches"] == {"train": {6: 1}, "validation": {7: 1}, "test": {9: 2}}
    assert (report["made"], report["kept"]) == (4, 0)
    assert report["moved"][2]["mean"] == pytest.approx(3, abs=1)
    pairs = opened(out, "test")
    pairs.check(2, 16)
    high = tifffile.imread(raw / "HighRes1024" / "HighRes1024-9.tif")[1]
    corners = []
    for index in range(len(pairs)):
        low, truth = pairs.grey_levels(index)
        y, _, x, _ = map(int, pairs.facts(index)["name"].split("_")[3:7])
        np.testing.assert_array_equal(truth, high[y + 32 : y + 96, x + 32 : x + 96])
        blocks = truth.reshape(32, 2, 32, 2).mean((1, 3))
        assert np.corrcoef(low.ravel(), blocks.ravel())[0, 1] > 0.97
        corners.append((y, x))
    assert sorted(corners) == [(0, 0), (0, 32)]
    orders = [[opened(out, "test", cell=cell).facts(n)["name"][:-6] for n in (0, 1)] for cell in ("CELL0", "CELL1")]
    assert orders[0] == orders[1]


def test_gone_on_with_and_not_with_other_tiles(raw, done, tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(done[0], out)
    lost = sorted((out / "registration").iterdir())[:2]
    for path in lost:
        path.unlink()
    (out / "dataset.yaml").unlink()
    again = cut(raw, out, patch=SIZE)
    assert (again["made"], again["kept"]) == (2, 2)
    assert again["moved"] == done[1]["moved"]
    for path in done[0].rglob("*.*"):
        assert (out / path.relative_to(done[0])).read_bytes() == path.read_bytes()
    with pytest.raises(InputError, match="cut from other tiles, or in another size"):
        cut(raw, out)
    flags = ["prepare", "sr-caco-2", "--tiles", str(raw), "--out", str(out)]
    assert main([*flags, "--validation-tiles", "6", "--test-tiles", "9"]) == 2
    assert "was cut from other tiles, or in another size; give another --out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--tiles", "{raw}", "--raw", "x"], "--tiles are cut anew; leave out --raw"),
        (["--raw", "x"], "give --raw and --folds, or --tiles"),
        (["--tiles", "{raw}/HighRes1024"], "--tiles is a folder with HighRes1024/NAME-1.tif, LowRes512/NAME-1.tif"),
        (["--tiles", "{raw}", "--test-tiles", "9", "6"], "no tile is left for the split validation"),
        (["--tiles", "{raw}", "--test-tiles", "9", "--validation-tiles", "9"], "are unlike tiles of"),
        (["--tiles", "{raw}", "--test-tiles", "5", "--validation-tiles", "9"], "are unlike tiles of"),
    ],
)
def test_refused_in_one_line(raw, tmp_path, capsys, flags, words):
    given = [flag.format(raw=raw) for flag in flags]
    assert main(["prepare", "sr-caco-2", *given, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_tiles_that_do_not_fit(raw, tmp_path):
    def spoilt(change):
        home = tmp_path / str(len(list(tmp_path.iterdir())))
        shutil.copytree(raw, home)
        change(home / "LowRes512" / "LowRes512-7.tif")
        return home

    def written(planes):
        photometric = "rgb" if planes.shape[-1] == 3 else "minisblack"
        return lambda path: tifffile.imwrite(path, planes, photometric=photometric)

    for change, words in (
        (lambda path: path.unlink(), "has no tile 7 of 512 pixels a line"),
        (lambda path: shutil.copy(path, path.with_name("b-07.tif")), "LowRes512-7.tif and .*b-07.tif are both tile 7"),
        (written(np.zeros((64, 65, 3), np.uint8)), r"LowRes512-7.tif: .*a colour image"),
        (written(np.zeros((2, 20, 65), np.uint8)), "has 20 x 65 pixels; with those of HR it should be about 64 x 65"),
        (written(np.zeros((3, 64, 65), np.uint8)), "has 3 planes, HR has 2"),
        (written(np.zeros((2, 64, 65), np.uint16)), "tiles have 8 bits, this has 16; prepare it with `convert`"),
        (written(np.zeros((2, 64, 65), np.float32)), "tiles have 8 bits, or 16 with `convert`; this has float32"),
        (lambda path: path.write_bytes(b"II*\0nonsense"), r"LowRes512-7\.tif"),
        (lambda path: path.parent.rename(path.parent.with_name("LowRes341")), "scans of 1024 and of 341 pixels"),
    ):
        with pytest.raises(InputError, match=words):
            cut(spoilt(change), tmp_path / "out", patch=SIZE)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_three_planes_are_read_as_tifffile_saves_them(tmp_path, kind):
    """Which is as red, green and blue, one after the other."""
    planes = np.arange(3 * 5 * 7, dtype=kind).reshape(3, 5, 7) * kind(2)
    if kind == np.uint16:
        planes *= 257
    tifffile.imwrite(tmp_path / "a-1.tif", planes, photometric="rgb", planarconfig="separate")
    found = tiles._planes(tmp_path / "a-1.tif", convert=kind == np.uint16)
    np.testing.assert_array_equal(found, np.arange(3 * 5 * 7).reshape(3, 5, 7) * 2)


def test_the_description_says_what_was_cut(done):
    content = yaml.safe_load((done[0] / "dataset.yaml").read_text())
    assert content["scales"] == [2]
    assert content["cells"] == ["CELL0", "CELL1"]
    assert content["splits"]["test"] == {9: 2}
    shifts = json.loads((done[0] / "registration" / "9_1.json").read_text())
    assert set(shifts) == {"CELL0", "CELL1"}
    assert cutting.lines(done[1])[0] == "train: 1 patches of tile 6"
