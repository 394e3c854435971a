"""Rolling images: each is that of a stack which was put together by hand, at its own time."""

import numpy as np
import pytest
import tifffile

import srredsim
from srredsim import io
from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.errors import InputError
from srredsim.io.alternatives import alternatives
from srredsim.simulation.sim import simulate_stack

TIMES, ANGLES, PHASES = 3, 3, 3


@pytest.fixture(scope="module")
def series():
    """(t, angle, phase, y, x) of an object that becomes brighter, and the optics."""
    sample = simulate_stack(41, phases=PHASES, photons=(400, 400), size=(48, 56), phantom="filaments")
    known = {name: getattr(sample.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
    light = 1 + 0.3 * np.arange(TIMES)[:, None, None, None, None]
    return (100 + light * (sample.raw - 100.0)).clip(0).round().astype(np.uint16), Optics(**known, frame_interval_s=0.6)


@pytest.fixture
def path(series, tmp_path):
    raw, optics = series
    return io.write_raw(tmp_path / "series.tif", raw[:, None, None], optics=optics)


def by_hand(raw):
    """Every run of as many recordings as there are angles, each where its angle belongs."""
    every = raw.reshape(-1, *raw.shape[2:])
    stacks = []
    for first in range(len(every) - ANGLES + 1):
        stack = np.empty((ANGLES, *raw.shape[2:]), raw.dtype)
        for number in range(first, first + ANGLES):
            stack[number % ANGLES] = every[number]
        stacks.append(stack)
    return stacks


def test_frames_are_those_of_the_latest_angles(path, series):
    stack, expected = io.read(path, rolling=True), by_hand(series[0])
    assert stack.sizes["T"] == len(expected) == ANGLES * (TIMES - 1) + 1
    for t, frames in enumerate(expected):
        np.testing.assert_array_equal(stack.raw(t, 0, 0), frames)
    assert stack.optics.frame_interval_s == pytest.approx(0.2)
    assert sum("rolling: an image for every new angle" in note for note in stack.notes) == 1
    assert io.read(path).sizes["T"] == TIMES


def test_images_are_those_of_such_stacks_and_the_commands_take_it(path, series, run, tmp_path):
    raw, optics = series
    assert run("reconstruct", path, "--rolling", "--otf-damping", 0.7, "--out", tmp_path / "out").status == 0
    images, pixel_size_um = io.read_image(tmp_path / "out" / "series_wiener.tif")
    assert images.shape[0] == ANGLES * (TIMES - 1) + 1
    assert pixel_size_um == pytest.approx(optics.pixel_size_um / 2)
    assert io.open_source(tmp_path / "out" / "series_wiener.tif").optics.frame_interval_s == pytest.approx(0.2)
    known = tmp_path / "out" / "series_wiener.json"
    for t, frames in enumerate(by_hand(raw)):
        stack = RawStack(frames[None, None, None], Pattern(ANGLES, PHASES), optics)
        alone = srredsim.reconstruct(stack, parameters=known, otf_damping=0.7)
        np.testing.assert_allclose(images[t, 0, 0], alone.array, atol=0.02 * np.ptp(alone.array))
    moving = np.array(images)[:, 0, 0]
    steps = [np.abs(np.diff(moving[::every], axis=0)).mean() for every in (1, ANGLES)]
    assert steps[0] < 0.75 * steps[1]  # each differs less from the next than whole stacks do


@pytest.mark.parametrize(("shape", "how"), [((1, 1, 3), {}), ((3, 2, 3), {}), ((3, 1, 1), {"angles": 1, "phases": 3})])
def test_what_is_no_series_of_angles_is_refused(shape, how, tmp_path):
    times, slices, angles = shape
    frames = np.ones((times, 1, slices, angles, 3, 16, 16), np.uint16)
    with pytest.raises(
        InputError, match=rf"`rolling` takes several times .* {times} times, {slices} z-planes, {angles}"
    ):
        io.read(io.write_raw(tmp_path / "a.tif", frames), rolling=True, **how)


def test_a_sample_that_moves_speaks_for_no_other_reading(series, run, tmp_path):
    """Only the image of a whole time has all of its frames at one place; that is no other order."""
    raw, optics = series
    moved = np.stack([np.roll(each, 3 * t, -1) for t, each in enumerate(raw)])
    path = tmp_path / "moving.tif"
    tifffile.imwrite(path, moved.reshape(-1, *raw.shape[3:]))
    told = ("--angles", ANGLES, "--phases", PHASES, "--order", "PAT", "--rolling", "--na", optics.na)
    told += ("--wavelength-em-um", optics.wavelength_em_um, "--pixel-size-um", optics.pixel_size_um)
    status, _, said = run("reconstruct", path, *told, "--out", tmp_path / "out")
    assert status == 0
    assert "frame order" not in said
    still = io.read(path, angles=ANGLES, phases=PHASES, order="PAT")
    assert alternatives(still)
    rolling = io.read(path, angles=ANGLES, phases=PHASES, order="PAT", rolling=True)
    assert all(other.sizes["T"] > still.sizes["T"] for other in alternatives(rolling).values())
