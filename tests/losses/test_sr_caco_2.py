"""The losses of the SR-CACO-2 code: numbers that it gave, in float32, and what was meant where it does otherwise."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import ndimage, special

from srredsim import losses
from srredsim.errors import InputError
from srredsim.losses import bounds, grey_levels, weights
from srredsim.losses._outputs import corner_aligned, of_residual, over_levels


def wave():
    """Truth and image (2, 40, 36, 1)."""
    i, j = np.mgrid[:40, :36].astype(float)
    truth = np.stack([0.5 + 0.4 * np.sin(0.31 * i + 0.5 * b) * np.cos(0.23 * j) for b in (0, 1)])
    error = np.stack([0.05 * np.sin(0.9 * i - 0.4 * j + b) + 0.02 for b in (0, 1)])
    image = np.clip(truth + error, 0, 1)
    return truth[..., None].astype("f4"), image[..., None].astype("f4")


def with_a_flat_place(truth):
    truth = truth.copy()
    truth[:, 5:20, 5:20] = 0.25
    return truth


def mean(name, truth=None, **settings):
    true, image = wave()
    values = losses.function(name)(true if truth is None else truth, image, **settings)
    return float(np.mean(ops.convert_to_numpy(values).astype(float)))


ABSOLUTE, BHATTACHARYYA = {"distance": "absolute"}, {"distance": "bhattacharyya"}
PUBLISHED = [
    ("mean_absolute_error", {}, 0.03449998),
    ("mean_squared_error", {}, 0.001656931),
    ("sum_of_squares", {}, 4.77196 / 2),  # over a batch of two
    ("charbonnier", {"epsilon": 1e-9**0.5}, 0.03450004),
    ("ssim_zero_padded", {"data_range": 1.0, "window": 11}, 1 - 0.9564322),
    ("ssim_zero_padded", {"data_range": 1.0, "window": 19}, 1 - 0.9565697),
    ("bound_prediction", {"margin": 1.0}, 3.360349),
    ("bound_prediction", {"margin": 10.0}, -0.744094),
    ("bound_prediction", {"margin": 0.01, "restore_range": False}, 0.99),
    ("local_moments", {"flat_only": True}, 0.0),
    ("gradient_error", {"power": 1}, 0.03644879),
    ("gradient_error", {"power": 2}, 0.001845117),
    ("gradient_norm_error", {"power": 1}, 0.03506014),
    ("gradient_norm_error", {"power": 2}, 0.001852136),
    ("laplacian_error", {"power": 1}, 0.08372211),
    ("laplacian_error", {"power": 2}, 0.008651396),
    ("laplacian_norm_error", {"power": 1}, 0.07069189),
    ("laplacian_norm_error", {"power": 2}, 0.006715445),
    ("local_variation_error", {"size": 3, "power": 1}, 0.02323609),
    ("local_variation_error", {"size": 3, "power": 2}, 0.0008008846),
    ("local_variation_error", {"size": 5, "power": 1}, 0.03341571),
    ("local_variation_error", {"size": 5, "power": 2}, 0.001754643),
    ("local_variation_norm_error", {"size": 3, "power": 1}, 0.04002389),
    ("local_variation_norm_error", {"size": 3, "power": 2}, 0.002337005),
    ("local_variation_norm_error", {"size": 5, "power": 1}, 0.08525296),
    ("local_variation_norm_error", {"size": 5, "power": 2}, 0.009990779),
    ("histogram_error", ABSOLUTE, 0.001439449),
    ("histogram_error", {}, 4.229196e-06),
    ("histogram_error", {"distance": "kl"}, 0.1268634),
    ("histogram_error", BHATTACHARYYA, 0.03036565),
    ("density_error", ABSOLUTE, 0.001008035),
    ("density_error", {}, 0.0005552697),
    ("density_error", BHATTACHARYYA, -5.518261),
]


@pytest.mark.parametrize(("name", "settings", "value"), PUBLISHED)
def test_published_numbers(name, settings, value):
    assert mean(name, **settings) == pytest.approx(value, rel=2e-6, abs=3e-7)


def test_published_cross_entropy():
    truth, _ = wave()
    logits = np.sin(0.01 * np.arange(2 * 256 * 40 * 36)).reshape(2, 256, 40, 36)
    values = losses.function("grey_level_cross_entropy")(truth, np.moveaxis(logits, 1, -1))
    assert float(ops.mean(values)) == pytest.approx(5.794416, rel=1e-6)
    with pytest.raises(ValueError, match=r"must be \(batch, y, x, 1\) and \(batch, y, x, 256\)"):
        losses.function("grey_level_cross_entropy")(truth, truth)


def test_published_barrier():
    values = np.float32([-3, -1, -0.5, 0, 2])
    for sharpness, expected in ((1.0, 0.6802775), (5.0, 2.321291)):
        barrier = bounds.extended_log_barrier(values, sharpness)
        assert float(ops.mean(barrier)) == pytest.approx(expected, rel=1e-6)


def test_the_barrier_gets_sharper_unless_it_is_that_of_the_published_code():
    """1.01 times every epoch, at most 10."""
    truth, image = wave()
    for epoch, sharpness in ((0, 1.0), (7, 1.01**7), (1000, 10.0)):
        later = losses.get({"bound_prediction": {"margin": 2.0}}, epoch=keras.Variable(float(epoch)))
        expected = losses.function("bound_prediction")(truth, image, margin=2.0, sharpness=sharpness)
        np.testing.assert_allclose(later(truth, image), expected, rtol=1e-5)
        reference = losses.get({"bound_prediction": {"margin": 2.0, "growth": 1.0}}, epoch=epoch)
        np.testing.assert_allclose(reference(truth, image), bounds.bound_prediction(truth, image, 2.0), rtol=1e-6)
    assert losses.changes({"ssim": 1.0, "density_error": 1.0})
    assert losses.changes("histogram_error_over_steps")
    assert not losses.changes("charbonnier")


def test_a_term_that_would_never_count_is_refused():
    wanted = {"mean_absolute_error": 1.0, "ssim": {"weight": 0.1, "first_epoch": 5}}
    losses.check_epochs(wanted, 6)
    losses.check_epochs("ssim", 1)
    with pytest.raises(InputError, match="loss ssim counts from epoch 5 on: of 5, counted from 0, there is none"):
        losses.check_epochs(wanted, 5)


def test_a_term_counts_in_its_epochs_only():
    truth, image = wave()
    wanted = {
        "mean_absolute_error": {"weight": 2.0, "first_epoch": 3},
        "mean_squared_error": {"last_epoch": 4},
        "ssim": {"data_range": 1.0, "first_epoch": 1, "last_epoch": 3},
    }
    assert losses.changes(wanted)
    l1, l2, ssim = (
        np.asarray(losses.get({name: {"data_range": 1.0} if name == "ssim" else 1.0})(truth, image)) for name in wanted
    )
    epoch = keras.Variable(0.0)
    loss = losses.get(wanted, epoch=epoch)
    for number, expected in enumerate((l2, l2 + ssim, l2 + ssim, 2 * l1 + l2 + ssim, 2 * l1 + l2, 2 * l1)):
        epoch.assign(number)
        np.testing.assert_allclose(loss(truth, image), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"first_epoch": -1}, "first_epoch of loss mean_squared_error is a whole number, epochs count from 0; got -1"),
        ({"last_epoch": 2.5}, "last_epoch of loss mean_squared_error is a whole number"),
        ({"first_epoch": 5, "last_epoch": 4}, "would count from epoch 5 to 4, which is never"),
    ],
)
def test_epochs_that_are_none(settings, words):
    with pytest.raises(InputError, match=words):
        losses.get({"mean_squared_error": settings})


def slow_moments(image, size):
    mirrored = np.pad(image, size // 2, mode="reflect")
    patches = np.lib.stride_tricks.sliding_window_view(mirrored, (size, size))
    return patches.mean((2, 3)), patches.var((2, 3), ddof=1)


@pytest.mark.parametrize("size", [3, 5])
def test_local_moments_count_what_has_structure_or_as_published_what_has_none(size):
    truth, image = wave()
    truth = with_a_flat_place(truth)
    expected = {True: [], False: []}
    for one, other in zip(truth[..., 0].astype(float), image[..., 0].astype(float), strict=True):
        (m_true, v_true), (m, v) = slow_moments(one, size), slow_moments(other, size)
        kl = 0.5 * np.log((1 + v) / (1 + v_true)) + (1 + v_true + (m_true - m) ** 2) / (2 + 2 * v) - 0.5
        for flat_only in expected:
            expected[flat_only].append(np.mean(kl * ((v_true < 1e-14) == flat_only)))
    for flat_only, values in expected.items():
        found = losses.function("local_moments")(truth, image, size=size, flat_only=flat_only)
        np.testing.assert_allclose(found, values, rtol=2e-4)
    assert mean("local_moments", truth, flat_only=True) == pytest.approx(0.008800228, rel=1e-6)


def test_differences_of_neighbours_are_the_filters_of_scipy():
    truth, image = (one[:1, ::2, ::3] for one in wave())
    off = (image - truth)[0, ..., 0].astype(float)
    laplacian = np.full((3, 3), -1.0)
    laplacian[1, 1] = 8
    expected = ndimage.correlate(off, laplacian, mode="nearest")
    np.testing.assert_allclose(losses.function("laplacian_error")(truth, image)[0], np.mean(expected**2), rtol=1e-5)
    steps = [ndimage.correlate1d(off, [-1, 0, 1], axis=axis, mode="nearest") for axis in (0, 1)]
    np.testing.assert_allclose(losses.function("gradient_error")(truth, image)[0], np.mean(np.square(steps)), rtol=1e-5)
    size = losses.get({"local_variation_error": {"size": 4}})
    with pytest.raises(InputError, match="an odd number of pixels from 3 on; got 4"):
        size(truth, image)


def test_histogram_counts_pixels():
    """Far from an edge every pixel is in one bin."""
    rng = np.random.default_rng(2)
    levels = rng.integers(0, 256, (2, 1, 9, 11, 1))
    truth, image = ((levels + 0.5) / 256).astype("f4")
    counts = [1 + np.bincount(one.ravel(), minlength=256) for one in levels]
    expected = np.mean(np.abs(counts[0] / counts[0].sum() - counts[1] / counts[1].sum()))
    np.testing.assert_allclose(losses.function("histogram_error")(truth, image, **ABSOLUTE)[0], expected, rtol=1e-4)


def slow_histogram(values, steepness):
    edges = np.arange(257) / 256
    above = special.expit(steepness * (values.reshape(-1, 1) - edges))
    counts = 1 + (above[:, :-1] - above[:, 1:]).sum(0)
    return counts / counts.sum()


def test_the_gradient_of_a_histogram_with_blunt_edges():
    """What a gain of the image would change, against differences in float64."""
    truth, image = np.random.default_rng(6).random((2, 1, 9, 11, 1))

    def slow(gain):
        p, q = slow_histogram(truth, 40.0), slow_histogram(gain * image, 40.0)
        return np.sum(p * np.log(p / q))

    gain = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((9, 11, 1)), gain])
    settings = {"distance": "kl", "steepness": 40.0}
    model.compile(keras.optimizers.SGD(1.0), losses.get({"histogram_error": settings}))
    model.train_on_batch(image, truth)
    assert 1 - gain.get_weights()[0].item() == pytest.approx((slow(1 + 1e-4) - slow(1 - 1e-4)) / 2e-4, rel=2e-3)


def test_cross_entropy_is_minus_the_log_of_the_softmax():
    rng = np.random.default_rng(3)
    truth, logits = rng.random((1, 4, 5, 1)), rng.normal(size=(1, 4, 5, 256))
    at = np.take_along_axis(special.log_softmax(logits, -1), (truth * 255).astype(int), -1)
    np.testing.assert_allclose(losses.function("grey_level_cross_entropy")(truth, logits)[0], -at.mean(), rtol=1e-5)


def test_rare_grey_levels_weigh_more():
    counts = [0] * 10 + [99] * 246
    low, high = 0.01, 1.0
    assert grey_levels.importance(counts, 0.01) == pytest.approx([high] * 10 + [low] * 246)
    half = grey_levels.importance([1, *counts[1:]], 0.01)[0]  # with the one that is added, twice as frequent
    assert half == pytest.approx(low + (high - low) * (1 / 2 - 1 / 100) / (1 - 1 / 100), rel=1e-4)
    truth = np.array([[[[5 / 255], [200 / 255]]]], "f4")
    loss = losses.get({"importance_weighted_absolute_error": {"counts": counts, "least": 0.01}})
    np.testing.assert_allclose(loss(truth, truth + np.float32([[[[0.1], [-0.3]]]])), [(0.1 + 0.003) / 2], rtol=1e-5)
    assert grey_levels.importance([5] * 256) == [1.0] * 256
    with pytest.raises(InputError, match="counts are 256 numbers of pixels"):
        grey_levels.importance([1, 2])


def test_weight_sparsity_is_the_sum_of_moduli():
    parts = [keras.Variable(np.float32([[-1.5, 2.0]])), keras.Variable(np.float32([-0.25]))]
    assert float(weights.weight_sparsity(parts)) == 3.75


def cubic(t):
    t = abs(t)
    return 1.25 * t**3 - 2.25 * t**2 + 1 if t <= 1 else -0.75 * (t**3 - 5 * t**2 + 8 * t - 4) if t < 2 else 0.0


def slow_corner_aligned(line, fewer):
    found = np.zeros(fewer)
    for output in range(fewer):
        place = output * (len(line) - 1) / (fewer - 1)
        for pixel in range(int(np.floor(place)) - 1, int(np.floor(place)) + 3):
            found[output] += cubic(pixel - place) * line[np.clip(pixel, 0, len(line) - 1)]
    return found


@pytest.mark.parametrize("block", [2, 4])
def test_the_truth_of_a_smaller_level_keeps_its_corners(block):
    image = np.random.default_rng(4).random((1, 16, 24, 1)).astype("f4")
    expected = np.apply_along_axis(slow_corner_aligned, 0, image[0, ..., 0], 16 // block)
    expected = np.apply_along_axis(slow_corner_aligned, 1, expected, 24 // block)
    found = ops.convert_to_numpy(corner_aligned(image, block))[0, ..., 0]
    np.testing.assert_allclose(found, expected, atol=4e-6)
    np.testing.assert_allclose(found[:: found.shape[0] - 1, 0], image[0, [0, -1], 0, 0], atol=1e-6)


def test_a_loss_over_levels_is_the_mean_of_its_images():
    rng = np.random.default_rng(5)
    truth = rng.random((2, 8, 12, 1)).astype("f4")
    levels = [rng.random((2, 8 // f, 12 // f, 1)).astype("f4") for f in (4, 2, 1)]
    filled = [level.repeat(f, 1).repeat(f, 2) for level, f in zip(levels, (4, 2, 1), strict=True)]
    smaller = [np.clip(ops.convert_to_numpy(corner_aligned(truth, f)), 0, 1) for f in (4, 2)] + [truth]
    expected = sum(np.abs(a - b).mean((1, 2, 3)) for a, b in zip(levels, smaller, strict=True)) / 3
    loss = losses.get("mean_absolute_error_over_levels")
    np.testing.assert_allclose(loss(truth, np.concatenate(filled, -1)), expected, rtol=1e-5)
    one = over_levels(losses.function("mean_squared_error"))(truth, levels[-1])
    np.testing.assert_allclose(one, np.square(levels[-1] - truth).mean((1, 2, 3)), rtol=1e-5)


def test_a_loss_of_the_residual_sees_what_is_to_be_added():
    truth, image = wave()
    start = np.float32(0.3) + np.float32(0.1) * image
    both = np.concatenate([start, image], -1)
    for name in ("gradient_norm_error", "mean_absolute_error"):
        of = losses.function(name)
        np.testing.assert_allclose(of_residual(of)(truth, both), of(truth - start, image - start), rtol=1e-6)
        np.testing.assert_allclose(losses.get(f"{name}_of_residual")(truth, both), of(truth - start, image - start))
    beside = losses.get({"mean_absolute_error_of_residual": 2.0, "mean_squared_error": 1.0})
    expected = 2 * np.abs(image - truth).mean((1, 2, 3)) + np.square(image - truth).mean((1, 2, 3))
    np.testing.assert_allclose(beside(truth, both), expected, rtol=1e-5)
