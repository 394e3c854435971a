"""Columns and rows of a camera with a fault: found to a count, and nothing that a lens shows is taken for one."""

import numpy as np
import pytest
from scipy import ndimage

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.hot_columns import bad_lines
from srredsim.hot_pixels import remarks, without_hot_pixels
from srredsim.simulation.sim import simulate_stack

SAMPLE = simulate_stack(7, index=2, phases=3, size=(96, 112), photons=(200.0, 200.0), phantom="filaments")
FAULTS = {8: 1200, 36: 90, 37: 400, 63: -70, 80: 60}


@pytest.mark.parametrize("axis", ["columns", "rows"])
def test_faults_are_found_to_a_count_and_taken_off(axis):
    raw = SAMPLE.raw.astype(np.int32)
    faulty = raw.copy() if axis == "columns" else raw.swapaxes(2, 3).copy()
    for column, counts in FAULTS.items():
        faulty[..., column] += counts
    faulty = faulty if axis == "columns" else faulty.swapaxes(2, 3)
    found = bad_lines(np.clip(faulty, 0, 65535).astype(np.uint16))
    by = getattr(found, axis)
    assert sorted(np.flatnonzero(by)) == sorted(FAULTS)
    np.testing.assert_allclose([by[column] for column in FAULTS], list(FAULTS.values()), atol=3)
    assert not np.any(found.rows if axis == "columns" else found.columns)
    assert found.words.startswith(f"5 (8, 36, 37, ...) of the {axis} of the camera")
    repaired = found.without(faulty.astype(np.uint16))
    assert repaired.dtype == np.uint16
    assert np.abs(repaired.astype(int) - raw).max() <= 3


@pytest.mark.parametrize("size", [96, 33])
def test_what_a_lens_shows_is_no_fault(size):
    """A line along y as fine as pixels sample it, an edge, stripes along y, and noise alone."""
    rng = np.random.default_rng(4)
    x = np.arange(size, dtype=float)
    line = 900 * np.exp(-((x - 40.3) ** 2) / (2 * 0.9**2)) + 500 / (1 + np.exp(-(x - 20) / 0.8))
    stripes = 300 * (1 + np.cos(2 * np.pi * x / 3.3 + np.arange(3)[:, None] * 2 * np.pi / 3))
    for light in (line + 0 * stripes, stripes, 0 * stripes):
        frames = rng.poisson(100 + light[:, None, :] * np.ones((3, size, 1)))[None]
        assert bad_lines(frames) is None
    assert bad_lines(SAMPLE.raw) is None
    assert bad_lines(np.full((1, 3, 64, 64), np.nan)) is None


def test_a_stack_is_read_without_them_and_it_is_said():
    faulty = SAMPLE.raw.astype(np.uint16)[None, None, None].copy()
    faulty[..., 50] += 300
    stack = RawStack(faulty, Pattern(3, 3), Optics())
    read = without_hot_pixels(stack)
    np.testing.assert_allclose(read.raw(), SAMPLE.raw, atol=3)
    (said,) = remarks(read.array)
    assert "1 (50) of the columns" in said
    assert remarks(without_hot_pixels(RawStack(SAMPLE.raw[None, None, None], Pattern(3, 3), Optics())).array) == []


def test_many_are_no_fault_of_a_few():
    """Every fourth column: an interlaced camera, or a pattern of the sample."""
    frames = ndimage.gaussian_filter(np.random.default_rng(1).random((1, 3, 64, 64)) * 1000, (0, 0, 2, 2))
    frames[..., ::4] += 300
    assert bad_lines(frames) is None


def test_upright_lines_of_an_object_that_ends_are_no_fault():
    """Pairs of lines, whose distance grows, through an ideal lens: some seem to stand alone in their company."""
    f = np.fft.fftfreq(384, 0.04)
    r = np.clip(np.hypot(f[:, None], f) / (2 * 1.4 / 0.525), 0, 1)
    lens = 2 / np.pi * (np.arccos(r) - r * np.sqrt(1 - r * r))
    lines = np.zeros((384, 384))
    for number, at in enumerate(range(20, 360, 48)):
        lines[40:-40, [at, at + 2 * number]] += 1
    light = np.fft.ifft2(np.fft.fft2(lines) * lens).real.reshape(192, 2, 192, 2).mean((1, 3))
    light = np.clip(500 * light / np.percentile(light, 99.5), 0, None)
    frames = np.random.default_rng(0).poisson(2 + light + np.zeros((1, 9, 1, 1))) * 2 + 100
    assert bad_lines(frames.astype(np.uint16)) is None
    frames[..., 72] += 60
    np.testing.assert_allclose(bad_lines(frames.astype(np.uint16)).columns[72], 60, atol=3)
