"""Optimisers against PyTorch's Adam written out in NumPy."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from srredsim.errors import InputError
from srredsim.losses.weights import weight_sparsity
from srredsim.training import optimizers
from srredsim.zoo.recipe import Optimizer, from_dict

RATE = 0.01


def adam(weight, gradients, l2=0.0):
    """Adam as PyTorch has it: ``l2 * weight`` joins the gradient before the moments."""
    first = second = 0.0
    for step, gradient in enumerate(gradients, start=1):
        gradient = gradient + l2 * weight
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        weight = weight - RATE * first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return weight


def stepped(wanted: Optimizer, weights, gradients, restart_after=None):
    """The weights after one step with each of the gradients."""
    variables = [keras.Variable(weight, dtype="float32") for weight in weights]
    optimizer = optimizers.build(wanted, RATE, "float32")
    optimizer.build(variables)
    for step, gradient in enumerate(gradients):
        if step == restart_after:
            optimizers.restart(optimizer)
        optimizer.apply([keras.ops.convert_to_tensor(part, "float32") for part in gradient], variables)
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


@pytest.fixture
def problem():
    """A kernel and a bias, and six gradients of each."""
    rng = np.random.default_rng(4)
    weights = [rng.normal(0, 3, (3, 2)), rng.normal(0, 3, 2)]
    return weights, [[rng.normal(0, 1, weight.shape) for weight in weights] for _ in range(6)]


def expected(weights, gradients, **settings):
    of_each = zip(*gradients, strict=True)
    return [adam(weight, list(own), **settings) for weight, own in zip(weights, of_each, strict=True)]


def test_l2_joins_the_gradient_of_kernels_and_biases(problem):
    weights, gradients = problem
    found = stepped(Optimizer(l2=0.4, epsilon=1e-8, clip_norm=None), weights, gradients)
    for value, target in zip(found, expected(weights, gradients, l2=0.4), strict=True):
        np.testing.assert_allclose(value, target, rtol=2e-5, atol=1e-6)
    for value, other in zip(found, expected(weights, gradients), strict=True):
        assert np.abs(value - other).max() > 1e-3  # it matters


def test_the_norm_is_clipped_before_the_l2_term_is_added():
    weight, gradient = np.array([2.0, -1.0]), np.array([30.0, 40.0])
    wanted = Optimizer(name="sgd", l2=0.5, clip_norm=1.0)
    (found,) = stepped(wanted, [weight], [[gradient]])
    np.testing.assert_allclose(found, weight - RATE * (gradient / 50 + 0.5 * weight), rtol=1e-6)


def test_l1_is_the_gradient_of_the_sum_of_moduli():
    """Once with a step of one weight against differences of the sum itself, once beside an L2 term."""
    weight, gradient, small = np.array([2.0, -1.0, 0.0]), np.array([0.3, -0.4, 0.0]), 1e-3
    for l2 in (0.0, 0.5):
        wanted = Optimizer(name="sgd", l1=0.2, l2=l2, clip_norm=None)
        (found,) = stepped(wanted, [weight], [[gradient]])
        moved = [[weight + sign * small * row for sign in (1, -1)] for row in np.eye(3)]
        pull = [float(weight_sparsity([ahead]) - weight_sparsity([behind])) / (2 * small) for ahead, behind in moved]
        np.testing.assert_allclose(found, weight - RATE * (gradient + 0.2 * np.array(pull) + l2 * weight), rtol=1e-5)
    with pytest.raises(InputError, match=r"optimizer\.l1 goes with adam or sgd; got 0.1 with lion"):
        from_dict({"name": "one", "network": {"name": "dncnn"}, "optimizer": {"name": "lion", "l1": 0.1}})


def test_epsilon_is_that_of_the_recipe():
    """A first step of Adam, where Keras adds epsilon to the root of (1 - beta_2) g^2."""
    gradient, start = np.array([1e-6, 3e-7]), np.array([0.0, 0.0])
    for epsilon in (1e-8, 1e-6):
        (found,) = stepped(Optimizer(epsilon=epsilon, clip_norm=None), [start], [[gradient]])
        np.testing.assert_allclose(found, -RATE * gradient / (gradient + epsilon / np.sqrt(0.001)), rtol=1e-3)


def test_a_restarted_optimiser_is_a_new_one(problem):
    weights, gradients = problem
    wanted = Optimizer(epsilon=1e-8, clip_norm=None)
    found = stepped(wanted, weights, gradients, restart_after=4)
    target = expected(expected(weights, gradients[:4]), gradients[4:])
    for value, wished, other in zip(found, target, expected(weights, gradients), strict=True):
        np.testing.assert_allclose(value, wished, rtol=2e-5, atol=1e-6)
        assert np.abs(value - other).max() > 1e-3


def test_a_restart_leaves_the_scale_of_a_float16_loss():
    optimizer = optimizers.build(Optimizer(), RATE, "float16")
    weight = keras.Variable(np.zeros(2), dtype="float32")
    optimizer.build([weight])
    optimizer.dynamic_scale.assign(64.0)
    optimizer.apply([keras.ops.convert_to_tensor([64.0, 32.0])], [weight])
    assert int(optimizer.inner_optimizer.iterations) == 1
    optimizers.restart(optimizer)
    assert float(optimizer.dynamic_scale) == 64
    variables = {variable.name: variable.numpy() for variable in optimizer.inner_optimizer.variables}
    assert variables.pop("learning_rate") == np.float32(RATE)
    assert not any(np.any(value) for value in variables.values())


@pytest.mark.parametrize("nesterov", [True, False])
def test_momentum_is_pytorchs_while_the_learning_rate_changes(problem, nesterov):
    weights, gradients = problem
    variables = [keras.Variable(weight, dtype="float32") for weight in weights]
    wanted = Optimizer(name="sgd", momentum=0.9, nesterov=nesterov, clip_norm=None)
    rate = keras.optimizers.schedules.ExponentialDecay(0.01, 1, 0.5)
    optimizer = optimizers.build(wanted, rate, "float32")
    optimizer.build(variables)
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(part, "float32") for part in gradient], variables)
    for number, variable in enumerate(variables):
        weight, velocity = weights[number], 0.0
        for step, gradient in enumerate(gradients):
            velocity = 0.9 * velocity + gradient[number]
            weight = weight - 0.01 * 0.5**step * (gradient[number] + 0.9 * velocity if nesterov else velocity)
        np.testing.assert_allclose(keras.ops.convert_to_numpy(variable), weight, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"momentum": 0.9}, "momentum goes with sgd; got 0.9 with adam"),
        ({"name": "sgd", "momentum": 1.0}, "momentum is from 0 to below 1; got 1.0"),
        ({"name": "sgd", "nesterov": True}, "nesterov is a kind of momentum; set optimizer.momentum"),
    ],
)
def test_momentum_that_would_have_no_effect_is_refused(changes, words):
    with pytest.raises(InputError, match=words):
        from_dict({"name": "x", "network": {"name": "red_net"}, "optimizer": changes})


def stepped_once(optimizer, variables, gradient):
    optimizer.apply(gradient, variables)


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_many_weights_take_few_operations_and_the_steps_are_those_of_keras(problem, name):
    """Beside Keras's own: schedule, clipping, averages; what a checkpoint holds has the same order and shapes."""
    weights, gradients = problem
    wanted = Optimizer(name=name, clip_norm=1.0, ema=0.9, weight_decay=0.1 if name == "adamw" else 0.0)
    rate = keras.optimizers.schedules.CosineDecay(RATE, 10)
    settings = {"global_clipnorm": 1.0, "use_ema": True, "ema_momentum": 0.9}
    if name == "adamw":
        settings["weight_decay"] = 0.1
    own = optimizers.build(wanted, rate, "float32")
    of_keras = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}[name](rate, **settings)
    after, sizes = [], []
    for optimizer in (own, of_keras):
        variables = [keras.Variable(weight, dtype="float32", name=f"w{n}") for n, weight in enumerate(weights)]
        optimizer.build(variables)
        step = tf.function(partial(stepped_once, optimizer, variables))
        parts = [[tf.constant(part, tf.float32) for part in gradient] for gradient in gradients]
        for gradient in parts:
            step(gradient)
        after.append([keras.ops.convert_to_numpy(value) for value in [*variables, *optimizer.variables]])
        sizes.append(len(step.get_concrete_function(parts[0]).graph.get_operations()))
    for value, target in zip(*after, strict=True):
        np.testing.assert_allclose(value, target, rtol=2e-6, atol=1e-6)
    assert sizes[1] - sizes[0] > 20 * len(weights)


def test_adamw_without_decay_is_adam():
    """Keras's own decays by 0.004 where nothing is said; a recipe says 0."""
    ended = []
    for name in ("adam", "adamw"):
        weight = keras.Variable([1.0, -2.0])
        optimizer = optimizers.build(Optimizer(name=name, clip_norm=None), 0.1, "float32")
        optimizer.build([weight])
        for _ in range(3):
            optimizer.apply([keras.ops.convert_to_tensor([0.0, 1.0])])
        ended.append(np.array(weight))
    np.testing.assert_array_equal(*ended)
    assert ended[1][0] == 1.0
