"""Raw SIM stacks as real microscopes give them: the simulator with the imperfections that are asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srredsim import checks
from srredsim.simulation import imperfections, microscope
from srredsim.simulation.imperfections import Flaws, Imperfections
from srredsim.simulation.recording import record
from srredsim.simulation.sim import Sample, Settings, draw

STREAM = 7  # of the generator of the flaws, beside those of object, settings and camera


@dataclass(frozen=True)
class RealSample(Sample):
    """A sample with what is wrong with it; ``truth`` is in counts of the stored frames above background."""

    flaws: Flaws


def simulate_stack(seed: int, wanted: Imperfections, *, index: int = 0, **asked) -> RealSample:
    """Raw stack number ``index`` of a seed, with its truth; the same whoever asks, and in whatever order.

    The same seed and index under other imperfections or ``photons`` is the same specimen, as long as neither pixel nor
    specimen are among them, under the same pattern.

    Parameters
    ----------
    wanted : Imperfections
    **asked
        As in `srredsim.simulation.sim.simulate_stack`.
    """
    checks.count("seed", seed)
    checks.count("index", index)
    object_rng, _, camera_rng = _generators(seed, index)
    settings, flaws = drawn(seed, wanted, index=index, **asked)
    frames_e, truth = microscope.expected(settings, flaws, microscope.planes_in_view(object_rng, settings, flaws))
    frames, counts = record(frames_e, camera_rng, settings, flaws)
    return RealSample(frames, (truth * np.float32(counts)).astype(np.float32), settings, flaws)


def drawn(seed: int, wanted: Imperfections, *, index: int = 0, **asked) -> tuple[Settings, Flaws]:
    """Settings and flaws of a sample, without making it."""
    settings = draw(_generators(seed, index)[1], **asked)
    return imperfections.draw(np.random.default_rng([seed, index, STREAM]), settings, wanted)


def _generators(seed: int, index: int) -> list[np.random.Generator]:
    """Those of `srredsim.simulation.sim.simulate_stack`: object, settings, camera."""
    return np.random.default_rng([seed, index]).spawn(3)
