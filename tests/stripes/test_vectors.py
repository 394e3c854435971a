"""Where stripes lie, to a fraction of a frequency step: in fields bright all over, and in those of a few lines."""

import numpy as np
import pytest

from srredsim.acquisition import Optics
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.for_networks import of_optics
from srredsim.simulation import real
from srredsim.simulation.imperfections import Imperfections
from srredsim.stripes.preprocess import prepare

SIDE = 128
LEAVES, LINES = 5, 7  # numbers of fields


def ncc(image, truth):
    return np.corrcoef(np.asarray(image, float).ravel(), truth.ravel())[0, 1]


@pytest.mark.parametrize(
    ("field", "imperfection", "photons"),
    [
        (LEAVES, "haze", 1000.0),
        (LEAVES, "drift", 1000.0),
        (LEAVES, "faint_stripes", 200.0),
        (LINES, "drift", 200.0),
        (LINES, "drift", 1000.0),
        (LINES, "clipped", 1000.0),
    ],
)
def test_vectors_are_right_to_a_fraction_of_a_frequency_step(field, imperfection, photons):
    """What a few lines have in common with themselves elsewhere, two steps off, is nearly all that they have."""
    wanted = Imperfections(specimens=0.5, damped=0.5, fine_pixels=0.2, **{imperfection: 1.0})
    sample = real.simulate_stack(56, wanted, index=field, angles=3, phases=5, size=SIDE, photons=(photons, photons))
    assert (sample.flaws.specimen or sample.settings.phantom) == {LEAVES: "leaves", LINES: "filaments"}[field]
    known = {name: getattr(sample.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
    made = of_optics(prepare(sample.raw), transfer_of(Optics(**known)))
    image, found = made.image, made.parameters
    assert [angle.status for angle in found.angles].count("failed") == 0
    step_per_um = 1 / (SIDE * known["pixel_size_um"])
    off = np.subtract([angle.k0_per_um for angle in found.angles], sample.settings.k0_per_um) / step_per_um
    assert np.hypot(*off.T).max() < {LEAVES: 0.1, LINES: 0.2}[field]
    widefield = np.kron(sample.raw.mean((0, 1)), np.ones((2, 2)))
    assert ncc(image, sample.truth) > ncc(widefield, sample.truth) - 0.01
