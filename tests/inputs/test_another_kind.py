"""A kind of input that joins the package by its file alone: checked, chosen, predicted, exported and listed."""

import importlib
import sys

import keras
import numpy as np
import pytest
import tifffile

from srredsim import inputs, io, resources
from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.errors import InputError
from srredsim.workflows.export import export
from srredsim.workflows.predict import predict_file
from srredsim.zoo import models, recipe
from srredsim.zoo.predict import predict

KIND = '''
"""The mean over the phases of each angle: a network of them takes as many channels as there are angles."""
import numpy as np

from srredsim.errors import InputError
from srredsim.inputs import _graph, frames
from srredsim.inputs.frames import check_data, check_constants, examples, notes, open, sampling, stack_of, survey
from srredsim.inputs.frames import with_constants
from srredsim.io.image import as_dtype

WORDS, OF_STACKS, INPUT_NAME = "means of the angles", True, "means"


def check(recipe, channels_in, scale):
    if channels_in != recipe.data.angles:
        raise InputError(f"{channels_in} channels are not the {recipe.data.angles} angles")


def describe(recipe):
    return frames.describe(recipe) | {"input": WORDS}


def suits(data, pattern, optics):
    return 3 * int(data.angles == pattern.angles)


def offer(name, data):
    return f"{name} (means of {data.angles} angles)"


class Planes:
    ticks = 1

    def __init__(self, network, stack, survey, tile=None):
        self.network, self.stack, self.survey, self.tile = network, stack, survey, tile

    def __call__(self, position, into, tick=lambda: None):
        raw, scaling = self.stack.raw(*position), self.survey.scalings[position]
        means = np.moveaxis(raw.mean(axis=1, dtype=np.float32), 0, -1)
        into[:] = as_dtype(scaling.undo_gain(self.network.in_tiles(scaling.apply(means), self.tile)), into.dtype)
        tick()
        return raw


def of_pair(network, pair, wiener):
    raise InputError("not scored")


def graph(model, images):
    return frames.graph(model, images)


def trial(network, rng):
    means = rng.poisson(300, (2, 37, 52, network.model.angles)).astype(np.float32)
    scaled = [frames.scaling_of(one) for one in means]
    images = [s.undo_gain(network.in_tiles(s.apply(one))) for s, one in zip(scaled, means)]
    return means, np.stack(images)[..., None]
'''
RECIPE = """
network: {name: red_net, input_channels: 2, depth: 3, filters: 4, widefield_skip: true}
data: {input: angle_means, angles: 2, phases: 4}
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Folder of a model of the new kind, the only one that is shipped."""
    package = tmp_path / "more_kinds"
    package.mkdir()
    (package / "angle_means.py").write_text(KIND, encoding="utf-8")
    inputs.__path__.append(str(package))
    importlib.invalidate_caches()
    folder = tmp_path / "shipped" / "models" / "means"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    keras.utils.set_random_seed(4)
    models.build_network(recipe.load(folder)).save_weights(folder / models.WEIGHTS)
    monkeypatch.setattr(resources, "SHIPPED", tmp_path / "shipped")
    yield folder
    inputs.__path__.remove(str(package))
    sys.modules.pop("srredsim.inputs.angle_means", None)


def stack_of(*shape):
    raw = np.random.default_rng(0).poisson(400, (*shape, 2, 4, 30, 34)).astype(np.uint16)
    return RawStack(raw, Pattern(2, 4), Optics(pixel_size_um=0.1))


def expected(network, raw):
    """Written without the package."""
    means = np.moveaxis(raw.astype(float).mean(1), 0, -1)
    low, high = np.percentile(raw.astype(float).mean((0, 1)), [1, 99.9])
    return np.asarray(network(((means - low) / (high - low))[None].astype(np.float32)))[0, ..., 0] * (high - low)


def test_it_is_there(model):
    assert "angle_means" in inputs.names()
    (row,) = models.describe()
    assert (row["name"], row["input"], row["patterns"]) == ("means", "means of the angles", ["2 x 4"])
    with pytest.raises(InputError, match="3 channels are not the 2 angles"):
        models.build_network(recipe.load(model, ["network.input_channels=3"]))


def test_it_chooses_its_stacks(model):
    assert models.fitting(Pattern(2, 4)) == "means"
    with pytest.raises(InputError, match=r"no model for 3 angles x 5 phases; there are: means \(means of 2 angles\)"):
        models.fitting(Pattern(3, 5))


def test_it_predicts_arrays_and_files(model, tmp_path):
    loaded, stack = models.load("means", "float32"), stack_of(2, 1, 2)
    found = predict(loaded, stack)
    assert found.image.shape == (2, 1, 2, 60, 68)
    assert found.optics.pixel_size_um == pytest.approx(0.05)
    for t, z in np.ndindex(2, 2):
        image = expected(loaded.network, stack.raw(t, 0, z))
        np.testing.assert_allclose(found.image[t, 0, z], image, atol=1e-3 * np.ptp(image))
    path = io.write_raw(tmp_path / "cells.tif", stack.array)
    written = tifffile.imread(predict_file(path, lambda stack: models.load(models.fitting(stack.pattern)))["paths"][0])
    assert written.shape == (2, 2, 60, 68)
    with pytest.raises(InputError, match=r"takes 2 angles x 4 phases; this stack has 1 x 8; .*means of 2 angles"):
        predict(loaded, RawStack(stack.array.reshape(2, 1, 2, 1, 8, 30, 34), Pattern(1, 8)))


def test_it_is_exported(model, tmp_path):
    path = export("means", tmp_path, "keras")  # is compared with its trial before it appears
    assert keras.saving.load_model(path, compile=False).input.name == "means"
