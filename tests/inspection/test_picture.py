"""The picture of a report: spectra with their marks, angles in colours."""

import numpy as np
import pytest
from matplotlib.image import imread

from srredsim import inspection
from srredsim.acquisition import Pattern, RawStack
from srredsim.inspection.picture import OVERLAY_PIXELS, mean_spectrum, overlay


def stack_of(array):
    array = np.asarray(array)
    return RawStack(array, Pattern(*array.shape[3:5]))


def illuminated(size=(64, 96), k_pixels=((6, 17), (-9, 12), (15, -3))):
    """Raw frames (angle, phase, y, x) of an even object under a pattern of whole periods."""
    y, x = np.mgrid[: size[0], : size[1]]
    carriers = [2 * np.pi * (ky * y / size[0] + kx * x / size[1]) for ky, kx in k_pixels]
    phases = 2 * np.pi * np.arange(5) / 5
    return np.array([[1000 + 500 * np.cos(carrier + p) for p in phases] for carrier in carriers])


def test_mean_spectrum_has_its_spots_at_the_pattern():
    """(ky, kx) from the middle, rows first."""
    spectrum = mean_spectrum(illuminated()[1])
    spots = {tuple(int(i) for i in np.unravel_index(n, spectrum.shape)) for n in np.argsort(spectrum.ravel())[-2:]}
    assert spots == {(32 - 9, 48 + 12), (32 + 9, 48 - 12)}


def test_mean_spectrum_does_not_depend_on_the_order_of_the_frames():
    frames = illuminated()[2]
    np.testing.assert_allclose(mean_spectrum(frames), mean_spectrum(frames[[3, 1, 4, 0, 2]]), atol=1e-9)


def test_angles_that_are_alike_are_grey_and_others_coloured():
    image = np.random.default_rng(1).random((20, 30))
    same = overlay(np.stack([image, 3 * image + 5, image]))
    np.testing.assert_allclose(same, same[..., :1] * np.ones(3), atol=1e-6)
    other = overlay(np.stack([image, image, np.roll(image, 2, axis=1)]))
    assert np.ptp(other, axis=-1).mean() > 0.1
    alone = overlay(image[None])
    np.testing.assert_allclose(alone, alone[..., :1] * np.ones(3))


@pytest.mark.parametrize("size", [(64, 96), (OVERLAY_PIXELS * 3, 40)])
def test_picture_is_a_png_that_shows_something(tmp_path, size):
    inspection.picture(stack_of(illuminated(size)[None, None, None]), tmp_path / "p.png")
    image = imread(tmp_path / "p.png")
    assert image.shape[1] > image.shape[0] > 100
    assert image[..., :3].std() > 0.1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0, 5, np.nan])
def test_picture_of_nothing(tmp_path, value):
    array = np.full((1, 1, 3, 3, 5, 8, 9), value)
    inspection.picture(stack_of(array), tmp_path / "p.png")
    assert imread(tmp_path / "p.png").size
