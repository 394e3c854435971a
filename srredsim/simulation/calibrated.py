"""Raw stacks of one microscope, as its calibration has it: drawn within its spread, of any specimen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from srredsim import checks
from srredsim.simulation import imperfections as flawed
from srredsim.simulation import microscope, sim
from srredsim.simulation.calibration import Calibration
from srredsim.simulation.imperfections import Imperfections
from srredsim.simulation.real import STREAM, RealSample
from srredsim.simulation.recording import record

MEASURED = "damped", "aberrated", "fine_pixels", "faint_stripes", "resampled"  # a calibration has its own


def simulate_stack(
    calibration: Calibration, seed: int, *, index: int = 0, wanted: Imperfections | None = None, **asked
) -> sim.Sample:
    """Raw stack number ``index`` of a seed, with its truth; the same whoever asks, and in whatever order.

    Parameters
    ----------
    calibration : Calibration
    wanted : Imperfections, optional
        What is not as it should be about specimen and file; lens, pixel and contrasts are those of the microscope.
        Left out: a thin specimen with haze of its own light, as of `srredsim.simulation.sim`.
    **asked
        As of `Calibration.settings`.
    """
    object_rng, _, camera_rng = _generators(seed, index)
    if wanted is None:
        settings = drawn(calibration, seed, index=index, **asked)
        frames_e, truth = sim.expected(settings, sim.object_in_view(object_rng, settings))
        camera = {name: getattr(settings, name) for name in ("gain_adu", "offset_adu", "read_noise_e")}
        return sim.Sample(sim.expose(frames_e, camera_rng, **camera), truth, settings)
    settings, flaws = _flawed(calibration, seed, index, wanted, asked)
    frames_e, truth = microscope.expected(settings, flaws, microscope.planes_in_view(object_rng, settings, flaws))
    frames, counts = record(frames_e, camera_rng, settings, flaws)
    return RealSample(frames, (truth * np.float32(counts)).astype(np.float32), settings, flaws)


def drawn(
    calibration: Calibration, seed: int, *, index: int = 0, wanted: Imperfections | None = None, **asked
) -> sim.Settings:
    """Settings of a sample, without making it."""
    if wanted is not None:
        return _flawed(calibration, seed, index, wanted, asked)[0]
    return calibration.settings(_generators(seed, index)[1], **asked)


def _flawed(calibration: Calibration, seed: int, index: int, wanted: Imperfections, asked: dict):
    settings = drawn(calibration, seed, index=index, **asked)
    own = replace(wanted, **dict.fromkeys(MEASURED, 0.0))
    return flawed.draw(np.random.default_rng([seed, index, STREAM]), settings, own)


def _generators(seed: int, index: int) -> list[np.random.Generator]:
    """Those of `srredsim.simulation.sim.simulate_stack`: object, settings, camera."""
    checks.count("seed", seed)
    checks.count("index", index)
    return np.random.default_rng([seed, index]).spawn(3)
