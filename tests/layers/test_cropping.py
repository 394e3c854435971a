"""Images of unknown size, filled up and cut."""

import numpy as np
import pytest
from keras import Input, Model, ops

from srredsim.layers.cropping import cropped, filled, halves, numbered, whole

IMAGE = np.random.default_rng(2).random((1, 5, 10, 2)).astype("float32")


def traced(function):
    image = Input((None, None, 2))
    return [ops.convert_to_numpy(one) for one in Model(image, function(image))([IMAGE])]


@pytest.mark.parametrize(("edge", "mode"), [("mirrored", "reflect"), ("repeated", "symmetric"), ("zero", "constant")])
def test_filled_as_numpy_fills(edge, mode):
    expected = np.pad(IMAGE, [(0, 0), (0, 3), (0, 2), (0, 0)], mode=mode)
    found, _ = traced(lambda image: [filled(image, 4, edge), image])
    np.testing.assert_array_equal(found, expected)


def test_filled_beyond_a_multiple_and_at_least_so_much():
    """5 is a multiple of 5 and goes on by 5, 10 likewise; of 4 neither 5 nor 10 is, and they go on as ever."""
    beyond, other, least = traced(
        lambda image: [
            filled(image, 5, "repeated", beyond=True),
            filled(image, 4, "repeated", beyond=True),
            filled(image, 4, "mirrored", least=16),
        ]
    )
    np.testing.assert_array_equal(beyond, np.pad(IMAGE, [(0, 0), (0, 5), (0, 5), (0, 0)], mode="symmetric"))
    np.testing.assert_array_equal(other, np.pad(IMAGE, [(0, 0), (0, 3), (0, 2), (0, 0)], mode="symmetric"))
    np.testing.assert_array_equal(least, np.pad(IMAGE, [(0, 0), (0, 11), (0, 6), (0, 0)], mode="reflect"))


def test_cut():
    found = traced(lambda x: [cropped(filled(x, 8), x), whole(x, 3), *halves(x, 1), numbered(x)])
    expected = [IMAGE, IMAGE[:, :3, :9], IMAGE[:, :2], IMAGE[:, 2:], np.arange(50).reshape(5, 10)]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
