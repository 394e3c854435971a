"""Widefield images of anything: dead leaves under the simulator's lens, beside the structures that it draws itself.

A denoiser that learned on `srredsim.simulation.dead_leaves` holds on photographs. They are no biology: shapes that a
network could guess from are not learned here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from srredsim import resources
from srredsim.data.pairs import Pair, Pairs, check_squares
from srredsim.data.simulated import simulator_sources
from srredsim.data.stored import digest_of
from srredsim.data.w2s.simulated import ANGLES, CAMERA, PHASES, Expected, expected_of
from srredsim.normalise import SCALINGS
from srredsim.optics.sampling import SCALE
from srredsim.simulation import sim
from srredsim.simulation.dead_leaves import scene

GROUND = 0.9  # at most: light without structure as a share of all
PHOTONS = 10.0, 3000.0  # in the brightest pixels, drawn log-uniformly
FAINTEST = 0.2  # brightest pixels, as a share of the very brightest
SOURCES = "data/leaves.py", "data/w2s/simulated.py", "simulation/dead_leaves.py"  # beside those of the simulator
STREAM = 11  # stream of the generator, beside those of the batches and of the first weights


@dataclass(frozen=True)
class LeafPairs(Pairs):
    """Pairs of a noisy image and what it should be, each a function of seed and index.

    Parameters
    ----------
    size : int
        Pixels of a side.
    target : {"average", "sim"}
        The image without noise, or the SIM image of twice the pixels, as of other widefield images.
    normalise : {"image", "noise"}
        As of other widefield images.
    """

    count: int
    size: int
    target: str
    normalise: str
    seed: int

    def __len__(self) -> int:
        return self.count

    @property
    def scale(self) -> int:
        return SCALE if self.target == "sim" else 1

    def check(self, scale: int, side: int = 1) -> None:
        """As `Pairs.check`; no scene is painted for it."""
        check_squares(self.size, self.scale, scale, side, "dead leaves (data.leaves)")

    def identity(self) -> str:
        return digest_of(str(self), [*simulator_sources(), *resources.sources(*SOURCES)])

    def __getitem__(self, index: int) -> Pair:
        rng = np.random.default_rng([self.seed, int(index), STREAM])
        field = expected(rng, self.size)
        light = field.widefield_photons
        noisy = _counts(rng.poisson(light) + CAMERA["read_noise_e"] * rng.standard_normal(light.shape))[..., None]
        scaling = SCALINGS[self.normalise](noisy)
        truth = field.sim if self.target == "sim" else _counts(light) - np.float32(scaling.offset)
        return Pair(noisy, truth, scaling, {"photons": field.settings.photons})


def expected(rng: np.random.Generator, size: int) -> Expected:
    """A scene under random optics, without noise."""
    settings = sim.draw(rng, ANGLES, PHASES, size=size, photons=PHOTONS, **CAMERA)
    ground = GROUND * rng.beta(0.7, 1.5)
    settings = replace(settings, background_photons=settings.photons * ground / (1 - ground))
    side = SCALE * max(sim.padded_shape(settings))
    while np.percentile(obj := scene(rng, side, SCALE), sim.PEAK_PERCENT) < FAINTEST:  # a speck, and nothing else
        pass
    return expected_of(settings, obj)


def _counts(electrons: np.ndarray) -> np.ndarray:
    return (CAMERA["gain_adu"] * electrons + CAMERA["offset_adu"]).astype(np.float32)
