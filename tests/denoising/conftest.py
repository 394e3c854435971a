import numpy as np
import pytest

from srredsim.optics.otf import otf
from srredsim.optics.sampling import bin_pixels, radial_frequency_per_um
from srredsim.simulation import phantoms


@pytest.fixture(scope="session")
def widefield():
    """Function: expected photons of a phantom through a lens of NA 1.4, at 80 nm a pixel."""

    def widefield(kind="filaments", size=128, peak=100.0, background=5.0, seed=3):
        rng = np.random.default_rng(seed)
        fine = phantoms.draw(rng, phantoms.Field((4 * size, 4 * size), 0.02), kind)
        transfer = otf(radial_frequency_per_um(fine.shape, 0.02), 2 * 1.4 / 0.6, 0.8)
        blurred = np.maximum(bin_pixels(np.fft.ifft2(np.fft.fft2(fine) * transfer).real, 4), 0)
        return peak * blurred / np.percentile(blurred, 99.9) + background

    return widefield
