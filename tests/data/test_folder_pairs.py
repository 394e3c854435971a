"""A user's own pairs: found by stem, brought to the units of the raw stack, refused when they do not fit."""

import numpy as np
import pytest

from srredsim import io
from srredsim.acquisition import Optics, frames_from_raw
from srredsim.data import catalogue
from srredsim.data.pairs import match_widefield
from srredsim.errors import InputError
from srredsim.simulation import sim


def write_pair(folder, name, index=0, truth=None):
    sample = sim.simulate_stack(9, index=index, angles=3, phases=3, size=32, photons=(500, 500))
    for part in ("raw", "truth"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    io.write_raw(folder / "raw" / f"{name}.tif", sample.raw, optics=Optics(pixel_size_um=0.08))
    image = sample.truth if truth is None else truth
    io.write_image(folder / "truth" / f"{name}.tif", image.astype(np.float32), optics=Optics(pixel_size_um=0.04))
    return sample


def test_pair_is_in_raw_units_whatever_the_reference_was(tmp_path):
    sample = write_pair(tmp_path, "a")
    write_pair(tmp_path, "b", truth=17 + 0.003 * sample.truth)
    opened = catalogue.open_split(tmp_path, "train", 3, 3)
    assert opened.augmentation == "keep_geometry"
    by_name = {pair.facts["source"].rsplit("/")[-1]: pair for pair in map(opened.pairs.__getitem__, range(1))}
    assert set(by_name) == {"b.tif"}  # the first of every ten is held back
    held_back = catalogue.open_split(tmp_path, "validation", 3, 3).pairs[0]
    np.testing.assert_allclose(by_name["b.tif"].truth, held_back.truth, atol=2e-3 * held_back.truth.max())
    np.testing.assert_array_equal(held_back.frames, frames_from_raw(sample.raw))


def test_a_sharp_reference_keeps_its_brightness():
    """The simulator's truth is in raw units already, so the fit should leave it as it is, up to the haze."""
    for index in range(6):
        sample = sim.simulate_stack(9, index=index, angles=3, phases=3, size=64, photons=(2000, 2000), haze=0.0)
        matched = match_widefield(sample.truth, frames_from_raw(sample.raw))
        gain = np.polyfit(sample.truth.ravel(), matched.ravel(), 1)[0]
        assert 0.85 < gain < 1.1


def test_fit_recovers_a_known_gain_and_offset():
    truth = np.random.default_rng(2).random((24, 40))
    widefield = 130 + 60 * truth.reshape(12, 2, 20, 2).mean(axis=(1, 3))
    frames = np.repeat(widefield[..., None], 9, -1)
    background = np.percentile(widefield, 1)
    np.testing.assert_allclose(match_widefield(5 - 3 + 7 * truth, frames), 130 + 60 * truth - background, rtol=1e-4)


def test_named_splits_are_taken_as_they_are(tmp_path):
    for split, names in {"train": "abc", "validation": "d"}.items():
        for index, name in enumerate(names):
            write_pair(tmp_path / split, name, index)
    assert len(catalogue.open_split(tmp_path, "train", 3, 3).pairs) == 3
    assert catalogue.open_split(tmp_path, "validation", 3, 3).pairs[0].facts["source"].endswith("d.tif")
    assert catalogue.open_split(tmp_path, "test", 3, 3).pairs[0].facts["source"].endswith("d.tif")


def test_mistakes_are_named(tmp_path):
    write_pair(tmp_path / "one", "a")
    (tmp_path / "one" / "truth" / "a.tif").rename(tmp_path / "one" / "truth" / "b.tif")
    with pytest.raises(InputError, match=r"no truth of the same name, the first is a\.tif"):
        catalogue.open_split(tmp_path / "one", "train", 3, 3)
    write_pair(tmp_path / "two", "a", truth=np.zeros((33, 64)))
    with pytest.raises(InputError, match=r"truth.*: 33 x 64 pixels are no whole multiple of the 32 x 32 of .*raw"):
        catalogue.open_split(tmp_path / "two", "train", 3, 3)
    (tmp_path / "three").mkdir()
    with pytest.raises(InputError, match="has no folder raw"):
        catalogue.open_split(tmp_path / "three", "train", 3, 3)
    write_pair(tmp_path / "four", "a", truth=np.ones((64, 64)))
    with pytest.raises(InputError, match="constant"):
        catalogue.open_split(tmp_path / "four", "train", 3, 3).pairs[0]
    with pytest.raises(InputError, match="no split"):
        catalogue.open_split("simulated", "tset", 3, 3)
    with pytest.raises(InputError, match="give your own folder"):
        catalogue.open_split("pairs", "train", 3, 3)


def sources(folder, split):
    pairs = catalogue.open_split(folder, split, 3, 3).pairs
    return {pairs[index].facts["source"].rsplit("/")[-1] for index in range(len(pairs))}


@pytest.mark.parametrize("home", [".", "train"])
def test_what_is_held_back_is_not_trained_on(tmp_path, home):
    for index in range(12):
        write_pair(tmp_path / home, f"{index:02d}", index)
    assert sources(tmp_path, "validation") == sources(tmp_path, "test") == {"00.tif", "10.tif"}
    assert sources(tmp_path, "train") == {f"{index:02d}.tif" for index in range(12) if index not in (0, 10)}
    write_pair(tmp_path / "validation", "apart")  # now nothing has to be held back
    assert sources(tmp_path, "validation") == sources(tmp_path, "test") == {"apart.tif"}
    assert len(sources(tmp_path, "train")) == 12
