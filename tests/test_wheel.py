"""An installed copy has the models and the data inside, and finds them from any folder."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy, so that the checkout stays as it is."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("srredsim", "models", "data"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", out, source], check=True)
    return next(out.glob("srredsim-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    subprocess.run([*pip, "--target", target, wheel], check=True)
    return target


def run(installed, elsewhere, *command):
    return subprocess.run(
        [sys.executable, *command],
        cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def files(folder: Path) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_has_every_module_and_every_shipped_file(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    shipped = {f"srredsim/_shipped/{name}" for kind in ("models", "data") for name in files(ROOT / kind)}
    assert shipped
    missing = (files(ROOT / "srredsim") | shipped) - inside
    assert not missing, f"not in the wheel: {sorted(missing)}; is a new package missing in pyproject.toml?"
    beyond = {name for name in inside if ".dist-info/" not in name} - files(ROOT / "srredsim") - shipped
    assert not beyond, f"in the wheel, not in the checkout: {sorted(beyond)}"


def test_an_installed_copy_finds_its_own_models_and_data(installed, tmp_path):
    script = "from srredsim import resources; print(resources.folder('models')); print(resources.folder('data'))"
    expected = [installed / "srredsim" / "_shipped" / kind for kind in ("models", "data")]
    assert run(installed, tmp_path, "-c", script).split() == [str(path) for path in expected]


def test_the_installed_command_lists_the_models_of_the_checkout(installed, tmp_path):
    listed = json.loads(run(installed, tmp_path, "-m", "srredsim", "models", "--json"))["models"]
    assert [model["name"] for model in listed] == sorted(path.parent.name for path in ROOT.glob("models/*/recipe.yaml"))
    assert list(tmp_path.iterdir()) == []


def test_the_wheel_offers_the_command(wheel):
    with zipfile.ZipFile(wheel) as archive:
        entry_points = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "srredsim = srredsim.cli.main:command" in archive.read(entry_points).decode()
