"""Out-of-focus light that is none: what a lens a little other than assumed does to stripes as fine as it shows."""

import numpy as np
import pytest

from srredsim.optics.transfer import Transfer
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.haze import haze_of
from srredsim.stripes.preprocess import prepare

CUTOFF_PER_UM, PIXEL_SIZE_UM = 5.68, 0.065


def stack(index, haze, fine):
    directions = 0.3 + np.pi / 3 * np.arange(3)
    length = fine * CUTOFF_PER_UM
    return simulate_stack(
        5,
        index=index,
        size=192,
        phases=3,
        photons=(3000.0, 3000.0),
        haze=haze,
        na=CUTOFF_PER_UM / 4,
        wavelength_em_um=0.5,
        pixel_size_um=PIXEL_SIZE_UM,
        k0_per_um=tuple((length * np.sin(each), length * np.cos(each)) for each in directions),
        modulation_depths=((0.8,),) * 3,
        otf_damping=1.0,
    ).raw


def found(raw, cutoff_per_um):
    transfer, prepared = Transfer(cutoff_per_um, PIXEL_SIZE_UM), prepare(raw)
    return haze_of(prepared.frames, estimate(prepared, transfer), transfer)


@pytest.mark.parametrize("index", range(3))
def test_a_cutoff_that_is_two_percent_off_is_no_haze(index):
    assert found(stack(index, 0.0, fine=0.95), 1.02 * CUTOFF_PER_UM).share == 0.0


def test_haze_under_less_fine_stripes_is_still_found():
    assert found(stack(3, 0.5, fine=0.8), CUTOFF_PER_UM).share > 0.1
