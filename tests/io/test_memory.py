"""Raw stacks that remember what they read: what is kept, what is not, and that nobody can change it."""

import numpy as np
import pytest

from srredsim import io
from srredsim.acquisition import Pattern, RawStack

BYTES = 2 * 3 * 8 * 10 * 2  # all frames of one position


class Counted:
    """An array that says what was read of it."""

    shape, dtype = (3, 1, 2, 2, 3, 8, 10), np.dtype(np.uint16)

    def __init__(self):
        self.asked = []

    def __getitem__(self, position):
        self.asked.append(position)
        return np.full(self.shape[3:], 100 * position[0] + position[2], self.dtype)


def remembering(limit):
    array = Counted()
    return array.asked, io.remembering(RawStack(array, Pattern(2, 3)), limit)


def test_nothing_is_read_twice_while_there_is_room():
    asked, stack = remembering(6 * BYTES)
    for _ in range(3):
        for position in stack.positions():
            assert stack.raw(*position)[0, 0, 0, 0] == 100 * position[0] + position[2]
    assert sorted(asked) == sorted(stack.positions())


def test_what_was_not_asked_for_longest_goes_first():
    asked, stack = remembering(2 * BYTES)
    for t in (0, 1, 0, 2, 0, 1):  # 1 goes for 2, and 2 for 1
        stack.raw(t)
    assert [t for t, _, _ in asked] == [0, 1, 2, 1]


@pytest.mark.parametrize("limit", [0, BYTES - 1])
def test_what_is_larger_than_the_limit_is_never_kept(limit):
    asked, stack = remembering(limit)
    for _ in range(2):
        stack.raw(1)
    assert len(asked) == 2


def test_a_stack_that_remembers_is_not_made_to_remember_twice():
    _, stack = remembering(2 * BYTES)
    assert io.remembering(stack, 0) is stack


def test_the_frames_are_read_only():
    _, stack = remembering(2 * BYTES)
    with pytest.raises(ValueError, match="read-only"):
        stack.raw()[0] = 0


def test_an_array_of_the_caller_stays_writeable():
    array = np.zeros((1, 1, 1, 2, 3, 8, 10))
    io.remembering(RawStack(array, Pattern(2, 3))).raw()
    array[0] = 1
