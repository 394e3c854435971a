"""Augmentations: both images move together, and the illumination does what the name says."""

import numpy as np
import pytest
from scipy import ndimage

from srredsim.acquisition import frames_from_raw
from srredsim.data.augment import augment, half_turn, roll_phases
from srredsim.data.pairs import Pair
from srredsim.normalise import Scaling

ANGLES, PHASES, SIDE = 3, 5, 32


def coordinates() -> Pair:
    """Every pixel holds its own place, in the raw grid and, centre-aligned, in the truth."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(float)
    frames = np.repeat((1000 * y + x)[..., None], ANGLES * PHASES, axis=-1)
    y2, x2 = (np.mgrid[: 2 * SIDE, : 2 * SIDE] - 0.5) / 2
    return Pair(frames, 1000 * y2 + x2, Scaling(0.0, 1.0))


def striped(k=(3, -5)) -> Pair:
    """Even fluorescence under travelling stripes: phase p of every angle is 2 pi p / 5 further."""
    y, x = np.mgrid[:SIDE, :SIDE]
    carrier = 2 * np.pi * (k[0] * y + k[1] * x) / SIDE
    raw = np.array([[1 + np.cos(carrier + 0.7 + 2 * np.pi * p / PHASES) for p in range(PHASES)] for _ in range(ANGLES)])
    return Pair(frames_from_raw(raw), np.ones((2 * SIDE, 2 * SIDE)), Scaling(0.0, 1.0))


def travelling_wave(pair: Pair) -> tuple[int, int]:
    """Where the first harmonic over the phases has its peak: +k, or -k if stripes travel the other way."""
    phases = pair.frames[..., :PHASES]
    band = np.tensordot(phases, np.exp(-2j * np.pi * np.arange(PHASES) / PHASES), axes=([-1], [0]))
    peak = np.unravel_index(np.argmax(np.abs(np.fft.fft2(band))), band.shape)
    return tuple(int((n + SIDE // 2) % SIDE - SIDE // 2) for n in peak)


def test_keep_geometry_keeps_the_stripes_and_their_direction():
    assert travelling_wave(striped()) == (3, -5)
    assert travelling_wave(half_turn(striped(), ANGLES, PHASES)) == (3, -5)
    assert travelling_wave(roll_phases(striped(), 2, ANGLES, PHASES)) == (3, -5)
    for seed in range(10):
        turned = augment(striped(), np.random.default_rng(seed), "keep_geometry", ANGLES, PHASES)
        assert travelling_wave(turned) == (3, -5)


def test_any_turn_changes_the_angles():
    seen = {
        travelling_wave(augment(striped(), np.random.default_rng(seed), "any_turn", ANGLES, PHASES))
        for seed in range(60)
    }
    assert seen == {(sy * a, sx * b) for a, b in ((3, 5), (5, 3)) for sy in (1, -1) for sx in (1, -1)}


@pytest.mark.parametrize("name", ["none", "keep_geometry", "any_turn"])
def test_both_images_show_the_same_field(name):
    for seed in range(12):
        pair = augment(coordinates(), np.random.default_rng(seed), name, ANGLES, PHASES)
        binned = pair.truth.reshape(SIDE, 2, SIDE, 2).mean(axis=(1, 3))
        np.testing.assert_allclose(pair.frames[..., 7], binned)


def test_half_turn_is_half_a_turn():
    image = np.random.default_rng(0).random((SIDE, SIDE))
    pair = Pair(np.repeat(image[..., None], 15, -1), np.kron(image, np.ones((2, 2))), Scaling(0.0, 1.0))
    turned = half_turn(pair, ANGLES, PHASES)
    np.testing.assert_allclose(turned.frames[..., 3], ndimage.rotate(image, 180, order=0))
    np.testing.assert_allclose(turned.truth, ndimage.rotate(pair.truth, 180, order=0))
