"""Cameras against the formulas of their noise, pixel by pixel where pixels differ."""

import numpy as np
import pytest

from srredsim.simulation.sensors import KINDS, sensor

CAMERA = {"gain_adu": 1.7, "offset_adu": 100.0, "read_noise_e": 1.4}


def chip(kind, shape=(8, 9), hot_share=0.0, **changed):
    return sensor(np.random.default_rng(3), shape, kind, hot_share, **CAMERA | changed)


def many(chip, photons, frames=6000):
    light = np.full((frames, *chip.offset_adu.shape), float(photons))
    return chip.expose(light, np.random.default_rng(5)).astype(float)


def test_an_even_camera_has_shot_and_read_noise():
    adu = many(chip("even"), 30)
    assert adu.mean() == pytest.approx(100 + 1.7 * 30, abs=0.1)
    assert adu.var() == pytest.approx(1.7**2 * (30 + 1.4**2) + 1 / 12, rel=0.01)
    assert adu.mean(0).std() < 0.2  # its pixels are alike


def test_multiplied_light_has_twice_the_variance():
    adu = many(chip("em", read_noise_e=4.0), 30)
    assert adu.mean() == pytest.approx(100 + 1.7 * 30, abs=0.1)
    assert adu.var() == pytest.approx(1.7**2 * (2 * 30 + 0.2**2) + 1 / 12, rel=0.01)


def test_maps_of_an_scmos_camera_come_back_from_many_frames():
    made = chip("scmos", offset_adu=200.0, read_noise_e=3.0)
    dark, lit = many(made, 0, 20000), many(made, 400, 20000)
    np.testing.assert_allclose(dark.mean(0), made.offset_adu, atol=0.25)
    np.testing.assert_allclose(lit.mean(0) - dark.mean(0), 400 * made.gain_adu, rtol=3e-3)
    read_noise = np.sqrt(dark.var(0) - 1 / 12) / made.gain_adu
    np.testing.assert_allclose(read_noise, made.read_noise_e, rtol=0.03)
    np.testing.assert_allclose(lit.var(0), made.gain_adu**2 * (400 + made.read_noise_e**2), rtol=0.06)
    assert made.offset_adu.std() == pytest.approx(2.0, rel=0.25)
    assert made.gain_adu.std() == pytest.approx(0.03 * 1.7, rel=0.25)
    assert np.log(made.read_noise_e).std() == pytest.approx(0.4, rel=0.25)


def test_hot_pixels_are_as_many_as_asked_for_and_bright_in_every_frame():
    made = chip("even", (300, 300), hot_share=0.002)
    hot = made.dark_e > 0
    assert hot.mean() == pytest.approx(0.002, rel=0.3)
    assert made.dark_e[hot].min() >= 20
    adu = many(made, 3, 4)
    assert np.all(adu[:, hot] > 100 + 1.7 * 10)
    np.testing.assert_allclose(adu.mean(0)[hot], 100 + 1.7 * (3 + made.dark_e[hot]), rtol=0.3)


def test_maps_are_of_the_pixels_not_of_the_frames():
    made = chip("scmos")
    assert {kind: chip(kind).offset_adu.shape for kind in KINDS} == dict.fromkeys(KINDS, (8, 9))
    stack = made.expose(np.full((3, 5, 8, 9), 1e4), np.random.default_rng(1))
    assert stack.shape == (3, 5, 8, 9)
    assert stack.dtype == np.uint16
    relative = stack.mean((0, 1)) / stack.mean()
    assert np.corrcoef(relative.ravel(), made.gain_adu.ravel())[0, 1] > 0.98
