"""Stripes on faint structures beside one very bright spot."""

import numpy as np
import pytest
from scipy import ndimage

from srredsim.optics.transfer import Transfer
from srredsim.stripes import estimate as estimating
from srredsim.stripes.estimate import estimate
from srredsim.stripes.evened import evened, unevenness
from srredsim.stripes.preprocess import prepare

LENS = Transfer(0.34, 1.0, damping=0.7)  # cycles per pixel
DIRECTIONS = 0.4 + np.pi / 3 * np.arange(3)
SIZE, LENGTH, DEPTH = 128, 0.3, 0.7


def frames(spot, seed=3, photons=150.0):
    """Bent lines of so many photons and, unless 0, a spot `spot` times as bright, 6 pixels wide, (3, 3, y, x)."""
    rng = np.random.default_rng(seed)
    lines = np.zeros((SIZE, SIZE))
    for _ in range(12):
        steps = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.03, 200))
        y, x = (rng.uniform(0, SIZE) + np.cumsum(0.7 * along(steps)) for along in (np.sin, np.cos))
        inside = (y >= 0) & (y < SIZE - 1) & (x >= 0) & (x < SIZE - 1)
        np.add.at(lines, (y[inside].astype(int), x[inside].astype(int)), 1.0)
    bright = np.zeros_like(lines)
    bright[30:36, 80:86] = 1.0
    otf = LENS(*(np.fft.fftfreq(SIZE) for _ in "yx"))
    y, x = np.mgrid[:SIZE, :SIZE]
    raw = np.empty((3, 3, SIZE, SIZE))
    lit = np.fft.ifft2(np.fft.fft2(lines) * otf).real.max()
    for angle, direction in enumerate(DIRECTIONS):
        ky, kx = LENGTH * np.sin(direction), LENGTH * np.cos(direction)
        for phase in range(3):
            pattern = 1 + DEPTH * np.cos(2 * np.pi * (ky * y + kx * x + phase / 3) + angle)
            seen = np.fft.ifft2(np.fft.fft2((lines / lit + spot * bright) * pattern) * otf).real
            raw[angle, phase] = rng.poisson(photons * np.maximum(seen, 0)) + rng.normal(0, 1.5, seen.shape) + 100
    return raw.astype(np.float32)


def off(found):
    """How far the vectors are from the true ones, as a share."""
    true = [(LENGTH * np.sin(each), LENGTH * np.cos(each)) for each in DIRECTIONS]
    return [
        min(np.hypot(*np.subtract(angle.k0_per_um, np.multiply(sign, k))) for sign in (1, -1)) / LENGTH
        for angle, k in zip(found.angles, true, strict=True)
    ]


@pytest.mark.parametrize("spot", [0.0, 100.0])
@pytest.mark.parametrize("seed", range(2))
def test_a_bright_spot_does_not_hide_the_stripes_of_the_others(spot, seed):
    found = estimate(prepare(frames(spot, seed)), LENS)
    assert [angle.status for angle in found.angles] == ["measured"] * 3
    assert max(off(found)) < 0.005
    depths = [angle.orders[0].modulation_depth for angle in found.angles]
    assert depths == pytest.approx([DEPTH] * 3, rel=0.25)


def test_without_that_it_does(monkeypatch):
    monkeypatch.setattr(estimating, "evened", lambda prepared: prepared)
    found = estimate(prepare(frames(100.0)), LENS)
    assert any(angle.status != "measured" for angle in found.angles) or max(off(found)) > 0.005


def test_the_weight_is_the_same_for_all_frames_and_slow():
    prepared = prepare(frames(100.0))
    weighed, uneven = evened(prepared), unevenness(prepared.frames)
    mean = np.maximum(prepared.frames.mean(axis=(0, 1)), 0)
    around = ndimage.gaussian_filter(mean, 4.0)
    assert uneven == pytest.approx(around.max() / np.median(around[around > np.median(around)]), rel=0.1)
    weight = weighed.frames / prepared.frames
    known = np.abs(prepared.frames) > 5
    assert weight[known] == pytest.approx(np.broadcast_to(weight[0, 0], weight.shape)[known], rel=1e-3)
    before, after = (np.percentile(each.frames.mean(axis=(0, 1)), [50, 100]) for each in (prepared, weighed))
    assert after[1] - after[0] < 0.1 * (before[1] - before[0])


def test_frames_without_light_stay_as_they_are():
    prepared = prepare(frames(0.0))
    dark = type(prepared)(-np.abs(prepared.frames), prepared.backgrounds, prepared.intensities)
    np.testing.assert_array_equal(evened(dark).frames, dark.frames)
