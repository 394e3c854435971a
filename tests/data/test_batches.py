"""Batches: aligned crops, fixed by seed and step alone, and the same through tf.data."""

import numpy as np
import pytest

from srredsim.data.batches import Batches, validation_batches
from srredsim.data.pairs import Pair, Pairs, random_crop
from srredsim.errors import InputError
from srredsim.normalise import Scaling


def place(index: int, y: int = 40, x: int = 56) -> Pair:
    """A pair whose pixels hold their own coordinates, and whose number is in the last frame."""
    rows, columns = np.mgrid[:y, :x].astype(np.float64)
    frames = np.stack([rows, columns, np.full((y, x), index)] + [rows] * 6, axis=-1)
    fine_rows, fine_columns = (np.mgrid[: 2 * y, : 2 * x] - 0.5) / 2
    return Pair(frames, 1000 * fine_rows + fine_columns, Scaling(0.0, 1.0))


class Places(Pairs):
    def __init__(self, count=7):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return place(index)


def batches(**changes):
    settings = {"crop": 16, "batch": 3, "seed": 5, "augmentation": "any_turn", "angles": 3, "phases": 3}
    return Batches(Places(), **(settings | changes))


def test_crops_of_frames_and_truth_show_the_same_field():
    for step in range(5):
        frames, truths = batches()[step]
        assert frames.dtype == truths.dtype == np.float32
        binned = truths[..., 0].reshape(3, 16, 2, 16, 2).mean(axis=(2, 4))
        np.testing.assert_allclose(binned, 1000 * frames[..., 0] + frames[..., 1], rtol=1e-5)


def test_gain_jitter_scales_both_alike():
    frames, truths = batches(gain_jitter=0.5, augmentation="none")[0]
    binned = truths[..., 0].reshape(3, 16, 2, 16, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(binned, 1000 * frames[..., 0] + frames[..., 1], rtol=1e-5)
    plain, _ = batches(augmentation="none")[0]
    gains = frames[:, 8, 8, 0] / plain[:, 8, 8, 0]
    assert np.all((gains > 1 / 1.5) & (gains < 1.5))
    assert np.ptp(gains) > 0


def test_every_pair_comes_once_before_any_comes_again():
    numbers = np.concatenate([batches()[step][0][:, 0, 0, 2] for step in range(7)]).astype(int)
    assert sorted(numbers[:7]) == sorted(numbers[7:14]) == sorted(numbers[14:]) == list(range(7))
    assert list(numbers[:7]) != list(numbers[7:14])
    assert batches().indices(range(7)) == set(range(7))
    assert batches().indices(range(1)) == set(numbers[:3])


def test_crops_reach_every_corner():
    starts = {
        tuple(random_crop(place(0, 18, 17), np.random.default_rng(s), 16).frames[0, 0, :2].astype(int))
        for s in range(99)
    }
    assert starts == {(y, x) for y in range(3) for x in range(2)}


def test_a_step_is_the_same_whatever_came_before():
    first, second = batches(), batches()
    for step in range(4):
        first[step]
    np.testing.assert_array_equal(first[4][0], second[4][0])
    assert not np.array_equal(second[3][0], second[4][0])
    assert not np.array_equal(batches(seed=6)[4][0], second[4][0])


def test_tf_data_and_pydataset_give_the_same_batches():
    from srredsim.data.pipeline import PyBatches, training_data

    source, steps = batches(), range(2, 9)
    by_keras = PyBatches(source, steps)
    for position, (frames, truths) in enumerate(training_data(source, steps)):
        np.testing.assert_array_equal(frames, source[2 + position][0])
        np.testing.assert_array_equal(truths, by_keras[position][1])
    assert position + 1 == len(by_keras) == 7


def test_last_validation_batch_is_filled_with_weight_zero():
    found = list(validation_batches(Places(5), count=5, side=16, batch=4))
    assert [frames.shape for frames, _, _ in found] == [(4, 16, 16, 9)] * 2
    np.testing.assert_array_equal(np.concatenate([weights for *_, weights in found]), [1, 1, 1, 1, 1, 0, 0, 0])
    middle = found[0][0][0, 0, 0, :2]
    np.testing.assert_array_equal(middle, [(40 - 16) // 2, (56 - 16) // 2])


def test_too_large_a_crop_and_no_data_are_refused():
    with pytest.raises(InputError, match="41 pixels does not fit in 40 x 56"):
        batches(crop=41)[0]
    with pytest.raises(InputError, match="empty"):
        Batches(Places(0), 16, 3, 5, "none", 3, 3)
