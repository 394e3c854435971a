"""Bicubic interpolations: the weights as fractions, the programs that are at hand, loops over the kernel."""

import numpy as np
import pytest
from keras import ops

from srredsim.losses import _outputs
from srredsim.reconstruction import bicubic

QUARTER = np.array([-135, 1125, 335, -45]) / 1280  # a = -0.75, a quarter of a pixel beyond the second of four
KEYS_QUARTER = np.array([-9, 111, 29, -3]) / 128  # a = -0.5


def image(shape=(9, 14), seed=3):
    return np.random.default_rng(seed).random(shape)


def test_weights_as_fractions():
    """A step between the fifth pixel and the sixth, at twice the sampling: sums of the weights of one side."""
    step = np.repeat([[0.0, 1.0]], 5, axis=1)
    for found, weights in (
        (bicubic.enlarged(step, 2), QUARTER),
        (bicubic.enlarged_renormalised(step, 2), KEYS_QUARTER),
    ):
        expected = [0, weights[3], weights[0], weights[2:].sum(), weights[:2].sum(), 1 - weights[0], 1 - weights[3], 1]
        np.testing.assert_allclose(found[0, 6:14], expected, atol=1e-12)


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_the_baseline_is_that_of_tensorflow(scale):
    small = image().astype("f4")
    size = tuple(scale * n for n in small.shape)
    expected = ops.image.resize(small[..., None], size, interpolation="bicubic")
    np.testing.assert_allclose(bicubic.enlarged_renormalised(small, scale), ops.squeeze(expected, -1), atol=3e-7)


def slow(line, places, slope, index, width=1.0):
    found = []
    for place in places:
        pixels = range(int(np.floor(place - 2 * width)), int(np.ceil(place + 2 * width)) + 1)
        weights = [float(bicubic.kernel(np.array((pixel - place) / width), slope)) for pixel in pixels]
        found.append(sum(w * line[index(pixel)] for w, pixel in zip(weights, pixels, strict=True)) / sum(weights))
    return np.array(found)


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_enlarged_with_the_edge_repeated(scale):
    small = image((1, 7))
    places = [(n + 0.5) / scale - 0.5 for n in range(7 * scale)]
    expected = slow(small[0], places, -0.75, lambda pixel: min(max(pixel, 0), 6))
    np.testing.assert_allclose(bicubic.enlarged(small, scale)[0], expected, atol=1e-12)
    np.testing.assert_allclose(bicubic.enlarged(small.T, scale)[:, 0], expected, atol=1e-12)


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_reduced_as_matlab_does(scale):
    large = image((1, 16 * scale))
    places = [(n + 0.5) * scale - 0.5 for n in range(16)]
    mirrored = np.concatenate([large[0], large[0, ::-1]])
    expected = slow(mirrored, places, -0.5, lambda pixel: pixel % len(mirrored), scale)
    np.testing.assert_allclose(bicubic.reduced(np.repeat(large, 2 * scale, 0), scale)[0], expected, atol=1e-12)
    assert bicubic.kernel(np.array([0.25, 0.75, 1.25, 1.75]), -0.5) * 128 == pytest.approx([111, 29, -9, -3])


def test_corners_stay_where_they_are():
    large = image((16, 24))
    found = bicubic.corner_aligned(large, (8, 6))
    assert found.shape == (8, 6)
    np.testing.assert_allclose(found[[0, 0, -1, -1], [0, -1, 0, -1]], large[[0, 0, -1, -1], [0, -1, 0, -1]])
    in_keras = _outputs.corner_aligned(large[None, ..., None].astype("f4"), 2)
    np.testing.assert_allclose(bicubic.corner_aligned(large, (8, 12)), ops.squeeze(in_keras, (0, -1)), atol=4e-6)


def test_eight_bits_are_rounded_and_cut_off():
    small = np.array([[0, 0, 255, 255, 7, 8]], np.uint8)
    found = bicubic.enlarged_8bit(small, 4)
    assert found.dtype == np.uint8
    exact = bicubic.enlarged(small, 4)
    assert exact.min() < -5
    assert exact.max() > 260
    np.testing.assert_array_equal(found, np.clip(np.rint(exact), 0, 255))


def test_reduced_without_smoothing_looks_at_the_nearest_pixels_only():
    """Half way between two: (-3, 19, 19, -3) / 32."""
    line = np.repeat(image((1, 8)), 2, axis=0)
    weights = np.array([-3, 19, 19, -3]) / 32
    np.testing.assert_allclose(bicubic.enlarged(line, 1 / 2)[0, 1:3], [line[0, 1:5] @ weights, line[0, 3:7] @ weights])
