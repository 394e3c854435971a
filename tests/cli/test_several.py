"""Several inputs in one call, good and bad."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest


def test_predict_a_folder_and_a_file_in_it_reads_each_once(run, tiny_model, stack, tmp_path, raw_stack):
    np.save(tmp_path / "other.npy", raw_stack(seed=6))
    status, out, err = run("predict", tmp_path, stack, "--model", tiny_model, "--out", tmp_path / "out")
    assert status == 0
    assert all("not compared with the raw frames" in line for line in err.splitlines())
    assert [Path(line).name for line in out.split() if line.endswith(".tif")] == ["other_tiny.tif", "stack_tiny.tif"]


def test_two_inputs_may_not_write_the_same_result(run, tiny_model, stack, tmp_path, raw_stack):
    np.save(tmp_path / "stack.npy", raw_stack(seed=8))
    out = tmp_path / "out"
    status, printed, err = run(
        "predict", stack, tmp_path / "stack.npy", "--model", tiny_model, "--out", out, "--overwrite"
    )
    assert status == 2
    assert len(printed.split()) == 2
    assert err.startswith(f"srredsim: {tmp_path / 'stack.npy'}: its result would have the name of that of {stack}")


def test_predict_says_what_is_wrong_and_goes_on(run, tiny_model, stack, tmp_path, unusable, files_in):
    (bad, word), out = unusable, tmp_path / "out"
    status, printed, err = run("predict", bad, stack, "--model", tiny_model, "--out", out)
    said, summary = err.splitlines()
    assert status == 2
    assert said.startswith((f"srredsim: {bad}: ", f"srredsim: {bad} "))
    assert word in said.replace(str(bad), "")
    assert summary == "srredsim: 1 of 2 inputs failed"
    assert printed.split() == [str(out / "stack_tiny.tif"), str(out / "stack_tiny.png")]
    assert files_in(out) == {"stack_tiny.tif", "stack_tiny.png"}


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
