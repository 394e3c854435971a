"""Background of an angle: the darkest part of the field, or what bleaching leaves unchanged where no part is dark."""

import numpy as np
import pytest
from scipy import ndimage

from srredsim.simulation import real
from srredsim.simulation.imperfections import Imperfections
from srredsim.stripes.background import Brightness, backgrounds_of
from srredsim.stripes.preprocess import prepare

SHARES = np.array([1.4, 1.2, 1.0, 0.8, 0.6])
OFFSET = 100.0


def background_of(frames):
    return backgrounds_of([Brightness.of(frames)])[0]


def dense(lowest=300.0):
    """A specimen without a dark place, (64, 64)."""
    texture = ndimage.gaussian_filter(np.random.default_rng(3).random((64, 64)), 4, mode="wrap")
    return lowest + 1000 * (texture - texture.min()) / np.ptp(texture)


@pytest.mark.parametrize("offset", [OFFSET, 0.0, -20000.0])
@pytest.mark.parametrize("shares", [SHARES, SHARES[:3], SHARES[::-1]])
def test_where_nothing_is_dark_bleaching_tells_the_background(offset, shares):
    frames = shares[:, None, None] * dense() + offset
    assert background_of(frames) == pytest.approx(offset, abs=1e-6 * abs(offset) + 1e-6)


@pytest.mark.parametrize("shares", [SHARES, np.ones(5)])
def test_where_a_part_is_dark_it_is_the_background(shares):
    lit = np.zeros((64, 64))
    lit[20:, 20:] = dense()[20:, 20:]
    assert background_of(shares[:, None, None] * lit + OFFSET) == pytest.approx(OFFSET, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_unequal_light_that_the_scatter_hides_tells_nothing(seed):
    """Frames as bright as each other but for a fifth of a percent, with stripes and noise: the darkest part counts."""
    rng = np.random.default_rng(seed)
    rows = np.arange(64)[:, None]
    stripes = 1 + 0.8 * np.cos(2 * np.pi * (0.21 * rows + np.arange(5)[:, None, None] / 5))
    light = 1 + 0.002 * rng.standard_normal(5)
    frames = rng.poisson(light[:, None, None] * stripes * dense()) + OFFSET
    assert 270 < background_of(frames) - OFFSET < 400  # the darkest hundredth of 300 to 1300, less its noise


@pytest.mark.parametrize("dim", [0.25, 0.5])
def test_a_frame_that_a_shutter_has_dimmed_in_a_thin_sample(dim):
    """The darkest hundredth of the pixels is noise below the background; shares of light are right to a twentieth."""
    rng = np.random.default_rng(6)
    lit = np.where(rng.random((128, 128)) > 0.97, 3000.0, 0.0)
    lit = ndimage.gaussian_filter(lit, 1.5)
    shares = np.array([1.0, dim, 1.0])
    frames = rng.poisson(20 + shares[:, None, None] * lit) + OFFSET + rng.normal(0, 3.0, (3, 128, 128))
    assert background_of(frames) == pytest.approx(OFFSET + 20, abs=2)
    (found,) = np.array(prepare(frames[None]).intensities)
    np.testing.assert_allclose(found / found[0], shares, rtol=0.05)


def test_one_angle_that_bleaches_tells_the_background_of_all():
    """Angles with light and offset of their own: so they stay as bright, one beside the other, as they are."""
    lit = np.stack([SHARES[:, None, None] * dense(), 0.5 * np.ones((5, 1, 1)) * dense()])
    offsets = [OFFSET, 2500.0]
    found = backgrounds_of([Brightness.of(frames + offset) for frames, offset in zip(lit, offsets, strict=True)])
    np.testing.assert_allclose(found, offsets, rtol=1e-4)


def test_a_stack_without_a_dark_place_that_bleaches_is_evenly_lit_when_prepared():
    """Leaves that fill the field, of which the last frame of an angle is darker than the darkest part of its mean."""
    sample = real.simulate_stack(
        91, Imperfections(specimens=1, bleaching=1), index=3, angles=3, phases=5, size=128, photons=(20, 2000)
    )
    darkest = np.percentile(sample.raw.mean(axis=1), 1, axis=(1, 2))
    assert np.any(sample.raw.mean(axis=(2, 3)) < darkest[:, None])  # which had been taken for the background
    light, truth = np.array(prepare(sample.raw).intensities), np.array(sample.settings.intensities)
    np.testing.assert_allclose(
        light / light.mean(axis=1, keepdims=True), truth / truth.mean(axis=1, keepdims=True), rtol=0.1
    )


@pytest.mark.parametrize("radius", [6, 12, 22])
@pytest.mark.parametrize("seed", range(3))
def test_stripes_on_a_bright_spot_are_no_bleaching(radius, seed):
    """The light of a spot a few stripes wide changes with their phase; the dark field around it does not."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:128, :128]
    spot = np.clip(radius - np.hypot(y - 64 - rng.uniform(-3, 3), x - 64) + 0.5, 0, 1)
    phases = 2 * np.pi * (0.15 * y + 0.05 * x) + 2 * np.pi * np.arange(5)[:, None, None] / 5 + rng.uniform(0, 6)
    lit = 10_000 * spot * (1 + 0.5 * np.cos(phases) + 0.6 * np.cos(2 * phases))
    assert background_of(rng.poisson(np.maximum(lit, 0)) + OFFSET) == pytest.approx(OFFSET, abs=0.5)
