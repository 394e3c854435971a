"""Every engine gives the same image, and what is not here is refused in words."""

from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest

from srredsim import engines, networks
from srredsim.errors import InputError
from srredsim.zoo import models, portable, recipe
from srredsim.zoo.windows import Network

NETWORKS = "onnxruntime", "openvino", "tensorflow"


@pytest.mark.parametrize("name", [name for name in NETWORKS if engines.installed(name)])
def test_an_engine_gives_the_image_of_the_keras_model(name):
    keras = models.load("red_frames", "float32").network
    network = Network(models.load("red_frames", "float32", name))
    for side in (33, 20):  # no size is compiled in
        frames = np.random.default_rng(side).random((side, 27, 15)).astype(np.float32)
        expected = np.asarray(keras(frames[None]))[0, ..., 0]
        np.testing.assert_allclose(network(frames), expected, atol=1e-5 * np.abs(expected).max())


def test_windows_of_all_sizes_share_one_graph(tiny_model):
    """One for a single size would have all that depends on the size alone computed beforehand, and kept in memory."""
    model = models.load(tiny_model, "float32", "tensorflow")
    traced = Mock(wraps=model.network, input_shape=model.network.input_shape)
    traced_model = replace(model, built=traced)
    for shape in ((20, 20), (33, 27), (64, 64)):
        Network(traced_model)(np.zeros((*shape, model.channels), np.float32))
    assert traced.call_count == 1


PORTABLE = [name for name in models.names() if networks.module(recipe.load(name).network["name"]).PORTABLE]


@pytest.mark.parametrize("name", PORTABLE)
def test_the_portable_networks_that_ship_are_those_of_their_weights(name):
    model = models.load(name, "float32", "onnxruntime")
    assert model.portable.path.parent == models.find(name), "run tools/portable.py"
    whole = models.load(name, "float32")
    assert model.facts == whole.facts
    described = model.receptive_field, model.scale, model.alignment, model.channels
    assert described == (whole.receptive_field, whole.scale, whole.alignment, whole.channels)
    images = np.random.default_rng(1).random((24, 30, whole.channels)).astype(np.float32)
    expected = np.asarray(whole.network(images[None]))[0, ..., 0]
    np.testing.assert_allclose(Network(model)(images), expected, atol=1e-5 * np.abs(expected).max())


def test_a_model_of_ones_own_is_made_portable_once(tiny_model):
    made = models.load(tiny_model, "float32", "onnxruntime").portable.path
    assert tiny_model not in made.parents  # in the cache: a run is left as it was
    written = made.stat().st_mtime_ns
    assert models.load(tiny_model, "float32", "onnxruntime").portable.path.stat().st_mtime_ns == written


def test_other_weights_are_another_network_and_a_damaged_one_is_none(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("SRREDSIM_CACHE", str(tmp_path / "cache"))  # where there may be a whole one
    import shutil

    shutil.copytree(tiny_model, tmp_path / "one")
    portable.make(models.load(tmp_path / "one", "float32"), tmp_path / "one")
    recipe = models.recipes.load(tmp_path / "one")
    assert portable.find(tmp_path / "one", recipe).path == tmp_path / "one" / "network.onnx"
    for name in (models.WEIGHTS, "network.onnx", "network.json"):  # other weights, or a damaged file
        whole = (tmp_path / "one" / name).read_bytes()
        (tmp_path / "one" / name).write_bytes(whole[:-20])
        assert portable.find(tmp_path / "one", recipe) is None
        (tmp_path / "one" / name).write_bytes(whole)
    told = (tmp_path / "one" / "network.json").read_text()
    (tmp_path / "one" / "network.json").write_text(told.replace('"receptive_field": ', '"receptive_field": 1'))
    assert portable.find(tmp_path / "one", recipe) is None


@pytest.mark.parametrize(
    ("engine", "precision", "says"),
    [
        ("onnxruntime", "bfloat16", r"`engine='onnxruntime'` computes in float32 on this machine; got bfloat16"),
        ("onnxruntime", "half", "no `precision` .half.; there are: auto, float32, bfloat16, float16"),
        ("onyx", "auto", "no engine called 'onyx'; there are: jax, onnxruntime, openvino, tensorflow"),
        ("jax", "auto", "no longer possible in this process, where Keras runs on tensorflow: set KERAS_BACKEND=jax"),
    ],
)
def test_what_an_engine_cannot_do_is_refused(engine, precision, says):
    with pytest.raises(InputError, match=says):
        models.load("red_frames", precision, engine)


def test_an_engine_that_is_missing_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(engines.module("openvino"), "missing", lambda: "openvino")
    with pytest.raises(InputError, match=r"`engine='openvino'` needs the package openvino: pip install \"\.\[fast\]\""):
        models.load("red_frames", engine="openvino")
