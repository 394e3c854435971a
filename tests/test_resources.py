"""Shipped models and data are found inside the package if there, else beside it."""

from pathlib import Path

import pytest

from srredsim import resources
from srredsim.errors import InputError


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package with two models inside and nothing beside it."""
    package = tmp_path / "site-packages" / "srredsim"
    for name in ("srredsim", "srredsim_3x3"):
        folder = package / "_shipped" / "models" / name
        folder.mkdir(parents=True)
        (folder / "recipe.yaml").write_text("name: x\n", encoding="utf-8")
    (package / "_shipped" / "models" / "notes").mkdir()
    monkeypatch.setattr(resources, "PACKAGE", package)
    monkeypatch.setattr(resources, "SHIPPED", package / "_shipped")
    return package


def test_inside_the_package_comes_first(installed):
    (installed.parent / "models").mkdir()
    assert resources.folder("models") == installed / "_shipped" / "models"


def test_beside_the_package_in_a_checkout(installed):
    assert resources.folder("data") == installed.parent / "data"


def test_this_checkout_has_its_data_sets():
    assert "simulated" in resources.entries("data")
    assert (resources.entry("data", "simulated") / "dataset.yaml").is_file()


def test_an_entry_is_a_folder_with_a_description(installed):
    assert resources.entries("models") == ["srredsim", "srredsim_3x3"]
    assert resources.entry("models", "srredsim_3x3") == installed / "_shipped" / "models" / "srredsim_3x3"


def test_no_folder_means_no_entries(installed):
    assert resources.entries("data") == []


def test_an_unknown_name_is_answered_with_the_names_and_the_nearest(installed):
    with pytest.raises(
        InputError,
        match=r"^no model called 'srredsm' \(did you mean 'srredsim'\?\); there are: srredsim, srredsim_3x3$",
    ):
        resources.entry("models", "srredsm")
    with pytest.raises(InputError, match=r"^no model called 'unet'; there are: srredsim, srredsim_3x3$"):
        resources.entry("models", "unet")
    with pytest.raises(InputError, match=r"^no data set called 'w2s'; there are none$"):
        resources.entry("data", "w2s")


@pytest.mark.parametrize("name", ["..", "../models/srredsim", "", "/"])
def test_a_path_is_no_name(installed, name):
    with pytest.raises(InputError):
        resources.entry("models", name)


def test_the_cache_can_be_moved(monkeypatch, tmp_path):
    monkeypatch.setenv("SRREDSIM_CACHE", str(tmp_path / "kept"))
    assert resources.cache_folder() == tmp_path / "kept"


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("linux", Path(".cache/srredsim")),
        ("darwin", Path("Library/Caches/srredsim")),
        ("win32", Path("AppData/Local/srredsim/cache")),
    ],
)
def test_the_cache_is_where_the_system_keeps_caches(monkeypatch, tmp_path, system, expected):
    for name in ("SRREDSIM_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setattr(resources.sys, "platform", system)
    assert resources.cache_folder() == tmp_path / expected
