"""Which engine is taken: what a trial found, else what starts first; small work is not worth a trial."""

import json
import subprocess
from contextlib import contextmanager

import pytest

from srredsim import engines
from srredsim.errors import InputError
from srredsim.zoo import choice, models, precision
from srredsim.zoo.chain import Chain

FASTER = {"tensorflow/float32": 1e-6, "onnxruntime/float32": 5e-6}


@pytest.fixture(autouse=True)
def plain(monkeypatch, tmp_path):
    """A machine without a GPU, bfloat16 or OpenVINO, on which nothing was tried yet."""
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("SRREDSIM_CACHE", str(tmp_path))
    monkeypatch.setattr(choice, "gpu_compute_capability", lambda: None)
    monkeypatch.setattr(choice, "PREFERRED", ("onnxruntime",))
    for name in ("tensorflow", "onnxruntime"):
        monkeypatch.setattr(engines.module(name), "precisions", lambda: ("float32",))


@pytest.fixture
def timed(monkeypatch):
    """Seconds a pixel are those of FASTER; the models that were tried."""
    tried = []

    def seconds_a_pixel(model, *_):
        tried.append(model.engine)
        return FASTER[f"{model.engine}/{model.precision}"]

    monkeypatch.setattr(choice, "_seconds_a_pixel", seconds_a_pixel)
    return tried


def test_without_a_trial_what_starts_first_is_taken():
    assert choice.load("red_wiener").engine == "onnxruntime"


def test_work_that_takes_long_is_worth_a_trial_and_small_work_is_not(timed):
    model = choice.load("red_wiener")
    few, many = (int(seconds / FASTER["onnxruntime/float32"]) for seconds in (59, 61))
    assert choice.settled(model, "auto", few) == (model, None)
    assert timed == ["onnxruntime"]  # a guess, no trial
    timed.clear()
    assert choice.settled(model, "auto", 50_000) == (model, None)
    assert timed == []  # not even that
    assert choice.settled(model, "auto", many)[0].engine == "tensorflow"
    assert timed == ["onnxruntime"] * 2 + ["tensorflow"]
    assert choice.load("red_wiener").engine == "tensorflow"  # from now on
    assert choice.load("red_frames").engine == "onnxruntime"  # of which nothing is known


def test_a_trial_of_other_versions_or_of_another_processor_counts_for_nothing(timed, monkeypatch):
    choice.settled(choice.load("red_wiener"), "auto", 10**9)
    monkeypatch.setattr(choice, "processor", lambda: "another")
    assert choice.load("red_wiener").engine == "onnxruntime"


def test_a_gpu_and_a_backend_that_is_asked_for_are_left_to_keras(monkeypatch):
    monkeypatch.setattr(choice, "gpu_compute_capability", lambda: 8.0)
    assert choice.load("red_wiener").engine == "tensorflow"
    monkeypatch.setattr(choice, "gpu_compute_capability", lambda: None)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert choice.load("red_wiener").engine == "tensorflow"


def test_a_precision_that_one_engine_has_chooses_it(monkeypatch):
    monkeypatch.setattr(engines.module("tensorflow"), "precisions", lambda: ("float32", "bfloat16"))
    assert choice.load("red_wiener", "bfloat16").engine == "tensorflow"
    with pytest.raises(InputError, match="`precision='float16'` is none of tensorflow"):
        choice.load("red_wiener", "float16")


def test_a_model_of_ones_own_has_no_portable_network_yet(tiny_model):
    assert choice.load(tiny_model).engine == "tensorflow"


def test_a_chain_settles_once(timed):
    chain = Chain("red_wiener")
    chain.settle(10**9)
    assert (chain.first.engine, chain.networks[0].model) == ("tensorflow", chain.first)
    settled = chain.first
    chain.settle(10**9)
    assert chain.first is settled
    given = models.load("red_wiener", "float32", "onnxruntime")
    asked = Chain(given), Chain("red_wiener", engine="onnxruntime")
    for each in asked:
        each.settle(10**9)
        assert each.first.engine == "onnxruntime"


def test_a_trial_is_written_for_people_too(timed):
    choice.settled(choice.load("red_wiener"), "auto", 10**9)
    told = json.loads(choice._path(models.find("red_wiener")).read_text())
    assert told["seconds_a_pixel"] == FASTER
    assert set(told["versions"]) == {"onnxruntime", "tensorflow"}


@pytest.mark.parametrize("content", ["", "{", "[1]", "null", '{"seconds_a_pixel": [1]}'])
def test_a_damaged_memory_of_a_trial_is_none(timed, content):
    choice.settled(choice.load("red_wiener"), "auto", 10**9)
    choice._path(models.find("red_wiener")).write_text(content)
    assert choice.load("red_wiener").engine == "onnxruntime"


def test_what_cannot_be_kept_is_said_and_the_work_goes_on(timed, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SRREDSIM_CACHE", str(tmp_path / "file"))
    chain = Chain("red_wiener")
    chain.settle(10**9)
    assert chain.first.engine == "tensorflow"
    assert any("cannot be kept" in note for note in chain.notes)


def test_a_cache_that_refuses_files_is_said_and_the_work_goes_on(timed, tmp_path, monkeypatch):
    @contextmanager
    def refused(path, overwrite=False):
        raise InputError(f"{path} cannot be written: permission denied")
        yield

    monkeypatch.setattr(choice.io, "atomic", refused)
    chain = Chain("red_wiener")
    chain.settle(10**9)
    assert any("cannot be kept" in note and "permission denied" in note for note in chain.notes)


@pytest.mark.parametrize("devices", ["", "-1"])
def test_a_gpu_that_is_hidden_is_none_and_one_whose_driver_hangs(monkeypatch, devices):
    monkeypatch.setattr(precision.shutil, "which", lambda name: "nvidia-smi")
    monkeypatch.setattr(precision.subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 0, "9.0\n", ""))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert precision.gpu_compute_capability() == 9.0
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", devices)
    assert precision.gpu_compute_capability() is None
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")

    def hangs(command, timeout, **how):
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(precision.subprocess, "run", hangs)
    assert precision.gpu_compute_capability() is None
