import numpy as np

from srredsim.simulation.camera import expose

CAMERA = {"gain_adu": 1.7, "offset_adu": 100.0, "read_noise_e": 1.4}


def test_mean_and_variance_are_those_of_shot_and_read_noise():
    pixels = 400_000
    for photons in (0.0, 3.0, 800.0):
        adu = expose(np.full(pixels, photons), np.random.default_rng(5), **CAMERA).astype(float)
        variance = 1.7**2 * (photons + 1.4**2) + 1 / 12  # the last from rounding
        assert abs(adu.mean() - (1.7 * photons + 100)) < 5 * np.sqrt(variance / pixels)
        assert abs(adu.var() / variance - 1) < 5 * np.sqrt(2.5 / pixels)


def test_pixels_are_independent():
    adu = expose(np.full((400, 400), 50.0), np.random.default_rng(6), **CAMERA).astype(float)
    adu -= adu.mean()
    for shift in ((0, 1), (1, 0), (1, 1)):
        assert abs(np.mean(adu * np.roll(adu, shift, (0, 1))) / adu.var()) < 5 / 400


def test_saturation_at_sixteen_bits():
    adu = expose(np.array([0.0, 60_000.0]), np.random.default_rng(7), **CAMERA)
    assert adu.dtype == np.uint16
    assert adu[1] == 65535
