"""The published definitions, against figures computed with the programs that were used for them."""

import numpy as np
import pytest

from srredsim.quality import image_scores as scores


@pytest.fixture(scope="module")
def images():
    """In [0, 1], of unequal sides."""
    rng = np.random.RandomState(5)
    reference = rng.uniform(0, 1, (40, 36))
    return reference, np.clip(reference + 0.1 * rng.standard_normal((40, 36)), 0, 1)


def test_reference_figures(images):
    assert scores.rmse_z(*images) == pytest.approx(0.0951645902988, rel=1e-11)


def test_uniform_window(images):
    """Window by window, where none is cut; moments of samples, constants from the range of the reference."""
    c1, c2 = (0.01 * np.ptp(images[0])) ** 2, (0.03 * np.ptp(images[0])) ** 2
    windows = np.lib.stride_tricks.sliding_window_view(images, (7, 7), axis=(1, 2)).reshape(2, -1, 49)
    found = []
    for r, i in zip(*windows, strict=True):
        (var_r, both), (_, var_i) = np.cov(r, i)
        one = (2 * r.mean() * i.mean() + c1) / (r.mean() ** 2 + i.mean() ** 2 + c1)
        found.append(one * (2 * both + c2) / (var_r + var_i + c2))
    assert scores.ssim_reference_range(*images) == pytest.approx(np.mean(found), rel=1e-10)


def test_the_range_of_the_reference_makes_the_unit_immaterial(images):
    reference, image = images
    in_range = scores.ssim_reference_range(reference, image)
    assert scores.ssim_reference_range(66.0 * reference, 66.0 * image) == pytest.approx(in_range, rel=1e-12)
    low = 0.25 + 0.5 * image  # has another range: the order of the two images matters
    assert scores.ssim_reference_range(reference, low) != pytest.approx(scores.ssim_reference_range(low, reference))


def test_gaussian_window(images):
    """Inside, as scikit-image without its border; the whole map, window by window on replicated borders."""
    found = scores.ssim_gaussian_map(*images)
    assert found[5:-5, 5:-5].mean() == pytest.approx(0.9424782607187, rel=1e-11)
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    window /= window.sum()
    padded = [np.pad(image, 5, mode="edge") for image in images]
    for y, x in ((0, 0), (39, 2), (17, 35), (3, 20)):
        r, i = (plane[y : y + 11, x : x + 11] for plane in padded)
        mean_r, mean_i = (window * r).sum(), (window * i).sum()
        var_r, var_i = (window * (r - mean_r) ** 2).sum(), (window * (i - mean_i) ** 2).sum()
        both = (window * (r - mean_r) * (i - mean_i)).sum()
        one = (2 * mean_r * mean_i + 1e-4) / (mean_r**2 + mean_i**2 + 1e-4)
        assert found[y, x] == pytest.approx(one * (2 * both + 9e-4) / (var_r + var_i + 9e-4), rel=1e-9)
    assert scores.ssim_gaussian_map(*images).mean() == pytest.approx(0.94372115, abs=1e-8)


def test_equal_images():
    image = np.random.default_rng(3).normal(size=(20, 16))
    assert scores.rmse_z(image, image) == 0
    assert scores.ssim_reference_range(image, image) == pytest.approx(1)
    assert scores.ssim_gaussian_map(image, image).mean() == pytest.approx(1)


def test_images_that_cannot_be_compared(images):
    with pytest.raises(ValueError, match=r"\(40, 36\) and \(36, 40\)"):
        scores.rmse_z(images[0], images[1].T)
    with pytest.raises(ValueError, match="constant"):
        scores.ssim_reference_range(np.ones((8, 8)), np.ones((8, 8)))
