"""The noise channel is the noise of the frames, whatever they show."""

import numpy as np
import pytest

from srredsim.acquisition import Optics
from srredsim.normalise import Scaling
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.channels import NOISE_UNIT, channels, noise_of
from srredsim.reconstruction.upscale import fourier_upscale

TRANSFER = transfer_of(Optics(na=1.2, wavelength_em_um=0.6, pixel_size_um=0.09))


def structure(shape):
    """Anything that the lens lets through."""
    f = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n, TRANSFER.pixel_size_um) for n in shape), indexing="ij"))
    white = np.fft.fft2(np.random.default_rng(2).normal(size=shape))
    return 500 * np.fft.ifft2(white * (f < 0.9 * TRANSFER.cutoff_per_um)).real


@pytest.mark.parametrize("sd", [3.0, 40.0])
def test_noise_is_measured_beyond_the_cutoff(sd):
    widefield = structure((150, 97))
    noisy = widefield + np.random.default_rng(4).normal(0, sd, widefield.shape)
    assert noise_of(noisy, TRANSFER) == pytest.approx(sd, rel=0.15)


def test_every_channel_is_in_units_of_the_truth():
    rng = np.random.default_rng(5)
    image, widefield = rng.random((96, 80)), 700 + rng.normal(0, 25, (48, 40))
    found = channels(image, widefield, Scaling(600.0, 200.0), TRANSFER)
    np.testing.assert_allclose(found[..., 0], image / 200, rtol=1e-6)
    np.testing.assert_allclose(found[..., 1], fourier_upscale((widefield - 600) / 200), atol=1e-5)
    assert found[0, 0, 2] == pytest.approx(25 / 200 / NOISE_UNIT, rel=0.25)
    assert np.ptp(found[..., 2]) == 0


@pytest.mark.parametrize("offset", [100.0, 1000.0, 32768.0])
def test_the_offset_of_the_camera_is_no_noise(offset):
    """Whatever is faded at the border, a constant has no power beyond the cut-off."""
    widefield = np.abs(structure((96, 80))) + np.random.default_rng(4).normal(0, 3.0, (96, 80))
    assert noise_of(widefield + offset, TRANSFER) == pytest.approx(noise_of(widefield, TRANSFER), rel=1e-3)
