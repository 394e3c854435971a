"""The table "Where things go" of CONTRIBUTING.md is true: one of each, added from elsewhere, is found by its file.

Each row that ends with "nothing" has a test here that is named after it.
"""

import dataclasses
import importlib
import json
import re
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import srredsim
from srredsim import discriminators, engines, evaluation, inputs, losses, metrics, networks, resources
from srredsim.checkpoints import originals
from srredsim.cli import commands
from srredsim.data import catalogue, readers
from srredsim.denoising import methods
from srredsim.errors import InputError
from srredsim.io import formats
from srredsim.zoo import models, recipe
from srredsim.zoo.windows import Network

CONTRIBUTING = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTION = CONTRIBUTING.partition("## Where things go")[2].partition("\n## ")[0]
ROWS = [line.strip("| ").split(" | ") for line in SECTION.splitlines() if line.startswith("| ")]
NOTHING = [what for what, _, told in ROWS if told.startswith("nothing")]


@pytest.fixture
def adds(tmp_path):
    """Function: one more file in a package, from a folder elsewhere."""
    packages = {}

    def adds(package, **files):
        folder = tmp_path / package.__name__
        for name, text in files.items():
            path = folder / f"{name.replace('__in__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        if package not in packages:
            package.__path__.append(str(folder))
        packages[package] = str(folder)
        importlib.invalidate_caches()

    yield adds
    for package, folder in packages.items():
        package.__path__.remove(folder)
        for name in [name for name, module in sys.modules.items() if _is_in(module, folder)]:
            del sys.modules[name]
            vars(package).pop(name.rpartition(".")[2], None)


def _is_in(module, folder):
    return str(getattr(module, "__file__", None) or "").startswith(folder)


@pytest.fixture
def catalogue_with(tmp_path, monkeypatch):
    """Function: what is shipped, models or data, is what this folder of folders has."""

    def catalogue_with(kind, folder):
        real = resources.folder
        monkeypatch.setattr(resources, "folder", lambda asked: folder if asked == kind else real(asked))

    return catalogue_with


def pair(channels=1):
    rng = np.random.default_rng(3)
    return rng.random((2, 12, 14, channels)).astype("f4"), rng.random((2, 12, 14, channels)).astype("f4")


NETWORK = """
    from keras import Input, Model, layers

    SMALL = {"filters": 2}

    def build(input_channels: int = 1, filters: int = 8):
        image = Input((None, None, input_channels))
        return Model(image, layers.Conv2D(1, filters, padding="same")(image))

    def receptive_field(input_channels: int = 1, filters: int = 8):
        return filters
"""


def test_a_network(adds):
    adds(networks, plain=NETWORK)
    assert "plain" in networks.names()
    assert networks.build("plain", filters=3).output_shape == (None, None, None, 1)
    wanted = {"name": "a", "network": {"name": "plain"}, "data": {"input": "widefield", "target": "average"}}
    assert models.build_network(recipe.from_dict(wanted)).input_shape[-1] == 1
    with pytest.raises(InputError, match=r"no network called 'plian'.*did you mean 'plain'"):
        networks.build("plian")


def test_a_discriminator(adds):
    adds(discriminators, judge=NETWORK)
    assert "judge" in discriminators.names()
    assert discriminators.build("judge", filters=3)


def test_a_model(tiny_model, catalogue_with):
    catalogue_with("models", tiny_model.parent)
    assert models.names() == ["tiny"]
    assert [row["name"] for row in models.describe()] == ["tiny"]
    assert models.load("tiny", "float32").name == "tiny"


def test_a_variant_of_a_model(tmp_path, catalogue_with, tiny_model):
    folder = tmp_path / "models" / "tiny"
    folder.mkdir(parents=True)
    for name in ("recipe", "bold"):
        (folder / f"{name}.yaml").write_text((tiny_model / "recipe.yaml").read_text())
    catalogue_with("models", folder.parent)
    assert models.describe()[0]["variants"] == ["bold"]
    assert recipe.load("tiny/bold").epochs == 1


def test_a_loss(adds):
    adds(losses, odd="def cubic(y_true, y_pred, power=3): return abs(y_pred - y_true) ** power\nNUMBER = 1")
    assert "cubic" in losses.names()
    truth, image = pair()
    np.testing.assert_allclose(losses.get({"cubic": {"power": 2}})(truth, image), np.abs(image - truth) ** 2, rtol=1e-6)
    with pytest.raises(InputError, match=r"no loss called 'cubik'.*did you mean 'cubic'"):
        losses.get("cubik")


def test_a_loss_of_features(adds):
    text = """
        from srredsim.losses.features import FeatureLoss

        def brightest(layer: str = "block1_conv2") -> FeatureLoss:
            return FeatureLoss((layer,), lambda truth, image: abs(truth[layer] - image[layer]).max(axis=(1, 2, 3)))
    """
    adds(losses, bright=text)
    assert "brightest" in losses.names_of_features()
    with pytest.raises(InputError, match="no setting of loss brightest called 'lair'"):
        losses.get({"brightest": {"lair": 1}})


def test_a_metric(adds):
    adds(metrics, odd="def largest(y_true, y_pred): return abs(y_pred - y_true).max(axis=(1, 2, 3))")
    assert "largest" in metrics.names()
    truth, image = pair()
    metric = metrics.get("largest")
    metric.update_state(truth, image)
    assert float(metric.result()) == pytest.approx(np.abs(image - truth).max(axis=(1, 2, 3)).mean())
    with pytest.raises(InputError, match=r"no metric called 'largset'.*did you mean 'largest'"):
        metrics.get("largset")


def test_a_classical_denoiser(adds, tmp_path, run):
    adds(methods, flat="def flat(image, noise=None, limits=None): return 0.5 * (image + image.mean())")
    assert "flat" in methods.names()
    np.save(tmp_path / "plane.npy", np.random.default_rng(1).poisson(50, (64, 64)).astype(np.uint16))
    status, out, _ = run("denoise", tmp_path / "plane.npy", "--method", "flat", "--noise", 1, 0, "--json")
    assert status == 0
    assert json.loads(out)["results"][0]["method"] == "flat"
    assert (tmp_path / "plane_flat.tif").is_file()


def test_a_data_set(tmp_path, catalogue_with):
    folder = tmp_path / "data" / "few"
    folder.mkdir(parents=True)
    (folder / "dataset.yaml").write_text(
        "reader: simulated\nsplits: {test: {seed: 3, count: 1, size: 32, photons: [50, 50]}}\n"
    )
    catalogue_with("data", folder.parent)
    assert len(catalogue.open_split("few", "test", 3, 3).pairs) == 1


READER = """
    from dataclasses import dataclass
    import numpy as np
    from srredsim.data.pairs import Pair, Pairs
    from srredsim.normalise import Scaling

    @dataclass(frozen=True)
    class Settings:
        splits: dict

    class Ones(Pairs):
        def __init__(self, count):
            self.count = count

        def __len__(self):
            return self.count

        def __getitem__(self, index):
            return Pair(np.ones((8, 8, 1)), np.ones((16, 16)), Scaling(0.0, 1.0))

    def images(data, split, wanted):
        return Ones(data.settings.splits[split])
"""


def test_a_layout_of_data_sets(adds, tmp_path, catalogue_with):
    adds(readers, ones=READER)
    folder = tmp_path / "data" / "blank"
    folder.mkdir(parents=True)
    (folder / "dataset.yaml").write_text("reader: ones\nsplits: {train: 5}\n")
    catalogue_with("data", folder.parent)
    assert len(catalogue.open_images("blank", "train", readers.Wanted()).pairs) == 5


FORMAT = """
    import numpy as np
    from srredsim.io.source import Source

    MAGIC, SUFFIXES, NAME = b"RAMP", (".ramp",), "a ramp"

    def open_source(path, pixel_size_um=None):
        plane = np.arange(12.0).reshape(3, 4)
        return Source("Z", (2,), plane.shape, plane.dtype, lambda number: plane + number)
"""


def test_a_file_format(adds, tmp_path):
    from srredsim import io

    adds(formats, ramp=FORMAT)
    (tmp_path / "one.ramp").write_bytes(b"RAMP and so on")
    (tmp_path / "one.txt").write_bytes(b"text")
    assert io.find([tmp_path]) == [tmp_path / "one.ramp"]
    assert formats.open_source(tmp_path / "one.ramp").plane(1)[0, 0] == 1
    with pytest.raises(InputError, match="a ramp"):
        formats.open_source(tmp_path / "one.txt")


def test_a_microscope(tmp_path, monkeypatch, run):
    (tmp_path / "mine.yaml").write_text("about: ours\norder: ZAP\nangles: 3\nphases: 3\n")
    monkeypatch.setattr(resources, "MICROSCOPES", tmp_path)
    raw = np.arange(18)[:, None, None] + np.zeros((18, 5, 4))
    stack = srredsim.read(raw, microscope="mine")
    np.testing.assert_array_equal(stack.raw(z=1)[..., 0, 0], [[1, 7, 13], [3, 9, 15], [5, 11, 17]])
    status, out, _ = run("inspect", "--help")
    assert (status, "there are mine" in " ".join(out.split())) == (0, True)


def test_a_kind_of_input(adds):
    adds(inputs, negative="from srredsim.inputs.widefield import *\n\nWORDS = 'negatives'")
    assert "negative" in inputs.names()
    wanted = {"name": "a", "network": {"name": "dncnn"}, "data": {"input": "negative", "target": "average"}}
    asked = recipe.from_dict(wanted)
    assert models.build_network(asked).input_shape[-1] == 1
    assert inputs.module("negative").describe(asked)
    with pytest.raises(InputError, match="did you mean 'negative'"):
        recipe.from_dict({**wanted, "data": {"input": "negativ"}})


def test_a_command(adds, run):
    text = """
        GROUP, HELP = "machine", "say hello"

        def add_arguments(parser):
            parser.add_argument("--name", default="you")

        def run(arguments):
            print("hello", arguments.name)
            return {"name": arguments.name}
    """
    adds(commands, say_hello=text)
    assert "say-hello" in run("--help").out
    assert run("say-hello", "--name", "me").out == "hello me\n"


CELLS = """
    from dataclasses import dataclass
    from srredsim.evaluation.runner import Runner, mean_and_spread

    @dataclass(frozen=True)
    class Cell:
        key: str

    class Benchmark:
        definitions = {"height": "a number"}

        def __init__(self, data, out):
            self.data, self.runner = data, Runner(self, out)

        def plan(self, words=()):
            return [Cell(word) for word in words if word != "bad"], {"bad": "bad cannot be computed"}

        def run(self, cells, progress):
            return self.runner.run(cells, progress)

        def facts(self): return {"data": self.data}
        def fingerprint(self, cell): return "classical"
        def prepare(self, cells): pass
        def count(self, cell): return 2
        def scores(self, cell, index): return len(cell.key) + index
        def describe(self, cell): return {"word": cell.key}
        def summary(self, cell, rows): return {"height": mean_and_spread(rows)}

    def open_benchmark(data, split, out, *, weights, limit):
        return Benchmark(data, out)
"""
TABLES = """
    from srredsim.evaluation import grids

    def preface(result):
        return f"Heights of {len(result['cells'])} words."

    def markdown(result):
        rows = [[key, str(cell["height"]["mean"])] for key, cell in result["cells"].items()]
        return grids.with_head(["word", "height"], rows)

    def report(result, lacking):
        return grids.report("Words", "", {"": markdown(result)}, lacking, result["definitions"])

    def as_csv(result):
        return grids.as_csv(result, ("word",), ("height",), {"paper": lambda cell: 7})
"""
FOLDER = """
    HELP, DATA, WEIGHTS = "heights of words", "dictionary", "none"

    def add_arguments(parser):
        parser.add_argument("--words", nargs="+")
"""


def test_a_benchmark(adds, run, tmp_path):
    files = {"of_words__in____init__": FOLDER, "of_words__in__cells": CELLS, "of_words__in__tables": TABLES}
    adds(evaluation, **files)
    assert "of-words" in evaluation.names()
    assert "heights of words" in run("benchmark").out
    status, out, err = run("benchmark", "of-words", "--words", "one", "seven", "bad", "--out", tmp_path / "out")
    assert (status, err) == (0, "srredsim: bad cannot be computed\n")
    assert "| seven | 5.5    |" in out
    assert (
        (tmp_path / "out" / "tables.csv").read_text().startswith("word,images,height_mean,height_std,paper,seconds\n")
    )
    assert "- bad cannot be computed" in (tmp_path / "out" / "tables.md").read_text()
    cells = json.loads((tmp_path / "out" / "results.json").read_text())["cells"]
    assert {key: cell["height"]["mean"] for key, cell in cells.items()} == {"one": 3.5, "seven": 5.5}


def test_an_engine(adds):
    text = """
        import numpy as np

        HOW = "nothing has to be installed"

        def missing():
            return None

        def precisions():
            return ("float32",)

        def open(model):
            return lambda images: np.full((1, 2 * images.shape[1], 2 * images.shape[2], 1), 7.0)
    """
    adds(engines, sevens=text)
    network = Network(models.load("red_frames", engine="sevens"))
    np.testing.assert_array_equal(network(np.zeros((4, 5, 15), np.float32)), np.full((8, 10), 7.0))


def test_a_checkpoint_to_import(adds):
    text = """
        from srredsim.checkpoints.counterparts import Original, convolution

        def _counterparts(model, settings):
            yield from convolution(model.layers[-1], "only")

        ORIGINAL = Original("only.weight", lambda shapes: {"filters": shapes["only.weight"][-1]}, _counterparts)
    """
    adds(networks, plain=NETWORK)
    adds(originals, plain=text)
    from srredsim.checkpoints.importing import filled

    kernel = np.random.default_rng(2).normal(size=(1, 1, 5, 5)).astype("f4")
    model, settings, dead = filled("plain", {"only.weight": kernel, "only.bias": np.zeros(1, "f4")})
    assert (settings, dead) == ({"filters": 5}, [])
    np.testing.assert_array_equal(model.layers[-1].get_weights()[0][..., 0, 0], kernel[0, 0])


def test_a_key_of_the_recipe():
    known = {field.name for field in dataclasses.fields(recipe.Recipe)}
    written = recipe.from_dict({"name": "a", "network": {"name": "dncnn"}}).as_dict()
    assert set(written) == known
    with pytest.raises(InputError, match=r"no recipe key epoch \(did you mean 'epochs'\?\)"):
        recipe.from_dict({"name": "a", "network": {"name": "dncnn"}, "epoch": 3})


@pytest.mark.parametrize("row", NOTHING)
def test_every_row_that_needs_nothing_else_is_tried(row):
    name = "test_" + re.sub(r"\W+", "_", row)
    assert name in globals(), f"{row}: nothing else has to be told, says CONTRIBUTING.md; add {name} here"
