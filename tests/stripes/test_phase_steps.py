"""Phases of the frames, whatever phases they were taken for."""

import numpy as np
import pytest

from srredsim.optics.transfer import Transfer
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.bands import separated
from srredsim.stripes.phase_steps import even_steps, fit_steps
from srredsim.stripes.preprocess import prepare


def wrapped(angle_rad):
    return np.angle(np.exp(1j * np.asarray(angle_rad)))


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("phases", [3, 5])
def test_uneven_phases_are_found_from_even_ones_and_kept_when_they_are_known(phases, index):
    """Bands of uneven phases have noise in common: taken for a leak, it would draw the phases towards even ones."""
    even = even_steps(phases)
    phases_rad = 1.3 + even + np.random.default_rng(index).uniform(-0.4, 0.4, phases)
    sample = simulate_stack(
        2024, index=index, angles=1, phases=phases, photons=(1500.0, 1500.0), size=128, phases_rad=(tuple(phases_rad),)
    )
    settings = sample.settings
    transfer = Transfer(settings.cutoff_per_um, settings.pixel_size_um, settings.otf_damping)
    (frames,) = prepare(sample.raw).frames

    def error(start):
        bands = separated(frames, start, settings.beams - 1, transfer)
        found, _ = fit_steps(bands, settings.k0_per_um[0], start)
        off = wrapped(found - phases_rad)
        return np.abs(wrapped(off - np.angle(np.exp(1j * off).mean()))).max()

    known = error(phases_rad)
    assert known < 0.1
    assert known < error(even) + 0.02
