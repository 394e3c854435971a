"""Kinds of input that join the package by their files alone: checked, chosen, predicted, scored, exported and listed.

One is made of raw stacks, the other of single images, of which one may follow another.
"""

import importlib
import sys

import keras
import numpy as np
import pytest
import tifffile

from srredsim import inputs, io, resources
from srredsim.acquisition import Optics, Pattern, RawStack, frames_from_raw
from srredsim.data import catalogue
from srredsim.data.pairs import Pair, Pairs
from srredsim.errors import InputError
from srredsim.evaluation.evaluate import evaluate
from srredsim.evaluation.scores import score
from srredsim.normalise import scaling_of
from srredsim.workflows.export import export
from srredsim.workflows.predict import predict_file
from srredsim.zoo import models, recipe
from srredsim.zoo.chain import Chain
from srredsim.zoo.predict import predict

KIND = '''
"""The mean over the phases of each angle: a network of them takes as many channels as there are angles."""
import numpy as np

from srredsim.errors import InputError
from srredsim.inputs import _graph, frames, no_link
from srredsim.inputs.frames import check_constants, check_data, check_reading, compared_with, examples, notes
from srredsim.inputs.frames import open, sampling, scored, shown_as, stack_of, survey, tested_on, with_constants
from srredsim.io.image import as_dtype

WORDS, OF_STACKS, WITH_STRIPES, INPUT_NAME = "means of the angles", True, False, "means"


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


def of_pair(network, pair, pattern):
    means = pair.frames.reshape(*pair.frames.shape[:2], network.model.angles, -1).mean(axis=-1, dtype=np.float32)
    return pair.scaling.undo_gain(network.in_tiles(pair.scaling.apply(means), None))


def baselines(pair, recipe):
    return {}


def check_link(name):
    raise no_link(name, WORDS)


def of_plane(network, image, tile):
    raise no_link(network.model.name, WORDS)


def graph(model, images):
    return frames.graph(model, images)


def trial(network, rng):
    means = rng.poisson(300, (2, 37, 52, network.model.angles)).astype(np.float32)
    scaled = [frames.scaling_of(one) for one in means]
    images = [s.undo_gain(network.in_tiles(s.apply(one))) for s, one in zip(scaled, means)]
    return means, np.stack(images)[..., None]
'''
OF_IMAGES = '''
"""A single image, by its square root."""
import numpy as np

from srredsim.inputs import widefield
from srredsim.inputs.widefield import baselines, check, check_constants, check_data, check_link, compared_with
from srredsim.inputs.widefield import check_reading, describe, graph, notes, offer, open, sampling, scored, shown_as
from srredsim.inputs.widefield import examples, stack_of, suits, survey, tested_on, trial, with_constants

WORDS, OF_STACKS, WITH_STRIPES, INPUT_NAME = "roots", False, False, "roots"


class Planes(widefield.Planes):
    def __call__(self, position, into, tick=lambda: None):
        raw = self._stack.raw(*position)
        into[:] = of_plane(self._network, raw[0, 0], self._tile)
        tick()
        return raw


def of_plane(network, image, tile):
    return network.in_tiles(np.sqrt(np.abs(image), dtype=np.float32)[..., None], tile)


def of_pair(network, pair, pattern):
    return of_plane(network, pair.frames[..., 0], None)
'''
RECIPE = """
network: {name: red_net, input_channels: 2, depth: 3, filters: 4, widefield_skip: true}
data: {input: angle_means, angles: 2, phases: 4}
"""
ROOTS = """
network: {name: dncnn, depth: 3, filters: 4}
data: {input: roots}
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Folder of a model of the new kind of stacks, shipped with one of the other; which sees no raw stack unasked."""
    package = tmp_path / "more_kinds"
    package.mkdir()
    (package / "angle_means.py").write_text(KIND, encoding="utf-8")
    (package / "roots.py").write_text(OF_IMAGES, encoding="utf-8")
    inputs.__path__.append(str(package))
    importlib.invalidate_caches()
    for name, text in {"means": RECIPE, "roots": ROOTS}.items():
        folder = tmp_path / "shipped" / "models" / name
        folder.mkdir(parents=True)
        (folder / "recipe.yaml").write_text(text, encoding="utf-8")
        keras.utils.set_random_seed(4)
        models.build_network(recipe.load(folder)).save_weights(folder / models.WEIGHTS)
    monkeypatch.setattr(resources, "SHIPPED", tmp_path / "shipped")
    yield tmp_path / "shipped" / "models" / "means"
    inputs.__path__.remove(str(package))
    for name in ("angle_means", "roots"):
        sys.modules.pop(f"srredsim.inputs.{name}", None)


def stack_of(*shape):
    raw = np.random.default_rng(0).poisson(400, (*shape, 2, 4, 30, 34)).astype(np.uint16)
    return RawStack(raw, Pattern(2, 4), Optics(pixel_size_um=0.1))


class One(Pairs):
    def __init__(self, pair):
        self.pair = pair

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.pair


def expected(network, raw):
    """Written without the package."""
    means = np.moveaxis(raw.astype(float).mean(1), 0, -1)
    low, high = np.percentile(raw.astype(float).mean((0, 1)), [1, 99.9])
    return np.asarray(network(((means - low) / (high - low))[None].astype(np.float32)))[0, ..., 0] * (high - low)


def test_it_is_there(model):
    assert "angle_means" in inputs.names()
    row, _ = models.describe()
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


def test_it_is_scored(model, monkeypatch):
    """Its own image and the baselines of stacks, on stacks of its pattern."""
    raw = stack_of(1, 1, 1).raw()
    truth = np.random.default_rng(1).random((60, 68)).astype(np.float32)
    pair = Pair(frames_from_raw(raw), truth, scaling_of(frames_from_raw(raw)))
    asked = []
    opened = type("Opened", (), {"pairs": One(pair)})
    monkeypatch.setattr(catalogue, "open_split", lambda *given: asked.append(given) or opened)
    loaded = models.load("means", "float32")
    (group,) = evaluate(loaded)["groups"]
    assert [call[:4] for call in asked] == [("simulated", "test", 2, 4)]
    assert list(group["methods"]) == ["means", "widefield (Fourier)", "widefield (bicubic)"]  # no optics, no Wiener
    psnr = score(truth, expected(loaded.network, raw))["psnr"]
    assert group["methods"]["means"]["psnr"]["mean"] == pytest.approx(psnr, abs=1e-3)


def test_single_images_follow_one_another(model, tmp_path):
    """Roots of roots; what takes stacks is no part of it, and neither takes what is told of stacks."""
    loaded = models.load("roots", "float32")
    image = np.random.default_rng(2).poisson(400, (20, 24)).astype(np.float32)

    def alone(image):
        return np.asarray(loaded.network(np.sqrt(np.abs(image))[None, ..., None]))[0, ..., 0]

    chain = Chain("roots+roots", "float32")
    np.testing.assert_allclose(chain(image), alone(alone(image)), rtol=1e-3)
    np.save(tmp_path / "a.npy", image)
    report = predict_file(tmp_path / "a.npy", chain)
    written = tifffile.imread(report["paths"][0])
    np.testing.assert_allclose(written, alone(alone(image)), rtol=1e-3)
    for links in ("roots+means", "means+roots"):
        with pytest.raises(InputError, match="means takes means of the angles, not widefield images"):
            Chain(links)
    with pytest.raises(InputError, match="no part of a chain"):
        Chain("means")(image)
    with pytest.raises(InputError, match=r"`angles` is for raw stacks; the model roots\+roots takes roots$"):
        chain.check(io.Reading(angles=3))
    Chain("means").check(io.Reading(angles=3))


def test_it_is_exported(model, tmp_path):
    path = export("means", tmp_path, "keras")  # is compared with its trial before it appears
    assert keras.saving.load_model(path, compile=False).input.name == "means"
