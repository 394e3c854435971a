"""The knee of band 0, against spectra that were drawn from the model: known cut-off, noise of any colour."""

import numpy as np
import pytest

from srredsim.errors import InputError
from srredsim.noise.knee import knee_of, noise_of, zeros_of
from srredsim.optics.otf import otf

SIDE = 128
RADIUS = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.fftfreq(SIDE))


def spectra(cutoff, damping, noise, seed=3, angles=3, light=1.0):
    """Bands 0 of an object of power f^-2.6, each with noise of a power at every frequency."""
    rng = np.random.default_rng(seed)
    white = np.fft.fft2(rng.normal(size=(angles + 1, SIDE, SIDE))) / SIDE
    passed = otf(RADIUS, cutoff, damping) * np.sinc(np.fft.fftfreq(SIDE))[:, None] * np.sinc(np.fft.fftfreq(SIDE))
    return white[0] * np.maximum(RADIUS, 0.01) ** -1.3 * passed * light + white[1:] * np.sqrt(noise)


@pytest.mark.parametrize(("cutoff", "damping"), [(0.33, 0.8), (0.2, 0.4)])
def test_the_cutoff_of_spectra_of_white_noise(cutoff, damping):
    found = knee_of(spectra(cutoff, damping, 0.01))
    assert found.per_pixel == pytest.approx(cutoff, rel=0.08)
    assert found.deviation < 0.08


def test_noise_that_ends_at_the_limit_of_resampling_is_not_taken_for_the_object():
    """Noise 30 times stronger up to 0.25 cycles/pixel, where the enlarged frames end; the lens ends before."""
    noise = np.where(RADIUS < 0.25, 0.01, 0.0003)
    assert knee_of(spectra(0.17, 0.8, noise)).per_pixel == pytest.approx(0.17, rel=0.08)


def test_the_noise_is_what_differs_between_angles():
    noise = 0.02 / (1 + 20 * RADIUS)
    at = np.array([0.08, 0.2, 0.4])
    np.testing.assert_allclose(noise_of(spectra(0.3, 0.7, noise))(at), 0.02 / (1 + 20 * at), rtol=0.2)


def test_noise_alone_has_no_knee():
    assert knee_of(spectra(0.3, 0.7, 1.0, light=0.0)).deviation > 0.2


def test_one_angle_does_not_tell():
    with pytest.raises(InputError, match="one angle"):
        zeros_of(np.ones((1, 5, 32, 32), np.float32))
