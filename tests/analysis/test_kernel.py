"""The blur kernel: published figures, and blurs that are known."""

import numpy as np
import pytest
from scipy import ndimage

from srredsim.analysis import kernel, picture
from srredsim.errors import InputError


def test_reference_figures():
    hr = np.random.RandomState(7).uniform(0, 1, (32, 32))
    found = kernel.kernel_of(hr, ndimage.gaussian_filter(hr, 1.0, mode="wrap"), regularisation=0.5, width=8)
    assert found[4, 4] == pytest.approx(0.159724979989, rel=1e-10)
    assert found[3, 4] == pytest.approx(0.096979093610, rel=1e-10)
    assert found[4, 5] == pytest.approx(0.096862574640, rel=1e-10)
    assert found[0, 0] == pytest.approx(4.40336913515e-05, rel=1e-9)
    assert found.sum() == pytest.approx(1)


def test_known_blur_of_unequal_axes_and_a_shift_come_back():
    """On a grid of unequal, partly odd sides; the image is moved down and to the left."""
    hr = np.random.default_rng(2).uniform(0, 200, (45, 60))
    blurred = np.roll(ndimage.gaussian_filter(hr, (1.0, 1.8), mode="wrap"), (2, -1), axis=(0, 1))
    found = kernel.kernel_of(hr, blurred, regularisation=1e-6, width=16)
    y, x = np.mgrid[-8:8, -8:8]
    expected = np.exp(-((y - 2) ** 2) / 2 - (x + 1) ** 2 / (2 * 1.8**2))
    np.testing.assert_allclose(found, expected / expected.sum(), atol=2e-4)
    assert np.unravel_index(found.argmax(), found.shape) == (10, 7)
    assert kernel.widths(found) == pytest.approx([2.3548 * 1.0, 2.3548 * 1.8], rel=0.05)  # straight lines


def test_bilinear_is_that_of_scipy():
    image = np.random.default_rng(3).random((7, 9))
    expected = ndimage.zoom(image, 2, order=1, mode="nearest", grid_mode=True)
    np.testing.assert_allclose(kernel.upscaled(image, 2, "bilinear"), expected, atol=1e-12)


def test_bicubic_keeps_a_parabola_and_a_constant():
    """Keys' kernel of slope -1/2 is exact for polynomials of second degree; away from the borders."""
    y, x = np.mgrid[:10, :12] * 1.0
    fine_y, fine_x = (np.mgrid[:30, :36] + 0.5) / 3 - 0.5

    def parabola(y, x):
        return 1 + 0.3 * x - 0.2 * x**2 + 0.5 * y**2 - 0.1 * x * y

    found = kernel.upscaled(parabola(y, x), 3, "bicubic")
    np.testing.assert_allclose(found[6:-6, 6:-6], parabola(fine_y, fine_x)[6:-6, 6:-6], atol=1e-10)
    np.testing.assert_allclose(kernel.upscaled(np.full((4, 5), 7.0), 2, "bicubic"), 7.0)


def test_the_unit_goes_with_the_regularisation():
    rng = np.random.default_rng(4)
    hr, lr = rng.uniform(0, 255, (32, 32)), rng.uniform(0, 255, (16, 16))
    asked = {"width": 12, "upscale": "bicubic"}
    one = kernel.blur_kernel(lr, hr, regularisation=50.0, unit=255.0, **asked)
    other = kernel.blur_kernel(lr, hr, regularisation=50.0 * 255**2, unit=1.0, **asked)
    np.testing.assert_allclose(one, other, rtol=1e-9)
    assert not np.allclose(one, kernel.blur_kernel(lr, hr, regularisation=50.0, unit=1.0, **asked))


def test_pairs_of_files(tmp_path):
    rng = np.random.default_rng(5)
    for number in range(2):
        hr = ndimage.gaussian_filter(rng.uniform(0, 1000, (40, 48)), 1, mode="wrap")
        lr = ndimage.gaussian_filter(hr, 2, mode="wrap").reshape(20, 2, 24, 2).mean(axis=(1, 3))
        np.save(tmp_path / f"lr{number}.npy", lr)
        np.save(tmp_path / f"hr{number}.npy", hr)
    asked = {"regularisation": 10.0, "width": 20}
    report = kernel.analyse(sorted(tmp_path.glob("lr*")), sorted(tmp_path.glob("hr*")), **asked)
    kernels = [np.array(pair["kernel"]) for pair in report["pairs"]]
    np.testing.assert_allclose(report["mean"], (kernels[0] + kernels[1]) / 2)
    assert not np.allclose(*kernels)
    assert report["scale"] == 2
    offsets, row = kernel.central_row(report["mean"], 2)
    assert (offsets[0], offsets[10], offsets[-1]) == (-5.0, 0.0, 4.5)
    assert offsets[row.argmax()] == 0
    assert row.sum() == pytest.approx(1)
    picture.kernel(report, tmp_path / "kernel.png")
    assert (tmp_path / "kernel.png").read_bytes().startswith(b"\x89PNG")


def test_pairs_that_are_none(tmp_path):
    for name, shape in (("lr", (8, 8)), ("hr", (16, 20)), ("stack", (3, 8, 8))):
        np.save(tmp_path / f"{name}.npy", np.ones(shape))
    lr, hr, stack = (tmp_path / f"{name}.npy" for name in ("lr", "hr", "stack"))
    with pytest.raises(InputError, match=r"got 2 and 1"):
        kernel.analyse([lr], [hr, hr])
    with pytest.raises(InputError, match=r"hr.npy: \(16, 20\) is no whole multiple"):
        kernel.analyse([lr], [hr])
    with pytest.raises(InputError, match="3 planes"):
        kernel.analyse([stack], [lr])
    with pytest.raises(InputError, match="even, 2 to 8 for this image; got 7"):
        kernel.analyse([lr], [lr], width=7)
