"""Confocal scans of anything: dead leaves under the simulator's microscope, beside the cells that it draws itself.

As `srredsim.data.leaves` for widefield images, so that a network that has seen cysts alone does not see cysts
everywhere. Spot, haze and light differ from scene to scene, as those of microscopes do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

from srredsim import resources
from srredsim.data.caco2.simulated import AVERAGED, DRIFT, HAZE_SIGMA, MARGIN, seen
from srredsim.data.leaves import scene
from srredsim.data.pairs import Pair, Pairs, check_squares
from srredsim.data.stored import digest_of
from srredsim.normalise import SCALINGS

SPOT_SIGMAS = 0.8, 2.2  # HR pixels
HAZE_SHARES = 0.0, 0.25
PHOTONS = 15.0, 1500.0  # of one scan in the brightest pixels, drawn log-uniformly
GROUND = 0.0, 0.05  # light without structure, as a share of the brightest
READ_NOISE = 0.5, 2.0  # photons
SCENES = 600  # painted, each of them recorded anew again and again: painting takes longer than a step of a training
SOURCES = "data/caco2/leaves.py", "data/caco2/simulated.py", "simulation/dead_leaves.py"
STREAM = 12  # stream of the generator, beside those of the batches and of leaves in widefield images


@dataclass(frozen=True)
class LeafScans(Pairs):
    """Pairs of one coarse scan and the mean of nine fine ones, each a function of seed and index.

    Parameters
    ----------
    size : int
        LR pixels of a side.
    upscaling : int
        HR pixels per LR pixel.
    normalise : {"image", "noise"}
        As of patches.
    """

    count: int
    size: int
    upscaling: int
    normalise: str
    seed: int

    def __len__(self) -> int:
        return self.count

    @property
    def scale(self) -> int:
        return self.upscaling

    def check(self, scale: int, side: int = 1) -> None:
        """As `Pairs.check`; no scene is painted for it."""
        check_squares(self.size, self.scale, scale, side, "dead leaves (data.leaves)")

    def identity(self) -> str:
        return digest_of(str(self), resources.sources(*SOURCES))

    def __getitem__(self, index: int) -> Pair:
        rng = np.random.default_rng([self.seed, int(index), STREAM])
        fine = self.scale * self.size
        light = _painted(self.seed, int(index) % SCENES, fine)
        photons, read_noise = np.exp(rng.uniform(*np.log(PHOTONS))), rng.uniform(*READ_NOISE)
        light = photons * (light + rng.uniform(*GROUND))
        low, high = recorded(rng, light, self.scale, read_noise)
        low = low[..., None]
        scaling = SCALINGS[self.normalise](low)
        return Pair(low, high - np.float32(scaling.offset), scaling, {"photons": float(photons)})


@lru_cache(maxsize=SCENES)
def _painted(seed: int, number: int, size: int) -> np.ndarray:
    """Light of a scene with its margin, about 1 in the brightest pixels."""
    rng = np.random.default_rng([seed, number, size, STREAM])
    focus = ndimage.gaussian_filter(scene(rng, size + 2 * MARGIN), rng.uniform(*SPOT_SIGMAS))
    share = rng.uniform(*HAZE_SHARES)
    return ((1 - share) * focus + share * ndimage.gaussian_filter(focus, HAZE_SIGMA)).astype(np.float32)


def recorded(
    rng: np.random.Generator, light: np.ndarray, scale: int, read_noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """One coarse scan, moved a little, and the mean of nine fine ones, in photons, of ``light`` with its margin."""
    fine = len(light) - 2 * MARGIN
    coarse = seen(light, fine, scale, rng.uniform(-DRIFT, DRIFT, 2))
    return _exposed(rng, coarse, read_noise, 1), _exposed(rng, seen(light, fine, 1), read_noise, AVERAGED)


def _exposed(rng: np.random.Generator, photons: np.ndarray, read_noise: float, scans: int) -> np.ndarray:
    """Mean of scans, in photons."""
    shot = rng.poisson(scans * np.maximum(photons, 0)) / scans
    return (shot + read_noise / np.sqrt(scans) * rng.standard_normal(photons.shape)).astype(np.float32)
