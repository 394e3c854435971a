"""The raw archive: what is where in its files, and what is wrong with them."""

import numpy as np
import pytest

from srredsim.data.w2s.raw import RawField, open_archive, ranges
from srredsim.errors import InputError

from .conftest import X, Y, write_field


def test_tiles_of_the_montage(tmp_path):
    """Every pixel knows its row and column of tiles, and its place in the tile."""
    row, column, y, x = np.meshgrid(range(3), range(5), range(Y), range(X), indexing="ij")
    montage = np.zeros((3 * Y, 5 * X), np.uint16)
    montage[row * Y + y, column * X + x] = 1000 * row + 100 * column + 10 * y + x
    np.save(tmp_path / "sim_input_channel1.npy", montage)
    one = RawField(7, tmp_path)
    rows = one.sim_frames(1)
    assert rows.shape == (3, 5, Y, X)
    assert rows[2, 4, 5, 7] == 2457
    assert rows[1, 3, 0, 2] == 1302
    columns = one.sim_frames(1, "angles-in-columns")
    assert columns.shape == (5, 3, Y, X)
    assert columns[4, 2, 5, 7] == 2457
    assert columns[3, 1, 0, 2] == 1302
    with pytest.raises(InputError, match="no order of the raw SIM frames called 'rows'; there are: angles-in-rows"):
        one.sim_frames(1, "rows")


def test_a_whole_archive(raw):
    archive = open_archive(raw)
    assert [one.number for one in archive.fields] == [1, 2, 80, 81, 120]
    assert archive.problems == {}
    assert archive.size == (Y, X)
    assert ranges(archive.absent) == "003-079, 082-119"
    assert [one.number for one in open_archive(raw, limit=2).fields] == [1, 2]


def damage(path, array):
    path.unlink()
    np.save(path, array)


def test_everything_that_is_wrong_is_named_and_counted(raw):
    (raw / "Image001" / "wf_channel2.npy").unlink()
    (raw / "Image001" / "sim_input_channel0.npy").unlink()
    damage(raw / "Image002" / "wf_channel1.npy", np.zeros((399, Y, X), np.uint16))
    image = np.ones((2 * Y, 2 * X), np.float32)
    image[0, :3] = np.nan, np.inf, -np.inf
    damage(raw / "Image002" / "sim_channel0.npy", image)
    damage(raw / "Image080" / "sim_channel2.npy", np.zeros((2 * X, 2 * Y), np.uint16))
    cut = raw / "Image080" / "sim_input_channel1.npy"
    cut.write_bytes(cut.read_bytes()[:-9])
    for path in (raw / "Image081").iterdir():
        path.unlink()
    archive = open_archive(raw)
    assert [one.number for one in archive.fields] == [120]
    assert archive.problems == {
        "Image001": ["lacks sim_input_channel0.npy, wf_channel2.npy"],
        "Image002": [
            f"sim_channel0.npy: 3 of {4 * X * Y} values are NaN or infinite",
            "wf_channel1.npy: 399 captures instead of 400",
        ],
        "Image080": [
            "sim_input_channel1.npy: the .npy file is cut short: 1440 bytes of pixels are promised, 1431 are there",
            "sim_channel2.npy: 16 x 12 instead of 12 x 16",
        ],
        "Image081": ["holds none of its 9 files"],
    }
    assert archive.summary().startswith("4 of 5 fields are incomplete: Image001 lacks sim_input_channel0.npy, wf_ch")


def test_captures_that_are_no_numbers(raw):
    captures = np.ones((400, Y, X), np.float32)
    captures[399, 0, 0] = np.nan
    damage(raw / "Image002" / "wf_channel0.npy", captures)
    damage(raw / "Image080" / "wf_channel0.npy", np.ones((400, Y, X), complex))
    assert open_archive(raw).problems == {
        "Image002": [f"wf_channel0.npy: 1 of {400 * X * Y} values are NaN or infinite"],
        "Image080": ["wf_channel0.npy: complex128 values instead of numbers"],
    }


def test_mixed_sizes(raw):
    write_field(raw, 3, y=10, x=8)
    assert open_archive(raw).problems == {"Image003": ["has images of 10 x 8, most others of 6 x 8"]}


def test_without_raw_sim_its_files_may_lack(raw):
    (raw / "Image001" / "sim_input_channel0.npy").unlink()
    assert open_archive(raw, raw_sim=False).problems == {}


def test_a_long_list_is_cut_short(tmp_path):
    for number in range(1, 12):
        (tmp_path / f"Image{number:03d}").mkdir()
    summary = open_archive(tmp_path).summary()
    assert summary.startswith("11 of 11 fields are incomplete: Image001 holds none")
    assert summary.endswith("Image008 holds none of its 9 files; and 3 more")


def test_folders_that_are_no_archive(raw, tmp_path):
    with pytest.raises(InputError, match=f"holds no folder Image001 to Image120 .*; there are some in {raw}"):
        open_archive(tmp_path)
    with pytest.raises(InputError, match="is no folder; give the one that holds Image001"):
        open_archive(tmp_path / "nowhere")


def test_ranges():
    assert ranges([8, 1, 2, 3, 120]) == "001-003, 008, 120"
    assert ranges([]) == ""
