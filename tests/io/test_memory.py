"""Raw stacks that remember what they read: what is kept, what is not, and that nobody can change it."""

import numpy as np
import pytest

from srredsim import io
from srredsim.acquisition import Pattern, RawStack
from srredsim.io.memory import Passing
from srredsim.io.source import Source

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


PLANE = np.arange(6 * 7, dtype=np.uint16).reshape(6, 7)


def passing(limit):
    asked = []

    def plane(number):
        asked.append(number)
        return PLANE + 100 * number

    return asked, Passing(Source("N", (9,), PLANE.shape, PLANE.dtype, plane), 4, limit)


def test_middles_of_planes_that_passed_are_not_read_again():
    asked, planes = passing(0)
    planes.want([1, 2])
    for number in (1, 2, 3):
        np.testing.assert_array_equal(planes.whole.pixels(number), PLANE + 100 * number)
    assert planes.middle.size == (4, 4)
    for number in (1, 2, 3, 3):
        np.testing.assert_array_equal(planes.middle.pixels(number), PLANE[1:5, 1:5] + 100 * number)
    assert asked == [1, 2, 3, 3]  # nobody had said that the middle of 3 is wanted


def test_a_plane_whose_middle_came_first_waits_while_there_is_room():
    asked, planes = passing(2 * PLANE.nbytes)
    for number in (1, 2, 3):
        planes.middle.pixels(number)
    for number in (3, 2, 1, 1):
        np.testing.assert_array_equal(planes.whole.pixels(number), PLANE + 100 * number)
    assert asked == [1, 2, 3, 3, 1]


def test_middles_that_are_wanted_no_more_go():
    asked, planes = passing(0)
    planes.want([1, 2])
    for number in (1, 2):
        planes.whole.pixels(number)
    planes.want([2])
    for number in (1, 2):
        planes.middle.pixels(number)
    assert asked == [1, 2, 1]
