"""Frame counts that fit more than one reading: the true one is named, and a right one gets no word."""

from functools import cache

import numpy as np
import pytest

from srredsim import inspection, io
from srredsim.inspection.readings import watched
from srredsim.simulation.sim import simulate_stack

SIZE = 80
NOISE = "what else is said of the noise, but not of frames that were read wrongly"


@cache
def groups(phases, count, photons=300.0):
    """(group, angle * phase, y, x): one pattern, another object in each group."""
    first = simulate_stack(21, index=0, phases=phases, photons=(photons, photons), size=SIZE)
    names = "na", "wavelength_em_um", "pixel_size_um", "k0_per_um", "phases_rad", "modulation_depths", "otf_damping"
    fixed = {name: getattr(first.settings, name) for name in names}
    made = [
        simulate_stack(21, index=n, phases=phases, photons=(photons, photons), size=SIZE, **fixed) for n in range(3)
    ]
    return np.stack([made[n % 3].raw.reshape(-1, SIZE, SIZE) for n in range(count)])


def file_of(path, phases, count, layout, photons=300.0):
    frames = groups(phases, count, photons)
    widefield = frames.mean(axis=1, keepdims=True).round().astype(frames.dtype)
    if layout == "first":
        frames = np.concatenate([widefield, frames], axis=1)
    elif layout == "last":
        frames = np.concatenate([frames, widefield], axis=1)
    elif layout in ("angles", "angles last"):  # angles change fastest, in each group
        frames = frames.reshape(count, 3, phases, SIZE, SIZE).swapaxes(1, 2).reshape(frames.shape)
        frames = np.concatenate([frames, widefield], axis=1) if layout == "angles last" else frames
    elif layout == "phases last":  # widefield frames behind all others, angles change slowest
        frames = frames.reshape(count, 3, phases, SIZE, SIZE).swapaxes(0, 1).reshape(-1, SIZE, SIZE)
        frames = np.concatenate([frames, widefield[:, 0]])
    elif layout == "colours last":
        frames = np.concatenate([frames, widefield], axis=1)
        frames = np.stack([frames, np.roll(frames, 1, axis=0)], axis=2)
    elif layout == "colours":  # two that alternate frame by frame
        frames = np.stack([frames[0::2], frames[1::2]], axis=2)
    np.save(path, frames.reshape(-1, SIZE, SIZE))
    return path


def doubts(path, **how):
    stack, watch = watched(io.read(path, **how))
    for position in stack.positions():
        stack.raw(*position)
    return watch.doubts([NOISE])


CASES = [
    (5, 15, "last", {"angles": 3, "phases": 5}, '`widefield_frame="last", angles=3, phases=5`'),
    (5, 15, "first", {"angles": 3, "phases": 5}, '`widefield_frame="first", angles=3, phases=5`'),
    (3, 3, "last", {"angles": 3, "phases": 5}, '`widefield_frame="last", angles=3, phases=3`'),
    (5, 2, "colours", {"angles": 3, "phases": 5}, "`channels=2, angles=3, phases=5`"),
    (5, 3, "angles", {"angles": 3, "phases": 5}, '`order="APZ", angles=3, phases=5`'),
    (5, 15, "angles last", {"angles": 3, "phases": 5}, '`order="APZ", widefield_frame="last", angles=3, phases=5`'),
    (5, 15, "phases last", {"angles": 3, "phases": 5}, '`order="PZA", widefield_frame="last", angles=3, phases=5`'),
    (5, 15, "colours last", {"angles": 3, "phases": 5}, '`widefield_frame="last", channels=2, angles=3, phases=5`'),
    (5, 15, "none", {"angles": 3, "phases": 3, "widefield_frame": "none"}, "angles=3, phases=5`"),
]


@pytest.mark.parametrize(("phases", "count", "layout", "how", "name"), CASES)
def test_the_reading_that_fits_is_named(tmp_path, phases, count, layout, how, name):
    path = file_of(tmp_path / "s.npy", phases, count, layout)
    (line,) = doubts(path, **how)
    assert name in line


@pytest.mark.parametrize("layout", ["first", "last"])
def test_with_little_light_what_fits_best_is_named_as_a_possibility(tmp_path, layout):
    path = file_of(tmp_path / "s.npy", 3, 9, layout, photons=40.0)
    line, noise = doubts(path, angles=3, phases=3, widefield_frame="none")
    assert line.startswith("warning: perhaps a wrong frame order")
    assert f'`widefield_frame="{layout}", angles=3, phases=3`' in line
    assert noise == NOISE  # which is believed as long as the order is not known to be wrong
    assert doubts(path, angles=3, phases=3, widefield_frame=layout) == [NOISE]


def test_inspect_names_it_too(tmp_path):
    stack = io.read(file_of(tmp_path / "s.npy", 5, 2, "colours"))
    check = inspection.inspect(stack, io.alternatives(stack))["channels"][0]["checks"][0]
    assert (check["name"], check["verdict"]) == ("frame order", "bad")
    assert "`channels=2, angles=3, phases=5`" in check["advice"]


RIGHT = [("last", {"widefield_frame": "last"}), ("last", {"trailing_widefield": True}), ("none", {})]
RIGHT += [("first", {"widefield_frame": "first"}), ("colours", {"channels": 2})]


@pytest.mark.parametrize(("layout", "how"), RIGHT)
def test_a_right_reading_gets_no_word_and_its_frames(tmp_path, layout, how):
    path = file_of(tmp_path / "s.npy", 5, 4, layout)
    assert doubts(path, angles=3, phases=5, **how) == [NOISE]
    raw = np.asarray(io.read(path, angles=3, phases=5, **how).raw(0, 0, 1))
    expected = groups(5, 4)[2 if layout == "colours" else 1]
    np.testing.assert_array_equal(raw.reshape(-1, SIZE, SIZE), expected)


def test_colours_that_alternate_are_channels(tmp_path):
    stack = io.read(file_of(tmp_path / "s.npy", 5, 4, "colours"), angles=3, phases=5, channels=2)
    assert (stack.sizes["C"], stack.sizes["Z"]) == (2, 2)
    np.testing.assert_array_equal(stack.raw(0, 1, 1).reshape(-1, SIZE, SIZE), groups(5, 4)[3])


def test_what_is_watched_is_not_read_again(tmp_path):
    stack, watch = watched(io.read(file_of(tmp_path / "s.npy", 5, 4, "none"), angles=3, phases=5))
    for position in stack.positions():
        stack.raw(*position)
    source = watch.stack.array.array.source
    object.__setattr__(source, "plane", None)  # whoever reads now, fails
    assert watch.doubts() == []


def test_reconstruct_warns_and_goes_on(tmp_path):
    from srredsim.workflows.reconstruct_file import reconstruct_file

    np.save(tmp_path / "s.npy", groups(5, 1)[0].reshape(3, 5, SIZE, SIZE).swapaxes(0, 1).reshape(15, SIZE, SIZE))
    settings = simulate_stack(21, index=0, phases=5, photons=(300.0, 300.0), size=SIZE).settings
    optics = {name: getattr(settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
    report = reconstruct_file(tmp_path / "s.npy", reading=io.Reading(**optics))
    assert [line for line in report["notes"] if '`order="ZAP", angles=3, phases=5`' in line]
    reading = io.Reading(order="ZAP", **optics)
    right = reconstruct_file(tmp_path / "s.npy", reading=reading, writing=io.Writing(overwrite=True))
    assert not any("wrong frame order" in note for note in right["notes"])


def test_what_refuses_a_plane_names_the_reading_that_fits(tmp_path, refused, run, tiny_model):
    """A reading that slips puts frames beside one another that are not of one stack: what is said of them says why."""
    path = file_of(tmp_path / "s.npy", 5, 15, "last")
    frames = np.load(path)
    frames[33] = 0
    np.save(path, frames)
    how = "--angles", 3, "--phases", 5, "--out", tmp_path / "out"
    optics = "--na", 1.4, "--wavelength-em-um", 0.6, "--pixel-size-um", 0.08
    reading = "read the file with --widefield-frame last --angles 3 --phases 5"
    line = refused("reference", path, *how, *optics, "--light", 0.1)
    assert "s.npy: z=" in line
    assert reading in line
    line = refused("reconstruct", path, *how, *optics)
    assert "of another field" in line
    assert reading in line
    status, _, err = run("predict", path, *how, "--model", tiny_model)
    assert (status, "z=2: frame 4 (angle 1, phase 4) is empty" in err, reading in err) == (0, True, True)
    frames = np.delete(frames, np.s_[15::16], axis=0)  # without the widefield frames
    np.save(path, frames)
    line = refused("reference", path, *how, *optics, "--light", 0.1)
    assert "frame 2 (angle 1, phase 2) is empty" in line
    assert "read the file with" not in line
