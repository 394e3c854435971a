"""Widefield networks of any scale: sizes, the pixel size in the file, tiles, the place of every pixel, the export."""

import dataclasses

import keras
import numpy as np
import pytest
import tifffile
from keras import layers

from srredsim import io, networks
from srredsim.acquisition import Optics
from srredsim.io import Reading, Writing
from srredsim.workflows.export import export
from srredsim.workflows.predict import predict_file
from srredsim.zoo import models, recipe
from srredsim.zoo.models import LoadedModel
from srredsim.zoo.predict import predict

SCALES = (1, 2, 3, 4, 8)


def model_of(folder, name, scale):
    """An untrained model whose weights are on the disk."""
    settings = networks.module(name).SMALL | {"input_channels": 1, "scale": scale}
    described = recipe.from_dict(
        {"name": folder.name, "network": {"name": name, **settings}, "data": {"input": "widefield", "target": "sim"}}
    )
    folder.mkdir()
    recipe.save(described, folder / "recipe.yaml")
    keras.utils.set_random_seed(scale)
    models.build_network(described).save_weights(folder / models.WEIGHTS)
    return models.load(folder, "float32")


def image_of(size):
    return np.random.default_rng(2).poisson(300, size).astype(np.uint16)


# The others enlarge as edsr does; srfbn by a transposed convolution
@pytest.mark.parametrize(
    "name", ["edsr", "srfbn", *(pytest.param(name, marks=pytest.mark.slow) for name in ("rcan", "rdn", "san", "rrdb"))]
)
def test_four_times_the_pixels(name, tmp_path):
    model = model_of(tmp_path / "m", name, 4)
    io.write_image(tmp_path / "a.tif", image_of((22, 30)), optics=Optics(pixel_size_um=0.2))
    report = predict_file(tmp_path / "a.tif", model)
    assert (model.scale, report["shape_tczyx"]) == (4, [1, 1, 1, 88, 120])
    found, pixel_size_um = io.read_image(report["paths"][0])
    assert found.shape[3:] == (88, 120)
    assert pixel_size_um == report["pixel_size_um"] == pytest.approx(0.05)
    with open(report["paths"][1], "rb") as file:
        assert file.read(4) == b"\x89PNG"
    exported = keras.saving.load_model(export(model, tmp_path, "keras"), compile=False)
    served = np.asarray(exported(found_input(tmp_path / "a.tif"))["image"])[0, ..., 0]
    np.testing.assert_allclose(served, found[0, 0, 0], atol=1e-4 * np.abs(served).max())


def found_input(path):
    return io.read_image(path)[0][0, 0, 0][None, ..., None].astype(np.float32)


@pytest.mark.parametrize("scale", SCALES)
def test_every_scale(scale, tmp_path):
    model = model_of(tmp_path / "m", "edsr", scale)
    np.save(tmp_path / "a.npy", image_of((37, 41)))
    report = predict_file(tmp_path / "a.npy", model, reading=Reading(pixel_size_um=0.24))
    assert report["shape_tczyx"][3:] == [scale * 37, scale * 41]
    assert report["pixel_size_um"] == pytest.approx(0.24 / scale)
    whole = tifffile.imread(report["paths"][0])
    tiled = predict_file(tmp_path / "a.npy", model, tile=9, writing=Writing(overwrite=True))
    np.testing.assert_allclose(tifffile.imread(tiled["paths"][0]), whole, atol=1e-4 * np.abs(whole).max())


def test_saved_model_of_four_times_the_pixels(tmp_path):
    path = export(model_of(tmp_path / "m", "edsr", 4), tmp_path, "savedmodel")  # compared before it appears
    assert path == tmp_path / "m" / "1"


@pytest.mark.parametrize("scale", SCALES)
def test_pixels_lie_on_those_that_they_belong_to(scale, tmp_path):
    """Raw pixel (i, j) covers output pixels scale * i ... and scale * j ...: a network that repeats pixels."""
    described = model_of(tmp_path / "m", "edsr", scale)
    image = keras.Input((None, None, 1))
    repeated = layers.UpSampling2D(scale)(image) if scale > 1 else layers.Identity()(image)
    model = dataclasses.replace(described, built=keras.Model(image, repeated), receptive_field=0)
    y, x = np.mgrid[:20, :26]
    given = 1000.0 * y + x
    out_y, out_x = np.mgrid[: 20 * scale, : 26 * scale]
    expected = 1000.0 * (out_y // scale) + out_x // scale - np.percentile(given, 1)
    for tile in (None, 7):
        np.testing.assert_allclose(predict(model, given, tile=tile).image, expected, atol=0.05)


def test_raw_stacks_of_other_scales_are_not_compared_with_their_frames(tmp_path):
    """The comparison is on twice the raw grid; it says so, and the image is made."""
    frames = keras.Input((None, None, 15))
    network = keras.Model(frames, layers.UpSampling2D(4)(layers.Conv2D(1, 1)(frames)))
    described = recipe.from_dict({"name": "four", "network": {"name": "red_net"}})
    raw = np.random.default_rng(0).poisson(300, (3, 5, 40, 40)).astype(np.uint16)
    path = io.write_raw(tmp_path / "a.tif", raw)
    reading = Reading(na=1.4, wavelength_em_um=0.52, pixel_size_um=0.08)
    report = predict_file(path, LoadedModel("four", None, described, network, 0, 4, "float32"), reading=reading)
    assert report["shape_tczyx"][3:] == [160, 160]
    assert report["consistency"] is None
    assert "not compared with the raw frames: that takes an image of 2x the pixels, not 4x" in report["notes"]
