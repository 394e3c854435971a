"""Painted specimens: light that is not negative, sizes in micrometres."""

import numpy as np
import pytest
from scipy import ndimage

from srredsim.simulation import scenes, specimens
from srredsim.simulation.phantoms import Field


@pytest.mark.parametrize("kind", specimens.KINDS)
def test_every_kind_is_light_on_the_field_and_drawn_anew(kind):
    images = [specimens.KINDS[kind](np.random.default_rng(seed), Field((96, 128), 0.04)) for seed in (1, 2, 1)]
    for image in images:
        assert image.shape == (96, 128)
        assert image.dtype == np.float32
        assert np.all(np.isfinite(image))
        assert image.min() >= 0
        assert image.max() > 0
    np.testing.assert_array_equal(images[0], images[2])
    assert np.mean(images[0] != images[1]) > 0.01


def test_shares_are_of_the_kinds():
    assert {*specimens.SHARES, "walls"} == set(specimens.KINDS) >= set(scenes.KINDS)
    assert sum(specimens.SHARES.values()) == pytest.approx(1)
    drawn = [specimens.draw_kind(np.random.default_rng(seed)) for seed in range(200)]
    assert np.mean([kind == "leaves" for kind in drawn]) == pytest.approx(0.25, abs=0.1)


def test_labels_fill_a_ball_evenly():
    """Two of three coordinates: the mean of their squares is 2/5 of that of the radius."""
    y, x = specimens.ball(np.random.default_rng(0), 300)
    assert np.hypot(y, x).max() <= 1
    assert np.mean(y**2 + x**2) == pytest.approx(2 / 5, rel=0.01)
    assert np.mean(y**2) == pytest.approx(np.mean(x**2), rel=0.02)
    assert abs(np.mean(y * x)) < 0.003


def test_borders_of_cells_are_as_far_as_they_are():
    """Against the distance to the nearest pixel where the way to a border turns round."""
    away = specimens._from_borders(np.random.default_rng(4), 160, 30.0)
    far = ndimage.distance_transform_edt(away > 0.5)
    near = (far > 1) & (far < 6)
    assert np.count_nonzero(near) > 2000
    assert np.quantile(np.abs(far - away)[near], 0.75) < 0.6  # where borders meet at an acute angle it is more


@pytest.mark.parametrize("kind", ["blobs", "mitochondria", "beads", "walls"])
def test_sizes_are_in_micrometres(kind):
    """Half the pixel shows the same structures: the frequency below which half of the power lies stays."""

    def middle_per_um(pixel_size_um, side):
        power = 0.0
        for seed in range(6):
            image = specimens.KINDS[kind](np.random.default_rng(seed), Field((side, side), pixel_size_um))
            power = power + abs(np.fft.fft2(image / image.mean() - 1)) ** 2 / image.size
        frequency = np.fft.fftfreq(side, pixel_size_um)
        radius = np.hypot(frequency[:, None], frequency)
        power = np.where(radius < 6.0, power, 0.0)  # what both grids carry
        order = np.argsort(radius.ravel())
        total = np.cumsum(power.ravel()[order])
        return radius.ravel()[order][np.searchsorted(total, total[-1] / 2)]

    assert middle_per_um(0.02, 256) == pytest.approx(middle_per_um(0.04, 128), rel=0.3)
