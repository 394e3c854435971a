"""Bands: against frames made one by one, and their way back."""

import numpy as np
import pytest

from srredsim.optics.bands import (
    condition_number,
    condition_of_waves,
    mixed_waves,
    mixing_matrix,
    separate,
    separate_waves,
    separated_waves,
)


def test_mixing_matrix_predicts_the_frames():
    rng = np.random.default_rng(7)
    phases_rad = rng.uniform(0, 2 * np.pi, 5)  # generic: a zero phase hides a wrong sign
    obj, (ky, kx) = rng.random((32, 48)), (3, -5)
    y, x = np.mgrid[:32, :48]
    carrier = 2 * np.pi * (ky * y / 32 + kx * x / 48)
    frames = [obj * (1 + 0.63 * np.cos(carrier + p) + 0.3 * np.cos(2 * (carrier + p))) for p in phases_rad]
    bands = np.fft.fft2([obj * np.exp(1j * order * carrier) for order in (0, 1, -1, 2, -2)])
    expected = np.tensordot(mixing_matrix(phases_rad, (0.63, 0.3)), bands, axes=1)
    np.testing.assert_allclose(expected, np.fft.fft2(frames), atol=1e-9)
    zero, first, second = separate(np.array(frames, np.float32), phases_rad, 2)
    np.testing.assert_allclose(zero, obj, atol=1e-4)
    np.testing.assert_allclose(first, 0.315 * obj * np.exp(1j * carrier), atol=1e-4)
    np.testing.assert_allclose(second, 0.15 * obj * np.exp(2j * carrier), atol=1e-4)


def test_condition_number():
    assert condition_number(2 * np.pi * np.arange(5) / 5 + 0.3, 2) == pytest.approx(1)
    assert condition_number([0, 0.1, 0.2], 1) > 50
    assert condition_number([0, 1, 2], 2) == np.inf
    with pytest.raises(ValueError, match="3 bands need as many different phases"):
        separate(np.zeros((3, 4, 4), np.float32), [0, 2, 2], 1)


def test_waves_of_three_directions_are_told_apart_exactly():
    """Seven frames of three waves with phases of their own: one band each, and two of every wave."""
    rng = np.random.default_rng(9)
    waves_rad = np.outer(np.arange(7), (1, 2, -3)) * 2 * np.pi / 7 + rng.normal(0, 0.3, (7, 3))
    obj, vectors, depths = rng.random((30, 44)), ((3, -5), (2, 6), (-5, -1)), (0.4, 0.3, 0.25)
    y, x = np.mgrid[:30, :44]
    carriers = [2 * np.pi * (ky * y / 30 + kx * x / 44) for ky, kx in vectors]
    frames = [
        obj * (1 + sum(m * np.cos(one + phase) for m, one, phase in zip(depths, carriers, row, strict=True)))
        for row in waves_rad
    ]
    bands = [obj] + [obj * np.exp(sign * 1j * one) for one in carriers for sign in (1, -1)]
    mixed = np.tensordot(mixed_waves(waves_rad, depths), bands, axes=1)
    np.testing.assert_allclose(mixed, frames, atol=1e-12)
    apart = np.tensordot(separated_waves(waves_rad), frames, axes=1)
    np.testing.assert_allclose(apart[1:], np.repeat(depths, 2)[:, None, None] / 2 * bands[1:], atol=1e-12)
    zero, *found = separate_waves(np.array(frames, np.float32), waves_rad)
    np.testing.assert_allclose(zero, obj, atol=1e-5)
    for band, m, one in zip(found, depths, carriers, strict=True):
        np.testing.assert_allclose(band, m / 2 * obj * np.exp(1j * one), atol=1e-5)


def test_even_steps_of_three_directions_make_no_noise_grow():
    even = np.outer(np.arange(7), (1, 2, 3)) * 2 * np.pi / 7
    assert condition_of_waves(even) == pytest.approx(1)
    assert condition_of_waves(even[:6]) == np.inf
    assert condition_of_waves(even[:, [0, 1, 1]]) > 1e10
