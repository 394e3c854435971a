"""Fourier ring correlation against closed forms."""

import numpy as np
import pytest

from srredsim.errors import InputError
from srredsim.quality.frc import frc, resolution_um

PIXEL_UM = 0.04


def white(seed, shape=(240, 256)):
    return np.random.default_rng(seed).normal(size=shape)


def band_limited(cutoff_per_um, seed=0, shape=(240, 256)):
    f = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n, PIXEL_UM) for n in shape), indexing="ij"))
    return np.fft.ifft2(np.fft.fft2(white(seed, shape)) * (f < cutoff_per_um)).real


@pytest.mark.parametrize("ratio", [0.25, 1.0, 4.0])
def test_noise_of_known_ratio(ratio):
    """Two images, power signal-to-noise ratio R: R / (R + 1); against the signal itself: the square root of it."""
    signal = white(1)
    one, two = (signal + white(seed) / np.sqrt(ratio) for seed in (2, 3))
    frequencies, found = frc(one, two, PIXEL_UM)
    fine = frequencies > 2.0  # rings of many samples
    assert np.mean(found[fine]) == pytest.approx(ratio / (ratio + 1), abs=0.02)
    assert np.mean(frc(signal, one, PIXEL_UM)[1][fine]) == pytest.approx(np.sqrt(ratio / (ratio + 1)), abs=0.02)


@pytest.mark.parametrize("cutoff", [6.0, 9.5])
def test_resolution_is_where_the_signal_ends(cutoff):
    signal = 3 * band_limited(cutoff)
    one, two = signal + white(2), signal + white(3)
    for threshold in (1 / 7, 0.5):
        assert resolution_um(*frc(one, two, PIXEL_UM), threshold) == pytest.approx(1 / cutoff, rel=0.06)


def test_gain_and_offset_do_not_matter_but_sign_and_place_do():
    signal = band_limited(6.0)
    frequencies, same = frc(signal, 3 * signal + 100, PIXEL_UM)
    inside = (frequencies > 1) & (frequencies < 5.5)
    np.testing.assert_allclose(same[inside], 1.0, atol=1e-3)
    np.testing.assert_allclose(frc(signal, -signal, PIXEL_UM)[1][inside], -1.0, atol=1e-3)
    moved = frc(signal, np.roll(signal, 3, axis=1), PIXEL_UM)[1]
    assert moved[inside].min() < 0.5


def test_agreement_to_the_last_ring_is_no_limit():
    image = white(5)
    assert resolution_um(*frc(image, image, PIXEL_UM)) is None


def test_the_crossing_lies_between_the_rings():
    frequencies = np.arange(1.0, 11.0)
    assert resolution_um(frequencies, np.linspace(0.9, 0.0, 10), 0.45) == pytest.approx(1 / 5.5)


def test_images_of_two_shapes_are_refused():
    with pytest.raises(InputError, match="one shape"):
        frc(white(0), white(0, (240, 200)), PIXEL_UM)
