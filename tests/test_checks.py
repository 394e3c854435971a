"""What the command line refuses by the types of its flags is refused from Python too, by name, in one line."""

import numpy as np
import pytest

import srredsim
from srredsim.errors import InputError
from srredsim.workflows.reconstruct import KnownStripes, Lens, Method

NAN, INF = float("nan"), float("inf")
MICROSCOPE = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.07}
STACK = np.random.default_rng(0).uniform(90, 110, (3, 5, 16, 16))


@pytest.fixture(scope="module")
def striped():
    light = {"photons": (400.0, 400.0), "phantom": "filaments", "haze": 0.2}
    return srredsim.simulate(seed=8, size=(64, 80), **light, **MICROSCOPE).stack


def refused(name, call, *values, **named):
    """The message of what is refused: in one line, with the argument, and what came."""
    with pytest.raises(InputError, match=f"`{name}`") as problem:
        call(*values, **named)
    assert "\n" not in str(problem.value)
    return str(problem.value)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("attenuation", (2, -0.1, NAN, "0.5", "off", True)),
        ("wiener", (-1, 0, NAN, INF, 1e300, "0.1", True)),
        ("otf_damping", (5, -0.5, 0, NAN, "1")),
        ("iterations", (-1, 0, 2.5, "3")),
        ("otf", (5, "a\0b")),
        ("parameters", (5, "", "a\0b")),
        ("k", ([1, 2, 3], "1,2", [[1, 2, 3]] * 3, [[1, 2], [3]], [[1, NAN]] * 3, [], [["1", "2"]] * 3)),
        ("phase_steps", ([], 5, "0,1", [[0, 1], [0, 1, 2]], [0, 1, NAN, 3, 4], [["0", "1"]], [[[0]]])),
    ],
)
def test_what_no_reconstruction_can_use(name, values):
    method = {"method": "richardson-lucy"} if name == "iterations" else {}
    for value in values:
        message = refused(name, srredsim.reconstruct, STACK, **MICROSCOPE, **method, **{name: value})
        assert "got" in message


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *((name, (-1, 0, NAN, INF, "1.4", True, [[1.4]])) for name in MICROSCOPE),
        *((name, (0, -3, 3.0, "3", True)) for name in ("angles", "phases")),
        ("trailing_widefield", ("no", 1, None)),
    ],
)
@pytest.mark.parametrize("of", ["array", "file", "stack"])
def test_what_no_file_is_read_with(name, values, of, tmp_path):
    np.save(tmp_path / "stack.npy", STACK)
    data = {"array": STACK, "file": tmp_path / "stack.npy", "stack": srredsim.read(STACK)}[of]
    for value in values:
        assert "got" in refused(name, srredsim.read, data, **{name: value})


@pytest.mark.parametrize(("shape", "kind"), [((9, 8, 8), np.uint16), ((9, 33, 31), np.float16)])
@pytest.mark.filterwarnings("error::RuntimeWarning", "ignore::srredsim.errors.Doubt")
def test_few_pixels_and_half_digits_are_computed_with(shape, kind):
    """Nothing is divided by 0 or overflows; of noise around 20000 an image is as bright as its frames."""
    frames = np.random.default_rng(0).poisson(20000, shape).astype(kind)
    assert srredsim.inspect(frames, **MICROSCOPE).found["highest"] == float(frames.max())
    assert np.isfinite(srredsim.reconstruct(frames, **MICROSCOPE).array).all()


def test_numbers_of_numpy_are_numbers():
    read = srredsim.read(STACK, na=np.float32(1.25), angles=np.int64(3), trailing_widefield=np.False_)
    assert read.optics.na == 1.25
    assert read.pattern.angles == 3
    assert Method(wiener=np.float64(0.1), attenuation=0).wiener == 0.1
    assert Lens(otf_damping=1).otf_damping == 1


def test_arrays_are_what_tuples_are():
    k, steps = [(1.0, 2.0), (3.0, -4.0)], [(0.0, 1.0, 2.0), (0.0, 2.0, 4.0)]
    assert KnownStripes(k=np.array(k), phase_steps=np.array(steps)) == KnownStripes(k=k, phase_steps=steps)
    one = KnownStripes(phase_steps=[steps[0]])
    assert KnownStripes(phase_steps=steps[0]) == KnownStripes(phase_steps=np.array(steps[0])) == one
    refused("parameters", KnownStripes, "a.json", np.array(k))
    refused("parameters", KnownStripes, {}, None, np.array(steps))


def test_what_was_found_serves_the_next_stack(striped, tmp_path):
    first = srredsim.reconstruct(striped)
    again = srredsim.reconstruct(striped, parameters=first.found)
    np.testing.assert_allclose(again.array, first.array, rtol=1e-3, atol=1e-3 * first.array.max())
    k = np.array([angle["k0_per_um"] for angle in first.found["channels"][0]["angles"]])
    near = srredsim.reconstruct(striped, k=k, phase_steps=np.arange(5) * 0.4 * np.pi)
    assert np.corrcoef(near.array.ravel(), first.array.ravel())[0, 1] > 0.99
    assert "does not hold" in refused("parameters", srredsim.reconstruct, striped, parameters={})


@pytest.mark.parametrize(
    ("data", "reading", "words"),
    [
        (np.ma.masked_greater(STACK, 100), {}, "masked array"),
        ([[1, 2], [3]], {}, "unequal length"),
        ([["a", "b"]], {}, "no array of numbers"),
        (np.arange(9.0), {}, "is no image"),
        (None, {}, "no array"),
        (STACK, {"axes": ["A", "P", "Y", "X"]}, "`axes` are different letters"),
        (STACK, {"axes": 4}, "`axes` are different letters"),
        ("a\0b.tif", {}, "`data` should be a path"),
    ],
)
def test_what_is_no_stack(data, reading, words):
    for call in (srredsim.read, srredsim.inspect, srredsim.reconstruct, srredsim.denoise):
        with pytest.raises(InputError, match=words):
            call(data, **reading)


IMAGE = STACK[0, 0].repeat(3, 0).repeat(3, 1)


@pytest.mark.parametrize(
    ("name", "call", "values"),
    [
        ("precision", lambda v: srredsim.predict(IMAGE, model="w2s_dncnn", precision=v), ("f8", None, 32)),
        ("model", lambda v: srredsim.predict(IMAGE, model=v), (5, [], [5])),
        ("model", lambda v: srredsim.denoise(IMAGE, method="dncnn", model=v), (5, [5])),
        ("noise", lambda v: srredsim.denoise(IMAGE, noise=v), (1, (1,), ("1", "2"), (1, NAN), (-1, 0), (1, 2, 3))),
        ("prior", lambda v: srredsim.denoise(IMAGE, method="vst_epll", prior=v), (5, "a\0b")),
        ("photons", lambda v: srredsim.simulate(photons=v), (100, (1,), ("1", "2"), (1, NAN), None)),
        ("size", lambda v: srredsim.simulate(size=v), (None, "64", 64.5, (64, None), 0)),
        ("na", lambda v: srredsim.simulate(na=v), ("x", None, -1, NAN)),
        ("haze", lambda v: srredsim.simulate(haze=v), ("x", None, NAN)),
        ("seed", lambda v: srredsim.simulate(seed=v), (-1, 1.5, "1", None)),
        ("index", lambda v: srredsim.simulate(index=v), (-1, 1.5, "1", None)),
        ("angles", lambda v: srredsim.simulate(angles=v), (0, 2.5, "3", None)),
        ("phases", lambda v: srredsim.simulate(phases=v), (0, 2.5, "3", None)),
        *((axis, lambda v, axis=axis: srredsim.show(IMAGE, **{axis: v}), ("1", 0.5)) for axis in "tcz"),
    ],
)
def test_what_other_verbs_cannot_use(name, call, values):
    for value in values:
        refused(name, call, value)


@pytest.fixture(scope="module")
def dncnn():
    return srredsim.load_model("w2s_dncnn", "float32")


def test_tiles_are_whole_numbers(dncnn):
    for tile in ("32", 20.5, 0, -1, True):
        refused("tile", srredsim.predict, IMAGE, model=dncnn, tile=tile)


@pytest.mark.parametrize(
    "told",
    [
        {"na": 1.4},
        {"wavelength_em_um": 0.5},
        {"angles": 3},
        {"phases": 5},
        {"order": "PAZ"},
        {"trailing_widefield": True},
    ],
    ids=lambda told: next(iter(told)),
)
def test_what_only_raw_stacks_have_is_not_passed_over(told, dncnn):
    (name,) = told
    plain = srredsim.stacks.plain_images(IMAGE, {}, 1)
    for data in (IMAGE, plain):
        assert "raw stacks" in refused(name, srredsim.denoise, data, **told)
        assert "w2s_dncnn takes widefield images" in refused(name, srredsim.predict, data, model=dncnn, **told)


@pytest.mark.parametrize(
    ("verb", "wrong", "right"),
    [
        (srredsim.reconstruct, "wienr", "wiener"),
        (srredsim.reconstruct, "otf_dampng", "otf_damping"),
        (srredsim.predict, "modl", "model"),
        (srredsim.denoise, "methd", "method"),
        (srredsim.read, "angels", "angles"),
    ],
)
def test_every_argument_is_among_those_that_are_offered(verb, wrong, right):
    with pytest.raises(TypeError, match=f"no argument called '{wrong}' .did you mean '{right}'") as problem:
        verb(STACK, **{wrong: 1})
    assert "pixel_size_um" in str(problem.value)
