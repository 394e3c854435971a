"""A frame that is empty or another's copy, in every verb: refused, and named."""

import json

import numpy as np
import pytest

import srredsim
from srredsim import inspection, io
from srredsim.acquisition import Optics
from srredsim.errors import Doubt, InputError
from srredsim.lost_frames import SeenPlanes, digest_of_plane, lost
from srredsim.simulation.sim import simulate_stack

MICROSCOPE = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.07}
EMPTY = "frame 8 (angle 2, phase 3) is empty (0 everywhere)"
NOTHING = "all frames are empty (0 everywhere)"  # as where a recording was stopped
NANS = "3 pixels are NaN or infinite"
COPY = "frame 8 (angle 2, phase 3) equals frame 7"


@pytest.fixture(scope="module")
def raw():
    light = {"photons": (400.0, 400.0), "phantom": "filaments", "haze": 0.2}
    return simulate_stack(8, size=(48, 56), angles=3, phases=5, **light, **MICROSCOPE).raw


def with_lost(raw, which):
    if which == NOTHING:
        return np.zeros_like(raw)
    if which == NANS:
        raw = raw.astype(np.float32)
        raw[1, 2, 3:6, 4] = np.nan
        return raw
    raw = raw.copy()
    raw[1, 2] = 0 if which == EMPTY else raw[1, 1]
    return raw


def stored(path, array):
    return io.write_raw(path, array, optics=Optics(**MICROSCOPE))


@pytest.mark.parametrize("which", [EMPTY, COPY])
@pytest.mark.parametrize("command", ["predict", "predict wiener", "reconstruct", "reference"])
def test_commands_name_it_and_write_nothing(command, which, raw, tmp_path, refused, tiny_model, tiny_cleaner):
    path, out = stored(tmp_path / "stack.tif", with_lost(raw, which)), tmp_path / "out"
    more = {
        "predict": ("--model", tiny_model),
        "predict wiener": ("--model", tiny_cleaner),
        "reference": ("--light", 0.1),
    }.get(command, ())
    line = refused(command.split()[0], path, "--out", out, *more)
    assert which in line
    assert "leave phase 3 out of every angle" in line
    assert not [file for file in out.rglob("*") if file.is_file()]


@pytest.mark.parametrize("which", [EMPTY, COPY])
def test_verbs(which, raw, tiny_model):
    array = with_lost(raw, which)
    for verb in (lambda: srredsim.predict(array, model=tiny_model), lambda: srredsim.reconstruct(array, **MICROSCOPE)):
        with pytest.raises(InputError) as problem:
            verb()
        assert which in str(problem.value)


@pytest.mark.parametrize("which", [EMPTY, COPY])
def test_pairs_to_train_on_or_to_score_name_the_file(which, raw, tmp_path, refused, tiny_model):
    stored(tmp_path / "test" / "raw" / "one.tif", with_lost(raw, which))
    io.write_image(tmp_path / "test" / "truth" / "one.tif", raw.mean(axis=(0, 1)).repeat(2, 0).repeat(2, 1))
    line = refused("evaluate", "--model", tiny_model, "--data", tmp_path)
    assert f"one.tif: {which}" in line


@pytest.mark.parametrize("which", [EMPTY, COPY])
def test_inspect_calls_it_bad(which, raw, tmp_path, run):
    path = stored(tmp_path / "stack.tif", with_lost(raw, which))
    status, out, _ = run("inspect", path, "--json")
    assert status == 0
    checks = json.loads(out)["results"][0]["channels"][0]["checks"]
    assert [(check["name"], check["verdict"], check["number"]) for check in checks] == [("single frames", "bad", which)]


def test_without_optics_it_is_the_frame_that_is_named_and_no_optics_are_asked_for(raw, tmp_path, refused):
    for which in (EMPTY, COPY, NANS):
        np.save(tmp_path / "stack.npy", with_lost(raw, which))
        for command in ("reconstruct", "predict"):
            line = refused(command, tmp_path / "stack.npy", "--out", tmp_path / "out")
            assert which in line
            assert "--na" not in line


@pytest.mark.parametrize("which", [EMPTY, COPY, NOTHING, NANS])
@pytest.mark.parametrize("axis", ["t", "z"])
@pytest.mark.parametrize("lost_at", [0, 1])
def test_of_several_times_or_slices_the_others_are_made(which, axis, lost_at, raw, tmp_path, run, tiny_model):
    each = [raw, raw, raw]
    each[lost_at] = with_lost(raw, which)
    series = np.stack(each)[(slice(None), None, None) if axis == "t" else (None, None)]
    path, whole = stored(tmp_path / "series.tif", series), stored(tmp_path / "whole.tif", raw)
    line = f"{axis}={lost_at}: {which}: this image is left empty, 0 everywhere"
    for command in (("predict", "--model", tiny_model), ("reconstruct",), ("reconstruct", "--live")):
        if axis == "z" and "--live" in command:
            continue
        out = tmp_path / "_".join(map(str, command)).replace("/", "_")
        status, told, err = run(command[0], path, "--out", out, "--json", *command[1:])
        assert (status, line in " ".join(err.split())) == (0, True)
        place = {"t": 0, "c": 0, "z": 0} | {axis: lost_at}
        assert json.loads(told)["results"][0]["left_empty"] == [place | {"why": which}]
        run(command[0], whole, "--out", out, *command[1:])
        made, alone = (
            next(io.read_image(file)[0] for file in out.glob(f"{stem}_*.tif") if "consistency" not in file.name)
            for stem in ("series", "whole")
        )
        made, alone = made.reshape(3, 96, 112), alone.reshape(96, 112)
        assert [bool(np.any(image)) for image in made] == [n != lost_at for n in range(3)]
        for n in {0, 1, 2} - {lost_at}:
            np.testing.assert_allclose(made[n], alone, atol=0.02 * np.ptp(alone))


def test_verbs_say_it_of_series(raw, tiny_model):
    series = np.stack([raw, with_lost(raw, COPY), raw])[:, None, None]
    for verb in (
        lambda: srredsim.predict(series, model=tiny_model),
        lambda: srredsim.reconstruct(series, **MICROSCOPE),
    ):
        with pytest.warns(Doubt, match="t=1: frame 8 .* left empty"):
            image = verb()
        assert [bool(np.any(one)) for one in image.array] == [True, False, True]


def test_a_series_of_which_nothing_is_whole_is_refused(raw, tmp_path, refused):
    path = stored(tmp_path / "series.tif", np.stack([with_lost(raw, EMPTY)] * 2)[:, None, None])
    assert f"t=0: {EMPTY}" in refused("reconstruct", path, "--out", tmp_path / "out")


def test_one_time_of_several_is_named(raw, tmp_path):
    series = np.stack([raw, with_lost(raw, EMPTY), raw])[:, None, None]
    path = stored(tmp_path / "series.tif", series)
    checks = inspection.inspect(io.read(path))["channels"][0]["checks"]
    assert checks[0]["number"] == f"t=1: {EMPTY}"
    assert len(checks) > 5  # the others are made of the first time


@pytest.mark.parametrize("photons", [20.0, 400.0, 4000.0])
@pytest.mark.parametrize("phases", [3, 5])
def test_a_frame_without_light_is_named(phases, photons):
    """As where the shutter missed one frame: there is the camera's noise, and 1 % of the light may come through."""
    light = {"photons": (photons, photons), "phantom": "filaments"}
    raw = simulate_stack(8, size=96, phases=phases, **light, **MICROSCOPE).raw.astype(float)
    dark = raw.min() + np.random.default_rng(4).normal(10.0, 2.0, raw.shape[2:])
    for share in (0.0, 0.01):
        one = raw.copy()
        one[1, 1] = dark + share * raw[1, 1]
        assert f"frame {phases + 2} (angle 2, phase 2) is dark" in lost(np.rint(one).astype(np.uint16))
    weak = raw.copy()
    weak[1, 1] = raw.min() + 0.1 * (raw[1, 1] - raw.min())
    assert lost(weak) is None


@pytest.mark.parametrize("which", [[1, 3], [3, 4], [0, 4, 8]])
def test_several_dark_frames_are_named(which):
    raw = simulate_stack(8, size=96, phases=3, photons=(400.0, 400.0), phantom="filaments", **MICROSCOPE).raw
    frames = raw.reshape(9, *raw.shape[2:]).astype(float)
    for number in which:
        frames[number] = frames.min() + np.random.default_rng(number).normal(10.0, 2.0, frames.shape[1:])
    said = lost(np.rint(frames).astype(np.uint16).reshape(raw.shape))
    assert said.startswith(f"frame {which[0] + 1} (angle ")
    assert f"is dark (and {len(which) - 1} more): it has 0" in said


def test_what_is_left_does_serve():
    """The advice: a phase less in each angle, with the steps of the others; two beams make one order of stripes."""
    light = {"photons": (400.0, 400.0), "phantom": "filaments", "haze": 0.2, "beams": 2}
    raw = simulate_stack(8, size=(96, 88), angles=3, phases=5, **light, **MICROSCOPE).raw
    truth = srredsim.reconstruct(raw, **MICROSCOPE).array
    others = [0, 1, 3, 4]
    steps = [[2 * np.pi / 5 * phase for phase in others]]
    image = srredsim.reconstruct(np.ascontiguousarray(raw[:, others]), axes="APYX", phase_steps=steps, **MICROSCOPE)
    assert np.corrcoef(image.array.ravel(), truth.ravel())[0, 1] > 0.99


def test_healthy_and_wholly_constant_stacks_are_not_meant(raw):
    assert lost(raw) is None
    assert lost(np.zeros((3, 5, 8, 9))) is None
    assert lost(np.broadcast_to(raw[:1, :1], raw.shape)) is None  # no stripes at all
    dim = np.random.default_rng(0).poisson(0.02, (3, 5, 64, 64))  # nearly all pixels are 0, in every frame
    assert lost(dim) is None


def test_a_sample_that_is_alike_is_no_copy():
    frames = np.zeros((1, 3, 64, 64), np.uint16)
    frames[0, :, 1, 1] = 1, 2, 3  # between the pixels that are compared first
    assert lost(frames) is None
    frames[0, 2, 1, 1] = 1
    assert lost(frames) == "frame 3 (angle 1, phase 3) equals frame 1: record the stack again, or leave it out"


def test_a_copy_among_widefield_images_is_told(raw, tmp_path, run, tiny_model):
    """Each plane is an image by itself: it is made still, and said."""
    planes = raw.reshape(-1, *raw.shape[-2:])[:4].copy()
    planes[2] = planes[0]
    path = tmp_path / "planes.npy"
    np.save(path, planes)
    status, _, err = run("denoise", path, "--method", "pure_let", "--noise", 1, 0)
    assert (status, "z=2 equals z=0 to the last bit" in err) == (0, True)
    planes[2] = 0
    np.save(path, planes)
    status, _, err = run("denoise", path, "--method", "pure_let", "--noise", 1, 0, "--overwrite")
    assert (status, "z=2: every pixel is 0: there is no image, as where a frame was lost" in err) == (2, True)


def test_only_the_first_copy_is_told():
    seen, planes = SeenPlanes(), np.arange(12.0).reshape(3, 2, 2)
    told = [seen.note(digest_of_plane(planes[n]), f"z={z}") for z, n in enumerate((0, 1, 1, 2, 0))]
    assert told == [[], [], ["z=2 equals z=1 to the last bit: a frame was lost there, maybe others too"], [], []]


def test_several_are_counted():
    frames = np.random.default_rng(1).random((3, 5, 8, 9))
    frames[0, 4] = frames[2, 0] = 7
    assert lost(frames).startswith("frame 5 (angle 1, phase 5) is empty (7 everywhere), and 1 more: ")


@pytest.mark.parametrize("photons", [20.0, 400.0, 4000.0])
@pytest.mark.parametrize("angle", [0, 2])
def test_an_angle_without_light_is_named(angle, photons):
    """Where a shutter stays closed there is the camera's noise; 1 % of the light may still come through."""
    raw = simulate_stack(8, size=96, photons=(photons,) * 2, phantom="filaments", **MICROSCOPE).raw.astype(float)
    rng = np.random.default_rng(4)
    dark = raw.min() + rng.normal(10.0, 2.0, raw[angle].shape)
    for share in (0.0, 0.01):
        one = raw.copy()
        one[angle] = dark + share * raw[angle]
        assert f"angle {angle + 1} is dark" in lost(np.rint(one).astype(np.uint16))
    assert lost(raw.astype(np.uint16)) is None


def test_a_weak_angle_and_an_empty_field_are_not_dark(raw):
    weak = raw.astype(float)
    weak[1] = weak[1].min() + 0.1 * (weak[1] - weak[1].min())
    assert lost(weak) is None
    empty = np.random.default_rng(5).poisson(100.0, raw.shape)
    assert lost(empty) is None
