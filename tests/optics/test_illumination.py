import numpy as np
import pytest

from srredsim.optics import illumination


def test_wave_vectors_are_ky_kx_with_angles_from_x_towards_y():
    vectors = illumination.wave_vectors_per_um([0.0, np.pi / 2, np.pi / 6], [2.0, 3.0, 4.0])
    np.testing.assert_allclose(vectors, [[0, 2], [3, 0], [2, 4 * np.cos(np.pi / 6)]], atol=1e-12)


def test_carrier_and_pattern_agree_with_the_formula_written_out():
    y_um, x_um = 0.04 * np.arange(5) - 0.3, 0.04 * np.arange(7) + 0.1
    (ky, kx), phase_rad = (1.3, -2.1), 0.9
    carrier = illumination.carrier(y_um, x_um, (ky, kx))
    light = illumination.pattern(y_um, x_um, (ky, kx), phase_rad, (0.6, 0.3))
    for row, y in enumerate(y_um):
        for column, x in enumerate(x_um):
            argument = 2 * np.pi * (ky * y + kx * x)
            assert carrier[row, column] == pytest.approx(np.exp(1j * argument), abs=1e-6)
            written_out = 1 + 0.6 * np.cos(argument + phase_rad) + 0.3 * np.cos(2 * argument + 2 * phase_rad)
            assert light[row, column] == pytest.approx(written_out)


@pytest.mark.parametrize("depths", [(0.9,), (0.3, 0.7), (0.9, 0.2), (4 / 3, 2 / 3), (1.2, 0.1)])
def test_darkest_is_the_minimum_of_the_pattern(depths):
    x_um = np.linspace(0, 1, 20001)
    sampled = illumination.pattern(np.zeros(1), x_um, (0.0, 1.0), 0.4, depths).min()
    assert illumination.darkest(depths) == pytest.approx(sampled, abs=1e-6)


def test_three_equal_beams_just_reach_darkness():
    assert illumination.darkest((4 / 3, 2 / 3)) == pytest.approx(0.0, abs=1e-12)
