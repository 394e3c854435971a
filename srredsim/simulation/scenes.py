"""Scenes full of structure, where a network that knows filaments and spots invents some: nuclei, meshes, blobs.

Every function takes a random generator, the pixels of a side and how many of them make a pixel of the image (``fine``),
and returns (size, size) of 0 to 1. They are caricatures: what counts is that they are dense, soft, of every brightness
and have no shapes to guess from.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from srredsim.simulation import dead_leaves


def nuclei(rng: np.random.Generator, size: int, fine: int = 1) -> np.ndarray:
    """Ellipses full of chromatin: a texture of all sizes, dense at the rim and in clumps, dark nucleoli; dim ground."""
    image = np.full((size, size), rng.uniform(0, 0.2))
    radius = fine * np.exp(rng.uniform(np.log(15), np.log(90)))
    for _ in range(rng.integers(1, 2 + int(np.clip((size / (2 * radius)) ** 2, 1, 30)))):
        depth = _ellipse(rng, size, radius * rng.uniform(0.7, 1.2))
        inside = np.clip(depth * radius / fine / rng.uniform(0.5, 4), 0, 1)
        texture = np.exp(rng.uniform(0.2, 0.9) * noise(rng, size, rng.uniform(0.6, 1.4), 3 * fine, radius))
        texture *= 1 + rng.uniform(0, 0.8) * (noise(rng, size, 0.0, 3 * fine, 8 * fine) > rng.uniform(0.8, 2))
        texture *= 1 - rng.uniform(0.3, 0.9) * (noise(rng, size, 0.0, radius / 2, 3 * radius) > rng.uniform(1.2, 2))
        texture *= 1 + rng.uniform(0, 0.5) * (depth < 0.15)
        image = image * (1 - inside) + rng.uniform(0.4, 1) * texture * inside
    return _scaled(ndimage.gaussian_filter(image, fine * rng.uniform(0, 1)))


def mesh(rng: np.random.Generator, size: int, fine: int = 1) -> np.ndarray:
    """Threads that meet everywhere, as of cortical actin: where smooth noise is near zero; two sizes of mesh."""
    image = np.zeros((size, size))
    for brightness in (1.0, rng.uniform(0, 1)):
        wide = fine * np.exp(rng.uniform(np.log(4), np.log(30)))
        field = noise(rng, size, 0.0, wide, 3 * wide)
        slope = np.hypot(*np.gradient(field)) + 1e-6
        distance = np.abs(field) / slope  # pixels from the line, near it
        image += brightness * np.exp(-0.5 * (distance / (fine * rng.uniform(0.3, 1.2))) ** 2) * _uneven(rng, size, fine)
    return _scaled(image + rng.uniform(0, 1) * _uneven(rng, size, fine))


def blobs(rng: np.random.Generator, size: int, fine: int = 1) -> np.ndarray:
    """Filled bent sausages as of mitochondria, bright within, in a cytoplasm that glows unevenly."""
    wide = fine * np.exp(rng.uniform(np.log(4), np.log(16)))
    turned = np.exp(rng.uniform(-1.5, 1.5)), rng.uniform(0, np.pi)
    field = noise(rng, size, 0.0, wide, 4 * wide, turned)
    sharpness = np.exp(rng.uniform(np.log(1.5), np.log(12)))
    image = 1 / (1 + np.exp(-sharpness * (field - rng.uniform(-0.3, 1.2)))) * _uneven(rng, size, fine)
    image *= 1 + rng.uniform(0, 0.4) * noise(rng, size, 0.0, 3 * fine, 8 * fine)
    return _scaled(np.maximum(image, 0) + rng.uniform(0, 0.4) * _uneven(rng, size, fine))


def texture(rng: np.random.Generator, size: int, fine: int = 1) -> np.ndarray:
    """Noise of 1/f^s all over, stretched at times, its brightness bent at times; a grating within at times."""
    stretch, turn = np.exp(rng.uniform(-1.2, 1.2)), rng.uniform(0, np.pi)
    image = noise(rng, size, rng.uniform(0.4, 2.2), 2 * fine, size, (stretch, turn))
    if rng.random() < 0.3:
        period, phase = fine * np.exp(rng.uniform(np.log(3), np.log(30))), 2 * noise(rng, size, 1.5, 20 * fine, size)
        y, x = np.mgrid[:size, :size]
        wave = np.sin(2 * np.pi * (np.cos(turn) * y + np.sin(turn) * x) / period + rng.uniform(0, 1) * phase)
        image += rng.uniform(0.3, 2) * (np.tanh(4 * wave) if rng.integers(2) else wave)
    if rng.random() < 0.5:
        image = np.exp(rng.uniform(0.2, 1.0) * image)
    if rng.random() < 0.2:
        image = -image
    return _scaled(image)


KINDS = {"leaves": dead_leaves.scene, "nuclei": nuclei, "mesh": mesh, "blobs": blobs, "texture": texture}
SHARES = {"leaves": 0.35, "nuclei": 0.2, "mesh": 0.15, "blobs": 0.15, "texture": 0.15}


def draw_kind(rng: np.random.Generator) -> str:
    return str(rng.choice(list(SHARES), p=list(SHARES.values())))


def noise(rng: np.random.Generator, size: int, power: float, finest: float, coarsest: float, stretched=(1.0, 0.0)):
    """Gaussian noise of 1/f^power between two periods in pixels, mean 0 and deviation 1."""
    fy, fx = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
    stretch, turn = stretched
    along, across = np.cos(turn) * fy + np.sin(turn) * fx, np.cos(turn) * fx - np.sin(turn) * fy
    frequency = np.hypot(along * np.sqrt(stretch), across / np.sqrt(stretch))
    weight = np.maximum(frequency, 1 / size) ** -power * np.exp(-((frequency * finest / 2) ** 2))
    weight *= 1 - np.exp(-((frequency * coarsest) ** 2))
    image = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((size, size))) * weight, (size, size))
    return (image - image.mean()) / image.std()


def _ellipse(rng: np.random.Generator, size: int, radius: float) -> np.ndarray:
    """1 at the centre of an ellipse at a random place, 0 at its wavy rim, negative beyond."""
    y, x = np.ogrid[:size, :size]
    (cy, cx), turn, flat = rng.uniform(0, size, 2), rng.uniform(0, np.pi), rng.uniform(0.6, 1)
    dy, dx = (y - cy) / radius, (x - cx) / radius
    along, across = np.cos(turn) * dx + np.sin(turn) * dy, (np.cos(turn) * dy - np.sin(turn) * dx) / flat
    around = np.arctan2(across, along)
    waves = sum(rng.normal(0, 0.08 / n) * np.cos(n * around + rng.uniform(0, 2 * np.pi)) for n in range(2, 7))
    return 1 - np.hypot(along, across) / (1 + waves)


def _uneven(rng: np.random.Generator, size: int, fine: int) -> np.ndarray:
    """Brightness that changes slowly, above 0."""
    return np.exp(rng.uniform(0.1, 0.7) * noise(rng, size, 1.0, 20 * fine, size))


def _scaled(image: np.ndarray) -> np.ndarray:
    image = image - image.min()
    return (image / image.max()).astype(np.float32)
