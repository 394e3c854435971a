"""A frame that was lost, or taken twice, in the midst of a series: where, and that a right series gets no word."""

from functools import cache

import numpy as np
import pytest

from srredsim import inspection, io
from srredsim.inspection.fits import Fits
from srredsim.inspection.readings import watched
from srredsim.inspection.slips import Slip, slip
from srredsim.simulation.sim import simulate_stack

SIZE, COUNT, FRAMES = 64, 10, 9


@cache
def series():
    """COUNT + 1 stacks of 3 x 3 frames, one pattern, three objects in turn, with a widefield frame before each."""
    first = simulate_stack(23, index=0, phases=3, photons=(300.0, 300.0), size=SIZE)
    names = "na", "wavelength_em_um", "pixel_size_um", "k0_per_um", "phases_rad", "modulation_depths", "otf_damping"
    fixed = {name: getattr(first.settings, name) for name in names}
    made = [simulate_stack(23, index=n, phases=3, photons=(300.0, 300.0), size=SIZE, **fixed).raw for n in range(3)]
    frames = np.stack([made[n % 3].reshape(-1, SIZE, SIZE) for n in range(COUNT + 1)])
    return np.concatenate([frames.mean(axis=1, keepdims=True).astype(frames.dtype), frames], axis=1)


def file_of(path, changed, widefield=False):
    """The first COUNT whole stacks of a series that was ``changed``."""
    frames = (series() if widefield else series()[:, 1:]).reshape(-1, SIZE, SIZE)
    np.save(path, changed(frames)[: COUNT * (FRAMES + widefield)])
    return path


def without(number):
    return lambda frames: np.delete(frames, number, axis=0)


def twice(number):
    return lambda frames: np.insert(frames, number, frames[number], axis=0)


CASES = [
    (without(5 * FRAMES + 4), Slip("z=6", "z=5", -1)),
    (without(2), Slip("z=0", "z=0", -1)),
    (without([8 * FRAMES - 1, 8 * FRAMES - 2]), Slip("z=8", "z=7", -2)),
    (twice(5 * FRAMES + 4), Slip("z=6", "z=5", 1)),
    (twice(0), Slip("z=0", "z=0", 1)),
]


@pytest.mark.parametrize(("changed", "expected"), CASES)
def test_its_place_is_found(tmp_path, changed, expected):
    stack = io.read(file_of(tmp_path / "s.npy", changed), angles=3, phases=3)
    assert slip(Fits(), stack) == expected


@pytest.mark.parametrize(("changed", "by"), [(without(3 * FRAMES + 5), -1), (twice(4 * FRAMES + 5), 1)])
def test_of_shifts_that_fit_alike_the_smallest_counts(tmp_path, changed, by):
    """An object that stays as it is fits a whole angle later, too."""
    still = np.random.default_rng(3).poisson(np.tile(series()[0, 1:], (COUNT + 1, 1, 1)) + 20.0).astype(np.uint16)
    np.save(tmp_path / "s.npy", changed(still)[: COUNT * FRAMES])
    found = slip(Fits(), io.read(tmp_path / "s.npy", angles=3, phases=3))
    assert found.frames == by


def test_its_place_is_found_where_each_group_has_a_widefield_frame(tmp_path):
    path = file_of(tmp_path / "s.npy", without(5 * (FRAMES + 1) + 4), widefield=True)
    stack = io.read(path, angles=3, phases=3, widefield_frame="first")
    assert slip(Fits(), stack) == Slip("z=6", "z=5", -1)


def with_empty_ends(frames):
    frames, rng = frames.copy(), np.random.default_rng(0)
    for part in (slice(0, 2 * FRAMES), slice(8 * FRAMES, None)):
        frames[part] = 100 + rng.poisson(30, frames[part].shape)
    return frames


@pytest.mark.parametrize("changed", [lambda frames: frames, with_empty_ends])
def test_a_right_series_gets_no_word(tmp_path, changed):
    assert slip(Fits(), io.read(file_of(tmp_path / "s.npy", changed), angles=3, phases=3)) is None


def test_every_command_says_it(tmp_path):
    path = file_of(tmp_path / "s.npy", without(5 * FRAMES + 4))
    stack, watch = watched(io.read(path, angles=3, phases=3))
    for position in stack.positions():
        stack.raw(*position)
    (line,) = watch.doubts(["what is said of the noise"])
    assert "from z=6 on, raw stacks begin 1 frame earlier" in line
    assert "look for 1 frame lost in z=5 or z=6" in line


def test_inspect_says_it_even_where_nothing_else_can_be_checked(tmp_path):
    path = file_of(tmp_path / "s.npy", without(3 * FRAMES + 4))
    stack = io.read(path, angles=3, phases=3)
    check = inspection.inspect(stack, io.alternatives(stack))["channels"][0]["checks"][0]
    assert (check["name"], check["verdict"]) == ("frame order", "bad")
    assert "look for 1 frame lost in z=3 or z=4" in check["advice"]
