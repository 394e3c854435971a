"""The prepared folder against plain arithmetic on the archive; interrupted, gone on with, damaged."""

import json

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.data.catalogue import open_split
from srredsim.data.w2s.prepare import Settings, lines, prepare
from srredsim.errors import InputError

from .conftest import write_field

CAPTURES = {1: [249], 2: [0, 1], 4: range(4), 8: range(8), 16: range(16), 400: range(400)}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "w2s"


def captures(raw, name) -> np.ndarray:
    return np.load(raw / f"Image{name[:3]}" / f"wf_channel{name[4]}.npy").astype(np.float64)


def sim_image(raw, name) -> np.ndarray:
    return np.load(raw / f"Image{name[:3]}" / f"sim_channel{name[4]}.npy").astype(np.float64)


def names(*numbers) -> list[str]:
    return [f"{number:03d}_{channel}" for number in numbers for channel in range(3)]


def times(out) -> dict:
    """When each image was written."""
    return {path: path.stat().st_mtime_ns for path in sorted(out.rglob("*_?.*"))}


def test_averages_are_those_of_the_published_captures(raw, out):
    report = prepare(raw, out)
    assert (report["made"], report["kept"]) == (15, 0)
    for name in names(1, 120):
        for level, numbers in CAPTURES.items():
            expected = (captures(raw, name)[list(numbers)].mean(axis=0) - 154.535390853) / 66.02846351802853
            found = np.load(out / "normalized" / f"avg{level}" / f"{name}.npy")
            assert found.dtype == np.float32
            np.testing.assert_array_equal(found, expected.astype(np.float32))


def test_sim_images_by_the_constants_of_the_training_fields(raw, out):
    report = prepare(raw, out)
    training = np.concatenate([sim_image(raw, name).ravel() for name in names(1, 2, 80)])
    assert report["sim"] == pytest.approx({"mean": training.mean(), "std": training.std()}, rel=1e-9)
    for name in names(2, 81):
        expected = (sim_image(raw, name) - training.mean()) / training.std()
        np.testing.assert_allclose(np.load(out / "normalized" / "sim" / f"{name}.npy"), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mode", ["lr", "per-image", "none"])
def test_other_constants_of_the_sim_images(raw, out, mode):
    report = prepare(raw, out, Settings(sim_zscore=mode))
    image = sim_image(raw, "081_2")
    mean, std = {
        "lr": (154.535390853, 66.02846351802853),
        "per-image": (image.mean(), image.std()),
        "none": (0.0, 1.0),
    }[mode]
    found = np.load(out / "normalized" / "sim" / "081_2.npy")
    np.testing.assert_allclose(found, (image - mean) / std, rtol=1e-5, atol=1e-6)
    if mode == "per-image":
        assert report["sim_images"]["081_2"] == pytest.approx({"mean": mean, "std": std})


def test_own_zscore_is_that_of_all_captures(raw, out):
    report = prepare(raw, out, Settings(zscore="own"))
    every = np.concatenate([captures(raw, name).ravel() for name in names(1, 2, 80, 81, 120)])
    assert report["widefield"] == pytest.approx({"mean": every.mean(), "std": every.std()}, rel=1e-12)
    found = np.load(out / "normalized" / "avg400" / "002_1.npy")
    expected = (captures(raw, "002_1").mean(axis=0) - every.mean()) / every.std()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert not (out / ".srredsim-moments").exists()


def test_own_numbers(raw, out):
    prepare(raw, out, Settings(zscore=(100.0, 50.0)))
    expected = (captures(raw, "002_1")[249] - 100) / 50
    np.testing.assert_allclose(np.load(out / "normalized" / "avg1" / "002_1.npy"), expected, rtol=1e-6)


def test_pairs_are_read_as_angles_and_phases(raw, out):
    prepare(raw, out)
    montage = np.load(raw / "Image002" / "sim_input_channel1.npy")
    stack = io.read(out / "train" / "raw" / "002_1.tif")
    assert (stack.pattern.angles, stack.pattern.phases) == (3, 5)
    assert stack.raw().dtype == np.uint16
    np.testing.assert_array_equal(stack.raw()[2, 3], montage[12:18, 24:32])
    plain = tifffile.imread(out / "train" / "raw" / "002_1.tif").reshape(15, 6, 8)
    np.testing.assert_array_equal(plain[2 * 5 + 3], montage[12:18, 24:32])  # phase the fastest, then angle
    truth, _ = io.read_image(out / "train" / "truth" / "002_1.tif")
    np.testing.assert_array_equal(truth[0, 0, 0], sim_image(raw, "002_1"))
    where = {split: sorted(path.stem for path in (out / split / "raw").iterdir()) for split in ("train", "test")}
    assert where == {"train": names(1, 2), "test": names(81, 120)}
    assert sorted(path.stem for path in (out / "validation" / "truth").iterdir()) == names(80)


def test_the_folder_trains_a_network_of_raw_frames(tmp_path):
    from srredsim.data.w2s.archive import simulate_archive

    simulate_archive(tmp_path / "raw", 3, size=32)
    prepare(tmp_path / "raw", tmp_path / "w2s")
    for split in ("train", "validation", "test"):
        pairs = open_split(tmp_path / "w2s", split, 3, 5).pairs
        assert len(pairs) == 3
        pair = pairs[1]
        assert pair.frames.shape == (32, 32, 15)
        widefield = pair.frames.mean(axis=-1)
        binned = pair.truth.reshape(32, 2, 32, 2).mean(axis=(1, 3))
        assert np.corrcoef(widefield.ravel(), binned.ravel())[0, 1] > 0.6


def test_an_interrupted_run_goes_on(raw, out, tmp_path):
    def stop(done, total):
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(raw, out, progress=stop)
    assert not (out / "w2s.json").exists()
    before = times(out)
    assert len(before) == 7 * 9
    report = prepare(raw, out)
    assert (report["made"], report["kept"]) == (8, 7)
    after = times(out)
    assert {path: after[path] for path in before} == before
    prepare(raw, tmp_path / "at once")
    for path in after:
        twin = tmp_path / "at once" / path.relative_to(out)
        if path.suffix == ".npy":
            np.testing.assert_array_equal(np.load(path), np.load(twin))
    assert json.loads((out / "w2s.json").read_text()) == json.loads((tmp_path / "at once" / "w2s.json").read_text())
    assert not (out / "w2s.begun.json").exists()


def test_fields_that_were_never_reached_are_not_claimed(raw, out):
    def stop(done, total):
        if done == 4:
            raise KeyboardInterrupt

    settings = Settings(sim_zscore="none")
    with pytest.raises(KeyboardInterrupt):
        prepare(raw, out, settings, progress=stop)
    assert prepare(raw, out, settings, limit=1)["fields"] == [1]


def test_own_constants_are_not_counted_twice(raw, out):
    def stop(done, total):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(raw, out, Settings(zscore="own"), progress=stop)
    counted = sorted((out / ".srredsim-moments").iterdir())
    assert [path.stem for path in counted] == names(1, 2)[:4]
    before = counted[0].stat().st_mtime_ns
    seen = []
    prepare(
        raw,
        out,
        Settings(zscore="own"),
        progress=lambda *_: seen.append(counted[0].exists() and counted[0].stat().st_mtime_ns),
    )
    assert set(seen) == {before}


def test_what_is_whole_is_kept_and_what_is_cut_short_is_made_again(raw, out):
    prepare(raw, out)
    before = times(out)
    damaged = out / "normalized" / "avg8" / "002_0.npy"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-5])
    (out / "test" / "truth" / "120_1.tif").unlink()
    report = prepare(raw, out)
    assert (report["made"], report["kept"]) == (2, 13)
    assert damaged.read_bytes() == whole
    assert {path.name for path, time in times(out).items() if time != before[path]} == {"002_0.npy", "120_1.tif"}


def test_more_fields_renew_only_what_depends_on_them(raw, out):
    prepare(raw, out)
    before = times(out)
    write_field(raw, 3)
    report = prepare(raw, out)
    assert report["fields"] == [1, 2, 3, 80, 81, 120]
    changed = {path.parent.name for path, time in times(out).items() if before.get(path, time) != time}
    assert changed == {"sim"}
    training = np.concatenate([sim_image(raw, name).ravel() for name in names(1, 2, 3, 80)])
    expected = (sim_image(raw, "081_0") - training.mean()) / training.std()
    np.testing.assert_allclose(np.load(out / "normalized" / "sim" / "081_0.npy"), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(InputError, match=r"has fields that are not read now \(003, 080-081, 120\)"):
        prepare(raw, out, limit=2)


def test_parts_of_the_archive_one_after_the_other(raw, out, tmp_path):
    """Where no constant depends on all fields, those of before may be gone."""
    settings = Settings(sim_zscore="lr")
    prepare(raw, out, settings, limit=2)
    (raw / "Image001").rename(tmp_path / "gone")
    report = prepare(raw, out, settings)
    assert report["fields"] == [1, 2, 80, 81, 120]
    assert (out / "normalized" / "avg1" / "001_0.npy").exists()


def test_other_settings_want_another_folder_or_overwrite(raw, out):
    prepare(raw, out, limit=2)
    with pytest.raises(
        InputError, match=r"other settings .`zscore` was published, now 100.0 50.0; `sim_zscore` was gl"
    ):
        prepare(raw, out, Settings(zscore=(100.0, 50.0), sim_zscore="none"))
    with pytest.raises(InputError, match="`sim_order` was angles-in-rows, now angles-in-columns"):
        prepare(raw, out, Settings(sim_order="angles-in-columns"))
    report = prepare(raw, out, Settings(zscore=(100.0, 50.0), sim_order="angles-in-columns"), overwrite=True)
    assert report["made"] == 15
    assert (io.read(out / "train" / "raw" / "001_0.tif").pattern.angles) == 5
    expected = (captures(raw, "001_0")[249] - 100) / 50
    np.testing.assert_allclose(np.load(out / "normalized" / "avg1" / "001_0.npy"), expected, rtol=1e-6)


def test_pairs_may_be_made_later(raw, out):
    prepare(raw, out, Settings(raw_sim=False))
    assert not (out / "train").exists()
    before = times(out)
    report = prepare(raw, out)
    assert report["settings"]["raw_sim"]
    assert len(list((out / "train" / "raw").iterdir())) == 6
    assert {path: time for path, time in times(out).items() if path in before} == before


def test_incomplete_fields_are_left_out_only_when_told(raw, out):
    (raw / "Image002" / "wf_channel2.npy").unlink()
    with pytest.raises(InputError, match=r"1 of 5 fields is incomplete: Image002 lacks wf_channel2.npy\. .*`skip_inc"):
        prepare(raw, out)
    assert not out.exists()
    report = prepare(raw, out, skip_incomplete=True)
    assert report["skipped"] == {"Image002": ["lacks wf_channel2.npy"]}
    assert not list(out.rglob("002_*"))
    assert any("left out: Image002 lacks wf_channel2.npy" in line for line in lines(report))
    np.save(raw / "Image002" / "wf_channel2.npy", np.ones((400, 6, 8), np.uint16))
    assert prepare(raw, out)["skipped"] == {}


def test_nothing_to_prepare(raw, out, tmp_path):
    prepare(raw, out)
    for released in (out / "normalized", out):
        with pytest.raises(InputError, match="nothing has to be prepared; give this folder as the data"):
            prepare(released, tmp_path / "other")


def test_refusals(raw, out, tmp_path):
    (out / "normalized" / "avg1").mkdir(parents=True)
    with pytest.raises(InputError, match="avg1 was not made by this command"):
        prepare(raw, out)
    only = tmp_path / "only"
    only.mkdir()
    (raw / "Image081").rename(only / "Image081")
    with pytest.raises(InputError, match="fields 001-080, of which none is there"):
        prepare(only, tmp_path / "new")
    np.save(only / "Image081" / "sim_channel1.npy", np.full((12, 16), 5.0))
    with pytest.raises(InputError, match=r"sim_channel1.npy: every pixel is 5"):
        prepare(only, tmp_path / "new", Settings(sim_zscore="per-image"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"zscore": "owned"}, "published, own, or MEAN STD; got owned"),
        ({"zscore": (1.0, 0.0)}, "STD above 0; got 1.0 0.0"),
        ({"sim_zscore": "global_"}, "there are: global, lr, per-image, none"),
        ({"sim_order": "rows"}, "there are: angles-in-rows, angles-in-columns"),
    ],
)
def test_settings(given, words):
    with pytest.raises(InputError, match=words):
        Settings(**given)
