"""Losses of VGG19 features, against NumPy on the same features (tested in checkpoints/test_vgg19.py)."""

import keras
import numpy as np
import pytest
from keras import ops

from srredsim import losses
from srredsim.checkpoints import vgg19
from srredsim.errors import InputError

DIVISOR = 32
RNG = np.random.default_rng(3)
TRUTH, IMAGE = (RNG.normal(0.4, 0.3, (3, 32, 36, 1)).astype("f4") for _ in range(2))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of a small network with random weights."""
    network = vgg19._network(DIVISOR)
    rng = np.random.default_rng(5)
    for layer in network.layers:
        for weight in layer.weights:
            size = 1.5 / np.sqrt(np.prod(weight.shape[:-1])) if len(weight.shape) > 1 else 0.2
            weight.assign(rng.normal(0, size, weight.shape))
    path = tmp_path_factory.mktemp("vgg") / "small.weights.h5"
    network.save_weights(path)
    return path


@pytest.fixture(scope="module")
def vgg(weights):
    return vgg19.load(weights, divisor=DIVISOR)


def features(vgg, images, low=0.0, high=1.0):
    return {name: ops.convert_to_numpy(one).astype(float) for name, one in vgg(images, low, high).items()}


def value(loss, truth=TRUTH, image=IMAGE):
    found = loss(truth, image)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    return ops.convert_to_numpy(found)


@pytest.mark.parametrize(("norm", "differ"), [("mse", np.square), ("l1", np.abs)])
def test_perceptual_is_the_mean_over_the_layers(vgg, norm, differ):
    truth, image = features(vgg, TRUTH), features(vgg, IMAGE)
    of_layers = {name: differ(truth[name] - image[name]).mean(axis=(1, 2, 3)) for name in vgg19.LAYERS}
    loss = losses.get({"perceptual": {"layers": "all", "norm": norm}}, vgg)
    np.testing.assert_allclose(value(loss), np.mean(list(of_layers.values()), axis=0), rtol=1e-4)
    loss = losses.get({"perceptual": {"layers": "block5_conv4", "norm": norm}}, vgg)
    np.testing.assert_allclose(value(loss), of_layers["block5_conv4"], rtol=1e-4)
    loss = losses.get({"perceptual": {"layers": ["block2_conv2", "block4_conv4"], "norm": norm, "weight": 0.1}}, vgg)
    expected = 0.05 * (of_layers["block2_conv2"] + of_layers["block4_conv4"])
    np.testing.assert_allclose(value(loss), expected, rtol=1e-4)


def test_one_layer_alone_trains(weights):
    """As ESRGAN takes it: VGG19 with one output, inside the graph of a training step."""
    alone = vgg19.load(weights, ["block5_conv4"], divisor=DIVISOR)
    image = keras.Input((None, None, 1))
    model = keras.Model(image, keras.layers.Conv2D(1, 3, padding="same")(image))
    loss = losses.get({"perceptual": {"layers": "block5_conv4", "norm": "l1"}}, alone)
    model.compile(keras.optimizers.SGD(0.0), loss=loss, jit_compile=False)
    expected = value(loss, TRUTH, ops.convert_to_numpy(model(IMAGE))).mean()
    np.testing.assert_allclose(model.train_on_batch(IMAGE, TRUTH), expected, rtol=1e-4)


def test_all_but_the_last_after_their_relu(vgg):
    truth, image = features(vgg, TRUTH), features(vgg, IMAGE)
    expected = [
        np.square(np.maximum(truth[name], 0) - np.maximum(image[name], 0)).mean(axis=(1, 2, 3))
        for name in vgg19.LAYERS[:4]
    ]
    expected.append(np.square(truth["block5_conv4"] - image["block5_conv4"]).mean(axis=(1, 2, 3)))
    loss = losses.get({"perceptual": {"post_relu_first_four": True}}, vgg)
    np.testing.assert_allclose(value(loss), np.mean(expected, axis=0), rtol=1e-4)
    assert np.all(np.abs(value(losses.get("perceptual", vgg)) / np.mean(expected, axis=0) - 1) > 0.01)


@pytest.mark.parametrize(("norm", "total"), [("mse", np.mean), ("frobenius", np.sum)])
def test_texture_compares_covariances(vgg, norm, total):
    expected = []
    for truth, image in zip(*(features(vgg, images)["block5_conv4"] for images in (TRUTH, IMAGE)), strict=True):
        one, other = (np.cov(f.reshape(-1, f.shape[-1]), rowvar=False, bias=True) for f in (truth, image))
        expected.append(total((one - other) ** 2))
    np.testing.assert_allclose(value(losses.get({"texture": {"norm": norm}}, vgg)), expected, rtol=1e-3)


def test_low_and_high_are_black_and_white(vgg):
    plain = losses.get({"perceptual": {"norm": "l1"}, "texture": 0.3}, vgg)
    view = {"low": -20, "high": 380.0}
    mapped = losses.get({"perceptual": {"norm": "l1"} | view, "texture": {"weight": 0.3} | view}, vgg)
    np.testing.assert_allclose(value(mapped, 400 * TRUTH - 20, 400 * IMAGE - 20), value(plain), rtol=1e-3)
    both = losses.get({"perceptual": {"norm": "l1"}, "texture": {"weight": 0.3} | view}, vgg)
    parts = losses.get({"perceptual": {"norm": "l1"}}, vgg), losses.get({"texture": {"weight": 0.3} | view}, vgg)
    np.testing.assert_allclose(value(both), sum(map(value, parts)), rtol=1e-4)


def test_weights_that_no_loss_takes_are_refused():
    with pytest.raises(InputError, match="`vgg_weights` is for the losses perceptual and texture; this loss has"):
        losses.get({"mean_absolute_error": 1.0}, "vgg19.pth")


def test_a_recipe_mixes_all_kinds(vgg, monkeypatch):
    loaded = []
    monkeypatch.setattr(vgg19, "load", lambda path, wanted: loaded.append((path, wanted)) or vgg)
    wanted = {"mean_absolute_error": 1.0, "perceptual": {"weight": 0.05, "layers": "all", "norm": "mse"}}
    loss = losses.get(wanted | {"texture": {"weight": "5e-2"}}, "vgg19.pth")
    assert loaded == [("vgg19.pth", vgg19.LAYERS)]  # once, for both
    expected = np.abs(TRUTH.astype(float) - IMAGE).mean(axis=(1, 2, 3))
    expected += 0.05 * value(losses.get("perceptual", vgg)) + 0.05 * value(losses.get("texture", vgg))
    np.testing.assert_allclose(value(loss), expected, rtol=1e-4)
    losses.get("mean_absolute_error")
    losses.get("texture")
    assert loaded[1:] == [(None, ("block5_conv4",))]


class Image(keras.layers.Layer):
    """Returns its weights, which are an image: what a loss does to them is its gradient."""

    def __init__(self, image):
        super().__init__()
        self.image = self.add_weight(shape=image.shape, initializer="zeros")
        self.image.assign(image)

    def call(self, _):
        return ops.convert_to_tensor(self.image)


def test_the_gradient_is_that_of_finite_differences_and_vgg_stays(vgg):
    loss = losses.get({"perceptual": {"weight": 0.7}, "texture": 0.5}, vgg)
    before = [ops.convert_to_numpy(weight).copy() for weight in vgg.network.weights]
    model = keras.Sequential([Image(IMAGE)])
    model.compile(keras.optimizers.SGD(1.0), loss=loss)
    model.train_on_batch(TRUTH, TRUTH)
    gradient = IMAGE - model.get_weights()[0]
    direction = np.sign(gradient) * RNG.uniform(0.5, 1.5, IMAGE.shape).astype("f4")
    step = 2e-5
    ahead, behind = (value(loss, TRUTH, IMAGE + sign * step * direction).mean() for sign in (1, -1))
    np.testing.assert_allclose(np.sum(gradient * direction), (ahead - behind) / (2 * step), rtol=2e-2)
    for old, weight in zip(before, vgg.network.weights, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(weight), old)


def test_float32_under_mixed_precision(weights):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        loss = losses.get({"perceptual": 1.0, "texture": 1.0}, vgg19.load(weights, divisor=DIVISOR))
        mixed = value(loss)
    finally:
        keras.config.set_dtype_policy(policy)
    exact = losses.get({"perceptual": 1.0, "texture": 1.0}, vgg19.load(weights, divisor=DIVISOR))
    np.testing.assert_allclose(mixed, value(exact), rtol=1e-6)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"perceptual": {"norm": "l2"}}, "no norm of loss perceptual called 'l2'; there are: mse, l1"),
        ({"texture": {"norm": "mean"}}, "no norm of loss texture called 'mean'; there are: mse, frobenius"),
        (
            {"texture": {"layers": "all"}},
            "no setting of loss texture called 'layers'; there are: weight, norm, low, high",
        ),
        ({"perceptual": {"layers": "conv5_4"}}, "no convolution of VGG19 called 'conv5_4'"),
        ({"perceptual": {"post_relu_first_four": 1}}, "post_relu_first_four of loss perceptual must be true or false"),
        ({"texture": {"low": "dark"}}, "low of loss texture must be a number; got 'dark'"),
        ({"texture": {"low": 1}}, "low and high of loss texture must differ; both are 1"),
        ({"texture": -1}, "the weight of loss texture must be a positive number"),
        ("textur", "no loss called 'textur'.*mean 'texture'"),
    ],
)
def test_settings_that_cannot_be(vgg, wanted, message):
    with pytest.raises(InputError, match=message):
        losses.get(wanted, vgg)


@pytest.mark.parametrize("shape", [(1, 15, 40, 1), (1, 32, 32, 2)])
def test_images_that_cannot_be(vgg, shape):
    with pytest.raises(ValueError, match=r"VGG features are of images \(batch, y, x, 1\), 16 pixels or more"):
        losses.get("texture", vgg)(np.zeros(shape, "f4"), np.zeros(shape, "f4"))
