"""What is made of a series, and what cannot be made."""

from types import SimpleNamespace

import numpy as np
import pytest

from srredsim.data.stored import Samples, StoredSeries
from srredsim.errors import InputError


class Numbers(StoredSeries):
    """Twice the number of each stack, but of the fourth."""

    series = SimpleNamespace(seed=7)

    def __init__(self, folder):
        self.samples = Samples(folder, 5, twice_f32=(np.float32, (1,)))

    def make(self, index):
        if index == 3:
            raise InputError("nothing is in it")
        return (np.array([2 * index], np.float32),)


def test_the_stack_that_cannot_be_made_is_named_and_the_others_stay(tmp_path):
    with pytest.raises(InputError, match="simulated stack 3 of seed 7: nothing is in it"):
        Numbers(tmp_path).generate([0, 1, 2, 3, 4])
    again = Numbers(tmp_path)
    assert again.missing(range(5)) == [3, 4]
    assert [float(again.stored(index)[0][0]) for index in range(3)] == [0, 2, 4]
