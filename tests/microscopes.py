"""A microscope that the tests know, and bright stacks of it."""

import numpy as np

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.simulation.calibrated import simulate_stack
from srredsim.simulation.calibration import DRIFTING, FIXED, VERSION, Calibration, Camera, StripesOfAngle

DEGREES, LENGTHS_PER_UM = (12.0, 72.6, 131.8), (4.60, 4.62, 4.59)


def known(fixed: bool = False, **changes) -> Calibration:
    """3 angles x 3 phases; ``changes`` of any field."""
    angles = tuple(
        StripesOfAngle(
            k0_per_um=(length * np.sin(np.deg2rad(turn)), length * np.cos(np.deg2rad(turn))),
            k0_spread_per_um=0.002,
            phases_rad=tuple((0.4 + number + 2 * np.pi * np.arange(3) / 3).tolist()),
            step_spread_rad=0.02,
            modulation_depths=(0.55 + 0.05 * number,),
            modulation_spreads=(0.02,),
            intensities=(1.0, 1.0, 1.0),
            intensity_spread=0.005,
        )
        for number, (turn, length) in enumerate(zip(DEGREES, LENGTHS_PER_UM, strict=True))
    )
    values = {
        "version": VERSION,
        "stacks": ("a.tif", "it's.tif"),
        "na": 1.42,
        "wavelength_em_um": 0.525,
        "pixel_size_um": 0.08,
        "otf_damping": 0.6,
        "otf_damping_spread": 0.01,
        "global_phases": FIXED if fixed else DRIFTING,
        "global_phase_spread_rad": 0.1 if fixed else 0.0,
        "angles": angles,
        "camera": Camera(0.46, 0.01, 100.0, 1.5),
        "background_photons": (1.0, 6.0),
        "photons": (10.0, 1500.0),
    }
    return Calibration(**values | changes)


def stack(microscope: Calibration, index: int, size: int = 96) -> RawStack:
    sample = simulate_stack(microscope, 5, index=index, size=size, photons=(900.0, 1500.0))
    optics = Optics(microscope.na, microscope.wavelength_em_um, microscope.pixel_size_um)
    return RawStack(sample.raw[None, None, None], Pattern(*microscope.pattern), optics)
