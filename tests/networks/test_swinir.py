"""SwinIR as it was evaluated: on an image that goes on, mirrored, below and to the right."""

import numpy as np
import pytest
from keras import ops

from srredsim import networks
from srredsim.networks import swinir

SIDE = 4  # of a window of the small one


@pytest.mark.parametrize("shape", [(8, 12), (11, 6), (4, 7)])
def test_the_published_evaluation_goes_on_to_the_next_multiple_that_is_larger(shape):
    """`extra_window` is the network without it on what NumPy makes of the image: ``(y // side + 1) * side`` rows."""
    rng = np.random.default_rng(11)
    image = rng.random((1, *shape, 1)).astype("float32")
    settings = swinir.SMALL | {"scale": 2}
    plain, published = (networks.build("swinir", **settings, extra_window=extra) for extra in (False, True))
    weights = [weight + rng.normal(0, 0.3, weight.shape) for weight in plain.get_weights()]
    for model in (plain, published):
        model.set_weights(weights)
    more = [(0, (size // SIDE + 1) * SIDE - size) for size in shape]
    whole = ops.convert_to_numpy(plain(np.pad(image, [(0, 0), *more, (0, 0)], mode="symmetric")))
    expected = whole[:, : 2 * shape[0], : 2 * shape[1]]
    found = ops.convert_to_numpy(published(image))
    np.testing.assert_allclose(found, expected, atol=1e-5 * expected.std())
    assert np.abs(found - ops.convert_to_numpy(plain(image))).max() > 1e-2 * expected.std()  # or it was for nothing
