"""First weights: bounds and spreads that PyTorch's documentation promises, from the shapes of its own layers."""

import keras
import numpy as np
import pytest
from keras import layers

from srredsim import networks
from srredsim.errors import InputError
from srredsim.training.initialisation import initialise


@pytest.fixture
def network():
    image = keras.Input((8, 8, 12))
    x = layers.Conv2D(64, 3, name="convolution")(image)
    x = layers.Conv2DTranspose(20, 6, strides=2, name="transposed")(x)
    x = layers.BatchNormalization(name="normalisation")(x)
    x = layers.PReLU(shared_axes=[1, 2, 3], alpha_initializer=keras.initializers.Constant(0.2), name="slope")(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=16, name="depthwise")(x)
    x = layers.Dense(300, name="dense")(x)
    x = layers.Dense(3, trainable=False, kernel_initializer="ones", name="projection")(x)
    return keras.Model(image, x)


# channels in times pixels; of the transposed convolution channels out times pixels
FAN_IN = {"convolution": 12 * 9, "transposed": 20 * 36, "depthwise": 9, "dense": 320}


def weights(network, name):
    return [weight.numpy() for weight in network.get_layer(name).weights]


@pytest.mark.parametrize("name", list(FAN_IN))
def test_torch_draws_kernels_and_biases_uniformly(network, name):
    initialise(network, "torch", seed=3)
    kernel, bias = weights(network, name)
    bound = FAN_IN[name] ** -0.5
    assert 0.99 * bound < np.abs(kernel).max() <= bound
    assert kernel.std() == pytest.approx(bound / np.sqrt(3), rel=0.03)
    assert abs(kernel.mean()) < 0.05 * bound
    assert 0.8 * bound < np.abs(bias).max() <= bound
    assert bias.std() == pytest.approx(bound / np.sqrt(3), rel=0.3)


def test_torch_leaves_normalisations_slopes_and_what_is_not_trained(network):
    initialise(network, "torch", seed=3)
    gamma, beta, *_ = weights(network, "normalisation")
    assert np.all(gamma == 1)
    assert np.all(beta == 0)
    np.testing.assert_allclose(weights(network, "slope")[0], 0.2)
    np.testing.assert_array_equal(weights(network, "projection")[0], 1)


def test_the_denoisers_of_w2s():
    network = networks.build("dncnn", depth=12)
    initialise(network, "kaiming_clamped", seed=3)
    kernels = [layer.kernel.numpy() for layer in network.layers if isinstance(layer, layers.Conv2D)]
    assert kernels[0].std() == pytest.approx(np.sqrt(2 / 9), rel=0.1)
    assert kernels[1].std() == pytest.approx(np.sqrt(2 / 9 / 64), rel=0.02)
    assert np.abs(kernels[1]).max() > 3.5 * kernels[1].std()  # normal, not uniform
    normalisations = [layer for layer in network.layers if isinstance(layer, layers.BatchNormalization)]
    gammas = np.concatenate([layer.gamma.numpy() for layer in normalisations])
    assert np.abs(gammas).max() == pytest.approx(0.025)
    clamped = np.mean(np.abs(gammas) > 0.02499)
    assert clamped == pytest.approx(0.671, abs=0.06)  # beyond 0.025 / 0.0589 = 0.4244 standard deviations
    assert abs(gammas.mean()) < 0.004
    assert not any(layer.beta.numpy().any() for layer in normalisations)


def test_biases_of_the_denoisers_are_those_of_torch(network):
    initialise(network, "kaiming_clamped", seed=3)
    kernel, bias = weights(network, "transposed")
    assert kernel.std() == pytest.approx(np.sqrt(2 / FAN_IN["transposed"]), rel=0.03)
    assert np.abs(bias).max() <= FAN_IN["transposed"] ** -0.5


def test_what_begins_at_zero_or_as_a_shift_stays():
    network = networks.build("red_net", input_channels=3, depth=3, filters=4, widefield_skip=True)
    initialise(network, "torch", seed=3)
    assert not any(weight.any() for weight in weights(network, "image"))
    assert any(weight.any() for weight in weights(network, "encoder_1"))
    network = networks.build("ridnet", **networks.module("ridnet").SMALL)
    before = [weights(network, name) for name in ("subtract_mean", "add_mean")]
    initialise(network, "kaiming_clamped", seed=3)
    np.testing.assert_equal([weights(network, name) for name in ("subtract_mean", "add_mean")], before)


def test_the_seed_decides(network):
    found = {}
    for seed in (1, 2, 1):
        initialise(network, "torch", seed)
        now = np.concatenate([weight.numpy().ravel() for weight in network.trainable_weights])
        if seed in found:
            np.testing.assert_array_equal(now, found[seed])
        found[seed] = now
    assert not np.array_equal(found[1], found[2])


def test_keras_leaves_everything(network):
    before = network.get_weights()
    initialise(network, "keras", seed=1)
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def before_the_noise(network):
    """Half the difference of the two halves of the channels that enter the last convolution, for one image."""
    inner = keras.Model(network.input, network.get_layer("noise").input)

    def channels(image):
        found = keras.ops.convert_to_numpy(inner(image[None, ..., None].astype("float32")))[0]
        half = found.shape[-1] // 2
        return found[..., :half] - found[..., half:]

    return channels


CHAINS = {
    "published": {"depth": 6, "filters": 20},
    "subsampled": {"depth": 6, "filters": 80, "subsampling": 2, "batch_norm": False},
}


@pytest.mark.parametrize("name", list(CHAINS))
def test_a_chain_that_looks_linear_begins_as_the_identity_and_is_linear_inside(name):
    network = networks.build("dncnn", **CHAINS[name])
    initialise(network, "looks_linear", seed=3)
    rng = np.random.default_rng(4)
    one, other = rng.normal(size=(2, 16, 16))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(network(one[None, ..., None]))[0, ..., 0], np.float32(one))
    inside = before_the_noise(network)
    np.testing.assert_allclose(inside(2 * one - 3 * other), 2 * inside(one) - 3 * inside(other), atol=2e-4)
    assert inside(one).std() > 0.3


def test_a_chain_that_looks_linear_loses_nothing_of_the_image():
    """40 patterns of 6 x 6 pixels are orthonormal: the first 36 are all there are, so the energy of a patch stays."""
    network = networks.build("dncnn", **CHAINS["subsampled"])
    initialise(network, "looks_linear", seed=3)
    image = np.zeros((24, 24))
    image[10:16, 10:16] = np.random.default_rng(5).normal(size=(6, 6))  # all that the output at (6, 6) looks at
    found = before_the_noise(network)(image)
    assert np.sum(found[6, 6] ** 2) == pytest.approx(np.sum(image**2), rel=1e-4)


def test_the_seed_decides_what_looks_linear():
    network = networks.build("dncnn", **CHAINS["published"])
    found = []
    for seed in (1, 2, 1):
        initialise(network, "looks_linear", seed)
        found.append(network.get_layer("conv_3").kernel.numpy())
    np.testing.assert_array_equal(found[0], found[2])
    assert not np.allclose(found[0], found[1])


@pytest.mark.parametrize(("name", "options"), [("dncnn", {"depth": 3, "filters": 5}), ("ridnet", None), ("unet", None)])
def test_looks_linear_is_refused_for_other_networks(name, options):
    network = networks.build(name, **(networks.module(name).SMALL if options is None else options))
    with pytest.raises(InputError, match="looks_linear is for a chain"):
        initialise(network, "looks_linear", seed=1)
