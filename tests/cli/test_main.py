"""The whole command line: help, exit status, what is printed where, what a process of its own leaves."""

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from srredsim import __version__, io
from srredsim.cli import commands
from srredsim.cli.main import files_of

ROOT = Path(__file__).parents[2]
COMMANDS = files_of(commands)


def test_help_names_every_command(run):
    status, out, err = run("--help")
    assert (status, err) == (0, "")
    assert set(COMMANDS) <= {line.split()[0] for line in out.splitlines() if line.startswith("    ") and line.strip()}


@pytest.mark.parametrize("argv", [[], *([name] for name, module in COMMANDS.items() if module.KIND)])
def test_without_a_command_there_is_help(run, argv):
    assert run(*argv) == run(*argv, "--help")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run, command):
    status, out, err = run(command, "--help")
    assert (status, err) == (0, "")
    assert out.startswith(f"usage: srredsim {command} ")


def test_version(run):
    assert run("--version") == (0, f"srredsim {__version__}\n", "")


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
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
def test_wrong_arguments_get_one_line(refused, here, argv, expected, files_in):
    assert expected in refused(*argv)
    assert files_in(here) == set()


@pytest.fixture
def more_commands(tmp_path, monkeypatch):
    """A folder that has commands, too: a plain one, and a folder of them."""
    members = {
        "colour_it.py": """
            GROUP, HELP = "art", "colour an image"

            def add_arguments(parser):
                parser.add_argument("--na", type=float)
                parser.add_argument("--all", dest="whole", action="store_true")

            def run(arguments):
                from srredsim.errors import InputError

                if arguments.na is None:
                    raise InputError("the file does not say `na`: give it, or `whole=True`; then `gain` is 1")
                return {"na": arguments.na}
        """,
        "_shade.py": "",
        "make/__init__.py": "GROUP, HELP, KIND = 'art', 'make a picture', 'style'",
        "make/fauve.py": """
            HELP = "in bright colours"

            def add_arguments(parser):
                pass

            def run(arguments):
                print("made")
                return {}
        """,
    }
    for name, text in members.items():
        path = tmp_path / "more" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path / "more")])
    yield
    for name in ("colour_it", "make", "make.fauve"):
        sys.modules.pop(f"{commands.__name__}.{name}", None)


def test_a_new_file_is_a_new_command(run, refused, more_commands):
    """It is told nowhere else: help, arguments, result and messages are there."""
    out = run("--help").out
    assert "\nart:\n    colour-it       colour an image\n    make            make a picture\n" in out
    assert "shade" not in out
    assert run("colour-it", "--na", 1.5, "--json") == (0, '{\n  "na": 1.5\n}\n', "")
    assert refused("colour-it") == "srredsim: the file does not say --na: give it, or --all; then gain is 1"
    assert "fauve     in bright colours" in run("make").out
    assert run("make", "fauve") == (0, "made\n", "")


@pytest.mark.parametrize("nohup", [False, True])
def test_a_terminal_that_is_closed_ends_a_command_as_ctrl_c_does(run, nohup):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if nohup else signal.SIG_DFL)
    try:
        run("models")
        assert signal.getsignal(signal.SIGHUP) == (signal.SIG_IGN if nohup else signal.default_int_handler)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/full/x.tif"), "/full/x.tif: no space left on the disk"),
        (MemoryError(), "not enough memory for this; try a smaller --tile"),
        (RuntimeError("std::bad_alloc"), "not enough memory for this; try a smaller --tile"),
    ],
)
def test_a_machine_that_runs_out(refused, tiny_model, stack, monkeypatch, problem, words):
    def fail(*_, **__):
        raise problem

    monkeypatch.setattr("srredsim.workflows.predict.predict_file", fail)
    assert words in refused("predict", stack, "--model", tiny_model)


def test_no_memory_where_nothing_can_be_made_smaller(refused, tiny_model, tmp_path, monkeypatch):
    """TensorFlow's own exception, and what C++ throws, in a command that takes no inputs in turn."""
    import tensorflow as tf

    for problem in (tf.errors.ResourceExhaustedError(None, None, "OOM"), RuntimeError("caught std::bad_alloc")):
        monkeypatch.setattr("srredsim.workflows.export.export", _failing(problem))
        line = refused("export", tiny_model, "--out", tmp_path / "served")
        assert line == "srredsim: there is not enough memory for this"
    full = tf.errors.ResourceExhaustedError(None, None, "events.v2; No space left on device")
    monkeypatch.setattr("srredsim.workflows.export.export", _failing(full))
    assert refused("export", tiny_model, "--out", tmp_path / "served") == "srredsim: no space left on the disk"


def _failing(problem):
    def fail(*_, **__):
        raise problem

    return fail


def test_ctrl_c_ends_the_run(run, tiny_model, stack, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("srredsim.workflows.predict.predict_file", interrupt)
    assert run("predict", stack, stack.parent, "--model", tiny_model) == (130, "", "srredsim: interrupted\n")


@pytest.mark.parametrize("bug", [RuntimeError("ours"), ValueError("ours"), OSError(errno.EINVAL, "ours")])
def test_a_bug_keeps_its_traceback(run, tiny_model, monkeypatch, bug):
    def fail(*_, **__):
        raise bug

    monkeypatch.setattr("srredsim.workflows.export.export", fail)
    with pytest.raises(type(bug), match="ours"):
        run("export", tiny_model, "--out", "served")


@pytest.mark.parametrize("command", ["predict", "inspect", "models"])
def test_words_that_a_command_does_not_know_lead_to_its_own_help(refused, command):
    inputs = [] if command == "models" else ["stack.tif"]
    line = refused(command, *inputs, "--none")
    assert line == f"srredsim: unrecognized arguments: --none (see srredsim {command} --help)"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("predit", "stack.tif"), "(did you mean 'predict'?) (see srredsim --help)"),
        (("predict", "stack.tif", "--modell", "red_wiener"), "--modell red_wiener (did you mean '--model'?)"),
        (("predict", "stack.tif", "--modell=red_wiener"), "--modell=red_wiener (did you mean '--model'?)"),
        (("predict", "stack.tif", "--wave", "0.5"), "--wave 0.5 (did you mean '--wavelength-em-um'?)"),
        (("predict", "stack.tif", "--pixel-size", "0.08"), "--pixel-size 0.08 (did you mean '--pixel-size-um'?)"),
        (("reconstruct", "stack.tif", "--method", "wienr"), "(did you mean 'wiener'?) (see srredsim reconstruct"),
    ],
)
def test_what_is_nearly_right_is_named(refused, typed, meant):
    assert meant in refused(*typed)


@pytest.mark.parametrize("command", ["inspect", "reference", "reconstruct", "predict"])
def test_a_widefield_image_is_refused_without_words_of_python(refused, tmp_path, command):
    np.save(tmp_path / "widefield.npy", np.random.default_rng(0).random((32, 32)))
    line = refused(command, tmp_path / "widefield.npy", *(["--out", tmp_path] if command == "reference" else []))
    assert "predict and a model of widefield images, as w2s_dncnn" in line
    assert "model=" not in line


def test_one_line_is_really_all_that_a_failing_process_writes(tmp_path, tiny_model, process):
    """TensorFlow writes past Python's standard error, so only a process of its own shows everything."""
    (tmp_path / "bad.npy").write_bytes(b"")
    command = ["-m", "srredsim", "predict", tmp_path / "bad.npy", "--model", tiny_model]
    done = process(*command, TF_CPP_MIN_LOG_LEVEL=None)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [f"srredsim: {tmp_path / 'bad.npy'}: the file is empty (0 bytes)"]


@pytest.mark.parametrize(("level", "said"), [(None, ""), ("2", ""), ("1", "noise of level 1\n")])
def test_keras_begins_without_a_word_unless_it_is_asked_to_speak(tmp_path, process, level, said):
    """A Keras that does nothing else than to write past Python's standard error."""
    text = "import os\nos.write(2, b'noise of level %b\\n' % os.environb[b'TF_CPP_MIN_LOG_LEVEL'])\n"
    (tmp_path / "keras.py").write_text(text + "print(os.environ['TF_CPP_MIN_LOG_LEVEL'])\n", encoding="utf-8")
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from srredsim import keras_start; keras_start.start()"
    done = process("-c", script, TF_CPP_MIN_LOG_LEVEL=level)
    assert (done.returncode, done.stderr) == (0, said)
    assert done.stdout == ("1\n" if said else "3\n")


def test_a_process_without_standard_output_or_error_works():
    command = (
        f"{sys.executable} -c 'from srredsim import keras_start; keras_start._no_standard_error().__enter__()' 2>&-"
    )
    assert subprocess.run(command, shell=True, check=False).returncode == 0
    assert subprocess.run(f"{sys.executable} -m srredsim models >&-", shell=True, check=False).returncode == 0


def test_a_process_that_is_told_to_stop_leaves_nothing_half_written(tmp_path, files_in):
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
def test_the_scripts_are_the_commands(script, process):
    assert process(ROOT / f"{script}.py", "--help").stdout == process("-m", "srredsim", script, "--help").stdout


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["predict", "a.tif", "--model", "nope"], "no model called 'nope'"),
        (["benchmark", "w2s", "--methods", "nope"], "nope"),
        (["export", "nope", "--out", "x"], "no model called 'nope'"),
        (["denoise", "a.tif", "--method", "pure_let", "--model", "w2s_dncnn"], "--model is for the networks"),
    ],
)
def test_json_tells_what_failed_before_the_inputs(run, here, argv, words):
    status, out, err = run(*argv, "--json")
    said = json.loads(out)
    assert status == 2
    assert said["results"] == []
    (failure,) = said["failures"]
    assert words in failure["error"]
    assert failure["error"] in err
