"""Several inputs in one call, good and bad."""

import errno
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from srredsim.cli import several
from srredsim.errors import InputError


def test_predict_a_folder_and_a_file_in_it_reads_each_once(run, tiny_model, stack, tmp_path, raw_stack):
    np.save(tmp_path / "other.npy", raw_stack(seed=6))
    status, out, err = run("predict", tmp_path, stack, "--model", tiny_model, "--out", tmp_path / "out")
    assert status == 0
    assert err.count("not compared with the raw frames") == 2
    assert [Path(line).name for line in out.split() if line.endswith(".tif")] == ["other_tiny.tif", "stack_tiny.tif"]


def test_two_inputs_may_not_write_the_same_result(run, tiny_model, stack, tmp_path, raw_stack):
    np.save(tmp_path / "stack.npy", raw_stack(seed=8))
    out = tmp_path / "out"
    status, printed, err = run(
        "predict", stack, tmp_path / "stack.npy", "--model", tiny_model, "--out", out, "--overwrite"
    )
    assert status == 2
    assert len(printed.split()) == 2
    assert f"srredsim: {tmp_path / 'stack.npy'}: its result would have the name of that of {stack}" in err


def test_predict_says_what_is_wrong_and_goes_on(run, tiny_model, stack, tmp_path, unusable, files_in):
    (bad, word), out = unusable, tmp_path / "out"
    status, printed, err = run("predict", bad, stack, "--model", tiny_model, "--out", out, "--no-consistency")
    said, summary = err.splitlines()
    assert status == 2
    assert said.startswith((f"srredsim: {bad}: ", f"srredsim: {bad} "))
    assert word in said.replace(str(bad), "")
    assert said.count(f"{bad}") == 1
    assert summary == "srredsim: 1 of 2 inputs failed"
    assert printed.split() == [str(out / "stack_tiny.tif"), str(out / "stack_tiny.png")]
    assert files_in(out) == {"stack_tiny.tif", "stack_tiny.png"}


def test_whoever_names_the_input_is_known_by_what_it_is_about_not_by_its_words(capsys):
    """The path stands once, whether the error has it or not, even where another file's name begins with it."""

    problems = {
        "a.tif": PermissionError(errno.EACCES, "Permission denied", "a.tif"),
        "b.tif": InputError("is a pipe", about="b.tif"),
        "c.tif": InputError("is a pipe", about="c.tif.json"),
        "d.tif": InputError("d.tif would be a strange word to begin with"),
    }
    for name in problems:
        several._fail([], Path(name), problems[name], False)
    assert capsys.readouterr().err.splitlines() == [
        "srredsim: a.tif: Permission denied",
        "srredsim: b.tif is a pipe",
        "srredsim: c.tif: c.tif.json is a pipe",
        "srredsim: d.tif: d.tif would be a strange word to begin with",
    ]


def test_a_single_bad_input_writes_nothing(refused, tiny_model, tmp_path, unusable, files_in):
    before = files_in(tmp_path)
    refused("predict", unusable[0], "--model", tiny_model, "--out", tmp_path / "out" / "deep")
    assert files_in(tmp_path) == before


def test_failures_are_in_the_json_too(run, tiny_model, stack, tmp_path):
    (tmp_path / "bad.tif").write_bytes(b"")
    status, out, _ = run("predict", tmp_path / "bad.tif", stack, "--model", tiny_model, "--json")
    report = json.loads(out)
    assert status == 2
    assert [failure["input"] for failure in report["failures"]] == [str(tmp_path / "bad.tif")]
    assert [result["input"] for result in report["results"]] == [str(stack)]


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_target_that_cannot_be_written(refused, tiny_model, stack, tmp_path, below, files_in):
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
    assert run("predict", closed, stack, "--model", tiny_model).err.endswith("srredsim: 1 of 2 inputs failed\n")


# Again, and what nobody thought of


def test_what_is_there_is_skipped_when_asked_and_the_rest_is_made(run, tiny_model, stack, tmp_path, raw_stack):
    how = ["--model", tiny_model, "--no-consistency"]
    assert run("predict", stack, *how).status == 0
    before = (tmp_path / "stack_tiny.tif").stat().st_mtime_ns
    np.save(tmp_path / "other.npy", raw_stack(seed=6))
    assert run("predict", tmp_path, *how).status == 2
    (tmp_path / "other_tiny.tif").unlink()
    (tmp_path / "other_tiny.png").unlink()
    status, out, err = run("predict", tmp_path, *how, "--skip-existing", "--json")
    assert status == 0
    report = json.loads(out)
    assert [Path(one["input"]).name for one in report["results"]] == ["other.npy"]
    assert report["skipped"] == [{"input": str(stack), "path": str(tmp_path / "stack_tiny.tif")}]
    assert "srredsim: 1 of 2 inputs have their results already" in err
    assert run("predict", tmp_path, *how, "--skip-existing").status == 0
    assert (tmp_path / "stack_tiny.tif").stat().st_mtime_ns == before


def test_processes_share_the_inputs_and_make_what_one_makes(run, tiny_model, raw_stack, tmp_path):
    for seed in range(5):
        np.save(tmp_path / f"cell_{seed}.npy", raw_stack(seed=seed))
    np.save(tmp_path / "bad.npy", np.zeros((3, 4)))
    how = ["predict", tmp_path, "--model", tiny_model, "--no-consistency", "--json"]
    assert run(*how, "--out", tmp_path / "one").status == 2
    done = []
    for share in ("2/3", "1/3", "3/3", "4/9"):  # the last is one of more than there are pieces of work left
        status, out, _ = run(*how, "--out", tmp_path / "many", "--shard", share, "--skip-existing")
        report = json.loads(out)
        done += [(share, len(report["results"]), len(report["failures"]), len(report["skipped"]), status)]
    assert done == [("2/3", 2, 0, 0, 0), ("1/3", 1, 1, 0, 2), ("3/3", 2, 0, 0, 0), ("4/9", 0, 0, 1, 0)]
    for path in sorted((tmp_path / "one").iterdir()):
        assert (tmp_path / "many" / path.name).read_bytes() == path.read_bytes()
    assert len(list((tmp_path / "many").iterdir())) == 10


def test_results_of_one_name_are_refused_in_whatever_share_they_are(run, tiny_model, stack, tmp_path):
    (tmp_path / "other").mkdir()
    shutil.copy(stack, tmp_path / "other" / stack.name)
    how = ["predict", stack, tmp_path / "other" / stack.name, "--out", tmp_path / "out", "--model", tiny_model]
    assert run(*how, "--shard", "1/2").status == 0
    status, _, err = run(*how, "--shard", "2/2", "--skip-existing")
    assert status == 2
    assert "its result would have the name of that of" in err


@pytest.mark.parametrize("share", ["0/3", "4/3", "1", "a/b", "-1/2"])
def test_a_share_that_cannot_be_is_refused(refused, tiny_model, stack, share):
    assert "should be I/N with I from 1 to N, as 1/8" in refused("predict", stack, f"--shard={share}")


def test_a_preview_alone_is_no_result(refused, tiny_model, stack, tmp_path):
    (tmp_path / "stack_tiny.png").write_text("mine")
    asked = "predict", stack, "--model", tiny_model, "--skip-existing"
    assert "stack_tiny.png exists already, without stack_tiny.tif" in refused(*asked)
    assert (tmp_path / "stack_tiny.png").read_text() == "mine"


@pytest.fixture
def broken(monkeypatch):
    """Predicting fails for every input with `bad` in its name, in a way that nobody thought of."""
    from srredsim.workflows import predict

    real = predict.predict_file

    def predict_file(path, *args, **how):
        if "bad" in path.name:
            raise ZeroDivisionError("of a kind\nnobody knows")
        return real(path, *args, **how)

    monkeypatch.setattr(predict, "predict_file", predict_file)


def test_an_unexpected_error_does_not_lose_the_other_inputs(run, tiny_model, stack, tmp_path, broken, monkeypatch):
    monkeypatch.setenv("SRREDSIM_CACHE", str(tmp_path / "cache"))
    bad, log = tmp_path / "bad.tif", tmp_path / "cache" / "errors.log"
    bad.write_bytes(stack.read_bytes())
    asked = "predict", bad, stack, "--model", tiny_model, "--no-consistency"
    status, out, err = run(*asked)
    assert status == 1
    assert err.splitlines() == [
        f"srredsim: {bad}: unexpected ZeroDivisionError: of a kind nobody knows; please report it with {log}",
        "srredsim: 1 of 2 inputs failed",
    ]
    assert out.split() == [str(tmp_path / "stack_tiny.tif"), str(tmp_path / "stack_tiny.png")]
    assert "Traceback" in log.read_text()
    assert str(bad) in log.read_text()
    status, _, err = run(*asked, "--debug", "--overwrite")
    assert status == 1
    assert err.startswith("Traceback")


def test_warnings_of_several_inputs_are_counted_at_the_end(run, tiny_model, raw_stack, tmp_path, monkeypatch):
    from srredsim.workflows import predict

    real = predict.predict_file

    def predict_file(path, *args, **how):
        report = real(path, *args, **how)
        return report | {"notes": ["warning: of a kind"] if path.stem < "c" else ["of no matter"]}

    for name in "abc":
        np.save(tmp_path / f"{name}.npy", raw_stack(seed=ord(name)))
    monkeypatch.setattr(predict, "predict_file", predict_file)
    asked = "--model", tiny_model, "--no-consistency", "--out", tmp_path / "out", "--overwrite"
    assert run("predict", tmp_path, *asked).err.endswith("srredsim: 2 of 3 inputs have warnings\n")
    assert "inputs have warnings" not in run("predict", tmp_path / "a.npy", *asked).err
    assert "inputs have warnings" not in run("predict", tmp_path / "c.npy", tmp_path / "c.npy", *asked).err


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ((), "1 of 3 inputs are done; the same command with --skip-existing goes on"),
        (("--skip-existing",), "1 of 3 inputs are done; the same command goes on"),
        (("--overwrite",), "1 of 3 inputs are done"),
        (("--shard", "1/1"), "1 inputs are done; the same command with --skip-existing goes on"),
    ],
)
def test_an_interruption_says_how_far_it_came(run, tiny_model, raw_stack, tmp_path, monkeypatch, more, told):
    from srredsim.workflows import predict

    real = predict.predict_file

    def predict_file(path, *args, **how):
        if path.stem == "b":
            raise KeyboardInterrupt
        return real(path, *args, **how)

    for name in "abc":
        np.save(tmp_path / f"{name}.npy", raw_stack(seed=ord(name)))
    monkeypatch.setattr(predict, "predict_file", predict_file)
    asked = "--model", tiny_model, "--no-consistency", "--out", tmp_path / "out", *more
    status, _, err = run("predict", tmp_path, *asked)
    assert status == 130
    assert err.splitlines()[-2:] == [f"srredsim: {told}", "srredsim: interrupted"]
    assert "inputs are done" not in run("predict", tmp_path / "b.npy", *asked).err


def test_of_what_is_skipped_there_is_one_line(run, raw_stack, tmp_path):
    for seed in range(2):
        np.save(tmp_path / f"{seed}.npy", raw_stack(size=(40, 36), seed=seed))
    how = "predict", tmp_path, "--out", tmp_path / "out", "--na", 1.4, "--wavelength-em-um", 0.525
    assert run(*how, "--pixel-size-um", 0.08).err.count("taking the model") == 2
    again = run(*how, "--pixel-size-um", 0.08, "--skip-existing")
    assert (again.status, again.err) == (0, "srredsim: 2 of 2 inputs have their results already\n")
    told = run(*how, "--pixel-size-um", 0.08, "--skip-existing", "--report").err
    assert "already; --report is made together with the results: give --overwrite for both" in told


def test_results_in_a_folder_are_no_inputs(run, tiny_model, stack, tmp_path):
    assert run("predict", tmp_path, "--model", tiny_model).status == 0
    status, out, err = run("predict", tmp_path, "--model", tiny_model, "--overwrite")
    assert status == 0
    assert len(out.split()) == 2
    assert f"srredsim: {tmp_path}: 1 results of srredsim are left out, as stack_tiny.tif" in err


def test_results_alone_are_what_is_meant(run, stack, tmp_path, tiny_model):
    """The second step of two takes what the first made."""
    first = tmp_path / "first"
    run("predict", stack, "--model", tiny_model, "--out", first)
    status, _, err = run("denoise", first, "--method", "pure_let", "--noise", 1, 0)
    assert (status, err) == (0, "")
    assert (first / "stack_tiny_pure_let.tif").is_file()
    (first / "stack_tiny.tif").rename(first / "stack_tiny_consistency.tif")  # maps are no images
    _, _, err = run("denoise", first, "--method", "pure_let", "--noise", 1, 0)
    assert f"{first}: 1 results of srredsim are left out, as stack_tiny_consistency.tif" in err


def test_the_stacks_of_simulate_are_found_in_its_folder(run, tmp_path):
    assert run("simulate", "--out", tmp_path / "raw", "--count", 1, "--size", 32).status == 0
    status, _, err = run("inspect", tmp_path / "raw", "--out", tmp_path / "out")
    assert status == 0
    assert f"{tmp_path / 'raw'} holds no image; those of {tmp_path / 'raw' / 'raw'} are taken" in err
    assert (tmp_path / "out" / "0000_inspect.png").is_file()
