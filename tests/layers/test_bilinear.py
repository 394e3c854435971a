"""Bilinear enlargement against SciPy, scikit-image and a ramp."""

import keras
import numpy as np
import pytest
from scipy.ndimage import zoom
from skimage.transform import resize

from srredsim.layers.bilinear import enlarged

SCALES = [2, 3, 4, 5, 8]


def run(image, scale):
    """(y, x) through a model that does not know the size of its input."""
    start = keras.Input((None, None, 1))
    model = keras.Model(start, enlarged(start, scale))
    return keras.ops.convert_to_numpy(model(image[None, ..., None]))[0, ..., 0]


@pytest.mark.parametrize("scale", SCALES)
def test_is_that_of_scipy_and_scikit_image_up_to_the_edges(scale):
    image = np.random.default_rng(scale).random((5, 7)).astype("float32")
    found = run(image, scale)
    np.testing.assert_allclose(found, zoom(image, scale, order=1, mode="nearest", grid_mode=True), atol=1e-6)
    np.testing.assert_allclose(found, resize(image, found.shape, order=1, mode="edge"), atol=1e-6)


@pytest.mark.parametrize("scale", SCALES)
def test_a_ramp_stays_where_it_is(scale):
    """Centre-aligned: output pixel i lies at (i + 1/2) / scale - 1/2 of the input's pixels."""
    y, x = np.mgrid[:6, :9].astype("float32")
    found = run(3 * y - 2 * x, scale)
    y, x = ((np.arange(side) + 0.5) / scale - 0.5 for side in found.shape)
    inside = (slice(scale, -scale),) * 2
    np.testing.assert_allclose(found[inside], (3 * y[:, None] - 2 * x)[inside], atol=1e-5)


def test_by_one_is_the_image_itself():
    image = np.random.default_rng(1).random((4, 5)).astype("float32")
    np.testing.assert_array_equal(run(image, 1), image)


@pytest.mark.parametrize("scale", [2, 3])
def test_in_float32_under_any_policy(scale):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        found = run(np.full((3, 4), 1.001, "float32"), scale)
    finally:
        keras.config.set_dtype_policy(before)
    np.testing.assert_allclose(found, 1.001, rtol=1e-6)
