"""Reading back what was prepared, and the released data as they are."""

import shutil

import numpy as np
import pytest

from srredsim.data.w2s.folder import Folder
from srredsim.data.w2s.layout import layout
from srredsim.data.w2s.prepare import Settings, prepare
from srredsim.errors import InputError


@pytest.fixture
def out(raw, tmp_path):
    prepare(raw, tmp_path / "w2s", Settings(zscore=(30000.0, 9000.0), raw_sim=False))
    return tmp_path / "w2s"


@pytest.fixture
def released(tmp_path):
    """Averages alone, z-scored by the published constants: two fields, in double precision."""
    folder = tmp_path / "data" / "normalized"
    for level in layout().levels:
        (folder / f"avg{level}").mkdir(parents=True)
        for number in (79, 90):
            for channel in (0, 1, 2):
                image = np.full((4, 6), number / 10 + channel, np.float64)
                np.save(folder / f"avg{level}" / f"{number:03d}_{channel}.npy", image)
    return folder


def test_counts_come_back(raw, out):
    fields = Folder(out, "test")
    assert [field.name for field in (fields[n] for n in range(len(fields)))] == [
        f"{number}_{channel}" for number in ("081", "120") for channel in range(3)
    ]
    captures = np.load(raw / "Image120" / "wf_channel1.npy").astype(float)
    field = fields[4]
    assert field.facts["field"] == 120
    assert field.facts["channel"] == 1
    np.testing.assert_allclose(field.average(1), captures[249], rtol=1e-5)
    np.testing.assert_allclose(field.average(4), captures[:4].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(
        fields.widefield.apply(field.average(400)), np.load(out / "normalized/avg400/120_1.npy"), atol=1e-4
    )
    np.testing.assert_allclose(field.sim(), np.load(raw / "Image120" / "sim_channel1.npy"), rtol=1e-4, atol=1e-2)
    assert field.sim().dtype == field.average(2).dtype == np.float32


def test_the_folder_inside_is_the_same(out):
    inside, outside = Folder(out / "normalized", "train"), Folder(out, "train")
    assert (inside.widefield, inside.sim) == (outside.widefield, outside.sim)
    assert len(inside) == len(outside) == 6
    np.testing.assert_array_equal(inside[3].average(8), outside[3].average(8))


@pytest.mark.parametrize("path", ["avg2/081_1.npy", "avg400/120_2.npy", "sim/120_0.npy"])
def test_fields_are_known_by_all_their_images(out, path):
    """Those of other splits are none of them; an image of the same size is another one."""
    before = Folder(out, "test").identity()
    assert before == Folder(out / "normalized", "test").identity() != Folder(out, "train").identity()
    np.save(out / "normalized" / "avg2" / "001_0.npy", np.ones((6, 8), np.float32))
    assert Folder(out, "test").identity() == before
    image = np.load(out / "normalized" / path)
    np.save(out / "normalized" / path, 2 * image)
    assert Folder(out, "test").identity() != before


def test_validation_is_held_back_of_the_published_training_fields(out, released):
    assert {field.facts["field"] for field in Folder(out, "validation")._fields} == {80}
    assert {field.facts["field"] for field in Folder(out, "train")._fields} == {1, 2}
    assert len(Folder(released, "validation")) == 3


@pytest.mark.parametrize(("mode", "same"), [("per-image", False), ("none", True)])
def test_sim_images_without_a_common_constant_are_as_stored(raw, tmp_path, mode, same):
    prepare(raw, tmp_path / "w2s", Settings(sim_zscore=mode))
    fields = Folder(tmp_path / "w2s", "test")
    image = fields.sim.apply(fields[0].sim())
    np.testing.assert_array_equal(image, np.load(tmp_path / "w2s" / "normalized" / "sim" / "081_0.npy"))
    measured = np.load(raw / "Image081" / "sim_channel0.npy")
    assert np.allclose(image, measured, rtol=1e-5) == same
    np.testing.assert_allclose(
        image if not same else 0, (measured - measured.mean()) / measured.std() if not same else 0, atol=1e-4
    )


def test_released_folder(released):
    for place in (released, released.parent):
        fields = Folder(place, "test")
        assert len(fields) == 3
        np.testing.assert_allclose(fields[2].average(16), 11.0 * 66.02846351802853 + 154.535390853, rtol=1e-6)
        with pytest.raises(InputError, match=r"sim.090_2.npy is missing: .* raw archive .* srredsim prepare w2s"):
            fields[2].sim()
    with pytest.raises(InputError, match=r"no field of the split train \(001-076\); there are: 079, 090"):
        Folder(released, "train")


def test_missing_levels_are_named(released):
    (released / "avg4" / "090_1.npy").unlink()
    (released / "avg16" / "090_1.npy").unlink()
    with pytest.raises(InputError, match="1 of 3 images lack a noise level: 090_1 lacks avg4, avg16"):
        Folder(released, "test")
    fields = Folder(released, "test", levels=(1, 400))
    assert len(fields) == 3
    with pytest.raises(InputError, match=r"avg4.090_1.npy is missing"):
        fields[1].average(4)


def test_a_level_that_was_not_downloaded(released):
    shutil.rmtree(released / "avg2")
    fields = Folder(released, "test")
    assert fields.levels == (1, 4, 8, 16, 400)
    with pytest.raises(InputError, match=r"avg2.090_0.npy is missing"):
        fields[0].average(2)
    with pytest.raises(InputError, match="no noise level 3; there are averages of 1, 2, 4, 8, 16, 400 captures"):
        fields[0].average(3)


def test_images_that_are_none(out):
    path = out / "normalized" / "avg1" / "081_0.npy"
    image = np.load(path)
    image[2, 3] = np.nan
    field = Folder(out, "test")[0]
    np.save(path, image)
    with pytest.raises(InputError, match=r"avg1.081_0.npy: 1 of 48 pixels are NaN or infinite"):
        field.average(1)
    np.save(path, image[None])
    with pytest.raises(InputError, match=r"081_0.npy should be an image \(y, x\) of numbers"):
        field.average(1)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match=r"081_0.npy: the .npy file is damaged"):
        field.average(1)
    with pytest.raises(InputError, match=r"avg1.081_0.npy: the .npy file is damaged"):
        field.sim()
    path.unlink()
    np.save(out / "normalized" / "sim" / "081_0.npy", np.ones((12, 12), np.float32))
    with pytest.raises(InputError, match=r"is \(12, 12\); wanted twice the size of the averages, \(6, 8\)"):
        field.sim()


def test_folders_that_are_none(out, tmp_path):
    with pytest.raises(InputError, match=r"holds no W2S images; wanted normalized/avg1/001_0.npy"):
        Folder(tmp_path / "nowhere", "train")
    with pytest.raises(InputError, match="no split 'tset'; there are: train, validation, test"):
        Folder(out, "tset")
    (out / "w2s.json").write_text("{}")
    with pytest.raises(InputError, match=r"w2s.json is damaged"):
        Folder(out, "train")
    (out / "w2s.json").rename(out / "w2s.begun.json")
    with pytest.raises(InputError, match="was not prepared to the end"):
        Folder(out, "train")
