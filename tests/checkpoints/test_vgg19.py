"""VGG19 with weights from files: its features are those of the original, written out slowly in NumPy."""

import itertools

import h5py
import keras
import numpy as np
import pytest
from scipy.signal import correlate2d

from srredsim.checkpoints import vgg19
from srredsim.errors import InputError

DIVISOR = 32
BLOCKS = [[3, 2, 2], [2, 4, 4], [4, 8, 8, 8, 8], [8, 16, 16, 16, 16], [16, 16, 16, 16, 16]]  # channels
PLACES = [[0, 2], [5, 7], [10, 12, 14, 16], [19, 21, 23, 25], [28, 30, 32, 34]]  # in torchvision's list
RNG = np.random.default_rng(7)
IMAGE = RNG.uniform(90.0, 260.0, (2, 16, 19, 1)).astype("f4")
LOW, HIGH = 100.0, 250.0


def tensors():
    """As torchvision has them: (out, in, y, x)."""
    made = {}
    for channels, places in zip(BLOCKS, PLACES, strict=True):
        for inputs, outputs, place in zip(channels, channels[1:], places, strict=False):
            made[f"features.{place}.weight"] = RNG.normal(0, 1.5 / np.sqrt(9 * inputs), (outputs, inputs, 3, 3))
            made[f"features.{place}.bias"] = RNG.normal(0, 0.2, outputs)
    return {name: array.astype("f4") for name, array in made.items()}


TENSORS = tensors()


def slow_features(colours):
    """(channels, y, x) before each ReLU, by name, from (3, y, x)."""
    x, found = colours, {}
    for block, places in enumerate(PLACES, start=1):
        for layer, place in enumerate(places, start=1):
            kernel, bias = (TENSORS[f"features.{place}.{part}"].astype(float) for part in ("weight", "bias"))
            x = np.array([sum(map(lambda a, k: correlate2d(a, k, "same"), x, out)) for out in kernel])
            found[f"block{block}_conv{layer}"] = x = x + bias[:, None, None]
            x = np.maximum(x, 0)
        height, width = max(x.shape[1] // 2, 1), max(x.shape[2] // 2, 1)
        x = x if block == 5 else x[:, : 2 * height, : 2 * width].reshape(-1, height, 2, width, 2).max((2, 4))
    return found


def as_torchvision(grey):
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    return np.array([(grey - m) / d for m, d in zip(mean, deviation, strict=True)])


def as_caffe(grey):
    """Blue, green, red, as keras.applications prepares them."""
    colours = np.repeat(255.0 * grey[..., None], 3, axis=-1)
    return keras.applications.vgg19.preprocess_input(colours.copy()).transpose(2, 0, 1)


def assert_features(extractor, prepared):
    found = extractor(IMAGE, LOW, HIGH)
    assert list(found) == ["block1_conv2", "block2_conv2", "block3_conv4", "block4_conv4", "block5_conv4"]
    for number, image in enumerate(IMAGE.astype(float)):
        expected = slow_features(prepared((image[..., 0] - LOW) / (HIGH - LOW)))
        for name, features in found.items():
            assert (expected[name] < 0).any()
            features = keras.ops.convert_to_numpy(features)[number].transpose(2, 0, 1)
            np.testing.assert_allclose(features, expected[name], rtol=1e-4, atol=1e-5 * np.abs(expected[name]).max())


def write_pth(torch_writer, tmp_path, made=None, prefix=""):
    made = TENSORS | {"classifier.0.weight": np.zeros((3, 2), "f4")} if made is None else made
    return torch_writer.write(tmp_path / "vgg19.pth", torch_writer.tensors(made, prefix))


def write_h5(path):
    """As keras.applications offers its weights: groups of layers with the names of their weights as attributes."""
    layers = [f"block{block}_conv{layer}" for block, c in enumerate(PLACES, 1) for layer in range(1, len(c) + 1)]
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for name, place in zip(layers, itertools.chain(*PLACES), strict=True):
            group, parts = file.create_group(name), [f"{name}_W_1:0", f"{name}_b_1:0"]
            group.attrs["weight_names"] = [part.encode() for part in parts]
            group[parts[0]] = TENSORS[f"features.{place}.weight"].transpose(2, 3, 1, 0)
            group[parts[1]] = TENSORS[f"features.{place}.bias"]
    return path


def write_weights_h5(path):
    """As Keras saves the weights of a network that has its ReLU within the convolutions."""
    network = keras.Sequential([keras.Input((None, None, 3))])
    for channels, places in zip(BLOCKS, PLACES, strict=True):
        for outputs, place in zip(channels[1:], places, strict=True):
            network.add(keras.layers.Conv2D(outputs, 3, padding="same", activation="relu"))
            kernel = TENSORS[f"features.{place}.weight"].transpose(2, 3, 1, 0)
            network.layers[-1].set_weights([kernel, TENSORS[f"features.{place}.bias"]])
        network.add(keras.layers.MaxPooling2D(2))
    network.save_weights(path)
    return path


@pytest.mark.parametrize("prefix", ["", "module."])
def test_features_by_torchvision(torch_writer, tmp_path, prefix):
    path = write_pth(torch_writer, tmp_path, prefix=prefix)
    assert_features(vgg19.load(path, divisor=DIVISOR), as_torchvision)


@pytest.mark.parametrize(("write", "name"), [(write_h5, "notop.h5"), (write_weights_h5, "vgg19.weights.h5")])
def test_features_by_keras(tmp_path, write, name):
    assert_features(vgg19.load(write(tmp_path / name), divisor=DIVISOR), as_caffe)


def test_nothing_in_it_learns(tmp_path):
    extractor = vgg19.load(write_h5(tmp_path / "a.h5"), divisor=DIVISOR)
    assert not extractor.network.trainable_weights
    assert len(extractor.network.weights) == 32


def test_the_size_is_that_of_vgg19():
    """The features of torchvision's vgg19 have 20,024,384 parameters: counted without building them."""
    count, inputs = 0, 3
    for convolutions, filters in vgg19.BLOCKS:
        for _ in range(convolutions):
            count, inputs = count + 9 * inputs * filters + filters, filters
    assert count == 20_024_384


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"features.34.bias": None}, r"features.34.bias should be \(16,\), but there is none"),
        ({"features.2.weight": np.zeros((2, 2, 1, 1), "f4")}, r"should be \(2, 2, 3, 3\), but it is \(2, 2, 1, 1\)"),
        ({"features.0.bias": np.array([1, np.nan], "f4")}, "not finite"),
    ],
)
def test_a_checkpoint_of_something_else(torch_writer, tmp_path, change, words):
    made = {name: array for name, array in (TENSORS | change).items() if array is not None}
    path = write_pth(torch_writer, tmp_path, made)
    with pytest.raises(InputError, match=words) as refusal:
        vgg19.load(path, divisor=DIVISOR)
    assert str(refusal.value).startswith(f"{path}: ")


def test_files_that_are_no_weights(tmp_path):
    write_h5(tmp_path / "a.h5")
    with pytest.raises(InputError, match=r"a\.h5: are not weights of VGG19 without its dense layers \(it takes"):
        vgg19.load(tmp_path / "a.h5")  # has the full size, the file has not
    with pytest.raises(InputError, match=r"none\.h5: cannot be read: No such file"):
        vgg19.load(tmp_path / "none.h5", divisor=DIVISOR)
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(InputError, match=r"text\.pth: is not a PyTorch checkpoint"):
        vgg19.load(tmp_path / "text.pth", divisor=DIVISOR)


def test_without_weights_and_without_network_it_says_what_to_do(tmp_path, monkeypatch):
    def fail(url, timeout):
        raise OSError("no route to host")

    monkeypatch.setenv("SRREDSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr("urllib.request.urlopen", fail)
    with pytest.raises(InputError, match=r"cannot be downloaded .*no route to host.*give `vgg_weights`, a file"):
        vgg19.load()
    assert not (tmp_path / "cache").exists()


def test_what_was_downloaded_is_checked_and_kept(tmp_path, monkeypatch):
    content = write_h5(tmp_path / "served.h5").read_bytes()
    served = []

    def serve(url, timeout):
        served.append(url)
        return (tmp_path / "served.h5").open("rb")

    monkeypatch.setenv("SRREDSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr("urllib.request.urlopen", serve)
    with pytest.raises(InputError, match="is not the file that was expected"):
        vgg19.load(divisor=DIVISOR)
    assert not (tmp_path / "cache").exists()
    monkeypatch.setattr(vgg19, "MD5", vgg19.hashlib.md5(content).hexdigest())
    for _ in range(2):
        assert_features(vgg19.load(divisor=DIVISOR), as_caffe)
    assert len(served) == 2  # the refused one and the kept one


def test_names_of_layers():
    assert vgg19.known_layers("block2_conv1") == ("block2_conv1",)
    assert vgg19.known_layers(["block5_conv4", "block1_conv1"]) == ("block5_conv4", "block1_conv1")
    with pytest.raises(InputError, match=r"no convolution of VGG19 called 'block1_conv3'.*block1_conv2"):
        vgg19.known_layers(["block1_conv3"])
    with pytest.raises(InputError, match="a name or a list of names"):
        vgg19.known_layers(5)
