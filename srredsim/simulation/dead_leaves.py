"""Dead leaves: scenes of discs and rectangles of all sizes that hide one another, with the edges, the smooth ground of
any brightness and the textures of natural scenes (Achddou, Gousseau, Ladjal, SSVM 2021). No shapes to guess from.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

LEAVES = 10, 500  # painted one over the other, their number drawn log-uniformly
RADII = 2.0, 60.0  # pixels of the image; their number falls with the third power
SOFTEST = 2.0  # pixels, deviation at most of a blur of every second scene, as of thick or moving things


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
