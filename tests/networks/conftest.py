"""Small networks, each built once: that takes most of the time of the tests."""

import functools
import inspect

import keras
import pytest

from srredsim import networks


@pytest.fixture(autouse=True)
def keep_policy():
    before = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(before)


@pytest.fixture(scope="session")
def build_small():
    """(name, scale=None) -> a network as a seed makes it, at the scale that it has by itself or at another."""
    built = functools.cache(_built)

    def build(name, scale=None):
        scale = scale or networks.module(name).SMALL.get("scale") or _default(name)
        model, weights = built(name, scale, keras.config.dtype_policy().name)
        model.set_weights(weights)
        return model

    return build


@pytest.fixture(scope="session")
def parameters_of():
    """(name, scale) -> how many parameters a network has; they get no values, which would take longer than to count."""

    @functools.cache
    def parameters_of(name, scale):
        with keras.StatelessScope(initialize_variables=False):
            return networks.build(name, **networks.module(name).SMALL | {"scale": scale}).count_params()

    return parameters_of


def _default(name):
    return inspect.signature(networks.module(name).build).parameters["scale"].default


def _built(name, scale, policy):
    keras.utils.set_random_seed(1)
    model = networks.build(name, **networks.module(name).SMALL | ({"scale": scale} if scale else {}))
    return model, model.get_weights()
