"""What is no image is never written: weights that are NaN, and whatever makes NaN or the same value everywhere."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

import srredsim
from srredsim import checks, io
from srredsim.acquisition import Optics
from srredsim.denoising import methods
from srredsim.errors import InputError
from srredsim.reconstruction.planes import Maker
from srredsim.simulation.sim import simulate_stack
from srredsim.zoo import models
from srredsim.zoo import recipe as recipes

MICROSCOPE = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.07}


@pytest.fixture(scope="module")
def raw():
    return simulate_stack(8, size=(40, 48), angles=3, phases=5, photons=(400.0, 400.0), **MICROSCOPE).raw


@pytest.fixture
def path(raw, tmp_path):
    return io.write_raw(tmp_path / "stack.tif", raw, optics=Optics(**MICROSCOPE))


def with_weights(model, folder, value):
    """A copy of a model with its weights, the last or all, replaced, and nothing that passes them by."""
    shutil.copytree(model, folder)
    recipe = folder / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("widefield_skip: true", "widefield_skip: false"))
    network = models.build_network(recipes.load(folder))
    for weight in network.weights[-1 if np.isnan(value) else 0 :]:
        weight.assign(np.full(weight.shape, value, np.float32))
    network.save_weights(folder / models.WEIGHTS)
    return folder


def nothing_in(folder):
    return not [file for file in folder.rglob("*") if file.is_file()]


def test_weights_that_are_no_numbers(tiny_model, tmp_path, path, refused):
    spoilt = with_weights(tiny_model, tmp_path / "spoilt", np.nan)
    line = refused("predict", path, "--model", spoilt, "--out", tmp_path / "out")
    assert str(spoilt / models.WEIGHTS) in line
    assert "NaN or infinite" in line
    assert nothing_in(tmp_path / "out")


def test_a_network_that_makes_the_same_of_everything(tiny_model, tmp_path, path, raw, refused):
    dead = with_weights(tiny_model, tmp_path / "dead", 0.0)
    assert "is 0 everywhere" in refused("predict", path, "--model", dead, "--out", tmp_path / "out")
    assert nothing_in(tmp_path / "out")
    with pytest.raises(InputError, match="is 0 everywhere"):
        srredsim.predict(raw, model=dead)


def test_a_network_that_overflows(tiny_model, tmp_path, path, refused):
    large = with_weights(tiny_model, tmp_path / "large", 3e38)
    assert "NaN or infinite" in refused("predict", path, "--model", large, "--out", tmp_path / "out")
    assert nothing_in(tmp_path / "out")


@pytest.mark.parametrize("value", [np.nan, 3.0])
def test_a_reconstruction(value, path, tmp_path, refused, monkeypatch):
    made = Maker.__call__

    def spoilt(self, position):
        plane = made(self, position)
        return replace(plane, image=np.full_like(plane.image, value))

    monkeypatch.setattr(Maker, "__call__", spoilt)
    line = refused("reconstruct", path, "--out", tmp_path / "out")
    assert ("NaN" if np.isnan(value) else "is 3 everywhere") in line
    assert nothing_in(tmp_path / "out")


def test_a_denoiser(raw, tmp_path, refused, monkeypatch):
    np.save(tmp_path / "image.npy", raw[0, 0])
    module = methods._members.module("pure_let")
    monkeypatch.setattr(module, "pure_let", lambda noisy, noise, limits: np.full(noisy.shape, np.inf, np.float32))
    line = refused(
        "denoise", tmp_path / "image.npy", "--method", "pure_let", "--noise", 1, 0, "--out", tmp_path / "out"
    )
    assert "NaN or infinite" in line
    assert nothing_in(tmp_path / "out")


def test_an_image_is_one():
    checks.image_made(np.array([[0.0, 1e-30]]), "it")
    with pytest.raises(InputError, match="1 of 2 pixels"):
        checks.image_made(np.array([[0.0, np.nan]]), "it")
    with pytest.raises(InputError, match="as float32 it may show more"):
        checks.image_made(np.zeros((2, 2), np.uint16), "it")
