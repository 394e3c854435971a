"""Exported models: the same image in a fresh process without this package, for other sizes, each image by itself."""

import os
import subprocess
import sys

import keras
import numpy as np
import published_protos
import pytest
import tensorflow as tf
from keras import layers, ops

from srredsim import networks
from srredsim.checkpoints import onnx_file
from srredsim.errors import InputError
from srredsim.inputs import _graph
from srredsim.inputs.frames import of_frames
from srredsim.layers.covariance import covariance, square_root
from srredsim.layers.non_local import non_local
from srredsim.workflows import export as exporting
from srredsim.workflows.export import export, served
from srredsim.zoo import models, recipe
from srredsim.zoo.models import LoadedModel
from srredsim.zoo.windows import Network

FRESH = """
import sys
sys.modules["srredsim"] = None  # importing it is an error
import numpy as np
arrays, onnx, saved, whole = np.load(sys.argv[1]), *sys.argv[2:]
import keras, onnxruntime, tensorflow as tf
session = onnxruntime.InferenceSession(onnx)
signatures = tf.saved_model.load(saved).signatures
network = keras.saving.load_model(whole)
images_of = {
    "onnx": lambda raw: session.run(None, {"raw": raw})[0],
    "serving_default": lambda raw: signatures["serving_default"](raw=tf.constant(raw))["image"].numpy(),
    "serve": lambda raw: signatures["serve"](raw=tf.constant(raw))["image"].numpy(),
    "bytes": lambda raw: tf.io.parse_tensor(
        signatures["serving_bytes"](
            raw_bytes=tf.constant(raw.astype("<u2").tobytes()), shape=tf.constant(raw.shape)
        )["image_bytes"],
        tf.float32,
    ).numpy(),
    "layer": lambda raw: keras.layers.TFSMLayer(saved, call_endpoint="serve")(raw)["image"].numpy(),
    "keras": lambda raw: keras.ops.convert_to_numpy(network(raw)["image"]),
}
for size in ("even", "odd"):
    raw, expected = arrays["raw_" + size], arrays["expected_" + size]
    for name, image_of in images_of.items():
        image = image_of(raw)
        assert image.shape == expected.shape, (name, image.shape)
        assert image.dtype == np.float32, (name, image.dtype)
        error = np.abs(image - expected).max() / np.abs(expected).max()
        assert error < 1e-5, (name, size, error)
print("same")
"""


@pytest.fixture(autouse=True, scope="module")
def converter_without_a_way_back():
    """The converter copies the graph before each of its steps, for the case that one fails: half of its time."""
    import tf2onnx.optimizer

    optimize = tf2onnx.optimizer.optimize_graph

    def optimize_or_fail(graph, catch_errors, optimizers=None):
        return optimize(graph, False, optimizers)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf2onnx.optimizer, "optimize_graph", optimize_or_fail)
        yield


@pytest.fixture(scope="module")
def tiny(tiny_model):
    return models.load(tiny_model, "float32")


@pytest.fixture(scope="module")
def tiny_onnx(tiny, tmp_path_factory):
    """The same as ONNX, which takes long to make."""
    return export(tiny, tmp_path_factory.mktemp("onnx") / "served", "onnx")


def stacks(*shape, seed=0):
    """Raw frames (batch, y, x, frames), each image of the batch at another brightness."""
    raw = np.random.default_rng(seed).poisson(200, shape).astype(np.float32)
    return raw * np.arange(1, 1 + shape[0], dtype=np.float32).reshape(-1, 1, 1, 1) + 100


def test_a_fresh_process_without_the_package_gives_the_same_images(tiny, tiny_onnx, tmp_path):
    home = tiny_onnx.parent
    paths = [tiny_onnx, *(export(tiny, home, format) for format in ("savedmodel", "keras"))]
    assert [path.relative_to(home).as_posix() for path in paths] == ["tiny.onnx", "tiny/1", "tiny.keras"]
    arrays = {}
    for name, shape in {"even": (2, 32, 48, 15), "odd": (3, 41, 27, 15)}.items():
        arrays["raw_" + name] = raw = stacks(*shape)
        arrays["expected_" + name] = np.stack([of_frames(Network(tiny), frames) for frames in raw])[..., None]
    np.savez(tmp_path / "arrays.npz", **arrays)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", FRESH, tmp_path / "arrays.npz", *paths],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "same"
    check_warm_up(paths[1])


def check_warm_up(saved):
    """Requests that TensorFlow Serving sends to itself have what the signatures take, in two sizes."""
    found = set()
    for record in tf.data.TFRecordDataset(str(saved / "assets.extra" / "tf_serving_warmup_requests")):
        request = published_protos.of("PredictionLog").FromString(record.numpy()).predict_log.request
        assert request.model_spec.name == "tiny"
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        if request.model_spec.signature_name == "serving_bytes":
            raw = np.frombuffer(inputs["raw_bytes"].item(), "<u2").reshape(inputs["shape"])
        else:
            raw = inputs["raw"]
        assert raw.std() > 0
        found.add((request.model_spec.signature_name, raw.shape))
    signatures = "serving_default", "serving_bytes"
    assert found == {(name, (1, side, side, 15)) for name in signatures for side in (64, 96)}


ONE_GROUP = {name: {"groups": 1} for name in ("san", "srfbn")}  # the second is like the first
ONE_GROUP |= {"act": {"stages": 1, "parts": 2}, "grl": {"stages": [1]}}
# Even so; mslapsrn enlarges as drrn, srcnn and vdsr do, srfbn has what dbpn has, dncnn what memnet has, ridnet and unet
# what rcan, rdn and rrdb have; what only san has is below, and test-slow has the windows of attention
SLOW = ("act", "dbpn", "drrn", "enlcn", "grl", "nlsn", "omnisr", "prosr", "rcan", "rdn", "rrdb", "san", "srcnn")
SLOW += ("memnet", "swinir", "vdsr")
EACH = [name for name in networks.names() if name not in ("red_net", "unrolled")]  # one is refused, see test_lit_frames
EACH = [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in EACH]


def of_zoo(name):
    settings = networks.module(name).SMALL | {"input_channels": 9} | ONE_GROUP.get(name, {})
    described = recipe.from_dict(
        {"name": name, "network": {"name": name, **settings}, "data": {"angles": 3, "phases": 3}}
    )
    network = networks.build(name, **settings)
    return LoadedModel(name, None, described, network, 8, models.scale_of(network), "float32")


@pytest.mark.parametrize("name", EACH)
def test_every_network_goes_to_onnx(name, tmp_path):
    path = export(of_zoo(name), tmp_path, "onnx")  # is compared with this package before it appears
    assert list(tmp_path.iterdir()) == [path]


def test_what_looks_at_the_whole_image_goes_to_onnx(tmp_path):
    """Likeness within quarters whose sides are known only then, and the root of a covariance, once each."""
    import onnxruntime

    frames = keras.Input((None, None, 2))
    alike = non_local(2, 1)(frames)
    root = square_root(covariance(alike))
    network = keras.Model(frames, alike * ops.mean(root, axis=1)[:, None, None])
    network.get_layer("non_local_output").set_weights([np.ones((1, 1, 1, 2)), np.zeros(2)])  # at first zero
    onnx_file.write(network, tmp_path / "a.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx")
    for size in ((10, 13), (23, 8)):
        images = np.random.default_rng(3).random((2, *size, 2)).astype(np.float32)
        (image,) = session.run(None, {session.get_inputs()[0].name: images})
        np.testing.assert_allclose(image, network(images), rtol=1e-4, atol=1e-6)


def served_image(model, raw):
    return ops.convert_to_numpy(served(model)(raw)["image"])


def widefield_model():
    frames = keras.Input((None, None, 9))
    network = keras.Model(frames, layers.UpSampling2D(2)(ops.mean(frames, axis=-1, keepdims=True)))
    described = recipe.from_dict({"name": "w", "network": {"name": "red_net"}, "data": {"angles": 3, "phases": 3}})
    return LoadedModel("w", None, described, network, 0, 2, "float32")


@pytest.mark.parametrize("size", [(7, 5), (64, 50), (300, 411)])
def test_the_normalisation_inside_is_numpys_percentile(size):
    """A network that hands its input on: what comes out is the widefield above the first percentile."""
    raw = np.random.default_rng(1).gamma(2.0, 500.0, (2, *size, 9)).astype(np.float32)
    raw[1] *= 20
    image = served_image(widefield_model(), raw)[..., 0]
    widefield = raw.astype(np.float64).mean(-1)
    above = widefield - np.percentile(widefield, 1.0, axis=(1, 2), keepdims=True)
    expected = np.repeat(np.repeat(above, 2, axis=1), 2, axis=2)
    for one, other in zip(image, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6 * np.abs(other).max())


def test_the_gain_inside_is_that_of_the_package():
    """A network that is not linear: the gain before it matters, not only that it is undone."""
    model = widefield_model()
    squared = keras.Model(model.network.input, ops.square(model.network.output))
    raw = stacks(1, 40, 30, 9, seed=2)
    widefield = raw[0].mean(-1)
    low, high = np.percentile(widefield, [1.0, 99.9])
    expected = ((widefield - low) / (high - low)) ** 2 * (high - low)
    squared_model = LoadedModel("s", None, model.recipe, squared, 0, 2, "float32")
    image = served_image(squared_model, raw)[0, ::2, ::2, 0]
    np.testing.assert_allclose(image, expected, rtol=1e-3, atol=1e-3)


def test_a_constant_image_comes_out_as_zeros():
    image = served_image(widefield_model(), np.full((1, 8, 8, 9), 300.0, np.float32))
    np.testing.assert_array_equal(image, 0)


def test_versions_count_up_and_nothing_is_overwritten(tmp_path, monkeypatch):
    monkeypatch.setitem(
        exporting.WRITERS, "savedmodel", (lambda network, folder, facts: folder.mkdir(), lambda folder: None)
    )
    monkeypatch.setattr(exporting, "_compare", lambda *_: None)
    model = widefield_model()
    (tmp_path / "w" / "notes").mkdir(parents=True)
    assert [export(model, tmp_path).name for _ in range(2)] == ["1", "2"]
    assert export(model, tmp_path, version=10).name == "10"
    assert export(model, tmp_path).name == "11"
    with pytest.raises(InputError, match="10 exists already"):
        export(model, tmp_path, version=10)
    with pytest.raises(InputError, match="from 1 on; got 0"):
        export(model, tmp_path, version=0)


def test_an_existing_file_stays(tmp_path):
    (tmp_path / "w.keras").write_text("precious")
    with pytest.raises(InputError, match=r"w\.keras exists already"):
        export(widefield_model(), tmp_path, "keras")
    assert (tmp_path / "w.keras").read_text() == "precious"
    path = export(widefield_model(), tmp_path, "keras", overwrite=True)
    assert path == tmp_path / "w.keras"
    assert path.stat().st_size > 1000


def test_a_model_that_changed_on_the_way_does_not_appear(tmp_path, monkeypatch):
    monkeypatch.setattr(_graph, "LOW_PERCENT", 5.0)  # not what this package normalises with
    with pytest.raises(RuntimeError, match="another image"):
        export(widefield_model(), tmp_path, "keras")
    assert list(tmp_path.iterdir()) == []


def test_half_precision_is_exported_in_float32(tiny_model, tmp_path):
    path = export(models.load(tiny_model, "bfloat16"), tmp_path, "keras")
    network = keras.saving.load_model(path)
    inner = next(layer for layer in network.layers if layer.name == "red_net")
    assert {layer.compute_dtype for layer in inner.layers} == {"float32"}


def test_what_cannot_be_exported(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no `format` 'tflite'; there are: savedmodel, onnx, keras"):
        export(widefield_model(), tmp_path, "tflite")
    with pytest.raises(InputError, match=r"only a SavedModel has a version"):
        export(widefield_model(), tmp_path, "keras", version=2)
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(InputError, match=r'tf2onnx, which is not installed: pip install "\.\[export\]"'):
        export(widefield_model(), tmp_path, "onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", ["savedmodel", "onnx", "keras"])
def test_of_a_model_of_wiener_images_the_network_is_exported(tiny_cleaner, tmp_path, format):
    """Its last layer is zero: what goes in first comes out."""
    path = export(tiny_cleaner, tmp_path, format)
    images = np.random.default_rng(1).random((1, 12, 20, 3)).astype(np.float32)
    found = exporting.WRITERS[format][1](path)(images)
    np.testing.assert_allclose(found[..., 0], images[..., 0], rtol=1e-6)


def test_an_onnx_file_says_what_it_is(tiny_onnx):
    import onnxruntime

    session = onnxruntime.InferenceSession(tiny_onnx)
    (given,), (made,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape) == ("raw", ["batch", "y", "x", 15])
    assert (made.name, made.shape) == ("image", ["batch", "2*y", "2*x", 1])
    about = session.get_modelmeta()
    assert about.producer_name == "srredsim"
    assert about.description == "tiny: raw (batch, y, x, channel): raw frames -> image (batch, 2*y, 2*x, channel)"
    told = about.custom_metadata_map
    assert {name: told[name] for name in ("model", "scale", "patterns", "network")} == {
        "model": "tiny", "scale": "2", "patterns": "3 x 5", "network": "red_net",
    }  # fmt: skip
    assert told["licence"] == "that of who trained it"
    assert exporting.facts_of(models.load("w2s_dncnn", "float32"))["licence"] == "BSD-3-Clause"
