"""The command line: exit status, what is printed where, what is written, and what bad input gets."""

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import tifffile

from srredsim import __version__, io, resources
from srredsim.cli import commands
from srredsim.cli.main import files_of, main

COMMANDS = files_of(commands)

ROOT = Path(__file__).parents[2]


class Outcome(NamedTuple):
    status: int
    out: str
    err: list[str]  # lines


@pytest.fixture
def run(capsys):
    def run(*argv) -> Outcome:
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in argv])
        except SystemExit as stop:  # argparse
            status = stop.code
        out, err = capsys.readouterr()
        return Outcome(status, out, err.splitlines())

    return run


@pytest.fixture
def refused(run):
    """Runs a command that has to fail: status 2, one line on standard error, nothing on standard output."""

    def refused(*argv) -> str:
        status, out, err = run(*argv)
        assert (status, out, len(err)) == (2, "", 1), err
        assert err[0].startswith("srredsim: ")
        return err[0]

    return refused


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def zoo(tiny_model, tmp_path, monkeypatch):
    """The tiny model is the only one that is shipped, as ``tiny``."""
    monkeypatch.setattr(resources, "SHIPPED", tiny_model.parents[1])
    assert resources.entries("models") == ["tiny"]


def raw_stack(angles=3, phases=5, size=(24, 20), seed=5) -> np.ndarray:
    """(angles, phases, y, x) counts with a bright square, so that the widefield image is not constant."""
    raw = np.random.default_rng(seed).poisson(50, (angles, phases, *size))
    raw[..., 5:12, 4:15] += 400
    return raw.astype(np.uint16)


@pytest.fixture
def stack(tmp_path):
    path = tmp_path / "stack.tif"
    io.write_raw(path, raw_stack(), optics=io_optics())
    return path


def io_optics():
    from srredsim.acquisition import Optics

    return Optics(na=1.4, wavelength_em_um=0.525, pixel_size_um=0.08)


def files_in(folder: Path) -> set[str]:
    """Everything below a folder, hidden temporary files and folders too."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


# Help and arguments


def test_help_names_every_command(run):
    status, out, err = run("--help")
    assert (status, err) == (0, [])
    assert set(COMMANDS) <= {line.split()[0] for line in out.splitlines() if line.startswith("    ") and line.strip()}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run, command):
    status, out, err = run(command, "--help")
    assert (status, err) == (0, [])
    assert out.startswith(f"usage: srredsim {command} ")


def test_version(run):
    assert run("--version") == Outcome(0, f"srredsim {__version__}\n", [])


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], "COMMAND"),
        (["predct"], "'predct'"),
        (["predict"], "INPUT"),
        (["predict", "a.tif", "--tile", "0"], "--tile: should be a whole number above 0; got '0'"),
        (["predict", "a.tif", "--tile", "many"], "got 'many'"),
        (["predict", "a.tif", "--pixel-size-um", "-0.1"], "a number above 0"),
        (["predict", "a.tif", "--pixel-size-um", "nan"], "a number above 0"),
        (["predict", "a.tif", "--order", "XYZ"], "'XYZ'"),
        (["predict", "a.tif", "--dtype", "int8"], "'int8'"),
        (["predict", "a.tif", "--colour"], "--colour"),
        (["inspect"], "INPUT"),
        (["simulate"], "--out"),
        (["simulate", "--out", "x", "--count", "0"], "--count"),
        (["simulate", "--out", "x", "--photons", "20"], "--photons"),
        (["evaluate"], "--model"),
        (["export", "tiny"], "--out"),
        (["export", "tiny", "--out", "x", "--format", "pickle"], "'pickle'"),
        (["train", "--precision", "int8"], "'int8'"),
        (["train", "--gpus", "-1"], "--gpus"),
        (["train"], "--model is missing"),
    ],
)
def test_wrong_arguments_get_one_line(refused, here, argv, expected):
    assert expected in refused(*argv)
    assert files_in(here) == set()


# predict


def test_predict_writes_beside_the_input_and_prints_the_paths(run, tiny_model, stack):
    status, out, err = run("predict", stack, "--model", tiny_model)
    assert (status, err) == (0, [])
    expected = [stack.with_name("stack_tiny.tif"), stack.with_name("stack_tiny.png")]
    assert out.split() == [str(path) for path in expected]
    assert tifffile.imread(expected[0]).shape == (48, 40)
    assert files_in(stack.parent) == {"stack.tif", "stack_tiny.tif", "stack_tiny.png"}


def test_predict_json_is_all_there_is_on_standard_output(run, tiny_model, stack, tmp_path):
    status, out, _ = run("predict", stack, "--model", tiny_model, "--out", tmp_path / "out", "--json")
    report = json.loads(out)
    assert status == 0
    assert report["failures"] == []
    assert [Path(path).name for path in report["results"][0]["paths"]] == ["stack_tiny.tif", "stack_tiny.png"]
    assert report["results"][0]["pixel_size_um"] == pytest.approx(0.04)


def test_predict_compares_with_the_frames_where_the_optics_are_known(run, tiny_model, stack, tmp_path):
    """Without them it says what to give; with --no-consistency it says nothing."""
    from srredsim.simulation.sim import simulate_stack

    sample = simulate_stack(3, size=48, photons=(300, 300))
    np.save(tmp_path / "cell.npy", sample.raw)
    settings = sample.settings
    flags = ["--angles", 3, "--phases", 5, "--pixel-size-um", settings.pixel_size_um, "--model", tiny_model]
    optics = ["--na", settings.na, "--wavelength-em-um", settings.wavelength_em_um]
    status, out, err = run("predict", tmp_path / "cell.npy", *flags)
    assert (status, len(out.splitlines())) == (0, 2)
    assert any("not compared with the raw frames" in line and "--na --wavelength-em-um" in line for line in err)
    status, out, _ = run("predict", tmp_path / "cell.npy", *flags, *optics, "--overwrite")
    assert status == 0
    assert [Path(line).name for line in out.splitlines()[2:4]] == [
        f"cell_tiny_consistency.{ending}" for ending in ("tif", "png")
    ]
    assert out.splitlines()[4].startswith("consistency: residual ")
    (tmp_path / "other").mkdir()
    run("predict", tmp_path / "cell.npy", *flags, *optics, "--no-consistency", "--out", tmp_path / "other")
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["cell_tiny.png", "cell_tiny.tif"]


def test_predict_without_a_model_takes_the_one_that_fits_and_says_so(run, zoo, stack):
    status, _, err = run("predict", stack)
    assert status == 0
    assert err == [f"srredsim: {stack}: 3 angles x 5 phases, taking the model tiny"]


def test_predict_without_a_model_that_fits(refused, zoo, tmp_path):
    path = tmp_path / "nine.tif"
    io.write_raw(path, raw_stack(3, 3))
    assert f"{path}: no model for 3 angles x 3 phases; there are: tiny (3 x 5)" in refused("predict", path)
    assert files_in(tmp_path) == {"nine.tif"}


def test_predict_passes_the_reading_on(run, tiny_model, tmp_path):
    """A phase-fastest file read as angle-fastest is another image."""
    frames = raw_stack().reshape(15, 24, 20)
    frames[:5] //= 3
    tifffile.imwrite(tmp_path / "plain.tif", np.concatenate([frames, frames[:1]]), photometric="minisblack")
    how = ["--trailing-widefield", "--angles", 3, "--phases", 5, "--pixel-size-um", 0.1, "--model", tiny_model]
    for order in ("PAZ", "ZAP", "PZA"):
        assert run("predict", tmp_path / "plain.tif", *how, "--order", order, "--out", tmp_path / order).status == 0
    images = [tifffile.imread(tmp_path / order / "plain_tiny.tif") for order in ("PAZ", "ZAP", "PZA")]
    assert not np.array_equal(images[0], images[1])
    with tifffile.TiffFile(tmp_path / "PAZ" / "plain_tiny.tif") as file:
        numerator, denominator = file.pages[0].tags["XResolution"].value
        assert denominator / numerator == pytest.approx(0.05, rel=1e-4)


def test_predict_passes_tile_dtype_and_precision_on(run, tiny_model, stack, tmp_path):
    flags = ["--tile", 8, "--dtype", "uint16", "--precision", "float32"]
    out = run("predict", stack, "--model", tiny_model, "--out", tmp_path / "out", "--json", *flags).out
    (report,) = json.loads(out)["results"]
    assert (report["tile"], report["precision"]) == (8, "float32")
    assert tifffile.imread(report["paths"][0]).dtype == np.uint16


def test_predict_a_folder_and_a_file_in_it_reads_each_once(run, tiny_model, stack, tmp_path):
    np.save(tmp_path / "other.npy", raw_stack(seed=6))
    status, out, err = run("predict", tmp_path, stack, "--model", tiny_model, "--out", tmp_path / "out")
    assert (status, [line for line in err if "not compared with the raw frames" not in line]) == (0, [])
    assert [Path(line).name for line in out.split() if line.endswith(".tif")] == ["other_tiny.tif", "stack_tiny.tif"]


def test_existing_results_stay_unless_told(run, refused, tiny_model, stack):
    assert run("predict", stack, "--model", tiny_model).status == 0
    result = stack.with_name("stack_tiny.tif")
    result.write_bytes(b"mine")
    assert "exists" in refused("predict", stack, "--model", tiny_model)
    assert result.read_bytes() == b"mine"
    assert run("predict", stack, "--model", tiny_model, "--overwrite").status == 0
    assert tifffile.imread(result).shape == (48, 40)


def test_two_inputs_may_not_write_the_same_result(run, tiny_model, stack, tmp_path):
    np.save(tmp_path / "stack.npy", raw_stack(seed=8))
    out = tmp_path / "out"
    status, printed, err = run(
        "predict", stack, tmp_path / "stack.npy", "--model", tiny_model, "--out", out, "--overwrite"
    )
    assert status == 2
    assert len(printed.split()) == 2
    assert err[0].startswith(f"srredsim: {tmp_path / 'stack.npy'}: its result would have the name of that of {stack}")


# What bad input gets


def _tiff(path, array, **settings):
    tifffile.imwrite(path, array, photometric=settings.pop("photometric", "minisblack"), **settings)


def _truncated_tiff(path):
    _tiff(path, raw_stack().reshape(15, 24, 20))
    path.write_bytes(path.read_bytes()[:-500])


def _cut_directory(path):
    """The list of pages is at the end of this file, and is missing."""
    _tiff(path, raw_stack().reshape(15, 24, 20), compression="zlib")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _with_value(value):
    def write(path):
        raw = raw_stack().reshape(15, 24, 20).astype(np.float32)
        raw[7, 3, 2] = value
        _tiff(path, raw)

    return write


UNREADABLE = {  # name -> (file, how to write it, a word that the message must have)
    "truncated TIFF": ("bad.tif", _truncated_tiff, ""),
    "TIFF cut in the middle": ("bad.tif", _cut_directory, ""),
    "TIFF of 0 bytes": ("bad.tif", lambda path: path.write_bytes(b""), "empty"),
    "TIFF with a header only": ("bad.tif", lambda path: path.write_bytes(b"II*\0\0\0\0\0"), ""),
    "TIFF with a wild offset": ("bad.tif", lambda path: path.write_bytes(b"II*\0\xff\xff\xff\x7f"), ""),
    "text": ("bad.tif", lambda path: path.write_text("hello"), "TIFF"),
    "RGB": ("bad.tif", lambda path: _tiff(path, np.ones((15, 9, 9, 3), np.uint8), photometric="rgb"), "RGB"),
    "14 frames": ("bad.tif", lambda path: _tiff(path, raw_stack().reshape(15, 24, 20)[:14]), "14"),
    "one frame": ("bad.tif", lambda path: _tiff(path, raw_stack()[0, 0]), "1"),
    "npy of 0 bytes": ("bad.npy", lambda path: path.write_bytes(b""), "empty"),
    "npy with a header only": ("bad.npy", lambda path: path.write_bytes(b"\x93NUMPY\x01\x00"), ""),
    "truncated npy": (
        "bad.npy",
        lambda path: (np.save(path, raw_stack()), path.write_bytes(path.read_bytes()[:-9])),
        "",
    ),
    "npy of objects": ("bad.npy", lambda path: np.save(path, np.array([{}, None]), allow_pickle=True), ""),
    "npy of complex numbers": ("bad.npy", lambda path: np.save(path, raw_stack() * 1j), "complex"),
    "npy without axes": ("bad.npy", lambda path: np.save(path, np.float32(3)), ""),
    "folder with nothing to read": ("bad", lambda path: path.mkdir(), "holds no"),
    "missing file": ("bad.tif", lambda path: None, "does not exist"),
}
UNUSABLE = UNREADABLE | {
    "NaN": ("bad.tif", _with_value(np.nan), "NaN"),
    "infinity": ("bad.tif", _with_value(np.inf), "infinite"),
    "constant image": ("bad.tif", lambda path: _tiff(path, np.full((15, 24, 20), 7, np.uint16)), "constant"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_predict_says_what_is_wrong_and_goes_on(run, tiny_model, stack, tmp_path, case):
    name, write, word = UNUSABLE[case]
    bad, out = tmp_path / name, tmp_path / "out"
    write(bad)
    status, printed, err = run("predict", bad, stack, "--model", tiny_model, "--out", out)
    assert status == 2
    assert len(err) == 2, err
    assert err[0].startswith((f"srredsim: {bad}: ", f"srredsim: {bad} "))
    assert word in err[0].replace(str(bad), "")
    assert err[1] == "srredsim: 1 of 2 inputs failed"
    assert printed.split() == [str(out / "stack_tiny.tif"), str(out / "stack_tiny.png")]
    assert files_in(out) == {"stack_tiny.tif", "stack_tiny.png"}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_single_bad_input_writes_nothing(refused, tiny_model, tmp_path, case):
    name, write, _ = UNUSABLE[case]
    write(tmp_path / name)
    before = files_in(tmp_path)
    refused("predict", tmp_path / name, "--model", tiny_model, "--out", tmp_path / "out" / "deep")
    assert files_in(tmp_path) == before


def test_failures_are_in_the_json_too(run, tiny_model, stack, tmp_path):
    (tmp_path / "bad.tif").write_bytes(b"")
    status, out, _ = run("predict", tmp_path / "bad.tif", stack, "--model", tiny_model, "--json")
    report = json.loads(out)
    assert status == 2
    assert [failure["input"] for failure in report["failures"]] == [str(tmp_path / "bad.tif")]
    assert [result["input"] for result in report["results"]] == [str(stack)]


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_target_that_cannot_be_written(refused, tiny_model, stack, tmp_path, below):
    (tmp_path / "file").write_text("mine")
    assert "is a file, not a folder" in refused(
        "predict", stack, "--model", tiny_model, "--out", tmp_path / "file" / below
    )
    assert files_in(tmp_path) == {"stack.tif", "file"}


def test_an_unreadable_folder(run, refused, tiny_model, stack, tmp_path, monkeypatch):
    """The owner of the tests may be allowed everything, so the refusal of the system is played."""
    closed = tmp_path / "closed"
    closed.mkdir()
    system = Path.iterdir

    def iterdir(path):
        if path == closed:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return system(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert "Permission denied" in refused("predict", closed, "--model", tiny_model)
    assert run("predict", closed, stack, "--model", tiny_model).err[-1] == "srredsim: 1 of 2 inputs failed"


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/full/x.tif"), "/full/x.tif: No space left on device"),
        (MemoryError(), "not enough memory"),
    ],
)
def test_a_machine_that_runs_out(refused, tiny_model, stack, monkeypatch, problem, words):
    def fail(*_, **__):
        raise problem

    monkeypatch.setattr("srredsim.workflows.predict.predict_file", fail)
    assert words in refused("predict", stack, "--model", tiny_model)


def test_ctrl_c_ends_the_run(run, tiny_model, stack, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("srredsim.workflows.predict.predict_file", interrupt)
    assert run("predict", stack, stack.parent, "--model", tiny_model) == Outcome(130, "", ["srredsim: interrupted"])


@pytest.mark.parametrize("bug", [RuntimeError("ours"), ValueError("ours"), OSError(errno.EINVAL, "ours")])
def test_a_bug_keeps_its_traceback(run, tiny_model, stack, monkeypatch, bug):
    def fail(*_, **__):
        raise bug

    monkeypatch.setattr("srredsim.workflows.predict.predict_file", fail)
    with pytest.raises(type(bug), match="ours"):
        run("predict", stack, "--model", tiny_model)


# Models that are none


def test_an_unknown_model(refused, zoo, stack, tmp_path):
    line = refused("predict", stack, "--model", "tinny")
    assert line == "srredsim: no model called 'tinny'; there are: tiny; did you mean 'tiny'?"
    assert files_in(tmp_path) == {"stack.tif"}


def _copy(model: Path, folder: Path) -> Path:
    folder.mkdir()
    for path in model.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def _damage(how):
    def damage(folder):
        weights = folder / "model.weights.h5"
        weights.write_bytes(how(weights.read_bytes()))

    return damage


DAMAGED = {
    "weights cut": _damage(lambda content: content[: len(content) // 2]),
    "weights empty": _damage(lambda content: b""),
    "weights of noise": _damage(lambda content: np.random.default_rng(1).bytes(len(content))),
    "weights missing": lambda folder: (folder / "model.weights.h5").unlink(),
    "weights of a narrower network": lambda folder: _replace(folder, "filters: 4", "filters: 5"),
    "weights of a shallower network": lambda folder: _replace(folder, "depth: 3", "depth: 4"),
    "weights of a deeper network": lambda folder: _replace(folder, "depth: 3", "depth: 2"),
    "recipe missing": lambda folder: (folder / "recipe.yaml").unlink(),
    "recipe empty": lambda folder: (folder / "recipe.yaml").write_text(""),
    "recipe is no YAML": lambda folder: (folder / "recipe.yaml").write_text("network: {name: ["),
    "recipe misspelt": lambda folder: _replace(folder, "epochs:", "epoch:"),
    "recipe of an unknown network": lambda folder: _replace(folder, "red_net", "red_nte"),
    "recipe of an unknown setting": lambda folder: _replace(folder, "depth:", "dept:"),
    "recipe of too few frames": lambda folder: _replace(folder, "input_channels: 15", "input_channels: 9"),
}


def _replace(folder, old, new):
    path = folder / "recipe.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.filterwarnings("error::UserWarning")  # a warning would be a second line
@pytest.mark.parametrize("case", DAMAGED)
@pytest.mark.parametrize("command", ["predict", "evaluate", "export"])
def test_a_damaged_model(refused, tiny_model, stack, here, case, command):
    folder = _copy(tiny_model, here.parent / "damaged")
    DAMAGED[case](folder)
    before = files_in(folder)
    argv = {
        "predict": [stack, "--model", folder, "--out", "out"],
        "evaluate": ["--model", folder, "--out", "out/results.json"],
        "export": [folder, "--out", "out"],
    }
    refused(command, *argv[command])
    assert files_in(here) == set()
    assert files_in(folder) == before


# train


@pytest.fixture
def recipe_file(tiny_model, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes((tiny_model / "recipe.yaml").read_bytes())
    return path


def test_train_resume_and_predict_with_what_came_of_it(run, recipe_file, stack, here):
    status, out, _ = run("train", "--model", recipe_file, "--out", "run", "--gpus", 0, "--set", "optimizer.ema=0.9")
    assert (status, out) == (0, "run\n")
    history = Path("run/history.csv").read_text().splitlines()
    assert len(history) == 2
    status, out, _ = run("train", "--resume", "--out", "run", "--epochs", 2)
    assert (status, out) == (0, "run\n")
    assert Path("run/history.csv").read_text().splitlines()[:2] == history
    assert len(Path("run/history.csv").read_text().splitlines()) == 3
    assert "ema: 0.9" in Path("run/recipe.yaml").read_text()
    status, out, _ = run("predict", stack, "--model", "run", "--out", ".")
    assert (status, len(out.split())) == (0, 2)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (["--set", "optimzer.learning_rate=1"], "optimzer"),
        (["--set", "data.bach=1"], "batch"),
        (["--set", "epochs"], "key=value"),
        (["--set", "loss=mean_absolut_error"], "mean_absolut_error"),
        (["--set", "metrics=[pnsr]"], "pnsr"),
        (["--set", "network.name=red_nte"], "red_net"),
        (["--set", "data.angles=4"], "20"),
        (["--data", "simulatd"], "simulated"),
        (["--data", "."], "raw"),
        (["--gpus", "64"], "64"),
    ],
)
def test_a_training_that_cannot_start_writes_nothing(refused, recipe_file, here, extra, expected):
    assert expected in refused("train", "--model", recipe_file, *extra)
    assert files_in(here) == set()


@pytest.mark.parametrize("key", ["epoch: 3", "data: {bach: 4}", "loss: [", "5"])
def test_a_recipe_with_a_mistake(refused, recipe_file, here, key):
    recipe_file.write_text(f"network: {{name: red_net}}\n{key}\n", encoding="utf-8")
    refused("train", "--model", recipe_file)
    assert files_in(here) == set()


@pytest.mark.parametrize("model", ["srredsm", "none.yaml", ".", "mine.txt"])
def test_training_a_model_that_is_none(refused, here, model):
    refused("train", "--model", model)
    assert files_in(here) == set()


def test_the_flags_of_train_are_keys_of_the_recipe(recipe_file, here, monkeypatch):
    """--set has the last word; a folder of data is kept by its full path."""
    from srredsim.training import fit

    asked = {}
    monkeypatch.setattr(fit, "train", lambda recipe, **rest: asked.update(recipe=recipe, **rest) or Path("run"))
    Path("my pairs: 1").mkdir()
    flags = ["--data", "my pairs: 1", "--epochs", "7", "--steps", "8", "--batch", "9", "--precision", "bfloat16"]
    flags += ["--seed", "0", "--gpus", "0", "--set", "steps=80", "--set", "optimizer.learning_rate=1e-3"]
    assert main(["train", "--model", str(recipe_file), *flags]) == 0
    recipe = asked.pop("recipe")
    assert asked == {"out": None, "gpus": 0, "resume": False}
    assert recipe.data.name == str(here / "my pairs: 1")
    assert (recipe.epochs, recipe.steps, recipe.data.batch, recipe.seed) == (7, 80, 9, 0)
    assert (recipe.precision, recipe.optimizer.learning_rate) == ("bfloat16", 1e-3)


# inspect


def test_inspect_reports_and_draws(run, stack):
    status, out, err = run("inspect", stack)
    assert (status, err) == (0, [])
    assert out.splitlines()[0] == str(stack)
    assert out.splitlines()[-1] == str(stack.with_name("stack_inspect.png"))
    assert stack.with_name("stack_inspect.png").read_bytes().startswith(b"\x89PNG")


def test_inspect_json(run, stack, tmp_path):
    status, out, _ = run("inspect", stack, "--json", "--out", tmp_path / "out")
    (report,) = json.loads(out)["results"]
    assert (status, report["input"]) == (0, str(stack))
    assert report["picture"] == str(tmp_path / "out" / "stack_inspect.png")


def test_inspect_takes_what_the_file_does_not_say_of_the_optics(run, tmp_path):
    path = tmp_path / "s.npy"
    np.save(path, np.random.default_rng(1).poisson(20, (15, 40, 48)).astype(np.uint16))
    _, out, _ = run("inspect", path)
    (line,) = [line for line in out.splitlines() if line.startswith("  stripes")]
    assert "--na --wavelength-em-um --pixel-size-um" in line
    optics = ["--na", 1.4, "--wavelength-em-um", 0.525, "--pixel-size-um", 0.08]
    _, out, _ = run("inspect", path, *optics, "--overwrite", "--json")
    (report,) = json.loads(out)["results"]
    assert report["optics"]["na"] == 1.4
    (stripes,) = [check for check in report["channels"][0]["checks"] if check["name"] == "stripes"]
    assert stripes["verdict"] == "bad"  # there are none


def test_inspect_refuses_optics_of_no_microscope(refused, tmp_path):
    np.save(tmp_path / "s.npy", np.ones((15, 8, 8), np.uint16))
    flags = ["--na", 1.4, "--pixel-size-um", 0.08, "--wavelength-em-um"]
    assert "0.525?" in refused("inspect", tmp_path / "s.npy", *flags, 525)
    assert files_in(tmp_path) == {"s.npy"}


def test_inspect_names_the_order_that_fits(run, tmp_path):
    from srredsim.simulation.sim import simulate_stack

    raw = simulate_stack(21, photons=(300, 300), size=80).raw
    np.save(tmp_path / "s.npy", raw.swapaxes(0, 1).reshape(15, 80, 80))
    status, out, err = run("inspect", tmp_path / "s.npy")
    assert (status, err) == (0, [])
    assert "read the file with --order ZAP --angles 3 --phases 5" in out
    _, out, _ = run("inspect", tmp_path / "s.npy", "--order", "ZAP", "--overwrite")
    assert "what to change" not in out or "--order" not in out.split("what to change")[1]


@pytest.mark.parametrize("case", UNREADABLE)
def test_inspect_says_what_is_wrong_and_goes_on(run, stack, tmp_path, case):
    name, write, word = UNREADABLE[case]
    write(tmp_path / name)
    status, _, err = run("inspect", tmp_path / name, stack, "--out", tmp_path / "out")
    assert status == 2
    assert len(err) == 2, err
    assert word in err[0].replace(str(tmp_path / name), "")
    assert files_in(tmp_path / "out") == {"stack_inspect.png"}


def test_inspect_overwrites_only_when_told(run, refused, stack):
    run("inspect", stack)
    assert "exists" in refused("inspect", stack)
    assert run("inspect", stack, "--overwrite").status == 0


# simulate


def test_simulate_writes_stacks_that_can_be_read(run, here):
    status, out, err = run("simulate", "--out", "made", "--count", 2, "--size", 32, "--angles", 2, "--phases", 3)
    assert (status, err) == (0, [])
    assert [Path(line).as_posix() for line in out.split()] == ["made/raw/0000.tif", "made/raw/0001.tif"]
    assert io.read(Path("made/raw/0001.tif")).raw().shape == (2, 3, 32, 32)


def test_simulate_overwrites_nothing(run, refused, here):
    run("simulate", "--out", "made", "--size", 32)
    before = {name: (here / name).stat().st_mtime_ns for name in files_in(here)}
    assert "exists" in refused("simulate", "--out", "made", "--size", 32, "--seed", 3)
    assert {name: (here / name).stat().st_mtime_ns for name in files_in(here)} == before


@pytest.mark.parametrize("extra", [["--photons", "200", "20"], ["--size", "1"], ["--phases", "1"]])
def test_simulating_what_cannot_be(refused, here, extra):
    refused("simulate", "--out", "made", *extra)
    assert files_in(here) == set()


def test_simulating_into_a_file(refused, here):
    Path("made").write_text("mine")
    refused("simulate", "--out", "made", "--size", 32)
    assert files_in(here) == {"made"}


# evaluate


@pytest.fixture
def pairs(tmp_path):
    """A user's folder of two pairs."""
    from srredsim.workflows.simulate import simulate

    simulate(tmp_path / "pairs", count=2, seed=4, size=32)
    return tmp_path / "pairs"


def test_evaluate_writes_results(run, tiny_model, pairs, here):
    status, out, err = run("evaluate", "--model", tiny_model, "--data", pairs)
    assert (status, err) == (0, [])
    assert out.splitlines()[-1] == "results.json"
    assert files_in(here) == {"results.json"}
    status, printed, _ = run("evaluate", "--model", tiny_model, "--data", pairs, "--json", "--out", "again.json")
    assert status == 0
    assert json.loads(printed) == json.loads(Path("again.json").read_text(encoding="utf-8"))


def test_evaluate_overwrites_only_when_told(run, refused, tiny_model, pairs, here):
    Path("results.json").write_text("mine")
    assert "exists" in refused("evaluate", "--model", tiny_model, "--data", pairs)
    assert Path("results.json").read_text() == "mine"
    assert run("evaluate", "--model", tiny_model, "--data", pairs, "--overwrite").status == 0


@pytest.mark.parametrize("extra", [["--data", "simulatd"], ["--data", "."], ["--split", "tset"]])
def test_evaluating_on_data_that_are_none(refused, tiny_model, here, extra):
    refused("evaluate", "--model", tiny_model, "--out", "deep/results.json", *extra)
    assert files_in(here) == set()


# export


def test_export_prints_where_the_model_is(run, tiny_model, here):
    status, out, err = run("export", tiny_model, "--out", "served", "--format", "keras")
    assert (status, err) == (0, [])
    assert Path(out.strip()).exists()
    assert Path(out.strip()).parts[0] == "served"


def test_exporting_into_a_file(refused, tiny_model, here):
    Path("served").write_text("mine")
    refused("export", tiny_model, "--out", "served", "--format", "keras")
    assert files_in(here) == {"served"}


# models, doctor


def test_models_lists_the_zoo(run, zoo):
    status, out, err = run("models")
    assert (status, err) == (0, [])
    assert [line.split()[0] for line in out.splitlines()] == ["name", "tiny"]
    status, out, _ = run("models", "--json")
    (row,) = json.loads(out)["models"]
    assert (status, row["name"], row["network"], row["input"]) == (0, "tiny", "red_net", "raw frames")
    assert row["patterns"] == ["3 x 5"]


def test_models_lists_the_variants_of_a_model_with_weights_as_recipes_to_train(run, tmp_path, tiny_model, monkeypatch):
    folder = tmp_path / "models" / "tiny"
    folder.parent.mkdir()
    _copy(tiny_model, folder)
    (folder / "paper.yaml").write_bytes((folder / "recipe.yaml").read_bytes())
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)
    trained, untrained = run("models").out.split("\n\n")
    assert [line.split()[0] for line in trained.splitlines()] == ["name", "tiny"]
    assert [line.split()[0] for line in untrained.splitlines()] == ["without", "name", "tiny/paper"]


def test_models_shows_the_scores_beside_those_of_the_best_baseline(run, tmp_path, tiny_model, monkeypatch):
    folder = tmp_path / "models" / "tiny"
    folder.parent.mkdir()
    _copy(tiny_model, folder)
    methods = {"tiny": 30.04, "widefield (Fourier)": 21.2, "widefield (bicubic)": 20.0}
    groups = [
        {
            "pattern": "3x5",
            "photons": level,
            "methods": {name: {"psnr": {"mean": psnr + level / 20}} for name, psnr in methods.items()},
        }
        for level in (20.0, 100.0)
    ]
    (folder / "results.json").write_text(json.dumps({"model": "tiny", "groups": groups}), encoding="utf-8")
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)
    out = run("models").out
    assert out.rstrip().endswith(
        "(of the best baseline): 31.0 (22.2) 3x5 at 20 photons, 35.0 (26.2) 3x5 at 100 photons"
    )


def test_models_without_a_zoo(run, tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    monkeypatch.setattr(resources, "SHIPPED", tmp_path)
    assert run("models").out == "there are no models\n"


def test_doctor(run):
    status, out, err = run("doctor")
    assert (status, err) == (0, [])
    assert "--precision auto" in out
    status, out, _ = run("doctor", "--json")
    report = json.loads(out)
    assert (status, report["srredsim"], report["backend"]["problem"]) == (0, __version__, None)
    assert report["precision_auto"] in ("float32", "bfloat16")
    assert report["cores"] >= 1


# As a process of its own


def process(*argv, **environment):
    return subprocess.run(
        [sys.executable, *map(str, argv)], capture_output=True, text=True, env=os.environ | environment, check=False
    )


def test_one_line_is_really_all_that_a_failing_process_writes(tmp_path, tiny_model):
    """TensorFlow writes past Python's standard error, so only a process of its own shows everything."""
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    (tmp_path / "bad.npy").write_bytes(b"")
    command = [sys.executable, "-m", "srredsim", "predict", str(tmp_path / "bad.npy"), "--model", str(tiny_model)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [f"srredsim: {tmp_path / 'bad.npy'}: the file is empty (0 bytes)"]


def test_keras_without_a_backend():
    done = process("-m", "srredsim", "predict", "x.tif", KERAS_BACKEND="nonesuch")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "nonesuch" in done.stderr
    done = process("-m", "srredsim", "doctor", "--json", KERAS_BACKEND="nonesuch")
    assert done.returncode == 0
    assert "nonesuch" in json.loads(done.stdout)["backend"]["problem"]


def test_a_process_that_is_told_to_stop_leaves_nothing_half_written(tmp_path):
    command = [sys.executable, "-m", "srredsim", "simulate", "--count", "9999", "--size", "32", "--out", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        while running.poll() is None and not (tmp_path / "0002.json").exists():
            time.sleep(0.02)
        running.terminate()
        out, err = running.communicate()
    assert (running.returncode, out, err) == (130, "", "srredsim: interrupted\n")
    assert not [name for name in files_in(tmp_path) if Path(name).name.startswith(".")]
    assert io.read(tmp_path / "raw" / "0002.tif").raw().shape == (3, 5, 32, 32)


def test_output_that_nobody_reads():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "srredsim", "models"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("script", ["train", "predict"])
def test_the_scripts_are_the_commands(script):
    assert process(ROOT / f"{script}.py", "--help").stdout == process("-m", "srredsim", script, "--help").stdout
