"""Metrics of SR-CACO-2: the numbers of its code, NumPy and Keras alike, and what an empty region counts."""

import keras
import numpy as np
import pytest
from keras import ops
from skimage.metrics import structural_similarity

from srredsim import metrics
from srredsim.quality import eight_bit

BORDER = 2


def wave():
    """Truth and image (2, 40, 36)."""
    i, j = np.mgrid[:40, :36].astype(float)
    truth = np.stack([0.5 + 0.4 * np.sin(0.31 * i + 0.5 * b) * np.cos(0.23 * j) for b in (0, 1)])
    error = np.stack([0.05 * np.sin(0.9 * i - 0.4 * j + b) + 0.02 for b in (0, 1)])
    return truth.astype("f4"), np.clip(truth + error, 0, 1).astype("f4")


def dim_wave():
    return [np.rint(np.rint(one * 255) * 0.06) / 255 for one in wave()]


def in_keras(name, pair, **settings):
    truth, image = (np.float32(one)[..., None] for one in pair)
    return ops.convert_to_numpy(metrics.function(name)(truth, image, **settings))


NUMBERS = {  # border: psnr, mse, nrmse, ssim of both images
    0: [(27.81142, 27.80685), (107.63125, 107.74444), (0.051106, 0.051133), (0.944457, 0.943981)],
    2: [(27.81118, 27.82985), (107.63715, 107.17535), (0.051108, 0.050998), (0.945406, 0.945288)],
}
DIM_NUMBERS = {  # threshold of the region, or none
    None: [(50.78653, 50.94216), (0.54253, 0.52344), (0.061381, 0.060291), (0.992330, 0.992486)],
    4: [(50.77249, 50.87530), (0.54429, 0.53156), (0.061480, 0.060757), (0.992618, 0.992799)],
    10: [(50.88448, 50.82108), (0.53043, 0.53824), (0.060692, 0.061137), (0.993202, 0.993436)],
}
ORDER = ("psnr", "mse", "nrmse", "ssim")


def compare(found, numbers):
    for name, values in zip(ORDER, numbers, strict=True):
        np.testing.assert_allclose(
            [row[name] for row in found], values, rtol=2e-7, atol=6e-6 if name != "ssim" else 2e-6
        )


@pytest.mark.parametrize("border", NUMBERS)
def test_published_numbers_of_the_whole_image(border):
    pair = wave()
    compare([eight_bit.scores(truth, image, border) for truth, image in zip(*pair, strict=True)], NUMBERS[border])
    in_ops = {name: in_keras(f"{name}_8bit", pair, border=border) for name in ORDER}
    compare([{name: in_ops[name][n] for name in ORDER} for n in (0, 1)], NUMBERS[border])


@pytest.mark.parametrize("threshold", DIM_NUMBERS)
def test_published_numbers_of_a_region(threshold):
    rows = []
    for truth, image in zip(*dim_wave(), strict=True):
        of_region = threshold and eight_bit.roi_scores(truth, image, BORDER, (threshold,))
        rows.append(of_region or eight_bit.scores(truth, image, BORDER))
    compare(rows, DIM_NUMBERS[threshold])


def test_published_means_over_thresholds():
    pair = dim_wave()
    rows = [eight_bit.roi_scores(truth, image, BORDER) for truth, image in zip(*pair, strict=True)]
    for name, value in (("psnr", 50.901039), ("nrmse", 0.0605792), ("ssim", 0.9930852)):
        assert np.mean([row[name] for row in rows]) == pytest.approx(value, rel=3e-7)
        assert in_keras(f"roi_{name}", pair, border=BORDER).mean() == pytest.approx(value, rel=1e-6)


def test_the_map_of_similarity_is_that_of_scikit_image():
    truth, image = (eight_bit.quantised(one) for one in (wave()[0][0], wave()[1][0]))
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255, "full": True}
    expected = structural_similarity(truth, image, **options)[1][5:-5, 5:-5]
    np.testing.assert_allclose(eight_bit.ssim_map(truth, image), expected, atol=1e-9)


def test_rounding_is_half_to_even_within_the_range():
    values = np.array([[-0.5, 0.5, 1.5, 2.5, 254.5, 300.0]]) / 255
    assert eight_bit.quantised(values).tolist() == [[0, 0, 2, 2, 254, 255]]


@pytest.fixture
def spot():
    """A truth whose only pixels of 4 grey levels or more are 4, 5 and 7; and an image."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 4, (30, 28)).astype(float)
    truth[14, 12:15] = 4, 5, 7
    image = np.clip(truth + rng.integers(-2, 3, truth.shape), 0, None)
    image[14, 12:15] = 5, 4, 10
    return truth / 255, image / 255


def test_in_regions_by_hand(spot):
    """Thresholds 4 and 5 have three and two pixels, 6 and 7 one, 8 to 10 none."""
    truth, image = (np.rint(255 * one) for one in spot)
    squares = ((image - truth) ** 2)[14, 12:15]
    means = np.array([squares.mean(), squares[1:].mean(), squares[2], squares[2]])
    assert np.all(means > 0)
    psnr = 20 * np.log10(255 / np.sqrt(means))
    nrmse = np.sqrt(means) / (7 - truth.min())
    similarity = eight_bit.ssim_map(truth, image)[9, 7:10]
    ssim = [similarity.mean(), similarity[1:].mean(), similarity[2], similarity[2]]
    honest, published = eight_bit.roi_scores(*spot, 0), eight_bit.roi_scores(*spot, 0, empty_counts=True)
    for name, values, nothing in (("psnr", psnr, 498.1308036), ("nrmse", nrmse, 0.0), ("ssim", ssim, 0.0)):
        assert honest[name] == pytest.approx(np.mean(values))
        assert published[name] == pytest.approx(np.mean([*values, *[nothing] * 3]))
        pair = [one[None] for one in spot]
        assert in_keras(f"roi_{name}", pair)[0] == pytest.approx(honest[name], rel=2e-6)
        assert in_keras(f"roi_{name}", pair, empty_counts=True)[0] == pytest.approx(published[name], rel=2e-6)
    assert honest["mse"] == pytest.approx(means.mean())


def test_an_image_without_a_region_is_left_out_or_counts_as_published(spot):
    dark = np.zeros((30, 28))
    honest = eight_bit.roi_scores(dark, spot[1], 0)
    assert all(np.isnan(value) for value in honest.values())
    published = eight_bit.roi_scores(dark, spot[1], 0, empty_counts=True)
    assert published["psnr"] == pytest.approx(498.130804)
    assert published["ssim"] == published["nrmse"] == 0
    truths, images = np.stack([spot[0], dark, spot[0]]), np.stack([spot[1], dark, 1 - spot[1]])
    for name in ("roi_psnr", "roi_ssim"):
        values = in_keras(name, (truths, images))
        assert np.isnan(values).tolist() == [False, True, False]
        metric = metrics.get(name, border=0)
        metric.update_state(truths[..., None], images[..., None], sample_weight=np.array([1.0, 5.0, 3.0]))
        assert float(metric.result()) == pytest.approx((values[0] + 3 * values[2]) / 4, rel=1e-6)
        metric.reset_state()
        metric.update_state(dark[None, ..., None], dark[None, ..., None])
        assert np.isnan(float(metric.result()))
    broken = np.full_like(images, np.nan)
    assert np.isnan(float(metrics.get("roi_psnr")(truths[..., None], broken[..., None])))


def test_a_perfect_and_a_constant_image():
    truth, image = np.full((1, 20, 20), 0.5), np.full((1, 20, 20), 0.25)
    assert eight_bit.scores(truth[0], truth[0], 0)["psnr"] == pytest.approx(498.130804)
    assert in_keras("psnr_8bit", (truth, truth))[0] == pytest.approx(498.130804)
    off = 128 - 64  # the range of the truth is 0: it is divided by 1
    for found in (eight_bit.scores(truth[0], image[0], 0)["nrmse"], in_keras("nrmse_8bit", (truth, image))[0]):
        assert found == pytest.approx(off)
    psnr = eight_bit.scores(truth[0], image[0], 0)
    assert psnr["psnr_y"] - psnr["psnr"] == pytest.approx(1.3219, abs=1e-4)


def test_the_border_reaches_the_metric_of_keras_and_is_saved_with_it():
    truth, image = (one[..., None] for one in dim_wave())
    metric = metrics.get("roi_nrmse", 1.0, border=3)
    metric = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    expected = [eight_bit.roi_scores(a[..., 0], b[..., 0], 3)["nrmse"] for a, b in zip(truth, image, strict=True)]
    assert float(metric(truth, image)) == pytest.approx(np.mean(expected), rel=1e-5)
