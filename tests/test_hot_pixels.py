"""Pixels that shine in every frame: found, repaired in every verb, and said; whatever came through a lens stays."""

import json
from dataclasses import replace

import numpy as np
import pytest

import srredsim
from srredsim import inspection, io, stacks
from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.errors import InputError
from srredsim.hot_pixels import Repaired, hot_pixels, repaired, without_hot_pixels
from srredsim.simulation.sim import simulate_stack

MICROSCOPE = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.07}
HOT = [(5, 7), (20, 0), (21, 40), (21, 41), (40, 55)]  # one at the border, two that touch
SAID = "5 hot pixels (y, x: 5, 7; 20, 0; 21, 40; 21, 41; 40, 55)"


@pytest.fixture(scope="module")
def healthy():
    light = {"photons": (400.0, 400.0), "phantom": "filaments", "haze": 0.2}
    return simulate_stack(8, size=(48, 56), angles=3, phases=5, **light, **MICROSCOPE)


@pytest.fixture(scope="module")
def hot(healthy):
    return with_hot(healthy.raw)


def with_hot(raw, times=10):
    """Static pixels at several times the highest value, with the noise that they have, too."""
    raw = raw.copy()
    rng = np.random.default_rng(3)
    for y, x in HOT:
        raw[..., y, x] = np.minimum(rng.poisson(times * float(raw.max()), raw.shape[:2]), 65535)
    return raw


def stored(path, array):
    return io.write_raw(path, array, optics=Optics(**MICROSCOPE))


def alike(one, other):
    return np.corrcoef(np.ravel(one), np.ravel(other))[0, 1]


def test_they_are_found_and_nothing_else(hot, healthy):
    assert sorted(map(tuple, hot_pixels(hot).tolist())) == HOT
    assert len(hot_pixels(healthy.raw)) == 0


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize(("scale", "offset"), [(1, 0), (1e-4, -3.0), (1e5, 2e6)])
def test_whatever_the_unit(kind, scale, offset, hot):
    if np.dtype(kind).kind != "f" and (scale, offset) != (1, 0):
        return
    assert sorted(map(tuple, hot_pixels((hot * scale + offset).astype(kind)).tolist())) == HOT


def test_the_place_gets_the_median_of_the_pixels_around_it(hot):
    frames = repaired(hot, hot_pixels(hot))
    for a, p in np.ndindex(3, 5):
        frame = hot[a, p].astype(float)
        around = [frame[j, i] for j in (4, 5, 6) for i in (6, 7, 8) if (j, i) != (5, 7)]
        assert frames[a, p, 5, 7] == np.rint(np.median(around))
        around = [frame[j, i] for j in (20, 21, 22) for i in (39, 40, 41) if (j, i) not in HOT]
        assert frames[a, p, 21, 40] == np.rint(np.median(around))
    elsewhere = np.ones(hot.shape[2:], bool)
    elsewhere[tuple(np.transpose(HOT))] = False
    assert np.array_equal(frames[..., elsewhere], hot[..., elsewhere])
    assert frames.dtype == hot.dtype


@pytest.mark.parametrize("photons", [5.0, 20.0, 500.0])
@pytest.mark.parametrize("phantom", ["filaments", "vesicles", "membranes", "puncta", "mixture"])
def test_nothing_that_came_through_a_lens_is_one(phantom, photons):
    for seed, (angles, phases) in enumerate([(3, 5), (3, 3), (5, 5), (1, 3)]):
        dark = {"background_photons": 0.0, "haze": 0.0} if seed % 2 else {}
        asked = {"size": (64, 56), "photons": (photons, photons), "phantom": phantom} | dark
        raw = simulate_stack(seed, angles=angles, phases=phases, **asked).raw
        stack = RawStack(raw[None, None, None], Pattern(angles, phases))
        assert without_hot_pixels(stack).raw() is not raw  # a view of it, which is
        assert np.shares_memory(without_hot_pixels(stack).raw(), raw)  # read as it is


@pytest.mark.parametrize(("y0", "x0"), [(0.0, 0.0), (0.5, 0.5), (-12.0, 0.0), (-13.0, 0.2), (-13.4, -13.4)])
def test_a_point_of_light_is_none(y0, x0):
    """A sharp one, as sharp as a pixel can sample: inside, on the border and beyond it; with stripes, without noise."""
    from scipy.special import j1

    y, x = np.mgrid[-12.0:13, -12.0:13]
    radius = np.pi / 2 * np.maximum(np.hypot(y - y0, x - x0), 1e-6)
    point = (2 * j1(radius) / radius) ** 2
    frames = np.array([100 + 50 * (1 + 0.9 * np.cos(phase)) * point for phase in 2 * np.pi / 5 * np.arange(5)])
    assert len(hot_pixels(frames[None])) == 0
    frames[:, 4, 4] += 500
    assert hot_pixels(frames[None]).tolist() == [[4, 4]]


def test_a_flash_in_one_frame_is_none(healthy):
    raw = healthy.raw.copy()
    raw[1, 3, 9, 9] = 60000
    assert len(hot_pixels(raw)) == 0


def test_frames_that_cannot_be_judged_are_left_alone():
    assert len(hot_pixels(np.full((3, 5, 8, 9), np.nan))) == 0
    assert len(hot_pixels(np.zeros((3, 5, 8, 9)))) == 0
    assert len(hot_pixels(np.full((3, 5, 8, 9), 3e38, np.float32))) == 0
    assert len(hot_pixels(np.random.default_rng(0).random((3, 5, 1, 40)))) == 0
    assert len(hot_pixels(np.random.default_rng(0).poisson(0.02, (3, 5, 64, 64)))) == 0


def test_reconstruction_is_as_good_as_without_them(hot, healthy):
    good = srredsim.reconstruct(healthy.raw, **MICROSCOPE)
    image = srredsim.reconstruct(hot, **MICROSCOPE)
    kept = srredsim.reconstruct(hot, keep_hot_pixels=True, **MICROSCOPE)
    assert alike(image.array, good.array) > 0.97
    assert alike(kept.array, good.array) < 0.7
    assert SAID in " ".join(image.notes)
    assert "hot" not in " ".join(kept.notes) + " ".join(good.notes)


def test_a_stack_in_memory_too(hot, healthy, tiny_model):
    stack = RawStack(hot[None, None, None], Pattern(3, 5), Optics(**MICROSCOPE))
    image = srredsim.predict(stack, model=tiny_model)
    assert np.array_equal(image.array, srredsim.predict(repaired(hot, hot_pixels(hot)), model=tiny_model).array)
    assert SAID in " ".join(image.notes)
    kept = srredsim.predict(stack, model=tiny_model, keep_hot_pixels=True)
    assert not np.allclose(kept.array, image.array)
    read = srredsim.read(hot, keep_hot_pixels=True)  # what was said when it was read holds
    assert np.array_equal(srredsim.predict(read, model=tiny_model).array, kept.array)


@pytest.mark.parametrize("command", ["predict", "reconstruct"])
def test_commands_say_it(command, hot, tmp_path, run, tiny_model):
    path = stored(tmp_path / "stack.tif", hot)
    more = ("--model", tiny_model) if command == "predict" else ()
    status, _, err = run(command, path, *more)
    assert status == 0
    assert [line for line in err.splitlines() if SAID in line and "--keep-hot-pixels" in line]
    status, _, err = run(command, path, *more, "--keep-hot-pixels", "--overwrite")
    assert (status, "hot pixel" in err) == (0, False)


def test_reference_says_it_and_makes_pairs_without(hot, tmp_path, run):
    path, out = stored(tmp_path / "stack.tif", hot), tmp_path / "out"
    status, _, said = run("reference", path, "--out", out, "--light", 0.3)
    assert (status, SAID in said) == (0, True)
    (raw,) = out.rglob("raw/*.tif")
    assert len(hot_pixels(io.read(raw, keep_hot_pixels=True).raw())) == 0


def test_inspect_names_them_and_checks_the_rest_without(hot, healthy, tmp_path, run):
    path = stored(tmp_path / "stack.tif", hot)
    status, out, _ = run("inspect", path, "--json")
    report = json.loads(out)["results"][0]
    (check,) = (each for each in report["channels"][0]["checks"] if each["name"] == "hot pixels")
    assert (status, check["verdict"], check["number"]) == (0, "doubtful", SAID)
    assert "--keep-hot-pixels" in check["advice"] or "`keep_hot_pixels`" in check["advice"]
    fine = inspection.inspect(srredsim.read(healthy.raw, **MICROSCOPE))["channels"][0]["checks"]
    others = {each["name"]: each["verdict"] for each in report["channels"][0]["checks"] if each is not check}
    assert others == {each["name"]: each["verdict"] for each in fine}


def test_each_time_is_looked_at_by_itself(hot, healthy, tmp_path):
    series = np.stack([healthy.raw, hot])[:, None, None]
    stack = io.read(stored(tmp_path / "series.tif", series))
    assert isinstance(stack.array, Repaired)
    assert np.array_equal(stack.raw(0), healthy.raw)
    assert np.array_equal(stack.raw(1), repaired(hot, hot_pixels(hot)))
    assert stack.array.places() == HOT
    assert stack.array.places(1) == []


def test_other_readings_of_the_file_are_repaired_too(hot, tmp_path):
    np.save(tmp_path / "a.npy", hot.transpose(1, 0, 2, 3).reshape(15, *hot.shape[2:]))
    stack = io.read(tmp_path / "a.npy")
    (other,) = (each for name, each in io.alternatives(stack).items() if 'order="ZAP", angles=3, phases=5' in name)
    assert np.array_equal(other.raw(), repaired(hot, hot_pixels(hot)))


@pytest.mark.parametrize("remembers", [False, True])
@pytest.mark.parametrize("tiled", [False, True])
def test_a_stack_is_given_on_as_it_was_read(tiled, remembers, hot, tmp_path):
    array, order = (np.block([list(row) for row in hot]), "tiled") if tiled else (hot.reshape(15, 48, 56), None)
    np.save(tmp_path / "a.npy", array)
    reading = {"order": order, "angles": 3, "phases": 5, **MICROSCOPE}
    for kept, expected in ((True, hot), (False, repaired(hot, hot_pixels(hot)))):
        stack = io.read(tmp_path / "a.npy", keep_hot_pixels=kept, **reading)
        stack = io.remembering(stack) if remembers else stack
        assert np.array_equal(stacks.raw_stack(stack, {"na": 1.3}).raw(), expected)  # told of optics alone
        assert np.array_equal(stacks.raw_stack(stack, {"keep_hot_pixels": True}).raw(), hot)
        image = srredsim.reconstruct(stack)
        assert np.array_equal(image.array, srredsim.reconstruct(hot, keep_hot_pixels=kept, **MICROSCOPE).array)
        assert (SAID in " ".join(image.notes)) is not kept


def test_widefield_images_have_no_such_flag(healthy, refused, tmp_path):
    np.save(tmp_path / "a.npy", healthy.raw[0, 0])
    with pytest.raises(InputError, match="keep_hot_pixels"):
        srredsim.denoise(healthy.raw[0, 0], keep_hot_pixels=True)
    assert replace(io.Reading(), keep_hot_pixels=True).keep_hot_pixels
