"""Pairs of widefield images from simulated fields, both normalisations written out, and the splits of the catalogue."""

import numpy as np
import pytest

from srredsim.data import catalogue
from srredsim.data.batches import Batches
from srredsim.data.w2s import simulated
from srredsim.data.w2s.layout import layout
from srredsim.data.w2s.series import FieldSeries, SimulatedFields
from srredsim.data.widefield import WidefieldPairs
from srredsim.errors import InputError
from srredsim.normalise import Scaling

SERIES = FieldSeries(seed=5, count=3, size=64)
WIDEFIELD, SIM = Scaling(150.0, 60.0), Scaling(40.0, 50.0)


@pytest.fixture(scope="module")
def fields():
    return SimulatedFields(SERIES, WIDEFIELD, SIM)


def test_fields_on_disk_are_those_of_the_simulator(fields):
    expected = simulated.expected_field(5, 1, 64)
    images = simulated.averages(expected, simulated.camera_rng(5, 1))
    field = fields[1]
    for level in layout().levels:
        np.testing.assert_array_equal(field.average(level), images[level], err_msg=str(level))
    np.testing.assert_array_equal(field.sim(), expected.sim)
    assert [fields[index].name for index in range(3)] == ["001_0", "001_1", "001_2"]


def test_a_longer_series_begins_with_the_same_fields(fields):
    longer = SimulatedFields(FieldSeries(seed=5, count=4, size=64))
    np.testing.assert_array_equal(longer[2].average(1), fields[2].average(1))
    assert longer.folder != fields.folder


def test_what_is_missing_is_made_once():
    pairs = WidefieldPairs(SimulatedFields(FieldSeries(seed=6, count=3, size=32)), (1, 4), "average", "image")
    wanted = [0, 1, 5]  # the fields 0 and 2, at one or two levels
    assert pairs.missing(wanted) == [0, 4]
    done = []
    assert pairs.generate(wanted, lambda now, total: done.append((now, total))) == 2
    assert done[-1] == (2, 2)
    assert pairs.missing(range(6)) == [2]
    assert "1 fields" in pairs.task(1)


def test_a_pair_for_every_field_and_level(fields):
    pairs = WidefieldPairs(fields, (2, 16), "sim", "image")
    assert len(pairs) == 6
    names = [(pairs[i].facts["name"], pairs[i].facts["noise_level"]) for i in range(6)]
    assert names == [(name, level) for name in ("001_0", "001_1", "001_2") for level in (2, 16)]
    np.testing.assert_array_equal(pairs[3].frames[..., 0], fields[1].average(16))
    assert pairs[3].scale == 2


@pytest.mark.parametrize("target", ["average", "sim"])
def test_each_image_by_its_own_percentiles(fields, target):
    """Offset and gain of the noisy image are those of the truth, too; a SIM image has no offset."""
    noisy, truth = WidefieldPairs(fields, (4,), target, "image")[2].normalised()
    image = fields[2].average(4)
    low, high = np.percentile(image, [1, 99.9])
    np.testing.assert_allclose(noisy[..., 0], (image - low) / (high - low), atol=1e-5)
    clean = fields[2].average(400) - low if target == "average" else fields[2].sim()
    np.testing.assert_allclose(truth[..., 0], clean / (high - low), atol=1e-5)


def test_each_image_by_its_own_noise(fields):
    noisy, truth = WidefieldPairs(fields, (1, 16), "average", "noise")[1].normalised()
    image, clean = fields[0].average(16), fields[0].average(400)
    gain = (image - clean).std() / (noisy[..., 0] - truth[..., 0]).std()
    np.testing.assert_allclose(noisy[..., 0], (image - np.percentile(image, 1)) / gain, atol=1e-3)
    np.testing.assert_allclose(truth[..., 0], (clean - np.percentile(image, 1)) / gain, atol=1e-3)
    again = WidefieldPairs(fields, (1, 16), "average", "noise")[0].normalised()
    assert (again[0] - again[1]).std() == pytest.approx((noisy - truth).std(), rel=0.15)  # four times the noise before


@pytest.mark.parametrize("target", ["average", "sim"])
def test_all_images_by_the_constants_of_the_data_set(fields, target):
    noisy, truth = WidefieldPairs(fields, (1, 4), target, "dataset")[5].normalised()
    np.testing.assert_allclose(noisy[..., 0], (fields[2].average(4) - 150) / 60, atol=1e-5)
    clean = (fields[2].average(400) - 150) / 60 if target == "average" else (fields[2].sim() - 40) / 50
    np.testing.assert_allclose(truth[..., 0], clean, atol=1e-5)


def test_the_truth_is_no_input(fields):
    with pytest.raises(InputError, match="cannot be the input"):
        WidefieldPairs(fields, (1, 400), "average", "image")
    assert len(WidefieldPairs(fields, (400,), "sim", "image")) == 3


def test_crops_of_both_images_are_of_the_same_place(fields):
    """A batch of turned and cropped pairs: input and truth, made coarse, still show the same."""
    pairs = WidefieldPairs(fields, (400,), "sim", "dataset")
    frames, truths = Batches(pairs, crop=48, batch=6, seed=1, augmentation="any_turn", angles=1, phases=1)[0]
    assert (frames.shape, truths.shape) == ((6, 48, 48, 1), (6, 96, 96, 1))
    coarse = truths.reshape(6, 48, 2, 48, 2).mean(axis=(2, 4))
    for one, other in zip(frames[..., 0], coarse, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.8
        assert np.corrcoef(one.ravel(), other[::-1].ravel())[0, 1] < 0.8


# The catalogue


def test_splits_show_different_fields():
    opened = {split: catalogue.open_fields("w2s_simulated", split, 2) for split in ("train", "validation", "test")}
    assert {split: len(fields) for split, fields in opened.items()} == {"train": 2, "validation": 24, "test": 24}
    assert len({fields.series.seed for fields in opened.values()}) == 3
    assert opened["test"].series.size == 256


def test_the_constants_are_those_of_the_training_fields():
    """Constants of single captures: their variance is that of light and of noise. A sample of 1200 fields."""
    fields = catalogue.open_fields("w2s_simulated", "train", 48)
    expected = [simulated.expected_field(fields.series.seed, index, 64) for index in range(48)]
    light = np.stack([one.widefield_photons for one in expected])
    counts, sim = 4 * light + 100, np.stack([one.sim for one in expected])
    assert fields.widefield.offset == pytest.approx(counts.mean(), rel=0.15)
    assert fields.widefield.gain == pytest.approx(np.sqrt(counts.var() + np.mean(16 * (light + 2.25))), rel=0.25)
    assert fields.sim.offset == pytest.approx(sim.mean(), rel=0.25)
    assert fields.sim.gain == pytest.approx(sim.std(), rel=0.25)


@pytest.mark.parametrize(
    ("name", "split", "words"),
    [
        ("w2s", "train", "take w2s_simulated, or the folder that srredsim prepare w2s"),
        (
            "simulated",
            "train",
            "holds raw stacks, no widefield images at noise levels; these have some: w2s, w2s_simulated",
        ),
        ("w2s_simulated", "tset", "no split 'tset'; there are: train, validation, test"),
        ("w2s_simulatde", "train", "w2s_simulated"),
    ],
)
def test_what_holds_no_widefield_images(name, split, words):
    with pytest.raises(InputError, match=words):
        catalogue.open_fields(name, split)


def test_widefield_images_are_no_raw_stacks():
    with pytest.raises(InputError, match=r"set data\.input=widefield"):
        catalogue.open_split("w2s_simulated", "train", 3, 5)
