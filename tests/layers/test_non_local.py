"""The non-local part, written out pixel by pixel in NumPy."""

import keras
import numpy as np
import pytest

from srredsim.layers.non_local import non_local


def slow_quarter(x, weights):
    """(y, x, channels) of one quarter, without the skip."""
    query, key, value, output = (
        lambda pixel, kernel=kernel[0, 0], bias=bias: pixel @ kernel + bias for kernel, bias in weights
    )
    height, width = x.shape[0] // 2, x.shape[1] // 2
    blocks = [x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].reshape(4, -1) for i in range(height) for j in range(width)]
    keys = np.array([key(block).max(0) for block in blocks])
    values = np.array([value(block).max(0) for block in blocks])
    result = np.empty(x.shape)
    for place in np.ndindex(x.shape[:2]):
        likeness = np.exp(keys @ query(x[place]))
        result[place] = output(likeness @ values / likeness.sum())
    return result


@pytest.mark.parametrize(("height", "width"), [(9, 14), (8, 11), (4, 6)])
def test_each_quarter_for_itself(height, width):
    image = keras.Input((None, None, 3))
    model = keras.Model(image, non_local(3, inner=2)(image))
    rng = np.random.default_rng(height)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.get_weights()])
    names = [f"non_local_{part}" for part in ("query", "key", "value", "output")]
    weights = [[w.astype(float) for w in model.get_layer(name).get_weights()] for name in names]
    x = rng.normal(size=(2, height, width, 3)).astype("float32")
    expected = x.astype(float)
    for rows in (slice(0, height // 2), slice(height // 2, None)):
        for columns in (slice(0, width // 2), slice(width // 2, None)):
            for one, there in zip(x.astype(float), expected, strict=True):
                there[rows, columns] += slow_quarter(one[rows, columns], weights)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(x)), expected, rtol=1e-4, atol=1e-4)
    traced = model.predict(x, verbose=0)
    np.testing.assert_allclose(traced, expected, rtol=1e-4, atol=1e-4)


def test_does_nothing_before_training():
    image = keras.Input((None, None, 3))
    model = keras.Model(image, non_local(3, inner=2)(image))
    x = np.random.default_rng(1).normal(size=(1, 6, 5, 3)).astype("float32")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(x)), x)
