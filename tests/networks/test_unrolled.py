"""Unrolled reconstruction: what it does before it has learned anything."""

import numpy as np
import pytest
from keras import ops

from srredsim import networks
from srredsim.data.simulated import Series, SimulatedPairs
from srredsim.errors import InputError
from srredsim.reconstruction.lit import FIXED, PER_FRAME, channels_for

SERIES = Series(seed=11, count=1, phases=3, size=64, photons=(300.0, 300.0))


@pytest.fixture(scope="module")
def lit():
    return SimulatedPairs(SERIES).lit((3, 3), 10).estimated(0)


def run(channels, **settings):
    network = networks.build("unrolled", input_channels=channels.shape[-1], depth=2, filters=4, **settings)
    return network, lambda: ops.convert_to_numpy(network(channels[None], training=False))[0]


def test_steps_alone_bring_the_image_closer_to_the_frames(lit):
    network, image = run(lit.channels(10), stages=3, with_misfit=True)
    misfit = np.mean(np.square(image()[..., 0]))
    for stage in (1, 2, 3):
        network.get_layer(f"step_{stage}").set_weights([np.zeros(1), np.zeros(1)])
    as_started = image()
    np.testing.assert_allclose(as_started[..., 1], np.maximum(lit.start, 0), atol=1e-6)
    assert 0.3 < misfit < 0.995 * np.mean(np.square(as_started[..., 0])) < 3


def test_empty_slots_change_nothing(lit):
    few, many = (run(lit.channels(slots), stages=2, with_misfit=True)[1]() for slots in (10, 14))
    np.testing.assert_allclose(many, few, rtol=2e-4, atol=2e-5)


def test_a_training_has_the_image_of_a_prediction(lit):
    """The derivative of the steps is another one; they are not."""
    network, image = run(lit.channels(10), stages=2)
    trained = ops.convert_to_numpy(network(lit.channels(10)[None], training=True))[0]
    np.testing.assert_allclose(trained, image(), atol=1e-6)


@pytest.mark.parametrize("channels", [FIXED, channels_for(9) + 1, channels_for(9) - PER_FRAME])
def test_channels_are_those_of_an_even_number_of_frames(channels):
    with pytest.raises(InputError, match=f"are {FIXED} and {PER_FRAME} for each of an even number"):
        networks.build("unrolled", input_channels=channels)
