"""`srredsim doctor`: what this machine has, also where Keras cannot start."""

import json
import re
import tomllib
from pathlib import Path

from srredsim import __version__
from srredsim.cli.commands.doctor import NEEDED, OPTIONAL

BEHIND = {
    "tensorflow",
    "sphinx",
    "myst-parser",
    "furo",
}  # of extras: with graphics cards it is told otherwise; the site


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


def test_every_package_of_an_extra_for_users_is_listed():
    extras = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    named = {re.match(r"[\w-]+", one)[0] for extra, each in extras.items() if extra != "test" for one in each}
    assert named - BEHIND <= set(OPTIONAL)
    assert not set(OPTIONAL) & set(NEEDED)


def test_keras_without_a_backend(process, stack):
    done = process("-m", "srredsim", "predict", stack, KERAS_BACKEND="nonesuch")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "nonesuch" in done.stderr
    done = process("-m", "srredsim", "doctor", "--json", KERAS_BACKEND="nonesuch")
    assert done.returncode == 0
    assert "nonesuch" in json.loads(done.stdout)["backend"]["problem"]
