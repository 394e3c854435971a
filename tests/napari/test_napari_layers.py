"""What the plugin shows, without a viewer: where each thing lies in the world of the layers."""

import gc
import time
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

import srredsim
from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.errors import InputError
from srredsim.io import formats
from srredsim.napari import layers, reader, work
from srredsim.napari.grid import Grid
from srredsim.results import Image


@pytest.fixture(scope="module")
def stack():
    """Every pixel is a number of its own: 2 times, 2 channels, 3 planes, 3 angles x 5 phases of 6 x 8 pixels."""
    array = np.arange(2 * 2 * 3 * 15 * 48, dtype=np.uint16).reshape(2, 2, 3, 3, 5, 6, 8)
    optics = Optics(pixel_size_um=0.08, z_step_um=0.125, frame_interval_s=3.0)
    return RawStack(array, Pattern(3, 5), optics, ("DNA", "actin"))


@pytest.fixture(scope="module")
def simulated():
    """A stack with its Wiener image."""
    stack, _ = srredsim.simulate(seed=5, size=64, photons=(2000, 2000))
    return stack, srredsim.reconstruct(stack)


def at(world, arguments):
    """Data coordinates of a place in the world of a layer."""
    return (np.asarray(world) - arguments["translate"]) / arguments["scale"]


@pytest.mark.parametrize(
    "key", [(1, 2, 0, 3, slice(None), slice(None)), (slice(0, 2), 1, ..., slice(None, None, 2)), 1, (..., 4, 5)]
)
def test_frames_are_indexed_as_an_array(stack, key):
    (frames, arguments, kind), (other, *_) = layers.of_stack(stack)
    np.testing.assert_array_equal(frames[key], stack.array[:, 0][key])
    np.testing.assert_array_equal(np.asarray(other), stack.array[:, 1])
    assert (kind, arguments["name"], arguments["axis_labels"][2:4]) == ("image", "stack DNA", ["angle", "phase"])
    assert arguments["scale"] == [3.0, 0.125, 1.0, 1.0, 0.08, 0.08]
    assert arguments["units"] == ["second", "micrometer", "pixel", "pixel", "micrometer", "micrometer"]


def test_an_image_lies_over_every_frame_with_the_same_centre(stack):
    planes = np.zeros((2, 2, 3, 12, 16), np.float32)
    (values, arguments, _), _ = layers.of_image(Image.of_planes(planes), stack)
    frames = Grid.of(stack).of_frames()
    assert values.shape == (2, 3, 1, 1, 12, 16)
    for angle in range(3):
        for phase in range(5):
            world = np.multiply([1, 2, angle, phase, 2, 3], frames["scale"])
            found = at(world, arguments)
            np.testing.assert_array_equal(np.round(found[:4]), [1, 2, 0, 0])
            # raw pixel (2, 3) is output pixels 4..5, 6..7
            np.testing.assert_allclose(found[4:], [4.5, 6.5])


def test_rings_stand_on_the_peaks_of_the_spectra(simulated):
    """Stripes without an object: the peak of the spectrum of a frame itself tells where the ring has to be."""
    stack, image = simulated
    k0 = [angle["k0_per_um"] for angle in image.found["channels"][0]["angles"]]
    y, x = np.mgrid[:64, :64] * stack.optics.pixel_size_um
    waves = [[100 + 50 * np.cos(2 * np.pi * (ky * y + kx * x) + p) for p in range(5)] for ky, kx in k0]
    pure = RawStack(np.array(waves)[None, None, None], stack.pattern, stack.optics)
    (spectra, arguments, _), (places, points, kind) = layers.of_stripes(
        pure, image.found["channels"][0]["angles"], stack.optics.pixel_size_um
    )
    assert (kind, points["scale"], points["translate"]) == ("points", arguments["scale"], arguments["translate"])
    first = np.array(points["features"]["order"]) == 1
    assert first.sum() == 6
    for angle, _, row, column in places[first]:
        spectrum = np.array(spectra[int(angle), 0])
        around = spectrum[round(row) - 3 : round(row) + 4, round(column) - 3 : round(column) + 4]
        peak = np.unravel_index(np.argmax(around), around.shape)
        assert np.hypot(peak[0] - 3 + round(row) - row, peak[1] - 3 + round(column) - column) < 1
        assert around.max() > np.percentile(spectrum, 99.5)


def test_rings_of_a_hexagonal_pattern_stand_in_its_one_spectrum():
    stack = srredsim.simulate(seed=3, pattern="hexagonal", size=24).stack
    angles = [
        {"status": "measured", "orders": [{"order": 1, "status": "measured", "k_per_um": k, "modulation_depth": 0.3}]}
        for k in ((1.0, 2.0), (-2.0, 0.5), (1.0, -2.5))
    ]
    (spectra, _, _), (places, points, _) = layers.of_stripes(stack, angles, stack.optics.pixel_size_um)
    assert len(spectra) == 1
    assert points["features"]["angle"] == [1, 1, 2, 2, 3, 3]
    np.testing.assert_array_equal(places[:, 0], 0)


def test_spectra_lie_beside_the_field(stack):
    arguments = Grid.of(stack).of_spectra()
    assert arguments["translate"][-1] > 8 * 0.08
    # the second angle of any time, z and phase
    np.testing.assert_array_equal(np.round(at([3.0, 0.25, 1, 4, 0, 0.672], arguments)), [0, 0, 1, 0, 0, 0])


def test_what_is_not_supported_is_pink_and_what_is_missing_green(simulated):
    stack, image = simulated
    done = work.judge(work.Asked(stack, {}), lambda done, total: None, {layers.IMAGE: image}, None)
    (_, residual, _), (_, score, _) = done.layers
    assert "residual" in done.lines[0]
    assert not residual["visible"]
    colours = score["colormap"]["colors"]
    scores = np.linspace(*score["contrast_limits"], len(colours))
    assert np.all((colours[:, 3] > 0) == (np.abs(scores) >= 5))
    assert colours[0, 0] > colours[0, 1]
    assert colours[-1, 1] > colours[-1, 0]
    np.testing.assert_allclose(score["scale"][-2:], np.array([0.5, 0.5]) * stack.optics.pixel_size_um)


def test_the_manifest_names_every_format():
    path = srredsim.napari.__path__[0] + "/napari.yaml"
    with open(path, encoding="utf-8") as file:
        (told,) = yaml.safe_load(file)["contributions"]["readers"]
    assert set(told["filename_patterns"]) == {"*" + one for one in formats.suffixes()} | {"*.zarr"}


def test_the_sample_and_files_are_read(tmp_path):
    ((frames, arguments, _),) = reader.sample()
    assert frames.shape[:2] == (3, 5)
    assert arguments["scale"][-1] == pytest.approx(arguments["metadata"][layers.STACK].optics.pixel_size_um)
    assert reader.get_reader(str(tmp_path / "notes.txt")) is None
    np.save(tmp_path / "one.npy", np.arange(400.0).reshape(20, 20))
    ((plain, *_),) = reader.get_reader([str(tmp_path / "one.npy")])(str(tmp_path / "one.npy"))
    np.testing.assert_array_equal(np.asarray(plain), np.arange(400.0).reshape(20, 20))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "one.npy").read_bytes()[:200])
    with pytest.raises(InputError, match=r"cut\.npy"):
        reader.read(str(tmp_path / "cut.npy"))


def test_frames_of_others_are_told_what_they_are(stack):
    asked = work.Asked.of({}, np.asarray(stack.array[0, 0, 0]).reshape(15, 6, 8), angles=3, phases=5, na=1.4)
    assert (asked.shown.sizes["A"], asked.shown.optics.na, asked.told) == (3, 1.4, {})
    own = work.Asked.of({layers.STACK: stack}, None, angles=3, na=1.4, pixel_size_um=0.0)
    assert (own.shown, own.told) == (stack, {"na": 1.4})


def test_frames_that_were_taken_for_planes_are_read_again(tmp_path):
    """Ten planes, as the file is silent, are nine frames and a widefield one when that is said; and planes again."""
    frames = np.arange(10 * 48, dtype=np.uint16).reshape(10, 6, 8)
    np.save(tmp_path / "ten.npy", frames)
    ((_, shown, _),) = reader.read(str(tmp_path / "ten.npy"))
    assert shown["axis_labels"] == ["z", "y", "x"]
    with pytest.raises(InputError, match="widefield_frame"):  # what would make a stack of them
        work.reconstruct(work.Asked.of(shown["metadata"], None), lambda done, total: None)
    told = {"angles": 3, "phases": 3, "widefield_frame": "first", "na": 1.4, "pattern": ""}
    asked = work.Asked.of(shown["metadata"], None, **told)
    ((values, anew, _),) = asked.anew
    np.testing.assert_array_equal(np.asarray(values), frames[1:].reshape(3, 3, 6, 8))
    assert (anew["name"], asked.told) == (shown["name"], {"na": 1.4})
    assert work.Asked.of(anew["metadata"], None, **told).anew == ()
    ((values, *_),) = work.Asked.of(anew["metadata"], None, na=1.4).anew
    np.testing.assert_array_equal(np.asarray(values), frames)


def endless(state, progress):
    for step in range(10_000):
        progress(step, 10_000)
        state.steps = step
        time.sleep(0.001)
    return work.Done([], [])


def test_work_is_stopped_when_asked_and_when_nobody_waits():
    for ended in (lambda task, steps: task.stop(), lambda task, steps: steps.close()):
        state = SimpleNamespace(steps=0)
        task = work.Task(endless, state)
        steps = task.steps()
        assert next(steps) == (0, 10_000)
        ended(task, steps)
        assert len(list(steps)) < 1000
        reached = state.steps
        gc.collect()
        time.sleep(0.02)
        assert state.steps == reached < 5000


def test_work_gives_what_it_made_or_why_not():
    def refused(progress):
        progress(1, 2)
        raise InputError("no light")

    def outcome(task):
        return (yield from task.steps())

    steps = outcome(work.Task(lambda progress: progress(1, 1) or work.Done([], ["made"])))
    assert next(steps) == (1, 1)
    with pytest.raises(StopIteration) as stop:
        next(steps)
    assert stop.value.value.lines == ["made"]
    with pytest.raises(InputError, match="no light"):
        list(work.Task(refused).steps())
