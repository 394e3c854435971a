"""Covariance of channels and its root: against published numbers, NumPy, SciPy and finite differences."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy.linalg import sqrtm

from srredsim.layers.covariance import covariance, square_root


def reference_features():
    return np.random.RandomState(3).uniform(0, 1, (1, 8, 6, 6)).transpose(0, 2, 3, 1)


def numpy_of(tensor):
    return ops.convert_to_numpy(tensor)


def test_reference_numbers():
    matrix = numpy_of(covariance(reference_features()))
    numbers = [matrix[0, 0, 0], matrix[0, 0, 1], np.trace(matrix[0]), matrix.sum()]
    expected = [0.0768675941748557, -0.0085378088355536, 0.623096075085549, 0.722111971204701]
    np.testing.assert_allclose(numbers, expected, rtol=1e-6)
    root = numpy_of(square_root(matrix))
    numbers = [root[0, 0, 0], root[0, 0, 1], np.trace(root[0]), root.sum()]
    expected = [0.27230739653017, -0.0178298128365004, 2.18374507165968, 2.36328351136257]
    np.testing.assert_allclose(numbers, expected, rtol=1e-5)


def test_each_image_has_the_covariance_of_its_own_positions():
    features = np.random.default_rng(1).normal(3.0, 1.0, (3, 5, 7, 4)) * np.arange(1, 5)
    expected = [np.cov(image.reshape(-1, 4), rowvar=False, bias=True) for image in features]
    np.testing.assert_allclose(numpy_of(covariance(features)), expected, rtol=1e-4, atol=1e-5)


def test_enough_iterations_give_the_root():
    matrices = numpy_of(covariance(np.random.default_rng(2).normal(size=(2, 9, 8, 5))))
    expected = [sqrtm(matrix.astype(float)).real for matrix in matrices]
    np.testing.assert_allclose(numpy_of(square_root(matrices, iterations=12)), expected, atol=1e-5)


def test_half_precision_features_are_computed_in_float32():
    features = ops.cast(100 + reference_features(), "bfloat16")
    matrix = covariance(features)
    assert keras.backend.standardize_dtype(matrix.dtype) == "float32"
    exact = numpy_of(ops.cast(features, "float32")).astype(float).reshape(-1, 8)
    np.testing.assert_allclose(numpy_of(matrix)[0], np.cov(exact, rowvar=False, bias=True), rtol=1e-4, atol=1e-5)
    assert keras.backend.standardize_dtype(square_root(ops.cast(matrix, "bfloat16")).dtype) == "float32"


class Features(keras.layers.Layer):
    """Its weights are the features: what a loss does to them is its gradient."""

    def __init__(self, features):
        super().__init__()
        self.features = self.add_weight(shape=features.shape, initializer="zeros")
        self.features.assign(features)

    def call(self, _):
        return square_root(covariance(ops.convert_to_tensor(self.features)))


def gradient(features, upstream):
    """Gradient of the sum of upstream * root, for one image."""
    model = keras.Sequential([Features(features)])
    model.compile(keras.optimizers.SGD(1.0), loss=lambda y_true, y_pred: ops.sum(y_true * y_pred, axis=(1, 2)))
    model.train_on_batch(np.zeros(upstream.shape, "float32"), upstream)
    return features - model.get_weights()[0]


def slow_root(features):
    """In float64, as the definition has it."""
    matrix = np.cov(features[0].reshape(-1, features.shape[-1]), rowvar=False, bias=True)
    eye, trace = np.eye(len(matrix)), np.trace(matrix)
    y, z = matrix / trace, eye
    for _ in range(5):
        step = (3 * eye - z @ y) / 2
        y, z = y @ step, step @ z
    return np.sqrt(trace) * y


def test_the_gradient_is_that_of_finite_differences():
    rng = np.random.default_rng(5)
    features = rng.normal(size=(1, 4, 5, 3)).astype("float32")
    upstream = rng.normal(size=(1, 3, 3)).astype("float32")  # not symmetric
    found = gradient(features, upstream)
    for place in [(0, 0, 0, 0), (0, 3, 1, 2), (0, 2, 4, 1)]:
        step = np.zeros(features.shape)
        step[place] = 1e-5
        ahead, behind = (np.sum(upstream[0] * slow_root(features + sign * step)) for sign in (1, -1))
        assert found[place] == pytest.approx((ahead - behind) / 2e-5, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("features", [np.full((1, 4, 4, 3), 0.7), np.arange(16.0).reshape(1, 4, 4, 1) * [1, 1, 1]])
def test_the_gradient_is_finite_without_variance_and_with_equal_eigenvalues(features):
    """The first root is zero; the second has two eigenvalues of zero."""
    found = gradient(features.astype("float32"), np.ones((1, 3, 3), "float32"))
    assert np.isfinite(found).all()
    assert np.isfinite(numpy_of(square_root(covariance(features)))).all()
    if not np.ptp(features):
        np.testing.assert_allclose(numpy_of(square_root(covariance(features))), 0, atol=1e-5)
