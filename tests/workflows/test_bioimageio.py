"""The zip for bioimage.io: what it says is what is in it. Its core library is asked, too, where it is installed."""

import hashlib
import io as memory
import zipfile

import numpy as np
import onnxruntime
import pytest
import yaml
from PIL import Image

from srredsim import resources
from srredsim.errors import InputError
from srredsim.workflows.export import export
from srredsim.zoo import recipe

EACH = [
    name for name in resources.entries("models") if (resources.entry("models", name) / "model.weights.h5").is_file()
]
PIXELS = [name for name in EACH if recipe.load(name).data.input in ("frames", "widefield")]


@pytest.fixture(scope="module")
def archive(tmp_path_factory, tiny_model):
    path = export(tiny_model, tmp_path_factory.mktemp("zip"), "bioimageio")
    assert path.name == "tiny.bioimageio.zip"
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_every_file_is_the_one_that_is_described(archive):
    told = yaml.safe_load(archive["rdf.yaml"])
    weights, given, made = told["weights"]["onnx"], told["inputs"][0], told["outputs"][0]
    for source in (weights, given["test_tensor"], made["test_tensor"]):
        assert hashlib.sha256(archive[source["source"]]).hexdigest() == source["sha256"]
    assert {told["documentation"], *told["covers"]} < set(archive)
    assert Image.open(memory.BytesIO(archive["cover.png"])).size[0] > 500
    assert b"counts of the camera" in archive["README.md"]


def test_the_test_image_is_what_the_network_makes_of_the_test_frames(archive):
    told = yaml.safe_load(archive["rdf.yaml"])
    given, made = (np.load(memory.BytesIO(archive[f"test_{name}.npy"])) for name in ("input", "output"))
    session = onnxruntime.InferenceSession(archive["model.onnx"])
    np.testing.assert_allclose(session.run(None, {"raw": given})[0], made, rtol=1e-5)
    (_, y, x, channels), (_, *side, last) = told["inputs"][0]["axes"], told["outputs"][0]["axes"]
    assert channels["channel_names"][:6] == [
        f"angle_{a}_phase_{p}" for a, p in [(1, p) for p in range(1, 6)] + [(2, 1)]
    ]
    assert (len(channels["channel_names"]), len(last["channel_names"])) == (given.shape[-1], made.shape[-1])
    for axis, image, pixels in zip((y, x), side, given.shape[1:3], strict=True):
        assert axis["size"]["min"] <= pixels
        assert image["size"] == {"tensor_id": "raw", "axis_id": axis["id"]}
        assert pixels / image["scale"] == made.shape[1]
        assert axis["size"]["min"] / image["scale"] > 2 * image["halo"] > 0


def test_wiener_images_are_no_pixels_of_a_camera(tiny_cleaner, tmp_path):
    with pytest.raises(InputError, match=r"takes Wiener images, which no program of bioimage\.io makes"):
        export(tiny_cleaner, tmp_path, "bioimageio")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", PIXELS)
def test_bioimage_io_accepts_every_shipped_model(name, tmp_path):
    core = pytest.importorskip("bioimageio.core", reason="pip install bioimageio.core 'pydantic<2.14'")
    found = core.test_model(export(name, tmp_path, "bioimageio"))
    assert found.status == "passed", found.format()
