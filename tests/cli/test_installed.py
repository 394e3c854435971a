"""The scripts of a checkout in a Python that has not what the package needs: one line, which says what to run."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from srredsim.cli import installed

ROOT = Path(__file__).parents[2]
READ_BY_OLD_ONES = ["predict.py", "train.py", "srredsim/__init__.py", "srredsim/cli/__init__.py"]


@pytest.mark.parametrize("script", ["predict.py", "train.py"])
def test_a_python_without_the_packages_is_told_from_which_has_them(script):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [sys.executable, "-S", ROOT / script, "stack.tif"]  # without the packages of the site
    ended = subprocess.run(command, capture_output=True, text=True, env=clean, timeout=60, check=False)
    (line,) = ended.stderr.splitlines()
    assert (ended.returncode, ended.stdout) == (2, "")
    assert line.startswith(f"srredsim: {sys.executable} has no numpy: ")


def test_an_old_python_reads_what_tells_it_so(monkeypatch, capsys):
    for name in [*READ_BY_OLD_ONES, "srredsim/cli/installed.py"]:
        ast.parse((ROOT / name).read_text(encoding="utf-8"), feature_version=(3, 8))
    monkeypatch.setattr(sys, "version_info", (3, 8, 18))
    with pytest.raises(SystemExit, match="2"):
        installed.start("predict")
    assert "is Python 3.8, too old: " in capsys.readouterr().err


def test_the_environment_of_make_is_named_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setattr(installed, "ROOT", tmp_path)
    assert "`make demo` installs" in installed._instead("train")
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert installed._instead("train") == f"run {python} train.py"
