"""Batches as TensorFlow gets them."""

import numpy as np

from srredsim.data.pipeline import Stored


def test_what_is_stored_stays_whatever_is_done_with_what_was_handed_out():
    """TensorFlow works in the memory that it is given."""
    batch = tuple(np.full(shape, 0.5, np.float32) for shape in ((2, 4, 4, 9), (2, 8, 8, 1), (2,)))
    stored = Stored([batch])
    for array in stored[0]:
        array -= array.mean()
    assert len(stored) == 1
    for array, shape in zip(stored[0], ((2, 4, 4, 9), (2, 8, 8, 1), (2,)), strict=True):
        np.testing.assert_array_equal(array, np.full(shape, 0.5))
