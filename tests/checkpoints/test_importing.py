"""From a checkpoint to model.keras: the image is that of the original layers, written out slowly in NumPy."""

import json
from collections import Counter

import keras
import numpy as np
import pytest

from srredsim import networks
from srredsim.checkpoints import originals
from srredsim.checkpoints.counterparts import (
    Shapes,
    convolution,
    dense,
    normalisation,
    slope,
    transposed_convolution,
)
from srredsim.checkpoints.importing import filled
from srredsim.errors import InputError
from srredsim.workflows.import_weights import Trained, import_weights
from srredsim.zoo import recipe as recipes
from srredsim.zoo.chain import Chain

RNG = np.random.default_rng(11)
IMAGE = RNG.uniform(0, 1, (2, 1, 9, 12)).astype("f4")  # batch, channel, y, x


def uniform(*shape):
    return RNG.uniform(-1, 1, shape).astype("f4") / np.sqrt(np.prod(shape[1:]))


def dncnn_tensors(depth=4, filters=5, channels=1):
    widths = [channels, *[filters] * (depth - 1), channels]
    tensors = {}
    for layer in range(depth):
        place = 3 * layer - 1 if layer else 0
        tensors[f"dncnn.{place}.weight"] = uniform(widths[layer + 1], widths[layer], 3, 3) * 2
        if 0 < layer < depth - 1:
            normal = {
                "weight": 1 + uniform(filters),
                "bias": uniform(filters) / 5,
                "running_mean": uniform(filters) / 5,
            }
            normal |= {"running_var": RNG.uniform(0.5, 2, filters).astype("f4"), "num_batches_tracked": np.int64(9)}
            tensors |= {f"dncnn.{place + 1}.{name}": value for name, value in normal.items()}
    return tensors


def rrdb_tensors(blocks=2, filters=6, growth=3, scale=2, outputs=2):
    shapes = {"conv_first": (filters, 1)}
    for block in range(blocks):
        for part in (1, 2, 3):
            for layer in range(1, 6):
                wide = filters + growth * (layer - 1)
                shapes[f"RRDB_trunk.{block}.RDB{part}.conv{layer}"] = (growth if layer < 5 else filters, wide)
    shapes |= {"trunk_conv": (filters, filters)}
    shapes |= dict.fromkeys(("upconv1", "upconv2", "upconv3", "upconv4", "HRconv"), (filters, filters))
    shapes |= {"conv_last": (1, filters), "tail.0.0": (filters * scale**2, filters), "tail.1": (outputs, filters)}
    tensors = {}
    for name, shape in shapes.items():
        tensors |= {f"{name}.weight": uniform(*shape, 3, 3), f"{name}.bias": uniform(shape[0])}
    return tensors


def slow_convolution(image, tensors, key):
    """(batch, channel, y, x), 3 x 3, zeros outside: PyTorch's definition, a cross-correlation."""
    kernel = tensors[f"{key}.weight"]
    padded = np.pad(image.astype(float), [(0, 0), (0, 0), (1, 1), (1, 1)])
    result = np.zeros((len(image), len(kernel), *image.shape[2:]))
    for dy in range(3):
        for dx in range(3):
            window = padded[:, :, dy : dy + image.shape[2], dx : dx + image.shape[3]]
            result += np.einsum("bcyx,oc->boyx", window, kernel[:, :, dy, dx])
    return result + tensors.get(f"{key}.bias", np.zeros(len(kernel)))[:, None, None]


def slow_dncnn(image, tensors, depth):
    x = np.maximum(slow_convolution(image, tensors, "dncnn.0"), 0)
    for layer in range(1, depth - 1):
        x = slow_convolution(x, tensors, f"dncnn.{3 * layer - 1}")
        names = ("weight", "bias", "running_mean", "running_var")
        gamma, beta, mean, variance = (tensors[f"dncnn.{3 * layer}.{name}"][:, None, None] for name in names)
        x = np.maximum(gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta, 0)
    return image - slow_convolution(x, tensors, f"dncnn.{3 * depth - 4}")


def slow_rrdb(image, tensors, blocks, scale):
    shallow = x = slow_convolution(image, tensors, "conv_first")
    for block in range(blocks):
        start = x
        for part in (1, 2, 3):
            key, stack = f"RRDB_trunk.{block}.RDB{part}", x
            for layer in range(1, 5):
                y = slow_convolution(stack, tensors, f"{key}.conv{layer}")
                stack = np.concatenate([stack, np.where(y > 0, y, 0.2 * y)], axis=1)
            x = x + 0.2 * slow_convolution(stack, tensors, f"{key}.conv5")
        x = start + 0.2 * x
    x = slow_convolution(shallow + slow_convolution(x, tensors, "trunk_conv"), tensors, "tail.0.0")
    batch, channels, height, width = x.shape
    shuffled = np.zeros((batch, channels // scale**2, scale * height, scale * width))
    for row in range(scale):
        for column in range(scale):
            shuffled[:, :, row::scale, column::scale] = x[:, row * scale + column :: scale**2]
    return slow_convolution(shuffled, tensors, "tail.1")


def image_of(model, image=IMAGE):
    result = keras.ops.convert_to_numpy(model(image.transpose(0, 2, 3, 1), training=False))
    return result.transpose(0, 3, 1, 2)


def assert_close(image, expected):
    assert image.shape == expected.shape
    np.testing.assert_allclose(image, expected, atol=1e-5 * expected.std())


@pytest.mark.parametrize("format", ["zip", "legacy"])
@pytest.mark.parametrize("prefix", ["", "module.", "module.dncnn.", "_orig_mod.module."])
def test_dncnn(torch_writer, tmp_path, format, prefix):
    tensors = dncnn_tensors()
    path = torch_writer.write(tmp_path / "epoch_49.pth", torch_writer.tensors(tensors, prefix), format)
    report = import_weights(path, "dncnn", tmp_path / "out", trained=Trained(layers_give="noise"))
    assert report["settings"] == {"input_channels": 1, "depth": 4, "filters": 5}
    assert report["parameters"] == 9 * 5 + 2 * (9 * 25 + 10) + 9 * 5
    assert_close(image_of(keras.saving.load_model(report["path"])), slow_dncnn(IMAGE, tensors, 4))


@pytest.mark.parametrize(("blocks", "scale"), [(2, 2), (1, 3)])
def test_rrdb_without_its_dead_layers(torch_writer, tmp_path, blocks, scale):
    tensors = rrdb_tensors(blocks, scale=scale)
    path = torch_writer.write(tmp_path / "a.pth", {"params": torch_writer.tensors(tensors)})
    report = import_weights(path, "rrdb", tmp_path / "out")
    expected = {"input_channels": 1, "output_channels": 2, "blocks": blocks, "filters": 6, "growth": 3, "scale": scale}
    assert report["settings"] == expected
    assert len(report["dead"]) == 12
    assert_close(image_of(keras.saving.load_model(report["path"])), slow_rrdb(IMAGE, tensors, blocks, scale))


def as_module(writer, tensors):
    """A tree of modules with these tensors at its leaves."""
    below, parameters = {}, {}
    for name, array in tensors.items():
        first, dot, rest = name.partition(".")
        if dot:
            below.setdefault(first, {})[rest] = array
        else:
            parameters[name] = writer.tensor(array)
    modules = {name: as_module(writer, part) for name, part in below.items()}
    return writer.module("model.RRDB.Part", parameters, modules=modules)


@pytest.mark.parametrize("format", ["zip", "legacy"])
def test_a_whole_pickled_network(torch_writer, tmp_path, format):
    tensors = rrdb_tensors(1)
    root = {"epoch": 48, "model": as_module(torch_writer, {f"module.{k}": v for k, v in tensors.items()}), "name": "x"}
    report = import_weights(torch_writer.write(tmp_path / "a.pth", root, format), "rrdb", tmp_path)
    assert_close(image_of(keras.saving.load_model(report["path"])), slow_rrdb(IMAGE, tensors, 1, 2))


# Layers that no network above has


def assigned(layer, counterparts, tensors):
    for counterpart in counterparts:
        assert counterpart.shape == tensors[counterpart.tensor].shape
        counterpart.weight.assign(counterpart.convert(tensors[counterpart.tensor]))
    return layer


def built(layer, *shape):
    layer.build((None, *shape))
    return layer


def test_a_transposed_convolution_is_not_flipped():
    """Every input pixel adds its kernel to the output; 6 x 6, stride 2, the outer two pixels cut away."""
    tensors = {"up.weight": uniform(3, 2, 6, 6), "up.bias": uniform(2)}
    layer = built(keras.layers.Conv2DTranspose(2, 6, strides=2, padding="same"), None, None, 3)
    assigned(layer, transposed_convolution(layer, "up"), tensors)
    image = RNG.normal(size=(1, 3, 4, 5)).astype("f4")
    full = np.zeros((1, 2, 12, 14))
    for y in range(4):
        for x in range(5):
            full[:, :, 2 * y : 2 * y + 6, 2 * x : 2 * x + 6] += np.einsum(
                "bi,ioyx->boyx", image[:, :, y, x], tensors["up.weight"]
            )
    expected = full[:, :, 2:-2, 2:-2] + tensors["up.bias"][:, None, None]
    assert_close(image_of(layer, image), expected)


def test_one_slope_for_all():
    layer = built(keras.layers.PReLU(shared_axes=[1, 2, 3]), 4, 5, 3)
    assigned(layer, slope(layer, "act"), {"act.weight": np.array([0.3], "f4")})
    image = RNG.normal(size=(1, 3, 4, 5)).astype("f4")
    assert_close(image_of(layer, image), np.where(image > 0, image, 0.3 * image))


def test_a_dense_layer():
    layer = built(keras.layers.Dense(4), 7)
    tensors = {"fc.weight": uniform(4, 7), "fc.bias": uniform(4)}
    assigned(layer, dense(layer, "fc"), tensors)
    x = RNG.normal(size=(3, 7)).astype("f4")
    expected = np.array([[row @ line for line in tensors["fc.weight"]] for row in x]) + tensors["fc.bias"]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(x)), expected, atol=1e-5)


def test_a_strided_convolution_and_a_normalisation():
    layer = built(keras.layers.Conv2D(2, (1, 3), use_bias=False), None, None, 5)
    assert [c.shape for c in convolution(layer, "c")] == [(2, 5, 1, 3)]
    layer = built(keras.layers.BatchNormalization(), None, None, 5)
    names = [counterpart.tensor for counterpart in normalisation(layer, "n")]
    assert names == ["n.weight", "n.bias", "n.running_mean", "n.running_var"]


NETWORKS = [name for name in originals.names() if name in networks.names()]
SHUFFLING = ("edsr", "rcan", "rdn", "rrdb", "san", "srfbn")
UNTOLD = {  # network -> settings that the shapes do not tell
    "srfbn": {"steps"},
    "ridnet": {"mean"},
    "srcnn": {"clip"},
    "vdsr": {"clip"},
    "drrn": {"clip", "units"},
    "prosr": {"clip"},
    "swinir": {"stochastic_depth"},
    "grl": {"stochastic_depth", "window"},
    "nlsn": {"hashes", "chunk"},
    "act": {"heads", "parts"},
}
RECURSIVE = {"units": 3, "residuals": 2, "recursive": True, "skip": True, "last": 1}  # as in SR-CACO-2
IMPORTED = [(name, {}) for name in NETWORKS]


@pytest.mark.parametrize(
    ("name", "changes"),
    IMPORTED
    + [("memnet", RECURSIVE), ("swinir", {"classical": 3, "scale": 8})]
    + [(name, {"scale": scale}) for name in SHUFFLING for scale in (3, 8)],
)
def test_every_weight_of_every_network_has_one_counterpart_and_the_settings_come_back(name, changes):
    """Fills a small network through its entry and reads its settings off the tensors it asked for."""
    settings = networks.module(name).SMALL | changes
    original = originals.original(name)
    model = networks.build(name, **settings)
    read = original.settings(Shapes((c.tensor, c.shape) for c in _counterparts(name, model, settings)))
    assert set(settings) - set(read) <= UNTOLD.get(name, set())
    assert read == {key: settings.get(key, value) for key, value in read.items()}
    counterparts = list(original.counterparts(model, read))
    firsts = {original.first} if isinstance(original.first, str) else set(original.first)
    assert firsts & {counterpart.tensor for counterpart in counterparts}
    shared = {tensor: count for tensor, count in Counter(c.tensor for c in counterparts).items() if count > 1}
    assert all(name == "grl" and ".qkv." in tensor and count == 2 for tensor, count in shared.items())
    published = [weight for weight in model.weights if "rotation" not in weight.path]
    assert sorted(id(c.weight) for c in counterparts) == sorted(id(weight) for weight in published)


def test_the_halves_of_a_layer_get_those_of_the_tensor():
    """GRL looks in two ways at what the original makes by one layer."""
    settings = networks.module("grl").SMALL | {"filters": 8}
    model = networks.build("grl", **settings)
    tensors = {c.tensor: uniform(*c.shape) for c in _counterparts("grl", model, settings)}
    for counterpart in _counterparts("grl", model, settings):
        counterpart.weight.assign(counterpart.convert(tensors[counterpart.tensor]))
    kernel, bias = (tensors[f"layers.0.blocks.1.attn.qkv.body.{kind}"] for kind in ("weight", "bias"))
    assert (kernel.shape, bias.shape) == ((24, 8), (24,))
    x = uniform(1, 8)
    halves = [model.get_layer(f"stage_1_block_2_{half}")(x) for half in ("near", "far")]
    np.testing.assert_allclose(np.concatenate(halves, axis=1), x @ kernel.T + bias, atol=1e-6)


@pytest.mark.parametrize("name", ["edsr", "rcan", "rdn", "rrdb", "san", "srfbn"])
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_the_scale_is_read_off_the_tensors(name, scale):
    settings = networks.module(name).SMALL | {"scale": scale}
    model = networks.build(name, **settings)
    counterparts = list(_counterparts(name, model, settings))
    read = originals.original(name).settings(Shapes((c.tensor, c.shape) for c in counterparts))
    assert read["scale"] == scale
    assert sorted(id(c.weight) for c in counterparts) == sorted(id(weight) for weight in model.weights)


def _counterparts(name, model, settings):
    import inspect

    defaults = inspect.signature(networks.module(name).build).parameters
    return originals.original(name).counterparts(
        model, {key: value.default for key, value in defaults.items()} | settings
    )


def test_what_never_acted_in_san_is_left_out():
    settings = networks.module("san").SMALL
    counterparts = _counterparts("san", networks.build("san", **settings), settings)
    tensors = {counterpart.tensor: uniform(*counterpart.shape) for counterpart in counterparts}
    dead = {"RG.0.gamma": uniform(1), "RG.1.gamma": uniform(1), "conv_last.weight": uniform(4, 4, 3, 3)}
    dead |= {"conv_last.bias": uniform(4), "non_local.soca.conv_du.0.weight": uniform(1, 4, 1, 1)}
    model, _, left_out = filled("san", tensors | dead)
    assert left_out == list(dead)
    np.testing.assert_allclose(model.get_layer("gamma").get_weights()[0].ravel(), tensors["gamma"], rtol=1e-6)
    kernel = tensors["RG.1.conv_last.weight"].transpose(2, 3, 1, 0)
    np.testing.assert_allclose(model.get_layer("group_2_last").get_weights()[0], kernel, rtol=1e-6)


# What does not fit


@pytest.mark.parametrize(
    ("network", "change", "words"),
    [
        (
            "rrdb",
            dncnn_tensors(),
            r"is not a checkpoint of rrdb: it has no tensor conv_first.weight; its first .*dncnn.0",
        ),
        (
            "dncnn",
            rrdb_tensors(1),
            r"is not a checkpoint of dncnn: it has no tensor dncnn.0.weight; .*conv_first.weight",
        ),
        ("dncnn", dncnn_tensors() | {"dncnn.2.bias": uniform(5)}, r"dncnn.2.bias \(5,\) is not of this network$"),
        (
            "dncnn",
            dncnn_tensors() | {"dncnn.2.weight": uniform(5, 4, 3, 3)},
            r"\(5, 4, 3, 3\) should be \(5, 5, 3, 3\)$",
        ),
        ("dncnn", dncnn_tensors() | {"dncnn.3.weight": uniform(6)}, r"dncnn.3.weight \(6,\) should be \(5,\)$"),
        ("dncnn", {"dncnn.0.weight": uniform(2000, 1, 3, 3)}, "its tensors would mean .*filters 2000"),
        ("dncnn", {"dncnn.0.weight": uniform(5, 3)}, r"dncnn.0.weight \(5, 3\) should have four axes"),
        ("dncnn", dncnn_tensors() | {"dncnn.3.bias": np.full(5, np.nan, "f4")}, "not finite in dncnn.3.bias"),
        ("rrdb", {k: v for k, v in rrdb_tensors(1).items() if "RDB3" not in k}, r"; and 5 more$"),
    ],
)
def test_a_checkpoint_of_another_architecture(torch_writer, tmp_path, network, change, words):
    path = torch_writer.write(tmp_path / "a.pth", torch_writer.tensors(change, "module."))
    with pytest.raises(InputError, match=words) as refusal:
        import_weights(path, network, tmp_path / "out")
    assert str(refusal.value).startswith(f"{path}: ")
    assert not (tmp_path / "out").exists()


def test_whole_numbers_are_no_weights():
    tensors = dncnn_tensors()
    tensors = {name: array for name, array in tensors.items() if "tracked" not in name}
    with pytest.raises(InputError, match=r"whole numbers .int64. in dncnn.3.bias"):
        filled("dncnn", tensors | {"dncnn.3.bias": np.zeros(5, "i8")})


# The command


def test_the_command(torch_writer, tmp_path, run, refused):
    path = torch_writer.write(tmp_path / "a.pth", torch_writer.tensors(rrdb_tensors(1)))
    command = ["import-weights", path, "--network", "rrdb", "--out", tmp_path / "out"]
    status, out, _ = run(*command, "--json")
    report = json.loads(out)
    assert status == 0
    assert (report["path"], report["settings"]["blocks"]) == (str(tmp_path / "out" / "model.keras"), 1)
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["model.keras"]

    before = (tmp_path / "out" / "model.keras").read_bytes()
    assert "exists already; give --overwrite" in refused(*command)
    assert (tmp_path / "out" / "model.keras").read_bytes() == before

    status, out, _ = run(*command, "--overwrite")
    assert status == 0
    assert out.startswith("rrdb: input_channels 1, output_channels 2, blocks 1, filters 6, growth 3, scale 2; ")
    assert out.splitlines()[1:] == [
        "left out: 12 tensors without effect on the image",
        str(tmp_path / "out" / "model.keras"),
    ]


def test_the_command_refuses_in_one_line(write_pickle, tmp_path, refused):
    path = write_pickle(b"\x80\x02cos\nsystem\nX\x01\x00\x00\x00x\x85R.")
    out = tmp_path / "out"
    error = refused("import-weights", path, "--network", "rrdb", "--out", out)
    assert error.startswith(f"srredsim: {path}: refused: its pickle names os.system")
    error = refused("import-weights", path, "--network", "rrdc", "--out", out)
    assert "no network to import weights for called 'rrdc'" in error
    assert not out.exists()


@pytest.fixture
def imported(torch_writer, tmp_path, run):
    """Function: what the command makes of a checkpoint of dncnn."""

    def imported(*options, tensors=None):
        path = torch_writer.write(tmp_path / "epoch_49.pth", torch_writer.tensors(tensors or dncnn_tensors()))
        asked = "--network", "dncnn", "--predicts", "noise", "--out", tmp_path / "mine"
        return run("import-weights", path, *asked, *options)

    return imported


def test_with_its_recipe_a_checkpoint_is_a_model_to_predict_with(imported, tmp_path):
    """In z-scores the network is that of the checkpoint; the image keeps its counts."""
    tensors = dncnn_tensors()
    options = "--recipe", "w2s_dncnn/code", "--data", "w2s_simulated", "--set", "data.zscore=[154.5, 66.0]"
    assert imported(*options, tensors=tensors).status == 0
    counts = RNG.uniform(100, 400, (40, 44)).astype("f4")
    z = (counts[None, None] - 154.5) / 66
    expected = 154.5 + 66 * slow_dncnn(z, tensors, 4)[0, 0]
    found = Chain(str(tmp_path / "mine"))(counts)
    np.testing.assert_allclose(found, expected, atol=0.02 * np.ptp(expected))  # bfloat16 where the machine has it
    recipe = recipes.load(tmp_path / "mine")
    assert recipe.name == "mine"
    assert recipe.network == {"name": "dncnn", "input_channels": 1, "depth": 4, "filters": 5, "predicts": "noise"}
    assert recipe.data.sim_zscore == (29.1, 52.2)  # what --data says where --set says nothing
    assert (tmp_path / "mine" / "recipe.yaml").read_text().startswith("# Weights: imported from epoch_49.pth")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--recipe", "w2s_dncnn/code"), "no data.zscore; give the mean"),
        (("--recipe", "w2s_dncnn"), "its subsampling is 2, that of the checkpoint 1; name the recipe"),
        (("--recipe", "w2s_rcan"), "the recipe w2s_rcan is of the network rcan, not of dncnn"),
        (("--data", "w2s_simulated"), "--data, --inputs and --set are for the recipe"),
        (("--inputs", "z"), "--data, --inputs and --set are for the recipe"),
        (("--recipe", "w2s_dncnn", "--inputs", "z"), "--inputs is of z-scores; the recipe w2s_dncnn has"),
        (("--recipe", "w2s_dncnn/code", "--inputs", "z/255"), "no data.zscore; give the mean"),
    ],
)
def test_a_recipe_that_cannot_predict_is_refused_and_nothing_is_written(imported, tmp_path, options, words):
    status, _, err = imported(*options)
    assert status == 2
    assert words in err
    assert not (tmp_path / "mine").exists()
