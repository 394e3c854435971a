import itertools

import numpy as np
import pytest

from srredsim.acquisition import Optics, Pattern, RawStack, frames_from_raw


def test_frames_are_angle_major_channels():
    raw = np.zeros((3, 5, 4, 6))
    for a, p in itertools.product(range(3), range(5)):
        raw[a, p] = 10 * a + p
    frames = frames_from_raw(raw)
    assert frames.shape == (4, 6, 15)
    assert frames[2, 3].tolist() == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 20, 21, 22, 23, 24]


def test_frames_keep_y_and_x():
    y, x = np.mgrid[:4, :6]
    frames = frames_from_raw(np.broadcast_to(100 * y + x, (3, 3, 4, 6)))
    assert np.all(frames[3, 1] == 301)


def test_positions_run_with_z_fastest_and_reach_every_stack():
    array = np.arange(2 * 3 * 4 * 9 * 20).reshape(2, 3, 4, 3, 3, 4, 5)
    stack = RawStack(array, Pattern(3, 3))
    positions = list(stack.positions())
    assert positions[:5] == [(0, 0, 0), (0, 0, 1), (0, 0, 2), (0, 0, 3), (0, 1, 0)]
    assert len(positions) == 24
    np.testing.assert_array_equal(np.stack([stack.raw(*p) for p in positions]).ravel(), array.ravel())
    np.testing.assert_array_equal(stack.raw(z=3, c=1), array[0, 1, 3])


def test_sizes_are_plain_numbers_by_axis():
    stack = RawStack(np.zeros((1, 2, 3, 3, 5, 6, 7)), Pattern(3, 5))
    assert stack.sizes == {"T": 1, "C": 2, "Z": 3, "A": 3, "P": 5, "Y": 6, "X": 7}
    assert all(type(n) is int for n in stack.sizes.values())


def test_an_array_that_reads_lazily_is_enough():
    class OnDisk:
        shape, dtype = (2, 1, 1, 3, 5, 4, 4), np.dtype("uint16")

        def __getitem__(self, position):
            assert position == (1, 0, 0)
            return np.full((3, 5, 4, 4), 7, np.uint16)

    assert RawStack(OnDisk(), Pattern(3, 5)).raw(t=1).sum() == 7 * 15 * 16


@pytest.mark.parametrize(("shape", "words"), [((3, 5, 4, 4), "TCZAPYX"), ((1, 1, 1, 5, 3, 4, 4), "3 x 5")])
def test_axes_and_pattern_must_agree_with_the_array(shape, words):
    with pytest.raises(ValueError, match=words):
        RawStack(np.zeros(shape), Pattern(3, 5))


def test_what_is_unknown_is_none():
    assert {name: value for name, value in vars(Optics()).items() if value is not None} == {"cutoffs": ()}
    assert Pattern(3, 5).frames == 15
    assert Pattern(3, 5).angles_rad is None
