"""Widefield images of anything: dead leaves under a lens, so that a denoiser sees more than the simulator's structures.

Leaves of all sizes that hide one another have the edges, the smooth ground of any brightness and the textures of
natural scenes; a denoiser that learned on them holds on photographs (Achddou, Gousseau, Ladjal, SSVM 2021). They are no
biology: what a network infers from shapes, it does not learn here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from srredsim.data.pairs import Pair
from srredsim.normalise import SCALINGS
from srredsim.w2s.simulated import CAMERA

LEAVES = 10, 500  # painted one over the other, their number drawn log-uniformly
RADII = 2.0, 60.0  # pixels; their number falls with the third power
BLUR = 0.8, 2.5  # pixels, deviation of the lens
GROUND = 0.9  # at most, light without structure as a share of all
PHOTONS = 10.0, 3000.0  # in the brightest pixels, drawn log-uniformly
STREAM = 11  # of the generator, beside those of the batches and of the first weights


@dataclass(frozen=True)
class LeafPairs:
    """Pairs of a noisy image and what it should be, each a function of seed and index.

    Parameters
    ----------
    size : int
        Pixels of a side.
    normalise : {"image", "noise"}
        As for other widefield images.
    """

    count: int
    size: int
    normalise: str
    seed: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Pair:
        rng = np.random.default_rng([self.seed, int(index), STREAM])
        peak = np.exp(rng.uniform(*np.log(PHOTONS)))
        photons = peak * scene(rng, self.size)
        electrons = rng.poisson(photons) + CAMERA["read_noise_e"] * rng.standard_normal(photons.shape)
        noisy, truth = (
            (CAMERA["gain_adu"] * light + CAMERA["offset_adu"]).astype(np.float32) for light in (electrons, photons)
        )
        scaling = SCALINGS[self.normalise](noisy[..., None])
        return Pair(noisy[..., None], truth - np.float32(scaling.offset), scaling, {"photons": float(peak)})


def scene(rng: np.random.Generator, size: int) -> np.ndarray:
    """(size, size) of 0 to 1, seen through a lens."""
    blur = rng.uniform(*BLUR)
    image = dead_leaves(rng, size)
    image *= 1 + rng.uniform(0, 0.5) * _texture(rng, size, blur)
    image = ndimage.gaussian_filter(image, blur)
    image -= image.min()
    image = (image / image.max()) ** np.exp(rng.uniform(-0.5, 1.5))  # the higher, the more is dark
    ground = GROUND * rng.beta(0.7, 1.5)
    return ground + (1 - ground) * image


def dead_leaves(rng: np.random.Generator, size: int) -> np.ndarray:
    """Discs and rectangles of random brightness that fades along a random direction, the last ones on top."""
    image = np.full((size, size), rng.random())
    y, x = np.mgrid[:size, :size].astype(float)
    radii = _radii(rng, round(np.exp(rng.uniform(*np.log(LEAVES)))))
    if rng.integers(2):  # no small leaf is hidden
        radii = np.sort(radii)[::-1]
    for radius in radii:
        centre, turn, flat = rng.uniform(-radius, size + radius, 2), rng.uniform(0, np.pi), rng.uniform(0.1, 1)
        low, high = (np.clip(centre + side * radius, 0, size).astype(int) for side in (-1.5, 1.5))
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        dy, dx = (y[box] - centre[0]) / radius, (x[box] - centre[1]) / radius
        along, across = np.cos(turn) * dx + np.sin(turn) * dy, (np.cos(turn) * dy - np.sin(turn) * dx) / flat
        inside = np.maximum(abs(along), abs(across)) < 1 if rng.integers(2) else along**2 + across**2 < 1
        brightness = rng.random() * (1 + rng.uniform(-0.5, 0.5) * along)
        image[box] = np.where(inside, np.maximum(brightness, 0), image[box])
    return image


def _radii(rng: np.random.Generator, count: int) -> np.ndarray:
    """Of the density r^-3 between the smallest and the largest."""
    small, large = (radius**-2 for radius in RADII)
    return (small - rng.random(count) * (small - large)) ** -0.5


def _texture(rng: np.random.Generator, size: int, blur: float) -> np.ndarray:
    """Noise of 1/f^s, of deviation 1/2 and cut off at +-1, on a random part of the image."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = np.inf
    texture = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((size, size))) * frequency ** -rng.uniform(0.3, 1.5))
    where = ndimage.gaussian_filter(rng.standard_normal((size, size)), 12 * blur) > 0
    return np.where(where, np.clip(texture / (2 * texture.std()), -1, 1), 0)
