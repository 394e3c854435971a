"""Windows of attention: cut, shifted, spread, put back; how far they see; attention in parts."""

import keras
import numpy as np
import pytest
from keras import Input, Model, ops

from srredsim.layers.global_attention import global_attention
from srredsim.layers.windows import Windows, reach

IMAGE = np.random.default_rng(3).random((2, 8, 12, 3)).astype("float32")


def traced(function):
    """What a function of `Windows` and an image of unknown size makes of `IMAGE`."""
    image = Input((None, None, 3))
    return ops.convert_to_numpy(Model(image, function(Windows(image, 4), image))(IMAGE))


@pytest.mark.parametrize("shifted", [False, True])
def test_windows_are_squares_of_the_image_row_by_row(shifted):
    image = np.roll(IMAGE, (-2, -2), (1, 2)) if shifted else IMAGE
    squares = [image[:, y : y + 4, x : x + 4].reshape(2, 16, 3) for y in (0, 4) for x in (0, 4, 8)]
    np.testing.assert_array_equal(traced(lambda w, x: w.split(x, shifted)), np.stack(squares, axis=1))
    np.testing.assert_array_equal(traced(lambda w, x: w.join(w.split(x, shifted), shifted)), IMAGE)


def test_spread_pixels_of_a_window_are_evenly_over_the_image():
    spread = traced(lambda w, x: w.split(w.spread(x)))
    np.testing.assert_array_equal(spread[:, 0], IMAGE[:, ::2, ::3].reshape(2, 16, 3))
    np.testing.assert_array_equal(spread[:, 4], IMAGE[:, 1::2, 1::3].reshape(2, 16, 3))
    np.testing.assert_array_equal(traced(lambda w, x: w.gathered(w.spread(x))), IMAGE)


def test_a_shifted_window_keeps_the_end_of_the_image_and_its_beginning_apart():
    scores = traced(lambda w, x: w.masked(ops.zeros_like(x[:, :1, :1, :1, None]), True))[0, :, 0]
    place = np.stack(np.mgrid[:8, :12], axis=-1).astype(float)
    rolled = np.roll(place, (-2, -2), (0, 1))
    squares = [rolled[y : y + 4, x : x + 4].reshape(16, 2) for y in (0, 4) for x in (0, 4, 8)]
    near = [(np.abs(square[:, None] - square) < 4).all(-1) for square in squares]
    np.testing.assert_array_equal(scores == 0, near)
    assert set(np.unique(scores)) == {-100.0, 0.0}


def test_equal_offsets_have_one_number_and_others_another():
    numbers = traced(lambda windows, _: windows.offsets(3, 2))
    pixels, others = (np.stack(np.mgrid[:side, :side], -1).reshape(-1, 2) for side in (3, 2))
    difference = (pixels[:, None] - others).reshape(-1, 2)
    assert len(np.unique(difference, axis=0)) == len(np.unique(numbers)) == 16
    assert len(np.unique(np.c_[difference, numbers.ravel()], axis=0)) == 16


def test_reach():
    assert reach([1, 2], 8) == 3
    assert reach(["windows"], 8) == 7
    assert reach(["windows", "shifted"], 8) == 11
    assert reach([1, (["windows"], [9])], 8) == 10


@pytest.mark.parametrize("parts", [1, 4, 7])
def test_attention_of_all_to_all_is_the_same_in_parts(parts):
    rng = np.random.default_rng(5)
    query, key, value = (rng.normal(size=(2, y, 3, 8)).astype("float32") for y in (5, 4, 4))
    inputs = [Input((None, None, 8)) for _ in range(3)]
    model = keras.Model(inputs, global_attention(*inputs, heads=2, parts=parts))
    found = ops.convert_to_numpy(model([query, key, value]))[:, :15].reshape(2, 15, 8)
    q, k, v = (part.reshape(2, -1, 2, 4).astype(float) for part in (query, key, value))
    weights = np.exp(np.einsum("bqhc,bkhc->bhqk", q, k) / 2)
    weights /= weights.sum(-1, keepdims=True)
    np.testing.assert_allclose(found, np.einsum("bhqk,bkhc->bqhc", weights, v).reshape(2, 15, 8), rtol=1e-4, atol=1e-5)
