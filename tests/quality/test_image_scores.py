"""The published definitions, against figures computed with the programs that were used for them."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from srredsim.quality import image_scores as scores


@pytest.fixture(scope="module")
def images():
    """In [0, 1], of unequal sides."""
    rng = np.random.RandomState(5)
    reference = rng.uniform(0, 1, (40, 36))
    return reference, np.clip(reference + 0.1 * rng.standard_normal((40, 36)), 0, 1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ssim_range1", 0.9440467885065185),
        ("ssim_range2", 0.9449559760789746),
        ("rmse_z", 0.0951645902988),
    ],
)
def test_reference_figures(images, name, expected):
    assert getattr(scores, name)(*images) == pytest.approx(expected, rel=1e-11)


def test_eight_bit_figures(images):
    reference, image = (255 * plane for plane in images)
    assert scores.psnr_255(reference, image) == pytest.approx(20.4304923557, abs=1e-9)
    assert scores.psnr_255(reference, image) == pytest.approx(peak_signal_noise_ratio(*images, data_range=1))
    assert scores.ssim_255(reference, image) == pytest.approx(0.9440467885065185, rel=1e-11)


def test_the_range_of_the_reference_makes_the_unit_immaterial(images):
    reference, image = images
    wide = reference.max() - reference.min()
    in_range = scores.ssim_reference_range(reference, image)
    assert scores.ssim_reference_range(66.0 * reference, 66.0 * image) == pytest.approx(in_range, rel=1e-12)
    assert in_range == pytest.approx(scores.ssim_range1(reference / wide, image / wide), rel=1e-12)
    low = 0.25 + 0.5 * image  # of a range of its own: the order of the two images matters
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
    assert scores.ssim_gaussian_range1(*images) == pytest.approx(0.94372115, abs=1e-8)


def test_range_2_flatters(images):
    assert scores.ssim_range2(*images) > scores.ssim_range1(*images)


def test_equal_images():
    image = np.random.default_rng(3).normal(size=(20, 16))
    assert scores.rmse_z(image, image) == 0
    assert scores.ssim_reference_range(image, image) == pytest.approx(1)
    assert scores.ssim_gaussian_range1(image, image) == pytest.approx(1)
    assert scores.psnr_255(image, image) == np.inf


def test_images_that_cannot_be_compared(images):
    with pytest.raises(ValueError, match=r"\(40, 36\) and \(36, 40\)"):
        scores.rmse_z(images[0], images[1].T)
    with pytest.raises(ValueError, match="constant"):
        scores.ssim_reference_range(np.ones((8, 8)), np.ones((8, 8)))
