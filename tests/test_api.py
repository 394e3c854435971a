"""The verbs of srredsim: what the command line writes comes out of them, from a stack, a path or an array alike."""

import ast
import inspect
import json
import subprocess
import sys
import warnings
from dataclasses import fields
from pathlib import Path

import keras
import numpy as np
import pytest
import tifffile

import srredsim
from srredsim import api, io
from srredsim.acquisition import Optics
from srredsim.cli.main import main, parser
from srredsim.errors import Doubt, InputError
from srredsim.results import NOTEBOOK_PANEL, Image
from srredsim.simulation.sim import simulate_stack
from srredsim.stacks import OfReading
from srredsim.workflows import reconstruct as reconstruction
from srredsim.zoo import models, recipe

MICROSCOPE = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.07}
DENOISER = "network: {name: dncnn, depth: 4, filters: 4}\ndata: {input: widefield, target: average}\n"
TWICE = (
    "network: {name: red_net, input_channels: 1, depth: 3, filters: 4, widefield_skip: true}\n"
    "data: {input: widefield, target: sim}\n"
)


@pytest.fixture(scope="module")
def raw():
    """(angles, phases, y, x) with stripes in plenty of light."""
    light = {"photons": (400.0, 400.0), "phantom": "filaments", "haze": 0.2}
    return simulate_stack(8, size=(64, 80), angles=3, phases=5, **light, **MICROSCOPE).raw


@pytest.fixture(scope="module")
def several(raw):
    """The same as two times, two channels and two slices of unlike brightness, T C Z A P Y X."""
    factors = np.linspace(1.0, 0.6, 8).reshape(2, 2, 2)
    return np.uint16(raw * factors[..., None, None, None, None])


@pytest.fixture(scope="module")
def file(several, tmp_path_factory):
    path = tmp_path_factory.mktemp("stacks") / "cells.tif"
    return io.write_raw(path, several, optics=Optics(**MICROSCOPE, z_step_um=0.3, frame_interval_s=2.0))


@pytest.fixture(scope="module")
def single(raw, tmp_path_factory):
    path = tmp_path_factory.mktemp("stacks") / "single.tif"
    return io.write_raw(path, raw, optics=Optics(**MICROSCOPE))


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    """Folder of two models of widefield images with random weights."""
    home = tmp_path_factory.mktemp("models")
    for seed, (name, text) in enumerate({"denoiser": DENOISER, "twice": TWICE}.items()):
        (home / name).mkdir()
        (home / name / "recipe.yaml").write_text(text, encoding="utf-8")
        keras.utils.set_random_seed(seed)
        network = models.build_network(recipe.load(home / name))
        rng = np.random.default_rng(seed)
        for weight in network.weights:
            weight.assign(rng.uniform(0.01, 0.3, weight.shape))
        network.save_weights(home / name / models.WEIGHTS)
    return home


@pytest.fixture
def command(tmp_path, capsys):
    """Function: what a command says with --json."""

    def command(*argv):
        capsys.readouterr()
        assert main([*map(str, argv), "--out", str(tmp_path / "command"), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return command


def report_of(said):
    """Report of the only input."""
    return said["results"][0] if "results" in said else said


def same_file(image, path, tmp_path):
    """Whether the saved image is the file, byte by byte."""
    return image.save(tmp_path / "saved.tif", overwrite=True).read_bytes() == Path(path).read_bytes()


# As the command line


def test_reconstruct_is_the_command(file, command, tmp_path):
    said = report_of(command("reconstruct", file, "--wiener", 0.05))
    image = srredsim.reconstruct(file, wiener=0.05)
    assert image.axes == "TCZYX"
    assert image.shape == (2, 2, 2, 128, 160)
    assert same_file(image, said["paths"][0], tmp_path)
    written = json.loads(Path(said["paths"][1]).read_text(encoding="utf-8"))
    assert json.loads(json.dumps(image.found)) == written


def test_reconstruct_takes_what_is_known(single, command, tmp_path):
    said = report_of(command("reconstruct", single))
    known = said["paths"][1]
    again = report_of(command("reconstruct", single, "--parameters", known, "--method", "richardson-lucy"))
    image = srredsim.reconstruct(single, parameters=known, method="richardson-lucy")
    assert same_file(image, again["paths"][0], tmp_path)
    assert image.name == "richardson-lucy"
    assert image.found["parameters"] == known
    damped = srredsim.reconstruct(single, otf_damping=0.9)
    assert damped.found["channels"][0]["otf"]["damping"] == 0.9


def test_predict_is_the_command(file, tiny_model, command, tmp_path):
    said = report_of(command("predict", file, "--model", tiny_model, "--no-consistency", "--precision", "float32"))
    image = srredsim.predict(file, model=tiny_model, precision="float32")
    assert same_file(image, said["paths"][0], tmp_path)
    assert image.pixel_size_um == pytest.approx(0.035)
    assert (image.z_step_um, image.frame_interval_s) == (0.3, 2.0)


def test_predict_and_compare_are_the_command_that_chooses(single, command, tmp_path):
    """The shipped model, which it names, its image, and the maps that say how far the frames support it."""
    said = report_of(command("predict", single))
    image = srredsim.predict(stack := srredsim.read(single))
    assert image.notes[0] == f"3 angles x 5 phases, taking the model {said['model']}"
    assert image.name == said["model"] == "red_wiener"
    assert image.found["stripes"] == said["stripes"]
    assert same_file(image, said["paths"][0], tmp_path)
    maps = srredsim.compare_with_frames(image, stack)
    assert same_file(maps, said["paths"][2], tmp_path)
    assert json.loads(json.dumps(maps.found)) == said["consistency"]
    assert maps.channel_names == ("residual", "score")


def test_denoise_is_the_command(several, command, tmp_path):
    widefield = several[0, 0, :, 0].mean(axis=1)
    np.save(tmp_path / "cells.npy", widefield)
    said = report_of(command("denoise", tmp_path / "cells.npy", "--method", "pure_let"))
    image = srredsim.denoise(widefield, method="pure_let")
    assert image.axes == "ZYX"
    assert same_file(image, said["paths"][0], tmp_path)
    assert image.found["planes"] == said["planes"]


def test_the_command_denoises_by_the_same_method(several, command, tmp_path):
    plane = several[0, 0, 0, 0, 0, :48, :48]
    np.save(tmp_path / "cells.npy", plane)
    said = report_of(command("denoise", tmp_path / "cells.npy", "--noise", 1, 0))
    image = srredsim.denoise(plane, noise=(1, 0))
    assert said["method"] == image.found["method"] == inspect.signature(srredsim.denoise).parameters["method"].default
    assert same_file(image, said["paths"][0], tmp_path)


def test_widefield_models_are_the_command(raw, zoo, command, tmp_path):
    widefield = raw.mean(axis=(0, 1))
    np.save(tmp_path / "cells.npy", widefield)
    names = [zoo / "denoiser", zoo / "twice"]
    for name in names:
        said = report_of(command("predict", tmp_path / "cells.npy", "--model", name, "--pixel-size-um", 0.07))
        image = srredsim.predict(widefield, model=name, pixel_size_um=0.07)
        assert same_file(image, said["paths"][0], tmp_path)
    assert image.axes == "YX"
    assert image.shape == (128, 160)
    assert image.pixel_size_um == pytest.approx(0.035)


def test_inspect_is_the_command(single, command):
    said = report_of(command("inspect", single))
    found = json.loads(json.dumps(srredsim.inspect(single).found))
    assert found == {name: said[name] for name in found}
    assert set(said) - set(found) == {"input", "picture"}


def test_simulate_is_the_command(tmp_path, capsys):
    assert main(["simulate", "--out", str(tmp_path), "--seed", "4", "--count", "2", "--size", "32"]) == 0
    stack, truth = srredsim.simulate(seed=4, index=1, size=32)
    np.testing.assert_array_equal(stack.raw(), srredsim.read(tmp_path / "raw" / "0001.tif").raw())
    np.testing.assert_array_equal(truth, tifffile.imread(tmp_path / "truth" / "0001.tif"))
    assert json.loads(json.dumps(truth.found)) == json.loads((tmp_path / "0001.json").read_text(encoding="utf-8"))
    assert truth.pixel_size_um == pytest.approx(stack.optics.pixel_size_um / 2)


def test_names_and_defaults_are_those_of_the_command_line():
    commands = next(iter(parser()._subparsers._group_actions)).choices
    not_flags = {"data", "image", "progress", "axes", "fixed", "index"}
    for verb in ("inspect", "reconstruct", "predict", "denoise", "simulate"):
        flags = set(commands[verb].flags())
        parameters = inspect.signature(getattr(api, verb)).parameters
        taken = {name for name in parameters if name not in ("reading", "given")}
        assert taken - not_flags <= flags, verb
        for action in commands[verb]._actions:  # what a function has a default for, nobody has to type
            function_has = action.dest in taken and parameters[action.dest].default is not inspect.Parameter.empty
            assert not (action.required and function_has), (verb, action.dest)
    known = {"parameters", "k", "phase_steps", "otf", "otf_damping"}
    assert known | set(api.OfReading.__annotations__) - {"axes"} <= set(commands["reconstruct"].flags())
    assert set(OfReading.__annotations__) == {field.name for field in fields(io.Reading)} | {"axes"}
    assert set(api.OfReconstruction.__annotations__) - set(OfReading.__annotations__) == known | {"device"}
    ours = inspect.signature(api.reconstruct).parameters
    for field in fields(reconstruction.Method):
        if field.name != "device":  # which is taken with what is known of the stripes
            assert ours["method" if field.name == "name" else field.name].default == field.default


# Stacks, paths and arrays


def test_arrays_are_read_as_files_are(raw, single):
    expected = srredsim.read(single)
    frames = raw.reshape(15, *raw.shape[2:])
    forms = [
        (raw, {}),
        (frames, {}),
        (frames, {"angles": 3, "phases": 5}),
        (raw.transpose(1, 0, 2, 3), {"axes": "PAYX"}),
        (frames.reshape(3, 5, -1).swapaxes(0, 1).reshape(frames.shape), {"angles": 3, "phases": 5, "order": "ZAP"}),
        (raw[None, None, None], {"axes": "TCZAPYX"}),
        (raw[None, None, None], {}),
        (raw.tolist(), {}),
    ]
    for array, told in forms:
        stack = srredsim.read(array, **told, **MICROSCOPE)
        np.testing.assert_array_equal(stack.raw(), expected.raw(), err_msg=str(told))
        assert stack.sizes == expected.sizes
        assert stack.optics == expected.optics
    image = srredsim.reconstruct(frames, wiener=0.05, **MICROSCOPE)
    np.testing.assert_array_equal(image, srredsim.reconstruct(single, wiener=0.05))
    assert image.pixel_size_um == pytest.approx(0.035)


def test_axes_are_mapped_over(several, tiny_model):
    model = srredsim.load_model(tiny_model, "float32")
    whole = srredsim.predict(several, model=model, axes="TCZAPYX")
    assert whole.axes == "TCZYX"
    for position in [(0, 0, 0), (1, 0, 1), (1, 1, 0)]:
        np.testing.assert_array_equal(whole.planes[position], srredsim.predict(several[position], model=model))
    swapped = srredsim.predict(several[:, :, 0].swapaxes(0, 1), model=model, axes="CTAPYX")
    assert swapped.axes == "TCYX"
    np.testing.assert_array_equal(swapped, whole.array[:, :, 0])


def test_what_is_told_wins_over_the_stack(single):
    stack = srredsim.read(single, na=1.3)
    assert stack.optics.na == 1.3
    told = srredsim.read(stack, wavelength_em_um=0.6)
    assert (told.optics.na, told.optics.wavelength_em_um, told.optics.pixel_size_um) == (1.3, 0.6, 0.07)
    found = srredsim.reconstruct(stack, wavelength_em_um=0.6, wiener=0.05).found
    assert found["optics"] == {"na": 1.3, "wavelength_em_um": 0.6, "pixel_size_um": 0.07}


def test_a_loaded_model_is_used_as_it_is(raw, zoo):
    model = srredsim.load_model(zoo / "denoiser", "float32")
    assert srredsim.load_model(model) is srredsim.load_model(model, "float32") is model
    with pytest.raises(InputError, match="the model denoiser is loaded with float32 already; leave out `precision`"):
        srredsim.predict(raw[0, 0], model=model, precision="bfloat16")
    widefield = raw.mean(axis=(0, 1))
    by_name = srredsim.predict(widefield, model=zoo / "denoiser", precision="float32")
    np.testing.assert_array_equal(srredsim.predict(widefield, model=model), by_name)
    np.testing.assert_array_equal(srredsim.denoise(widefield, method="dncnn", model=model), by_name)
    assert repr(model) == "<Model denoiser: takes widefield images, makes 1x the pixels, float32>"


def test_an_image_can_be_denoised_and_keeps_its_calibration(several, zoo):
    optics = Optics(pixel_size_um=0.1, z_step_um=0.2)
    planes = several[0, :, :, 0].mean(axis=2)[None]
    image = Image.of_planes(planes, optics=optics, channel_names=("actin", "tubulin"))
    assert image.axes == "CZYX"
    denoised = srredsim.denoise(image, method="pure_let")
    assert (denoised.axes, denoised.channel_names, denoised.optics) == ("CZYX", ("actin", "tubulin"), optics)
    larger = srredsim.predict(image, model=zoo / "twice")
    assert (larger.axes, larger.channel_names) == ("CZYX", ("actin", "tubulin"))
    assert larger.optics == Optics(pixel_size_um=0.05, z_step_um=0.2)


def test_a_wrong_image_is_not_supported(raw, single):
    """A bright square that no frame has: it is outlined, and the residual rises."""
    image = srredsim.reconstruct(single)
    forged = image.array.copy()
    forged[50:60, 70:80] += np.float32(5 * np.percentile(image, 99))
    honest, wrong = (srredsim.compare_with_frames(each, raw, **MICROSCOPE) for each in (image, forged))
    residual = [maps.found["planes"][0]["residual"] for maps in (honest, wrong)]
    assert residual[0] < 1.3 < residual[1]
    score = wrong.planes[0, 1, 0]
    assert score[50:60, 70:80].min() < -5
    assert wrong.found["planes"][0]["unsupported_fraction"] > 0
    assert wrong.found["line"].startswith(f"residual {residual[1]:.2f} ")


# Results


def test_saved_images_are_calibrated(tmp_path, several):
    planes = several[..., 0, 0, :, :].astype(np.float32) + 0.25
    optics = Optics(pixel_size_um=0.04, z_step_um=0.3, frame_interval_s=2.0)
    image = Image.of_planes(planes, optics=optics, channel_names=("a", "b"))
    path = image.save(tmp_path / "new" / "image.tif")
    with tifffile.TiffFile(path) as tif:
        assert tif.is_imagej
        assert tif.series[0].axes == "TZCYX"
        assert tif.imagej_metadata["spacing"] == pytest.approx(0.3)
        assert tif.imagej_metadata["finterval"] == pytest.approx(2.0)
        assert list(tif.imagej_metadata["Labels"][:2]) == ["a", "b"]
    back, pixel_size_um = io.read_image(path)
    np.testing.assert_array_equal(back, planes)
    assert pixel_size_um == pytest.approx(0.04)
    image.save(tmp_path / "rounded.TIFF", dtype="uint16")
    rounded = io.read_image(tmp_path / "rounded.TIFF")[0]
    assert rounded.dtype == np.uint16
    np.testing.assert_array_equal(rounded, planes - 0.25)


def test_nothing_is_overwritten_unasked(tmp_path):
    image = Image(np.eye(16, dtype=np.float32), "YX")
    image.save(tmp_path / "a.tif")
    before = (tmp_path / "a.tif").read_bytes()
    with pytest.raises(InputError, match="exists already"):
        Image(np.ones((16, 16), np.float32), "YX").save(tmp_path / "a.tif")
    assert (tmp_path / "a.tif").read_bytes() == before
    with pytest.raises(InputError, match=r"^images are written as .tif or .tiff or .zarr; got a.png"):
        image.save(tmp_path / "a.png")
    picture = srredsim.show(image)
    picture.save(tmp_path / "a.png")
    with pytest.raises(InputError, match="exists already"):
        picture.save(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"^pictures are written as .png; got b.tif"):
        picture.save(tmp_path / "b.tif")
    assert {path.name for path in tmp_path.iterdir()} == {"a.tif", "a.png"}


def test_numpy_takes_an_image():
    image = Image(np.arange(12, dtype=np.float32).reshape(3, 4), "YX", Optics(pixel_size_um=0.05), name="noise")
    assert np.asarray(image) is image.array
    assert np.array(image) is not image.array
    assert np.mean(image) == 5.5
    assert np.asarray(image, np.float64).dtype == np.float64
    assert image.planes.shape == (1, 1, 1, 3, 4)
    assert repr(image) == "<Image noise: YX 3 x 4, 0.05 um a pixel>"


def test_a_stack_says_what_it_is_in_a_line(file, raw):
    assert repr(srredsim.read(file)) == (
        "<RawStack cells.tif, T 2, C 2, Z 2, 3 angles x 5 phases of 64 x 80 pixels, uint16, na 1.4,"
        " wavelength_em_um 0.525, 0.07 um a pixel, z_step_um 0.3, frame_interval_s 2>"
    )
    assert repr(srredsim.read(raw)) == "<RawStack 3 angles x 5 phases of 64 x 80 pixels, uint16>"


def test_a_report_as_text_and_in_a_notebook(raw, tmp_path):
    report = srredsim.inspect(raw, **MICROSCOPE)
    names = {check["name"] for check in report.checks}
    assert {"saturation", "stripes", "movement"} <= names
    text, page = repr(report), report._repr_html_()
    for name in names:
        assert name in text
        assert f"<td>{name}</td>" in page
    assert "data:image/jpeg;base64," in page
    assert len(page) < 400_000
    report.save(tmp_path / "report.png")
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")


def test_a_wrong_order_is_seen_and_the_advice_is_python(raw):
    report = srredsim.inspect(raw.reshape(15, *raw.shape[2:]), angles=3, phases=5, order="ZAP", **MICROSCOPE)
    order = next(check for check in report.checks if check["name"] == "frame order")
    assert order["verdict"] == "bad"
    assert "order=" in order["advice"]
    assert order["advice"] in report.advice
    assert "--" not in "".join(report.advice)


def test_pictures_for_notebooks(single, raw):
    stack = srredsim.read(single)
    image = srredsim.reconstruct(stack, wiener=0.05)
    maps = srredsim.compare_with_frames(image, stack)
    assert image._repr_png_().startswith(b"\x89PNG")
    assert image._repr_jpeg_() is None
    assert maps._repr_jpeg_().startswith(b"\xff\xd8")
    assert maps._repr_png_() is None
    beside = srredsim.show(stack, image, raw.mean(axis=(0, 1)), title="cells")
    assert beside._repr_png_() == beside.png
    width, height = (int(number) for number in repr(beside).split() if number.isdigit())
    assert 3 * NOTEBOOK_PANEL < width < 3 * NOTEBOOK_PANEL + 100
    assert 1.5 * NOTEBOOK_PANEL < height < 3 * NOTEBOOK_PANEL


def test_show_says_what_cannot_be_shown(raw):
    with pytest.raises(InputError, match="do not show the same field"):
        srredsim.show(raw.mean(axis=(0, 1)), np.eye(64))
    with pytest.raises(InputError, match=r"there is no `t=0, c=1, z=0`: of T, C and Z there are \(1, 1, 1\)"):
        srredsim.show(raw, c=1)
    with pytest.raises(InputError, match="nothing to show"):
        srredsim.show()


# What is wrong is said in one line, with the argument that would help


def test_letters_of_an_order_are_those_of_axes_from_the_fastest_on():
    frames = np.random.default_rng(0).poisson(90, (30, 8, 9)).astype(np.uint16)
    for order, axes, shape in (("PAZ", "ZAPYX", (2, 3, 5)), ("PZA", "AZPYX", (3, 2, 5)), ("ZAP", "PAZYX", (5, 3, 2))):
        by_order = srredsim.read(frames, order=order, angles=3, phases=5)
        by_axes = srredsim.read(frames.reshape(*shape, 8, 9), axes=axes)
        for z in (0, 1):
            np.testing.assert_array_equal(by_order.raw(z=z), by_axes.raw(z=z))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda raw: srredsim.read(raw[0, 0]), r"1 frame, but a raw stack has several.*denoise.*, as w2s_dncnn"),
        (lambda raw: srredsim.read(raw[:, :4]), r"12 frames do not make 3 angles x 5 phases|4 .*phases"),
        (lambda raw: srredsim.read(np.zeros(7)), r"^an array of the shape \(7,\) is no image"),
        (lambda raw: srredsim.read(raw, axes="PYX"), r"^`axes` names 3 axes \(PYX\), but the shape of the array is"),
        (lambda raw: srredsim.read(raw, axes="QPYX"), r"^`axes` are different letters of TCZAPYX"),
        (lambda raw: srredsim.read("cells.tif", axes="APYX"), r"^`axes` are those of an array"),
        (lambda raw: srredsim.read("no_such_file.tif"), "^no_such_file.tif does not exist"),
        (lambda raw: srredsim.read(srredsim.read(raw), angles=5), r"^`angles` is for a path or an array"),
        (lambda raw: srredsim.read(raw, order="PZZ"), "^no `order` 'PZZ'.*; there are: PAZ"),
        (lambda raw: srredsim.reconstruct(raw[..., :40, :40], na=1.4), r"`wavelength_em_um, pixel_size_um`"),
        (
            lambda raw: srredsim.reconstruct(raw, method="winer", **MICROSCOPE),
            r"^no `method` 'winer' \(did you mean 'wiener'\?\); there are: auto, wiener",
        ),
        (lambda raw: srredsim.reconstruct(raw, split_photons=4, **MICROSCOPE), r"^`split_photons` should be True or"),
        (lambda raw: srredsim.read(raw, widefield_frame="end"), r"^no `widefield_frame` 'end'; there are: none, first"),
        (lambda raw: srredsim.reconstruct(raw, iterations=3, **MICROSCOPE), r"`iterations` is for `method="),
        (lambda raw: srredsim.inspect(raw, **{**MICROSCOPE, "na": 9.0}), "na|NA"),
        (
            lambda raw: srredsim.predict(raw, model="red_wienr"),
            "^`model`: no model called 'red_wienr'.*did you mean 'red_wiener'",
        ),
        (lambda raw: srredsim.denoise(srredsim.read(raw)), r"^this is a raw stack of 3 angles x 5 phases, not a wide"),
        (
            lambda raw: srredsim.denoise(raw[0, 0], method="bm3d"),
            r"^no `method` 'bm3d' \(did you mean 'vst_bm3d'\?\); there are: ",
        ),
        (lambda raw: srredsim.denoise(raw[0, 0], method="dncnn", noise=(1, 0)), r"^`noise` is for `method`"),
        (lambda raw: srredsim.denoise(raw[0, 0], model="w2s_dncnn"), r"^`model` is for the networks"),
        (lambda raw: srredsim.denoise(raw[0, 0], noise=(-1, -1)), "a variance|of the variance"),
        (
            lambda raw: srredsim.compare_with_frames(np.eye(64), raw, **MICROSCOPE),
            r"\(1, 1, 1, 128, 160\); got \(64, 64\)",
        ),
        (lambda raw: srredsim.compare_with_frames(np.eye(128), raw), r"`na, wavelength_em_um, pixel_size_um`"),
        (lambda raw: srredsim.simulate(size=4), "at least 8 x 8 pixels"),
    ],
)
def test_messages(raw, call, message):
    with pytest.raises(InputError, match=message) as problem:
        call(raw)
    assert "--" not in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_wrong_argument_is_named_with_the_nearest(raw):
    with pytest.raises(TypeError, match=r"no argument called 'wavelength_um'.*did you mean 'wavelength_em_um'"):
        srredsim.reconstruct(raw, na=1.4, wavelength_um=0.5)


# The package


def test_verbs_and_submodules_are_imported_when_they_are_asked_for():
    script = """
import sys, srredsim
loaded = {name.partition(".")[0] for name in sys.modules}
assert not loaded & {"numpy", "scipy", "tifffile", "keras", "tensorflow", "matplotlib", "yaml"}, loaded
assert {"read", "predict", "api"} - set(dir(srredsim)) == {"api"}
assert srredsim.io.read and srredsim.tiling.tiles and srredsim.errors.InputError
assert srredsim.read and srredsim.reconstruct.__module__ == "srredsim.api"
loaded = {name.partition(".")[0] for name in sys.modules}
assert not loaded & {"keras", "tensorflow", "matplotlib"}, loaded
for name in ("nonsense", "_shipped", "__wrapped__"):
    assert not hasattr(srredsim, name)
from srredsim import *
assert predict is srredsim.predict
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_type_checker_sees_every_verb():
    tree = ast.parse(Path(srredsim.__file__).read_text(encoding="utf-8"))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "srredsim.api"]
    assert sorted(alias.name for node in imported for alias in node.names) == srredsim.__all__ == api.__all__
    for verb in srredsim.__all__:
        signature = inspect.signature(getattr(srredsim, verb))
        annotations = [parameter.annotation for parameter in signature.parameters.values()]
        assert inspect.Signature.empty not in [*annotations, signature.return_annotation], verb
    assert (Path(srredsim.__file__).parent / "py.typed").is_file()


def test_what_would_be_lost_of_an_image_is_refused():
    sample = simulate_stack(3, index=1, size=48, phases=3, photons=(300.0, 300.0))
    known = {name: getattr(sample.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
    for wrong, words in ((np.ma.masked_less(sample.truth, 1), "a masked array"), (sample.truth + 1j, "real numbers")):
        with pytest.raises(InputError, match=words):
            srredsim.compare_with_frames(wrong, sample.raw, **known)


def test_what_makes_an_image_doubtful_is_warned_of():
    even = simulate_stack(3, index=1, size=64, phases=3, photons=(100.0, 100.0), modulation_depths=((1e-6,),) * 3)
    optics = {name: getattr(even.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
    for verb in (srredsim.reconstruct, srredsim.predict):
        with pytest.warns(Doubt, match="^no stripes were found in any angle") as told:
            verb(even.raw, **optics)
        assert told[0].filename == __file__
    good = simulate_stack(3, index=1, size=64, phases=3, photons=(1000.0, 1000.0), phantom="filaments")
    optics = {name: getattr(good.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
    with warnings.catch_warnings():
        warnings.simplefilter("error", Doubt)
        assert srredsim.reconstruct(good.raw, **optics).shape == (128, 128)


def test_a_stack_is_an_array_of_its_frames():
    frames = np.random.default_rng(0).integers(0, 500, (2, 2, 3, 5, 16, 20)).astype(np.uint16)
    stack = srredsim.read(frames, axes="TZAPYX")
    assert (stack.shape, stack.dtype) == ((2, 1, 2, 3, 5, 16, 20), np.dtype("uint16"))
    np.testing.assert_array_equal(np.asarray(stack)[:, 0], frames)
    assert np.asarray(stack, np.float32).dtype == np.float32
