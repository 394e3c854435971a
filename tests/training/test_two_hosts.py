"""Two processes on this machine train as two hosts: like one process, and on exactly after one of them was killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from srredsim.training import checkpoint
from srredsim.training.fit import train
from srredsim.zoo import recipe

pytestmark = pytest.mark.slow

WITHIN_S = 60  # a host that dies is said
TINY = {
    "name": "tiny",
    "network": {"name": "red_net", "input_channels": 9, "depth": 3, "filters": 4, "widefield_skip": True},
    "data": {
        "name": "simulated", "angles": 3, "phases": 3, "count": 8, "crop": 16, "batch": 4,
        "validation_count": 3, "validation_crop": 32,
    },
    # Every gradient is clipped, and what is left of it moves the weights by far more than their rounding.
    "optimizer": {"name": "sgd", "learning_rate": 0.5, "clip_norm": 0.02, "ema": 0.9},
    "loss": "mean_absolute_error",
    "metrics": ["rmse", "psnr"],
    "precision": "float32",
    "epochs": 3,
    "steps": 6,
    "seed": 3,
}  # fmt: skip


def start(home: Path, *extra: str, other: dict[str, str] | None = None) -> list[subprocess.Popen]:
    """Both hosts, the chief first; with more in the environment of the ``other``."""
    with socket.create_server(("", 0)) as one, socket.create_server(("", 0)) as two:
        addresses = [f"localhost:{server.getsockname()[1]}" for server in (one, two)]
    command = [sys.executable, "-m", "srredsim", "train", "--out", "run", "--hosts", "2", *extra]
    started = []
    for index in range(2):
        told = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = os.environ | {"TF_CONFIG": json.dumps(told), "TMPDIR": str(home / f"own_{index}")}
        environment |= other if other and index else {}
        (home / f"own_{index}").mkdir(exist_ok=True)
        started.append(
            subprocess.Popen(
                command, cwd=home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
    return started


def ended(process: subprocess.Popen, within_s: float) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, out, err


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Home of a run of two hosts that nothing stopped."""
    home = tmp_path_factory.mktemp("two_hosts")
    (home / "tiny.yaml").write_text(yaml.safe_dump(TINY), encoding="utf-8")
    processes = start(home, "--model", "tiny.yaml", "--set", "name=tiny-run")
    (status, out, err), (other, *said) = (ended(process, 600) for process in processes)
    assert (status, other) == (0, 0), (err, said)
    assert out == "run\n"
    assert err.count("epoch ") == 3
    assert said[0] == ""
    assert "epoch" not in said[1]  # the chief speaks for both; each makes its part of the images
    return home


def weights(file: Path) -> dict[str, np.ndarray]:
    found = {}
    with h5py.File(file) as opened:
        opened.visititems(lambda key, item: found.update({key: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def history(folder: Path) -> list[dict]:
    """Without the time that it took."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in checkpoint.load(folder).history]


def test_two_hosts_train_like_one_process(whole, tmp_path):
    expected = train(recipe.from_dict(TINY | {"name": "tiny-run"}), out=tmp_path / "one")
    start_of = train(recipe.from_dict(TINY | {"epochs": 1, "steps": 1}), out=tmp_path / "start")
    for a, b in zip(history(expected), history(whole / "run"), strict=True):
        assert a == pytest.approx(b, rel=1e-5)
    first = weights(start_of / "checkpoint" / "epoch_00001.weights.h5")
    for name in ("last.weights.h5", "checkpoint/epoch_00003.weights.h5"):
        found = weights(whole / "run" / name)
        for key, value in weights(expected / name).items():
            np.testing.assert_allclose(found[key], value, rtol=1e-5, atol=1e-5 * np.abs(value).max(), err_msg=key)
    moved = [np.abs(found[key] - value).max() for key, value in first.items() if key.startswith("layers")]
    assert max(moved) > 1e-2


def test_only_the_chief_writes_and_the_other_leaves_nothing(whole):
    assert {path.name for path in whole.iterdir()} == {"tiny.yaml", "run", "own_0", "own_1"}
    assert [path for own in ("own_0", "own_1") for path in (whole / own).iterdir()] == []
    assert (whole / "run" / "model.keras").is_file()
    assert json.loads((whole / "run" / "run.json").read_text())["hosts"] == 2


@pytest.mark.parametrize("killed", [0, 1], ids=["chief", "other"])
def test_a_killed_host_is_said_and_both_go_on_exactly(whole, tmp_path, killed):
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY), encoding="utf-8")
    processes = start(tmp_path, "--model", "tiny.yaml", "--set", "name=tiny-run")
    state = tmp_path / "run" / "checkpoint" / "state.json"
    while not state.is_file() and all(process.poll() is None for process in processes):
        time.sleep(0.01)
    processes[killed].send_signal(signal.SIGKILL)
    begun = time.monotonic()
    status, out, err = ended(processes[1 - killed], WITHIN_S)
    assert time.monotonic() - begun < WITHIN_S
    said = [line for line in err.splitlines() if line.startswith("srredsim: ")]
    assert (status, out, len(said)) == (3, "", 1), err
    assert f"host {killed + 1} of 2 (localhost:" in said[0]
    assert "Traceback" not in err
    ended(processes[killed], WITHIN_S)
    assert 1 <= checkpoint.load(tmp_path / "run").epochs_done < TINY["epochs"]

    resumed = [ended(process, 600) for process in start(tmp_path, "--resume")]
    assert [status for status, *_ in resumed] == [0, 0], resumed
    assert history(tmp_path / "run") == history(whole / "run")
    for name in ("last.weights.h5", "model.weights.h5", "checkpoint/epoch_00003.weights.h5"):
        expected = weights(whole / "run" / name)
        for key, value in weights(tmp_path / "run" / name).items():
            np.testing.assert_array_equal(value, expected[key], err_msg=key)


def test_two_hosts_of_jax_train_like_one_process_also_after_one_was_killed(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setenv("SRREDSIM_CACHE", str(tmp_path / "cache"))
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY), encoding="utf-8")
    asked = "--model", "tiny.yaml", "--set", "name=tiny-run"
    alone = subprocess.Popen(
        [sys.executable, "-m", "srredsim", "train", "--out", "one", *asked],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert ended(alone, 600)[:2] == (0, "one\n")

    begun = start(tmp_path, *asked, other={"SRREDSIM_STOP_AT": "before epoch_00002.weights.h5"})
    (status, out, err), (killed, *_) = (ended(process, 600) for process in begun)
    assert (status, out, killed) == (3, "", 137), err
    (said,) = [line for line in err.splitlines() if line.startswith("srredsim: ")]
    assert "host 2 of 2 (localhost:" in said
    assert 1 <= checkpoint.load(tmp_path / "run").epochs_done < TINY["epochs"]

    resumed = [ended(process, 600) for process in start(tmp_path, "--resume")]
    assert [(status, out) for status, out, _ in resumed] == [(0, "run\n"), (0, "")], resumed
    for a, b in zip(history(tmp_path / "one"), history(tmp_path / "run"), strict=True):
        assert a == pytest.approx(b, rel=1e-5)
    for name in ("last.weights.h5", "checkpoint/epoch_00003.weights.h5"):
        found = weights(tmp_path / "run" / name)
        for key, value in weights(tmp_path / "one" / name).items():
            np.testing.assert_allclose(found[key], value, rtol=1e-5, atol=1e-5 * np.abs(value).max(), err_msg=key)
