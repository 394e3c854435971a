"""`srredsim doctor`: what this machine has, also where Keras cannot start."""

import json

from srredsim import __version__


def test_doctor(run):
    status, out, err = run("doctor")
    assert (status, err) == (0, "")
    assert "--precision auto" in out
    status, out, _ = run("doctor", "--json")
    report = json.loads(out)
    assert (status, report["srredsim"], report["backend"]["problem"]) == (0, __version__, None)
    assert report["precision_auto"] in ("float32", "bfloat16")
    assert report["cores"] >= 1
    assert {"omx", "elyra", "nsim", "deepsim"} <= set(report["microscopes"])


def test_keras_without_a_backend(process, stack):
    done = process("-m", "srredsim", "predict", stack, KERAS_BACKEND="nonesuch")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "nonesuch" in done.stderr
    done = process("-m", "srredsim", "doctor", "--json", KERAS_BACKEND="nonesuch")
    assert done.returncode == 0
    assert "nonesuch" in json.loads(done.stdout)["backend"]["problem"]
