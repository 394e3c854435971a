"""Specimens beside the phantoms: dense and crowded ones, painted rather than counted, and beads.

Each function takes a random generator and a `srredsim.simulation.phantoms.Field` of the output grid, and returns an
image (y, x) float32, not negative. Sizes are in micrometres: those painted by `srredsim.simulation.scenes` have them in
pixels of `PIXEL_UM`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage, spatial

from srredsim.simulation import phantoms, scenes
from srredsim.simulation.phantoms import Field

PIXEL_UM = 0.08  # that the sizes of painted scenes are meant for
BEAD_UM = 0.1, 0.2, 0.5  # diameters
LABELS = 600  # fluorophores of a bead
WALL_UM = 0.12, 0.7


def painted(scene: str) -> Callable[[np.random.Generator, Field], np.ndarray]:
    """A scene of `srredsim.simulation.scenes`, on a square of which the field is the corner."""

    def draw(rng: np.random.Generator, field: Field) -> np.ndarray:
        fine = max(1, round(PIXEL_UM / field.pixel_size_um))
        rows, columns = field.shape
        image = scenes.KINDS[scene](rng, max(rows, columns), fine)
        return np.asarray(image[:rows, :columns], np.float32)

    return draw


def beads(rng: np.random.Generator, field: Field) -> np.ndarray:
    """Balls of one size, evenly bright, single ones to a lawn; some stick together."""
    number = max(6, round(np.exp(rng.uniform(np.log(0.1), np.log(6.0))) * field.area_um2))
    radius_um = rng.choice(BEAD_UM) / 2
    place_um = rng.uniform(0, 1, (number, 2)) * field.size_um
    stuck = rng.random(number) < 0.3
    turn = rng.uniform(0, 2 * np.pi, number)
    neighbour_um = np.roll(place_um, 1, axis=0) + 2 * radius_um * np.stack([np.sin(turn), np.cos(turn)], axis=1)
    place_um[stuck] = neighbour_um[stuck]
    y_um, x_um = (place_um[:, None, axis] + radius_um * within for axis, within in enumerate(ball(rng, number)))
    return field.count(rng, y_um, x_um, np.exp(rng.normal(0, 0.2, (number, 1))))


def ball(rng: np.random.Generator, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Places (y, x) of the labels of so many balls of radius 1, evenly within them: (number, LABELS) each."""
    direction = rng.standard_normal((3, number, LABELS))
    within = rng.random((number, LABELS)) ** (1 / 3) * direction / np.linalg.norm(direction, axis=0)
    return within[0], within[1]


def mitochondria(rng: np.random.Generator, field: Field) -> np.ndarray:
    """Bent sausages 0.3 to 0.8 um wide, their wall labelled, with folds of the inner membrane."""
    pixels_per_um = 1 / field.pixel_size_um
    side = max(field.shape)
    wide = 2 * rng.uniform(0.3, 0.8) * pixels_per_um  # a period: sausage and gap
    way = scenes.noise(rng, side, 0.0, wide, 4 * wide, (np.exp(rng.uniform(0.5, 1.5)), rng.uniform(0, np.pi)))
    level = rng.uniform(0.4, 1.2)
    depth = (way - level) / (np.hypot(*np.gradient(way)) + 1e-6)  # pixels from the wall, near it
    wall = np.exp(-0.5 * (depth / (0.03 * pixels_per_um)) ** 2)
    folds = scenes.noise(rng, side, 0.0, 0.08 * pixels_per_um, 0.25 * pixels_per_um)
    inside = np.clip(depth / (0.06 * pixels_per_um), 0, 1) * np.clip(0.5 + rng.uniform(0.3, 1) * folds, 0, None)
    image = wall * rng.uniform(0.3, 1.5) + inside
    image *= np.exp(0.4 * scenes.noise(rng, side, 1.0, pixels_per_um, side))
    rows, columns = field.shape
    return ndimage.gaussian_filter(image, 0.011 * pixels_per_um)[:rows, :columns].astype(np.float32)


def tissue(rng: np.random.Generator, field: Field) -> np.ndarray:
    """Nuclei, mesh and sausages side by side and over one another, on a ground that glows: nothing is dark."""
    image = rng.uniform(0.05, 0.4) * phantoms.cytosol(rng, field)
    for name in ("nuclei", "mesh", "blobs", "texture"):
        part = painted(name)(rng, field)
        where = ndimage.gaussian_filter(phantoms.cytosol(rng, field), 0.5 / field.pixel_size_um)
        image = image + rng.uniform(0.1, 1.0) * part * (where > np.quantile(where, rng.uniform(0, 0.6)))
    return image.astype(np.float32)


def walls(rng: np.random.Generator, field: Field) -> np.ndarray:
    """Lines wider than the lens blurs them, evenly bright across: borders of cells, bundles, processes of neurons.

    One width a field, 0.12 to 0.7 um, on a ground that glows at times.
    """
    pixels_per_um = 1 / field.pixel_size_um
    side = max(field.shape)
    wide = np.exp(rng.uniform(*np.log(WALL_UM))) * pixels_per_um
    apart = wide * np.exp(rng.uniform(np.log(3), np.log(14)))
    if rng.integers(2):
        away = _from_borders(rng, side, apart)
    else:
        way = scenes.noise(rng, side, 0.0, apart, 3 * apart)
        away = np.abs(way) / (np.hypot(*np.gradient(way)) + 1e-6)
    edge = rng.uniform(0.02, 0.1) * pixels_per_um
    image = np.clip((wide / 2 - away) / edge + 0.5, 0, 1)
    image *= 1 - rng.uniform(0, 0.8) * (away < rng.uniform(0, wide / 3))  # hollow, more or less
    image *= np.exp(0.3 * scenes.noise(rng, side, 1.0, pixels_per_um, side))
    image += rng.uniform(0, 0.3) * np.exp(0.4 * scenes.noise(rng, side, 1.0, pixels_per_um, side))
    rows, columns = field.shape
    return ndimage.gaussian_filter(image, 0.011 * pixels_per_um)[:rows, :columns].astype(np.float32)


def _from_borders(rng: np.random.Generator, side: int, apart: float) -> np.ndarray:
    """Pixels to the nearest border between cells of a size; long cells at times, as bricks are."""
    y, x = np.mgrid[:side, :side] / apart
    turn, stretch = rng.uniform(0, np.pi), np.exp(rng.uniform(0, 1.2))
    place = np.stack([np.cos(turn) * y + np.sin(turn) * x, (np.cos(turn) * x - np.sin(turn) * y) / stretch], axis=-1)
    low, high = place.min(axis=(0, 1)) - 1, place.max(axis=(0, 1)) + 1
    middles = rng.uniform(low, high, (max(2, round(float(np.prod(high - low)))), 2))
    distance, number = spatial.cKDTree(middles).query(place, k=2)
    across = middles[number[..., 1]] - middles[number[..., 0]]
    away = distance[..., 1] ** 2 - distance[..., 0] ** 2  # of two points: a multiple of the way to the middle between
    return apart * away / (2 * np.hypot(across[..., 0], across[..., 1] / stretch))


KINDS: dict[str, Callable[[np.random.Generator, Field], np.ndarray]] = {
    **{name: painted(name) for name in scenes.KINDS},
    "beads": beads,
    "mitochondria": mitochondria,
    "tissue": tissue,
    "walls": walls,
}
SHARES = {
    "leaves": 0.25,
    "texture": 0.1,
    "nuclei": 0.15,
    "mesh": 0.15,
    "blobs": 0.05,
    "beads": 0.1,
    "mitochondria": 0.1,
    "tissue": 0.1,
}  # of randomly drawn ones; walls have a switch of their own


def draw_kind(rng: np.random.Generator) -> str:
    return str(rng.choice(list(SHARES), p=list(SHARES.values())))
