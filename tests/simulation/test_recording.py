"""What is stored of the light: noise of each colour by its spectrum, stretching and clipping by their ends."""

import numpy as np
import pytest

from srredsim.simulation import sim
from srredsim.simulation.imperfections import Flaws
from srredsim.simulation.recording import COLOURS, record, slope

SETTINGS = sim.draw(
    np.random.default_rng(0), 3, 5, size=64, gain_adu=2.0, offset_adu=100.0, read_noise_e=1.5, background_photons=10.0
)


def flat(flaws, electrons=200.0, side=64):
    frames, _ = record(np.full((3, 5, side, side), electrons), np.random.default_rng(1), SETTINGS, flaws)
    return frames.astype(float)


def spectrum(frames):
    """Power of the noise over the variance of the camera's own, by frequency in cycles per pixel."""
    side, variance = frames.shape[-1], 2.0**2 * (200 + 1.5**2)
    power = np.mean(abs(np.fft.fft2(frames - frames.mean((-2, -1), keepdims=True))) ** 2, axis=(0, 1))
    f = np.fft.fftfreq(side)
    return np.hypot(f[:, None], f), power / (variance * side**2)


def ring(frames, low, high):
    radius, power = spectrum(frames)
    return power[(radius > low) & (radius < high)].mean()


@pytest.mark.parametrize("colour", [name for name in COLOURS if name not in ("eight_bit", "median")])
def test_light_stays_as_bright_whatever_colour_its_noise_has(colour):
    assert flat(Flaws(colour=colour, strength=0.6)).mean() == pytest.approx(100 + 2 * 200, abs=0.5)


def test_noise_of_a_camera_is_white():
    frames = flat(Flaws())
    assert ring(frames, 0.02, 0.2) == pytest.approx(1, rel=0.05)
    assert ring(frames, 0.3, 0.5) == pytest.approx(1, rel=0.05)


def test_noise_of_resampled_frames_falls_towards_high_frequencies():
    """A pixel of the camera covers four of the frames that are kept: its noise has four times the power at the lowest
    frequencies, and none beyond its own Nyquist frequency, 1/4."""
    kept = flat(Flaws(colour="zoomed"))
    assert ring(kept, 0.015, 0.08) == pytest.approx(4, rel=0.1)
    assert ring(kept, 0.38, 0.5) < 0.02
    binned = flat(Flaws(colour="zoomed_and_binned"))
    assert ring(binned, 0.015, 0.08) == pytest.approx(1, rel=0.1)
    assert 0.3 < ring(binned, 0.4, 0.5) < 0.6


def test_noise_of_smoothed_frames_is_that_of_a_gaussian():
    frames = flat(Flaws(colour="smoothed", strength=0.7))
    for low, high in ((0.05, 0.15), (0.15, 0.25), (0.25, 0.35)):
        radius, _ = spectrum(frames)
        expected = np.exp(-((2 * np.pi * 0.7 * radius) ** 2))
        assert ring(frames, low, high) == pytest.approx(
            expected[(radius > low) & (radius < high)].mean(), rel=0.12, abs=2e-3
        )


def test_denoised_frames_have_less_noise():
    assert ring(flat(Flaws(colour="denoised")), 0.2, 0.5) < 0.5


def test_what_is_taken_off_leaves_nothing_below_zero():
    dark = flat(Flaws(subtracted_adu=122.0), electrons=10.0)
    plain = flat(Flaws(), electrons=10.0)
    np.testing.assert_array_equal(dark, np.maximum(plain - 122, 0))
    assert np.mean(dark == 0) > 0.3


def test_each_angle_is_stretched_by_itself():
    light = 100.0 * np.array([1.0, 0.5, 0.2])[:, None, None, None] * np.random.default_rng(3).random((3, 5, 64, 64))
    percent = ((0.0, 100.0), (2.0, 99.9), (1.0, 99.95))
    frames, counts = record(light, np.random.default_rng(1), SETTINGS, Flaws(stretched_percent=percent))
    plain, one = record(light, np.random.default_rng(1), SETTINGS, Flaws())
    assert one == 1
    assert [angle.min() for angle in frames] == [0, 0, 0]
    assert [angle.max() for angle in frames] == [65535] * 3
    for angle, (low, high) in enumerate(percent):
        ends = np.percentile(plain[angle], [low, high])
        expected = np.clip((plain[angle] - ends[0]) / (ends[1] - ends[0]), 0, 1) * 65535
        np.testing.assert_allclose(frames[angle], expected, atol=1)
    assert counts == pytest.approx(
        np.mean([65535 / np.ptp(np.percentile(p, q)) for p, q in zip(plain, percent, strict=True)]), rel=0.01
    )


def test_lossy_frames_of_eight_bits_keep_their_scale():
    light = 300.0 * np.random.default_rng(3).random((3, 5, 8, 8)).repeat(8, -1).repeat(8, -2)
    frames, counts = record(light, np.random.default_rng(1), SETTINGS, Flaws(colour="eight_bit", strength=90))
    plain, _ = record(light, np.random.default_rng(1), SETTINGS, Flaws())
    assert frames.max() <= 255
    assert counts == pytest.approx(255 / np.ptp(np.percentile(plain, [0.01, 99.99])), rel=0.02)
    assert np.corrcoef(frames.ravel(), plain.ravel())[0, 1] > 0.98


def test_frames_without_noise_are_the_light_itself_over_the_whole_range():
    light = 300.0 * np.random.default_rng(3).random((3, 5, 16, 16))
    frames, counts = record(light, np.random.default_rng(1), SETTINGS, Flaws(colour="noise_free"))
    adu = 2 * light + 100
    np.testing.assert_allclose(frames, adu * 65535 / adu.max(), atol=0.51)
    assert counts == pytest.approx(65535 / adu.max(), rel=1e-4)


def test_slope_is_that_of_a_line():
    before = np.random.default_rng(0).random((3, 5, 8, 8))
    assert slope(3.5 * before - 2, before) == pytest.approx(3.5)
