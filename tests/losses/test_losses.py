"""Losses against numbers worked out by hand and against the same thing in NumPy float64."""

import keras
import numpy as np
import pytest
from keras import ops

from srredsim import losses
from srredsim.errors import InputError
from srredsim.metrics import pixels, structure

CALLS = {
    "mean_squared_error": {},
    "mean_absolute_error": {},
    "half_sum_of_squares": {},
    "charbonnier": {},
    "log_mean_squared_error": {},
    "log_error_variance": {},
    "error_variance_by_contrast": {},
    "ssim": {"data_range": 3.0},
    "ssim_zero_padded": {"data_range": 3.0, "window": 7},
    "sum_of_squares": {},
    "bound_prediction": {"margin": 0.7, "restore_range": False, "sharpness": 2.0},
    "gradient_error": {"power": 1},
    "gradient_norm_error": {},
    "laplacian_error": {},
    "laplacian_norm_error": {"power": 1},
    "local_variation_error": {"size": 5},
    "local_variation_norm_error": {},
    "local_moments": {},
    "histogram_error": {"distance": "kl", "steepness": 5.0},
    "density_error": {"distance": "bhattacharyya", "variance": 0.05},
    "importance_weighted_absolute_error": {"counts": list(range(256)), "least": 0.2},
}
OF_OTHER_SHAPES = {"grey_level_cross_entropy"}
every_loss = pytest.mark.parametrize("name", CALLS)


def pair_of_images():
    rng = np.random.default_rng(8)
    truth = rng.normal(size=(3, 13, 17, 2)).astype("float32")
    return truth, truth + (np.arange(1, 4)[:, None, None, None] * rng.normal(size=truth.shape)).astype("float32")


def evaluate(name, truth, image):
    return ops.convert_to_numpy(losses.function(name)(truth, image, **CALLS[name]))


def test_every_loss_is_tested_here():
    assert set(CALLS) | OF_OTHER_SHAPES == set(losses.names()) - set(losses.names_of_features())


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("mean_squared_error", lambda difference: difference**2),
        ("mean_absolute_error", np.abs),
        ("charbonnier", lambda difference: np.hypot(difference, 1e-3)),
    ],
)
def test_formula_in_float64(name, formula):
    truth, image = pair_of_images()
    expected = formula(image.astype(float) - truth).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(evaluate(name, truth, image), expected, rtol=1e-5)


def test_log_loss_is_the_psnr_but_for_scale_and_sign():
    truth, image = pair_of_images()
    psnr = ops.convert_to_numpy(pixels.psnr(truth, image, 1.0))
    np.testing.assert_allclose(evaluate("log_mean_squared_error", truth, image), -psnr * np.log(10) / 10, atol=1e-4)
    assert evaluate("log_mean_squared_error", truth, truth) == pytest.approx(2 * np.log(3e-3))


def test_the_variance_of_the_error_does_not_care_for_an_offset_of_each_image():
    truth, image = pair_of_images()
    offsets = np.array([3.0, -1.0, 0.2], np.float32)[:, None, None, None]
    expected = np.log(np.var(image.astype(float) - truth, axis=(1, 2, 3)) + 9e-6)
    np.testing.assert_allclose(evaluate("log_error_variance", truth, image + offsets), expected, rtol=1e-4)


def test_the_weight_of_an_image_is_one_over_the_deviation_of_its_truth():
    truth, image = pair_of_images()
    offsets = np.array([3.0, -1.0, 0.2], np.float32)[:, None, None, None]
    error = np.var(image.astype(float) - truth, axis=(1, 2, 3))
    expected = error / (np.std(truth.astype(float), axis=(1, 2, 3)) + 3e-3)
    np.testing.assert_allclose(evaluate("error_variance_by_contrast", truth, image + offsets), expected, rtol=1e-4)


def test_between_two_that_may_be_there_the_best_answer_is_their_mean_but_for_a_logarithm_one_of_them():
    one, other = pair_of_images()
    answers = {share: share * one + (1 - share) * other for share in (0.0, 0.25, 0.5, 0.75, 1.0)}

    def best(name, scale):
        paid = {s: np.mean(evaluate(name, one, a) + scale * evaluate(name, other, a)) for s, a in answers.items()}
        return min(paid, key=paid.get)

    same = np.std(other) / np.std(one)  # so that both count alike
    assert best("error_variance_by_contrast", same) == 0.5
    assert best("log_error_variance", 1.0) in (0.0, 1.0)


def test_ssim_loss_is_one_minus_ssim():
    truth, image = pair_of_images()
    expected = 1 - ops.convert_to_numpy(structure.ssim(truth, image, 3.0))
    np.testing.assert_allclose(evaluate("ssim", truth, image), expected, rtol=1e-6)


def test_numbers_by_hand():
    truth = np.zeros((1, 11, 11, 1), "float32")
    image = truth + np.float32(-3.0)
    assert evaluate("mean_squared_error", truth, image) == pytest.approx([9.0])
    assert evaluate("mean_absolute_error", truth, image) == pytest.approx([3.0])
    assert ops.convert_to_numpy(losses.function("charbonnier")(truth, image, epsilon=4.0)) == pytest.approx([5.0])
    c1 = 0.03**2
    assert evaluate("ssim", truth, image) == pytest.approx([1 - c1 / (9 + c1)])


def test_a_perfect_image():
    truth, _ = pair_of_images()
    for name, expected in {"mean_squared_error": 0, "mean_absolute_error": 0, "charbonnier": 1e-3, "ssim": 0}.items():
        np.testing.assert_allclose(evaluate(name, truth, truth), [expected] * 3, atol=1e-7)


@every_loss
def test_half_precision_images_are_computed_in_float32(name):
    truth, image = (ops.cast(one, "bfloat16") for one in pair_of_images())
    value = losses.function(name)(truth, image, **CALLS[name])
    assert keras.backend.standardize_dtype(value.dtype) == "float32"
    exact = evaluate(name, *(ops.convert_to_numpy(ops.cast(one, "float32")) for one in (truth, image)))
    np.testing.assert_allclose(ops.convert_to_numpy(value), exact, rtol=1e-6)


class Parameters(keras.layers.Layer):
    """Returns its weights, which are an image: what a loss does to them is its gradient."""

    def __init__(self, image):
        super().__init__()
        self.image = self.add_weight(shape=image.shape, initializer="zeros")
        self.image.assign(image)

    def call(self, _):
        return ops.convert_to_tensor(self.image)


def descend(name, truth, image):
    """Minus the gradient of the loss (a mean over the batch) with respect to the image."""
    model = keras.Sequential([Parameters(image)])
    loss = losses.get({name: CALLS[name]} if CALLS[name] else name)
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss=loss)
    model.train_on_batch(np.zeros(truth.shape, "float32"), truth)
    return model.get_weights()[0] - image


@pytest.mark.parametrize("name", sorted({*CALLS} - {"histogram_error"}))  # its own is too small for float32
def test_the_gradient_is_that_of_finite_differences(name):
    truth, image = pair_of_images()
    direction = (image - truth) * np.random.default_rng(9).uniform(0.5, 1.5, image.shape).astype("float32")
    step = 2e-3
    ahead, behind = (evaluate(name, truth, image + sign * step * direction).mean() for sign in (1, -1))
    slope = -np.sum(descend(name, truth, image) * direction)
    np.testing.assert_allclose(slope, (ahead - behind) / (2 * step), rtol=5e-3)


@pytest.mark.parametrize("name", ["mean_squared_error", "charbonnier", "ssim"])
def test_the_gradient_of_a_perfect_image_is_zero(name):
    truth, _ = pair_of_images()
    np.testing.assert_allclose(descend(name, truth, truth), 0, atol=1e-6)


def test_the_gradient_of_the_absolute_error_is_finite_at_its_kink():
    truth, _ = pair_of_images()
    assert np.all(np.abs(descend("mean_absolute_error", truth, truth)) <= 1 / truth.size + 1e-6)


@pytest.mark.parametrize("name", [*list(CALLS)[:8], "ssim_zero_padded", "histogram_error"])  # others are made alike
def test_keras_averages_over_all_images_eagerly_and_in_the_graph_alike(name):
    truth, image = pair_of_images()
    for eagerly in (True, False):
        model = keras.Sequential([keras.layers.Identity()])
        loss = losses.get({name: CALLS[name]} if CALLS[name] else name)
        model.compile(loss=loss, run_eagerly=eagerly)
        value = model.evaluate(image, truth, batch_size=3, verbose=0)
        assert value == pytest.approx(evaluate(name, truth, image).mean(), rel=1e-5)


def test_weighted_sum():
    truth, image = pair_of_images()
    loss = losses.get({"mean_absolute_error": 0.5, "ssim": {"weight": 0.1, "data_range": 3.0}, "charbonnier": 2})
    expected = sum(
        weight * evaluate(name, truth, image)
        for name, weight in {"mean_absolute_error": 0.5, "ssim": 0.1, "charbonnier": 2}.items()
    )
    np.testing.assert_allclose(ops.convert_to_numpy(loss(truth, image)), expected, rtol=1e-6)


def test_settings_of_a_loss_reach_it():
    truth, image = pair_of_images()
    loss = losses.get({"charbonnier": {"epsilon": "5e-1"}})  # YAML reads 5e-1 as text
    expected = np.hypot(image.astype(float) - truth, 0.5).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(ops.convert_to_numpy(loss(truth, image)), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("mean_absolut_error", r"no loss called 'mean_absolut_error'.*mean 'mean_absolute_error'.*charbonnier"),
        ({"ssmi": 1.0}, "no loss called 'ssmi'.*mean 'ssim'"),
        ({"gradient_error": {"power": 3}}, "power of loss gradient_error is 1 or 2; got 3"),
        ({"histogram_error": {"distance": "l2"}}, "is absolute or squared or kl or bhattacharyya; got 'l2'"),
        (
            {"local_variation_error": {"size": 2.5}},
            "size of loss local_variation_error must be a whole number; got 2.5",
        ),
        ({"importance_weighted_absolute_error": 1}, r"needs counts: write .*\{weight: 1, counts: \[...\]\}"),
        ({"importance_weighted_absolute_error": {"counts": 3}}, "counts of loss .* must be a list of numbers; got 3"),
        (
            {"mean_squared_error_over_steps": 1, "charbonnier_of_residual": 1},
            "terms of one kind of output, _of_residual or _over_steps",
        ),
        ({"bound_prediction": {"epoch": 3}}, "no setting of loss bound_prediction called 'epoch'"),
        ("ssim", "loss ssim needs data_range: write ssim: {weight: 1, data_range: 1.0}"),
        ({"ssim": 0.1}, "loss ssim needs data_range: write ssim: {weight: 0.1, data_range: 1.0}"),
        ({"charbonnier": {"epsilom": 1}}, "no setting of loss charbonnier called 'epsilom'.*mean 'epsilon'"),
        ({"charbonnier": {"epsilon": 0}}, "epsilon of loss charbonnier must be a positive number; got 0"),
        ({"charbonnier": -1.0}, "the weight of loss charbonnier must be a positive number; got -1.0"),
        ({"charbonnier": "much"}, "the weight of loss charbonnier must be a positive number; got 'much'"),
        ({"charbonnier": True}, "the weight of loss charbonnier must be a positive number; got True"),
        ({}, "a loss is a name or a mapping of names to weights; got {}"),
        (["ssim"], r"a loss is a name or a mapping of names to weights; got \['ssim'\]"),
    ],
)
def test_a_loss_that_cannot_be_is_refused_in_words(wanted, message):
    with pytest.raises(InputError, match=message):
        losses.get(wanted)


@every_loss
def test_images_of_unlike_shapes_are_refused(name):
    truth, image = pair_of_images()
    with pytest.raises(ValueError, match=r"truth and prediction must both be \(batch, y, x, channels\)"):
        evaluate(name, truth, image[..., :1])


def test_half_the_sum_of_squares_by_hand():
    """Sum over the batch / (2 * 2), as there are two images."""
    truth, image = np.zeros((2, 3, 5, 1), "f4"), np.arange(30, dtype="f4").reshape(2, 3, 5, 1)
    values = evaluate("half_sum_of_squares", truth, image)
    assert values.mean() == pytest.approx(sum(n**2 for n in range(30)) / 4)


def three_steps():
    rng = np.random.default_rng(6)
    return rng.normal(size=(2, 12, 14, 1)).astype("f4"), rng.normal(size=(2, 12, 14, 3)).astype("f4")


def test_a_loss_over_steps_is_its_sum_over_the_channels():
    truth, steps = three_steps()
    expected = np.abs(steps.astype(float) - truth).mean(axis=(1, 2)).sum(axis=-1)
    for wanted in ("mean_absolute_error_over_steps", {"mean_absolute_error_over_steps": 1.0}):
        assert losses.is_over_steps(wanted)
        np.testing.assert_allclose(ops.convert_to_numpy(losses.get(wanted)(truth, steps)), expected, rtol=1e-5)
    assert not losses.is_over_steps({"mean_absolute_error": 1.0})


def test_beside_a_loss_over_steps_others_take_the_last_step():
    truth, steps = three_steps()
    loss = losses.get({"charbonnier_over_steps": {"weight": 2.0, "epsilon": 0.3}, "mean_squared_error": 0.5})
    differences = steps.astype(float) - truth
    expected = 2 * np.hypot(differences, 0.3).mean(axis=(1, 2)).sum(axis=-1)
    expected += 0.5 * np.square(differences[..., -1]).mean(axis=(1, 2))
    np.testing.assert_allclose(ops.convert_to_numpy(loss(truth, steps)), expected, rtol=1e-5)
    with pytest.raises(InputError, match="no loss called 'texture_over_steps'"):
        losses.get("texture_over_steps")
