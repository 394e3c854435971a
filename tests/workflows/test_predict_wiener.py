"""Models of Wiener images: an untrained one returns the classical image, from every door."""

import dataclasses

import keras
import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.acquisition import Optics, Pattern, frames_from_raw
from srredsim.data.pairs import Pair
from srredsim.errors import InputError
from srredsim.evaluation import methods
from srredsim.evaluation.scores import score
from srredsim.io import Reading, Writing
from srredsim.normalise import scaling_of
from srredsim.simulation.sim import simulate_stack
from srredsim.workflows import predict as prediction
from srredsim.workflows.reconstruct import Method
from srredsim.workflows.reconstruct_file import reconstruct_file
from srredsim.zoo import models, recipe
from srredsim.zoo.predict import predict

NAMES = ("na", "wavelength_em_um", "pixel_size_um")


@pytest.fixture(scope="module")
def sample():
    return simulate_stack(5, index=2, phases=3, size=72, photons=(600.0, 600.0))


@pytest.fixture
def path(sample, tmp_path):
    optics = Optics(**{name: getattr(sample.settings, name) for name in NAMES})
    return io.write_raw(tmp_path / "cells.tif", np.stack([sample.raw, sample.raw // 2])[:, None, None], optics=optics)


@pytest.fixture(scope="module")
def cleaner(tiny_cleaner):
    return models.load(tiny_cleaner, "float32")


@pytest.fixture(scope="module")
def wild(cleaner):
    """The same with random weights everywhere: whatever it is given counts."""
    keras.utils.set_random_seed(8)
    network = models.build_network(cleaner.recipe)
    network.set_weights([w + np.random.default_rng(6).normal(0, 0.1, w.shape) for w in network.get_weights()])
    return dataclasses.replace(cleaner, built=network)


def test_untrained_it_gives_the_image_of_reconstruct(path, cleaner, tmp_path):
    how = {"writing": io.Writing(tmp_path / "classical"), "method": Method("wiener", attenuation=None)}
    expected = tifffile.imread(reconstruct_file(path, **how)["paths"][0])
    report = prediction.predict_file(path, cleaner)
    np.testing.assert_allclose(tifffile.imread(report["paths"][0]), expected, rtol=1e-4, atol=1e-3)
    assert report["shape_tczyx"] == [2, 1, 1, 144, 144]
    assert report["pixel_size_um"] == pytest.approx(io.read(path).optics.pixel_size_um / 2)
    assert report["stripes"] == ["the stripes of every angle were measured"]


def test_tiles_change_nothing(path, wild):
    whole = tifffile.imread(prediction.predict_file(path, wild, tile=1000)["paths"][0])
    again = Writing(overwrite=True)
    tiled = tifffile.imread(prediction.predict_file(path, wild, tile=13, writing=again)["paths"][0])
    np.testing.assert_allclose(tiled, whole, atol=1e-4 * np.abs(whole).max())
    careless = dataclasses.replace(wild, receptive_field=2)
    wrong = tifffile.imread(prediction.predict_file(path, careless, tile=13, writing=again)["paths"][0])
    assert np.abs(wrong - whole).max() > 1e-2 * np.abs(whole).max()


def test_without_optics_the_image_is_nearly_that_with_them(sample, cleaner, tmp_path):
    np.save(tmp_path / "bare.npy", sample.raw)
    blind = prediction.predict_file(tmp_path / "bare.npy", cleaner, reading=Reading(angles=3, phases=3))
    assert blind["pixel_size_um"] is None
    assert any("cut-off estimated from the frames" in note for note in blind["notes"])
    image = tifffile.imread(blind["paths"][0])
    optics = {name: getattr(sample.settings, name) for name in NAMES}
    how = {"reading": Reading(angles=3, phases=3, **optics), "writing": Writing(overwrite=True)}
    report = prediction.predict_file(tmp_path / "bare.npy", cleaner, **how)
    assert report["pixel_size_um"] == pytest.approx(optics["pixel_size_um"] / 2)
    assert np.corrcoef(image.ravel(), tifffile.imread(report["paths"][0]).ravel())[0, 1] > 0.99


def test_frames_that_do_not_tell_the_cutoff_are_asked_for_the_optics(sample, cleaner, tmp_path):
    np.save(tmp_path / "small.npy", sample.raw[..., :40, :40])
    with pytest.raises(InputError, match="wanted 48 or more; give `na, wavelength_em_um, pixel_size_um`"):
        prediction.predict_file(tmp_path / "small.npy", cleaner, reading=Reading(angles=3, phases=3))


def test_two_phases_are_too_few(cleaner, tmp_path):
    np.save(tmp_path / "two.npy", np.random.default_rng(0).random((6, 40, 40)))
    with pytest.raises(InputError, match="at least 3 phases in each angle; got 2"):
        prediction.predict_file(tmp_path / "two.npy", cleaner, reading=Reading(None, 3, 2, False, 0.08, 1.4, 0.52))


def test_frames_are_refused(cleaner, sample):
    with pytest.raises(InputError, match=r"takes Wiener images, of a raw stack .*; give a RawStack"):
        predict(cleaner, frames_from_raw(sample.raw))


def test_untrained_it_scores_what_wiener_scores(cleaner, sample):
    frames = frames_from_raw(sample.raw)
    facts = {"optics": {name: getattr(sample.settings, name) for name in NAMES}}
    pair = Pair(frames, sample.truth, scaling_of(frames), facts)
    found = methods.images(cleaner, pair, "3x3")
    np.testing.assert_allclose(found["cleaner"], found["Wiener"], rtol=1e-4, atol=1e-3)
    assert score(pair.truth, found["Wiener"])["psnr"] > score(pair.truth, found["widefield (Fourier)"])["psnr"]
    with pytest.raises(InputError, match="needs NA, emission wavelength and pixel size"):
        methods.images(cleaner, Pair(frames, sample.truth, scaling_of(frames)), "3x3")


def test_a_network_of_frames_is_no_network_of_wiener_images(tiny_model):
    with pytest.raises(InputError, match=r"3 channels \(wiener, widefield, noise\) at scale 1"):
        models.build_network(recipe.load(tiny_model, ["data.input=wiener"]))


def test_it_is_never_taken_unasked(cleaner, monkeypatch, tiny_cleaner):
    monkeypatch.setattr(models, "names", lambda: [str(tiny_cleaner)])
    with pytest.raises(InputError, match="no model for 3 angles x 3 phases"):
        models.fitting(Pattern(3, 3))
