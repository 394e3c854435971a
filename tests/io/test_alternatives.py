"""Other ways to read a file: each is what the flags that it is named by read."""

import ast

import numpy as np
import pytest

from srredsim import io
from srredsim.acquisition import Pattern, RawStack
from srredsim.io.alternatives import EXCHANGED, by_arguments, one_of_many


def save(path, *shape, size=(3, 4)):
    np.save(path, np.arange(np.prod(shape)).reshape(*shape, 1, 1) * np.ones(size, np.uint16))
    return path


def named(text):
    call = ast.parse(f"read({text.strip('`')})", mode="eval").body
    return {each.arg: ast.literal_eval(each.value) for each in call.keywords}


@pytest.mark.parametrize(
    ("shape", "how"),
    [((15,), {}), ((9,), {}), ((16,), {"trailing_widefield": True}), ((45,), {"angles": 3, "phases": 5})],
)
def test_they_are_what_their_names_read(tmp_path, shape, how):
    path = save(tmp_path / "s.npy", *shape)
    stack = io.read(path, **how)
    found = io.alternatives(stack)
    assert found
    for name, other in found.items():
        if by_arguments(name):
            read = io.read(path, **(how | named(name)))
            np.testing.assert_array_equal(other.raw(0, 0, other.sizes["Z"] - 1), read.raw(0, 0, read.sizes["Z"] - 1))
            assert other.pattern == read.pattern


def test_each_is_there_once_and_unlike_the_file_as_read(tmp_path):
    stack = io.read(save(tmp_path / "s.npy", 15))
    found = io.alternatives(stack)
    assert [name for name in found if by_arguments(name)] == [
        '`order="PAZ", angles=5, phases=3`',
        '`order="ZAP", angles=3, phases=5`',
        '`order="ZAP", angles=5, phases=3`',
    ]
    numbers = {tuple(each.raw()[..., 0, 0].ravel()) + each.raw().shape for each in (stack, *found.values())}
    assert len(numbers) == len(found) + 1


def test_several_things_may_differ_and_times_stay_times(tmp_path):
    """Two colours of 15 groups of 15 frames, a widefield frame behind each, angles changing fastest."""
    found = io.alternatives(io.read(save(tmp_path / "s.npy", 480), angles=3, phases=5, order="PAT"))
    names = list(found)
    assert len(set(names)) == len(names)
    right = found['`order="APT", widefield_frame="last", channels=2, angles=3, phases=5`']
    assert right.array.shape[:5] == (15, 2, 1, 3, 5)
    first = [32 * 14 + 2 * frame + 1 for frame in range(15)]  # of the last time, in the second colour
    np.testing.assert_array_equal(right.raw(14, 1, 0)[..., 0, 0].T.ravel(), first)
    assert not any("Z" in name for name in names)
    single = names.index('`widefield_frame="last", angles=3, phases=5`')
    assert single < names.index('`widefield_frame="last", channels=2, angles=3, phases=5`')


def test_axes_that_the_file_names_can_only_be_exchanged(tmp_path):
    io.write_raw(tmp_path / "s.tif", np.arange(15, dtype=np.uint16).reshape(3, 5, 1, 1) * np.ones((8, 9), np.uint16))
    stack = io.read(tmp_path / "s.tif")
    found = io.alternatives(stack)
    assert not any(by_arguments(name) for name in found)
    np.testing.assert_array_equal(found[EXCHANGED].raw(), stack.raw().swapaxes(0, 1))


def test_nothing_else_for_montages_and_arrays(tmp_path):
    np.save(tmp_path / "s.npy", np.ones((30, 50), np.uint16))
    assert io.alternatives(io.read(tmp_path / "s.npy", order="tiled")) == {}
    assert io.alternatives(RawStack(np.ones((1, 1, 1, 3, 5, 4, 4)), Pattern(3, 5))) == {}


def test_fewer_than_three_phases_are_no_pattern(tmp_path):
    found = io.alternatives(io.read(save(tmp_path / "s.npy", 8), angles=2, phases=4))
    assert [name for name in found if by_arguments(name)] == ['`order="ZAP", angles=2, phases=4`']


@pytest.mark.parametrize(("pattern", "exchanges"), [((3, 3), 0), ((3, 4), 2 * 4), ((2, 5), 5 * 3), ((3, 5), 5 * 4)])
def test_what_no_arguments_name(tmp_path, pattern, exchanges):
    """Exchanges that a turn of the stripes undoes, or one that makes of the first order the second, are one."""
    angles, phases = pattern
    found = io.alternatives(io.read(save(tmp_path / "s.npy", angles * phases), angles=angles, phases=phases))
    moved = found["the first frames behind the last, by 1 place"]
    frames = np.arange(angles * phases)
    np.testing.assert_array_equal(moved.raw()[..., 0, 0].ravel(), [*frames[1:], 0])
    names = [name for name in found if name.endswith("exchanged") and name != EXCHANGED and not one_of_many(name)]
    assert len(names) == exchanges
    for name in names:
        order = found[name].raw()[..., 0, 0].ravel()
        assert sorted(order) == frames.tolist()
        first = [
            int(number) - 1 for number in name.split(" of ")[0].removeprefix("frames ").split(",")[0].split(" and ")
        ]
        here = np.flatnonzero(order != frames) % phases
        assert set(here) == set(first)
        assert len(here) == 2 * (angles if "every angle" in name else 1)


def test_any_two_frames_of_different_angles_may_be_exchanged(tmp_path):
    """3 pairs of angles, 3 x 3 frames of each; the name says which frames lie elsewhere."""
    found = io.alternatives(io.read(save(tmp_path / "s.npy", 9), angles=3, phases=3))
    names = [name for name in found if one_of_many(name)]
    assert len(names) == 3 * 3 * 3
    for name in names:
        order = found[name].raw()[..., 0, 0].ravel()
        numbers = [int(word) for word in name.split() if word.isdigit()]
        places = [numbers[n] - 1 + 3 * (numbers[n + 1] - 1) for n in (0, 2)]
        expected = np.arange(9)
        expected[places] = places[::-1]
        np.testing.assert_array_equal(order, expected)


@pytest.mark.parametrize("first", [0, 1])
def test_frames_that_were_sorted_as_text(tmp_path, first):
    """As by a program that takes frame10.tif for the one behind frame1.tif."""
    names = sorted(range(first, first + 30), key=str)
    np.save(tmp_path / "s.npy", np.array(names)[:, None, None] * np.ones((3, 4), np.uint16))
    found = io.alternatives(io.read(tmp_path / "s.npy", angles=3, phases=5))
    shown = "0, 1, 10, 11" if first == 0 else "1, 10, 11, 12"
    right = found[f"frames in the order of their numbers, not of these as text ({shown}, ...)"]
    assert right.raw(0, 0, 1)[..., 0, 0].ravel().tolist() == list(range(first + 15, first + 30))


def test_frames_of_rolling_images_are_not_moved(tmp_path):
    stack = io.read(save(tmp_path / "s.npy", 45), angles=3, phases=5, order="PAT", rolling=True)
    assert not any("behind the last" in name for name in io.alternatives(stack))
