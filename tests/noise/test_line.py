"""The line of the noise, and what it is in the words of others: a data sheet, another unit."""

import numpy as np
import pytest

from srredsim.errors import InputError
from srredsim.noise.line import NoiseLine
from srredsim.noise.photons import Counting


def test_a_camera_from_its_data_sheet():
    camera = Counting(0.5, 100.0, 2.0).line
    assert camera.variance(np.array(300.0)) == pytest.approx(0.5 * 200 + 1.0 + 1 / 12)
    assert camera.variance(np.array(0.0)) == pytest.approx(1.0 + 1 / 12)
    assert camera.read_noise_e(100.0) == pytest.approx(2.0)
    with pytest.raises(InputError, match="gain above 0"):
        _ = Counting(0.0, 100.0, 2.0).line


def test_stabilised_values_have_the_same_noise_in_all_light():
    camera = NoiseLine(1.7, 1.7**2 * 2.0 - 1.7 * 100)
    rng = np.random.default_rng(4)
    for electrons in (20, 200, 2000):
        values = 100 + 1.7 * (rng.poisson(electrons, 40_000) + np.sqrt(2.0) * rng.standard_normal(40_000))
        assert camera.stabilised(values.astype(np.float32)).std() == pytest.approx(1, abs=0.02)


def test_stabilised_values_are_those_of_anscombe():
    counts = np.arange(100, dtype=np.float32)
    np.testing.assert_allclose(NoiseLine(1.0, 0.0).stabilised(counts), 2 * np.sqrt(counts + 3 / 8), rtol=1e-6)


def test_constant_noise_is_divided_by():
    assert NoiseLine(0.0, 9.0).stabilised(np.float32([6.0])) == pytest.approx(2)


def test_the_line_gives_back_the_camera_that_it_is_of():
    line = Counting(0.5, 100.0, 2.0).line
    assert line.offset_adu(2.0) == pytest.approx(100.0)
    assert line.read_noise_e(100.0) == pytest.approx(2.0)


def test_noise_in_another_unit_is_the_noise_of_the_values_in_that_unit():
    line = NoiseLine(2.0, -150.0, 4.0, 0.1)
    scaled = line.rescaled(100.0, 1100.0)
    values = np.array([80.0, 100.0, 600.0])  # the first below the least variance
    np.testing.assert_allclose(scaled.variance((values - 100) / 1000), line.variance(values) / 1000**2)
    assert scaled.gain_error_adu / scaled.gain_adu == pytest.approx(line.gain_error_adu / line.gain_adu)


def test_noise_is_never_less_than_nothing():
    np.testing.assert_allclose(NoiseLine(2.0, -8.0).std([3, 4, 12]), [0, 0, 4])
