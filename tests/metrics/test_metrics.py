"""Metrics against scikit-image, numbers worked out by hand, and their own invariances."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import ndimage
from skimage import metrics as skimage_metrics

from srredsim import metrics
from srredsim.errors import InputError
from srredsim.metrics import structure
from srredsim.quality import eight_bit

DATA_RANGE = 3.0
SCALED = {"data_range": DATA_RANGE}
CALLS = {
    "mean_squared_error": {},
    "psnr": SCALED,
    "psnr_fitted": SCALED,
    "rmse": {},
    "nrmse": SCALED,
    "ssim": SCALED,
    "ncc": {},
}
CALLS |= {f"{name}_8bit": {} for name in eight_bit.NAMES} | {f"roi_{name}": {} for name in eight_bit.NAMES}
CALLS |= {"ssim_zero_padded": SCALED}
every_metric = pytest.mark.parametrize("name", CALLS)


def test_every_metric_is_tested_here():
    assert set(CALLS) == set(metrics.names())


def two_unlike_images(offset=0.0):
    """Truths and predictions (2, 33, 41, 1): unlike in content, noise and sides."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:33, :41]
    truth = np.stack([1.5 + np.sin(0.31 * y + 0.11 * x), 3 * rng.random((33, 41))])
    noisy = truth + rng.normal(0, 1, truth.shape) * np.array([0.1, 0.5])[:, None, None]
    return (truth + offset)[..., None].astype("float32"), (1.1 * noisy + offset)[..., None].astype("float32")


def evaluate(name, truth, image, **settings):
    return ops.convert_to_numpy(metrics.function(name)(truth, image, **(CALLS[name] | settings)))


def per_image(function, truth, image):
    pairs = zip(truth.astype(float), image.astype(float), strict=True)
    return [function(a[..., 0], b[..., 0]) for a, b in pairs]


def slow_ssim(a, b, data_range=DATA_RANGE):
    """scikit-image's map, without the margin of 5 pixels whose window reaches over the border."""
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "full": True}
    _, values = skimage_metrics.structural_similarity(a, b, data_range=data_range, **options)
    return values[5:-5, 5:-5].mean()


def test_psnr_is_that_of_scikit_image():
    truth, image = two_unlike_images()
    expected = per_image(
        lambda a, b: skimage_metrics.peak_signal_noise_ratio(a, b, data_range=DATA_RANGE), truth, image
    )
    np.testing.assert_allclose(evaluate("psnr", truth, image), expected, rtol=1e-5)


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (-0.02, 7.0)])
def test_psnr_fitted_is_that_of_scikit_image_after_a_straight_line(gain, offset):
    truth, image = two_unlike_images()

    def after_the_fit(a, b):
        line = np.polyval(np.polyfit(b.ravel(), a.ravel(), 1), b)
        return skimage_metrics.peak_signal_noise_ratio(a, line, data_range=DATA_RANGE)

    expected = per_image(after_the_fit, truth, image)
    np.testing.assert_allclose(evaluate("psnr_fitted", truth, gain * image + offset), expected, rtol=1e-4)


def test_psnr_fitted_of_a_constant_image_is_that_of_the_mean():
    truth, _ = two_unlike_images()
    expected = evaluate("psnr", truth, np.zeros_like(truth) + truth.mean(axis=(1, 2, 3), keepdims=True))
    np.testing.assert_allclose(evaluate("psnr_fitted", truth, np.full_like(truth, 0.3)), expected, rtol=1e-5)


def test_rmse_is_that_of_scikit_image():
    truth, image = two_unlike_images()
    expected = per_image(lambda a, b: np.sqrt(skimage_metrics.mean_squared_error(a, b)), truth, image)
    np.testing.assert_allclose(evaluate("rmse", truth, image), expected, rtol=1e-5)


def test_nrmse_is_that_of_scikit_image_when_the_range_is_that_of_the_truth():
    truth, image = two_unlike_images()
    options = {"normalization": "min-max"}
    expected = per_image(lambda a, b: skimage_metrics.normalized_root_mse(a, b, **options), truth, image)
    own_ranges = np.ptp(truth, axis=(1, 2, 3))
    np.testing.assert_allclose(evaluate("nrmse", truth, image, data_range=own_ranges), expected, rtol=1e-5)


@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_ssim_is_that_of_scikit_image(offset):
    truth, image = two_unlike_images(offset)
    expected = per_image(slow_ssim, truth, image)
    np.testing.assert_allclose(evaluate("ssim", truth, image), expected, rtol=2e-5)


def test_ssim_of_two_channels_is_the_mean_of_both():
    truth, image = two_unlike_images()
    both = [np.moveaxis(pair[..., 0], 0, -1)[None] for pair in (truth, image)]  # the two images as two channels
    np.testing.assert_allclose(evaluate("ssim", *both), [evaluate("ssim", truth, image).mean()], rtol=1e-5)


def test_ssim_of_constant_images_by_hand():
    """Without structure only (2 a b + c1) / (a^2 + b^2 + c1) is left."""
    truth, image = np.full((1, 12, 15, 1), 2.0, "float32"), np.full((1, 12, 15, 1), 1.0, "float32")
    c1 = (0.01 * DATA_RANGE) ** 2
    np.testing.assert_allclose(evaluate("ssim", truth, image), [(4 + c1) / (5 + c1)], rtol=1e-6)


def test_ssim_stays_between_minus_one_and_one_where_rounding_exceeds_the_variance():
    """Flat plains a thousand data ranges apart, as an untrained network may give them."""
    truth, _ = two_unlike_images()
    plains = np.where(np.arange(41)[:, None] < 17, 3333.3, -2777.7) + np.zeros_like(truth)
    for pair in ((truth, plains), (plains, truth), (plains, 1.001 * plains)):
        assert np.all(np.abs(evaluate("ssim", *pair)) <= 1)


def test_ncc_is_that_of_numpy():
    truth, image = two_unlike_images(1000.0)
    expected = per_image(lambda a, b: np.corrcoef(a.ravel(), b.ravel())[0, 1], truth, image)
    np.testing.assert_allclose(evaluate("ncc", truth, image), expected, rtol=1e-4)


@pytest.mark.parametrize(("gain", "offset", "expected"), [(3.0, -7.0, 1.0), (-0.5, 4.0, -1.0)])
def test_ncc_is_blind_to_gain_and_offset_but_not_to_the_sign(gain, offset, expected):
    truth, _ = two_unlike_images()
    np.testing.assert_allclose(evaluate("ncc", truth, gain * truth + offset), [expected] * 2, rtol=1e-5)


def test_numbers_by_hand():
    truth = np.zeros((2, 12, 16, 1), "float32")
    image = truth + np.array([0.3, -0.03], "float32")[:, None, None, None]
    np.testing.assert_allclose(evaluate("rmse", truth, image), [0.3, 0.03], rtol=1e-6)
    np.testing.assert_allclose(evaluate("nrmse", truth, image), [0.1, 0.01], rtol=1e-6)
    np.testing.assert_allclose(evaluate("psnr", truth, image), [20.0, 40.0], rtol=1e-6)


def test_a_perfect_image():
    truth, _ = two_unlike_images()
    expected = {"mean_squared_error": 0.0, "psnr": np.inf, "rmse": 0.0, "nrmse": 0.0, "ssim": 1.0, "ncc": 1.0}
    expected["psnr_fitted"] = np.inf
    for name, value in expected.items():
        np.testing.assert_allclose(evaluate(name, truth, truth), [value] * 2, rtol=1e-6)


@pytest.mark.parametrize("level", [0.0, 0.1, 65535.0])  # 0.1 is not a binary fraction: its mean is not exact
def test_the_ncc_of_a_constant_image_is_zero(level):
    truth, image = two_unlike_images()
    constant = np.full_like(truth, level)
    for pair in ((constant, image), (truth, constant), (constant, constant)):
        np.testing.assert_array_equal(evaluate("ncc", *pair), [0.0, 0.0])


@pytest.mark.parametrize(
    "name", sorted({"psnr", "rmse", "nrmse", "ssim", "ssim_zero_padded", "ncc", "mean_squared_error"})
)
def test_scaling_images_and_range_together_changes_only_those_in_units(name):
    truth, image = two_unlike_images()
    scaled = {"data_range": 1000 * DATA_RANGE} if CALLS[name] else {}
    expected = evaluate(name, truth, image) * {"rmse": 1e3, "mean_squared_error": 1e6}.get(name, 1)
    np.testing.assert_allclose(evaluate(name, 1000 * truth, 1000 * image, **scaled), expected, rtol=1e-4)


@pytest.mark.parametrize("name", ["psnr", "nrmse", "ssim", "ssim_zero_padded"])
def test_one_data_range_per_image(name):
    truth, image = two_unlike_images()
    together = evaluate(name, truth, image, data_range=np.array([1.0, 7.0]))
    alone = [evaluate(name, truth[[i]], image[[i]], data_range=r)[0] for i, r in enumerate((1.0, 7.0))]
    np.testing.assert_allclose(together, alone, rtol=1e-6)


@every_metric
def test_half_precision_images_are_computed_in_float32(name):
    truth, image = (ops.cast(pair, "bfloat16") for pair in two_unlike_images())
    value = metrics.function(name)(truth, image, **CALLS[name])
    assert keras.backend.standardize_dtype(value.dtype) == "float32"
    exact = evaluate(name, *(ops.convert_to_numpy(ops.cast(pair, "float32")) for pair in (truth, image)))
    np.testing.assert_allclose(ops.convert_to_numpy(value), exact, rtol=1e-6)


@every_metric
def test_integer_images(name):
    truth, image = (np.round(1000 * pair).astype("uint16") for pair in two_unlike_images())
    expected = evaluate(name, truth.astype("float32"), image.astype("float32"))
    np.testing.assert_allclose(evaluate(name, truth, image), expected, rtol=1e-6)


class Measure(keras.layers.Layer):
    """A metric as a layer: `predict` traces it into the backend's graph."""

    def __init__(self, name):
        super().__init__()
        self.metric = name

    def call(self, pair):
        return metrics.function(self.metric)(*pair, **CALLS[self.metric])


@every_metric
def test_the_graph_gives_the_same_as_eager_execution(name):
    truth, image = two_unlike_images()
    inputs = [keras.Input((None, None, 1)) for _ in range(2)]
    graph = keras.Model(inputs, Measure(name)(inputs)).predict([truth, image], verbose=0)
    np.testing.assert_allclose(graph, evaluate(name, truth, image), rtol=1e-6)


@every_metric
def test_images_of_unlike_shapes_are_refused(name):
    truth, image = two_unlike_images()
    for wrong in (image[:, :1], image[..., 0], image[:1]):
        with pytest.raises(ValueError, match=r"truth and prediction must both be \(batch, y, x, channels\)"):
            evaluate(name, truth, wrong)


def test_ssim_of_too_small_images_is_refused():
    with pytest.raises(ValueError, match="at least 11 x 11 pixels"):
        evaluate("ssim", np.ones((1, 10, 20, 1)), np.ones((1, 10, 20, 1)))


@every_metric
def test_keras_metric_is_the_mean_over_images_not_over_batches(name):
    truth, image = two_unlike_images()
    truth, image = np.concatenate([truth, truth[:1] + 1]), np.concatenate([image, image[:1]])
    metric = metrics.get(name, **CALLS[name])
    metric.update_state(truth[:2], image[:2])
    metric.update_state(truth[2:], image[2:])
    assert metric.name == name
    np.testing.assert_allclose(float(metric.result()), evaluate(name, truth, image).mean(), rtol=1e-5)
    metric.reset_state()
    metric.update_state(truth, image, sample_weight=np.array([0.0, 1.0, 3.0]))
    expected = np.average(evaluate(name, truth, image), weights=[0, 1, 3])
    np.testing.assert_allclose(float(metric.result()), expected, rtol=1e-5)


@every_metric
def test_keras_metric_can_be_saved(name):
    truth, image = two_unlike_images()
    metric = metrics.get(name, **CALLS[name])
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    for one in (metric, again):
        one.update_state(truth, image)
    assert again.name == name
    assert float(again.result()) == float(metric.result())


def test_an_unknown_metric_is_refused_with_the_known_and_the_nearest_named():
    with pytest.raises(InputError, match=r"no metric called 'pnsr'.*mean 'psnr'.*ncc.*rmse"):
        metrics.get("pnsr", 1.0)


@pytest.mark.parametrize("name", ["psnr", "nrmse", "ssim"])
def test_a_metric_without_its_data_range_is_refused(name):
    with pytest.raises(InputError, match=f"metric {name} needs `data_range`"):
        metrics.get(name)


def test_of_several_steps_the_last_counts():
    rng = np.random.default_rng(2)
    truth, steps = rng.random((2, 12, 13, 1)).astype("float32"), rng.random((2, 12, 13, 3)).astype("float32")
    metric = metrics.get("rmse", 1.0, last_channel=True)
    metric = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    expected = np.sqrt(np.square(steps[..., 2:].astype(float) - truth).mean(axis=(1, 2, 3))).mean()
    assert float(metric(truth, steps)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e4])
def test_zero_padded_ssim_keeps_its_digits_far_from_zero(offset):
    """Against the same in 64 bits: means and squares under the window of images that zeros go on."""
    a, b = np.random.default_rng(3).random((2, 40, 40)) + offset
    b = (0.7 * a + 0.3 * b).astype(np.float32).astype(float)
    a = a.astype(np.float32).astype(float)
    weights = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    weights /= weights.sum()

    def under(image):
        return ndimage.correlate1d(ndimage.correlate1d(image, weights, 0, mode="constant"), weights, 1, mode="constant")

    mean_a, mean_b, c1, c2 = under(a), under(b), 0.01**2, 0.03**2
    variances, covariance = under(a * a) - mean_a**2 + under(b * b) - mean_b**2, under(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    expected = np.mean(luminance * (2 * covariance + c2) / (variances + c2))
    found = structure.ssim_zero_padded(
        a[None, ..., None].astype(np.float32), b[None, ..., None].astype(np.float32), 1.0
    )
    assert float(found[0]) == pytest.approx(expected, abs=1e-3)
