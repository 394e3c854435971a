"""Widefield images of anything: dead leaves under the simulator's lens, beside the structures that it draws itself.

Leaves of all sizes that hide one another have the edges, the smooth ground of any brightness and the textures of
natural scenes; a denoiser that learned on them holds on photographs (Achddou, Gousseau, Ladjal, SSVM 2021). They are no
biology: shapes that a network could guess from are not learned here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from srredsim.data.pairs import Pair, Pairs, check_crop, check_sizes
from srredsim.data.w2s.simulated import ANGLES, CAMERA, PHASES, Expected, expected_of
from srredsim.normalise import SCALINGS
from srredsim.optics.sampling import SCALE
from srredsim.simulation import sim

LEAVES = 10, 500  # painted one over the other, their number drawn log-uniformly
RADII = 2.0, 60.0  # pixels of the image; their number falls with the third power
SOFTEST = 2.0  # pixels, deviation at most of a blur of every second scene, as of thick or moving things
GROUND = 0.9  # at most: light without structure as a share of all
PHOTONS = 10.0, 3000.0  # in the brightest pixels, drawn log-uniformly
FAINTEST = 0.2  # brightest pixels, as a share of the very brightest
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
        size, name = (self.size, self.size), "dead leaves (data.leaves)"
        check_sizes(size, tuple(self.scale * n for n in size), scale, name)
        check_crop(size, side, name)

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


def scene(rng: np.random.Generator, size: int, fine: int = 1) -> np.ndarray:
    """(size, size) of 0 to 1, with ``fine`` pixels to one of the image."""
    softness = fine * rng.uniform(0, SOFTEST) * rng.integers(2)
    obj = dead_leaves(rng, size, fine) * (1 + rng.uniform(0, 0.5) * _texture(rng, size, fine))
    obj = ndimage.gaussian_filter(obj, softness)
    obj -= obj.min()
    return (obj / obj.max()) ** np.exp(rng.uniform(-0.5, 1.5))  # the higher, the more is dark


def dead_leaves(rng: np.random.Generator, size: int, fine: int = 1) -> np.ndarray:
    """Discs and rectangles of random brightness that fades along a random direction, the last ones on top."""
    image = np.full((size, size), rng.random(), np.float32)
    y, x = np.ogrid[:size, :size]
    radii = fine * _radii(rng, round(np.exp(rng.uniform(*np.log(LEAVES)))))
    if rng.integers(2):  # no small leaf is hidden
        radii = np.sort(radii)[::-1]
    for radius in radii:
        centre, turn, flat = rng.uniform(-radius, size + radius, 2), rng.uniform(0, np.pi), rng.uniform(0.1, 1)
        low, high = (np.clip(centre + side * radius, 0, size).astype(int) for side in (-1.5, 1.5))
        rows, columns = (slice(a, b) for a, b in zip(low, high, strict=True))
        dy, dx = (y[rows] - centre[0]) / radius, (x[:, columns] - centre[1]) / radius
        along, across = np.cos(turn) * dx + np.sin(turn) * dy, (np.cos(turn) * dy - np.sin(turn) * dx) / flat
        inside = np.maximum(abs(along), abs(across)) < 1 if rng.integers(2) else along**2 + across**2 < 1
        brightness = rng.random() * (1 + rng.uniform(-0.5, 0.5) * along)
        leaf = image[rows, columns]
        leaf[inside] = np.maximum(brightness, 0)[inside]
    return image


def _radii(rng: np.random.Generator, count: int) -> np.ndarray:
    """Radii of the density r^-3 between the smallest and the largest."""
    small, large = (radius**-2 for radius in RADII)
    return (small - rng.random(count) * (small - large)) ** -0.5


def _texture(rng: np.random.Generator, size: int, fine: int) -> np.ndarray:
    """Noise of 1/f^s, of deviation 1/2 and cut off at +-1, on a random half of the image."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = np.inf
    texture, where = (
        np.fft.irfft2(np.fft.rfft2(rng.standard_normal((size, size))) * weight, (size, size))
        for weight in (frequency ** -rng.uniform(0.3, 1.5), frequency < 0.02 / fine)
    )
    return np.where(where > 0, np.clip(texture / (2 * texture.std()), -1, 1), 0)


def _counts(electrons: np.ndarray) -> np.ndarray:
    return (CAMERA["gain_adu"] * electrons + CAMERA["offset_adu"]).astype(np.float32)
