"""`srredsim serve`: a process without TensorFlow that answers, and what TensorFlow Serving is told."""

import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import srredsim
from srredsim.client import predict
from srredsim.serving import server, tf_serving

ALONE = """
import sys
for name in ("tensorflow", "keras", "jax"):
    sys.modules[name] = None  # importing it is an error
from srredsim.cli.main import command
command()
"""


def test_a_process_without_tensorflow_answers_as_predict_does(tmp_path):
    asked = ["serve", "red_frames_3x3", "--local", "--port", "0", "--engine", "onnxruntime", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", ALONE, *asked],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    try:
        said = ""
        while "serving on" not in said and (line := process.stderr.readline()):
            said += line
        url = re.search(r"serving on (http://127\.0\.0\.1:\d+); Ctrl-C ends it", said)[1]
        stack = srredsim.simulate(seed=2, phases=3, size=48)[0]
        answer = predict(url, stack.raw().reshape(9, 48, 48))
        expected = srredsim.predict(stack, model="red_frames_3x3", engine="onnxruntime")
        np.testing.assert_allclose(answer.image, expected, rtol=1e-5, atol=1e-5 * expected.array.max())
        assert answer.report["engine"] == "onnxruntime"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, "")
    assert json.loads(out)["url"] == url
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("srredsim")]


@pytest.fixture
def at_once(monkeypatch):
    """Servers end as soon as they have begun."""
    monkeypatch.setattr(server.Listening, "run", lambda self: self._socket.close())


def served(model, *more):
    return "serve", model, "--local", "--port", "0", "--engine", "tensorflow", "--precision", "float32", *more


def test_others_than_this_machine_are_warned_of(run, tiny_model, at_once):
    status, _, err = run(*served(tiny_model))
    assert (status, "warning" in err) == (0, False)
    status, _, err = run(*served(tiny_model, "--host", "0.0.0.0"))
    assert status == 0
    assert "srredsim: warning: whoever can reach http://0.0.0.0:" in err


def test_which_addresses_others_reach():
    assert not any(map(server.for_others, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert all(map(server.for_others, ("0.0.0.0", "::", "192.168.1.4", "microscope")))


def test_a_port_that_is_taken(refused, tiny_model):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refused("serve", tiny_model, "--local", "--port", port, "--engine", "tensorflow")
    assert f"nothing can listen on --host 127.0.0.1 --port {port}: Address already in use" in said


def test_a_missing_package_is_named(refused, tiny_model, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr("srredsim.cli.commands.serve.find_spec", lambda name: None if name == "uvicorn" else find(name))
    assert 'needs the package uvicorn: pip install ".[serve]"' in refused("serve", tiny_model, "--local")


def test_no_such_model(refused):
    assert "did you mean 'srredsim'?" in refused("serve", "srredsm", "--local")
    assert "did you mean 'srredsim'?" in refused("serve", "srredsm")


def test_tensorflow_serving_is_told_of_models_that_are_there(run, tiny_model, tmp_path):
    """A model with a version is not exported again: the highest is served."""
    out = tmp_path / "served"
    for version in ("3", "12", "notes"):
        (out / "tiny" / version).mkdir(parents=True)
    status, said, err = run("serve", tiny_model, "--out", out)
    assert status == 0
    assert f"{out / 'tiny' / '12'} is served" in err
    config, command = said.splitlines()
    assert Path(config).read_text() == (
        'model_config_list {\n  config {\n    name: "tiny"\n    base_path: "/models/tiny"\n'
        '    model_platform: "tensorflow"\n  }\n}\n'
    )
    assert command.startswith("docker run --rm -p 127.0.0.1:8500:8500 -p 127.0.0.1:8501:8501 ")
    assert f" {out}:/models:ro tensorflow/serving --model_config_file=/models/models.config " in command


def test_a_name_that_no_address_can_have(tmp_path):
    (tmp_path / "a b" / "1").mkdir(parents=True)
    with pytest.raises(srredsim.errors.InputError, match="cannot be served"):
        tf_serving.configure(tmp_path, ["a b"])
    with pytest.raises(srredsim.errors.InputError, match="export the model first"):
        tf_serving.configure(tmp_path, ["c"])
