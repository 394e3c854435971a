"""Stripes on a field that is bright all over, with structure everywhere: where they lie its coarsest parts say best."""

import numpy as np
import pytest

from srredsim.acquisition import Optics
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.planes import of_optics
from srredsim.simulation import real
from srredsim.simulation.imperfections import Imperfections
from srredsim.stripes.preprocess import prepare

SIDE = 128


def ncc(image, truth):
    return np.corrcoef(np.asarray(image, float).ravel(), truth.ravel())[0, 1]


@pytest.mark.parametrize(("imperfection", "photons"), [("haze", 1000.0), ("drift", 1000.0), ("faint_stripes", 200.0)])
def test_vectors_are_right_to_a_fraction_of_a_frequency_step(imperfection, photons):
    wanted = Imperfections(specimens=0.5, damped=0.5, fine_pixels=0.2, **{imperfection: 1.0})
    sample = real.simulate_stack(56, wanted, index=5, angles=3, phases=5, size=SIDE, photons=(photons, photons))
    assert sample.flaws.specimen == "leaves"
    known = {name: getattr(sample.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
    image, found, _ = of_optics(prepare(sample.raw), transfer_of(Optics(**known)))
    step_per_um = 1 / (SIDE * known["pixel_size_um"])
    off = np.subtract([angle.k0_per_um for angle in found.angles], sample.settings.k0_per_um) / step_per_um
    assert np.hypot(*off.T).max() < 0.1
    widefield = np.kron(sample.raw.mean((0, 1)), np.ones((2, 2)))
    assert ncc(image, sample.truth) > ncc(widefield, sample.truth) - 0.01
