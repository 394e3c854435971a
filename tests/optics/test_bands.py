"""Bands: against frames made one by one, and their way back."""

import numpy as np
import pytest

from srredsim.optics.bands import condition_number, mixing_matrix, separate


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
