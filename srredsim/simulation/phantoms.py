"""Phantoms that look like cells: filaments, vesicles, membranes, puncta, and mixtures of them.

A phantom is a cloud of fluorophores counted on a grid finer than any image made of it. Every function takes a random
generator and a `Field`, and returns an image (y, x) float32, not negative. Nothing is wrapped at the edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from srredsim import checks

LINKAGE_UM = 0.011  # scatter of the labels about the structure: a line becomes 25 nm wide


@dataclass(frozen=True)
class Field:
    """A grid of ``shape`` (y, x) pixels of ``pixel_size_um``."""

    shape: tuple[int, int]
    pixel_size_um: float

    @property
    def size_um(self) -> np.ndarray:
        return np.array(self.shape) * self.pixel_size_um

    @property
    def area_um2(self) -> float:
        return float(np.prod(self.size_um))

    def count(self, rng, y_um, x_um, brightness) -> np.ndarray:
        """Image of fluorophores at the given places; those outside are not seen."""
        y_um, x_um, brightness = (np.ravel(a) for a in np.broadcast_arrays(y_um, x_um, brightness))
        scatter = LINKAGE_UM * rng.standard_normal((2, y_um.size), dtype=np.float32)
        row = np.floor((y_um + scatter[0]) / self.pixel_size_um).astype(np.int64)
        column = np.floor((x_um + scatter[1]) / self.pixel_size_um).astype(np.int64)
        seen = (row >= 0) & (row < self.shape[0]) & (column >= 0) & (column < self.shape[1])
        index = row[seen] * self.shape[1] + column[seen]
        return np.bincount(index, brightness[seen], np.prod(self.shape)).reshape(self.shape).astype(np.float32)


def _log_uniform(rng, low, high, size=None):
    return np.exp(rng.uniform(np.log(low), np.log(high), size))


def filaments(rng: np.random.Generator, field: Field) -> np.ndarray:
    """Bent threads as of tubulin: crossing anyhow, combed along one direction, or radiating; some in bundles."""
    step_um, length_um = 0.012, float(_log_uniform(rng, 3.0, 25.0))
    steps = int(length_um / step_um)
    density_per_um = _log_uniform(rng, 0.3, 8.0)  # length per area, um/um2
    bundle = int(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))
    margin_um = 0.3 * length_um
    area_um2 = np.prod(field.size_um + 2 * margin_um)
    number = max(2, round(density_per_um * area_um2 / length_um / bundle))

    start_um = rng.uniform(-margin_um, field.size_um + margin_um, (number, 2))
    heading = rng.uniform(0, 2 * np.pi, number)
    order = rng.choice(["crossing", "combed", "radiating"], p=[0.5, 0.25, 0.25])
    if order == "combed":
        heading = (
            rng.uniform(0, np.pi) + np.pi * rng.integers(0, 2, number) + rng.normal(0, rng.uniform(0.05, 0.5), number)
        )
    if order == "radiating":
        centre_um = rng.uniform(-0.2, 1.2, 2) * field.size_um
        away_um = start_um - centre_um
        heading = np.arctan2(away_um[:, 0], away_um[:, 1]) + rng.normal(0, 0.25, number)

    # curvature per um: a constant bend of each filament, and a wandering one
    bend = rng.normal(0, _log_uniform(rng, 0.02, 0.4), (number, 1))
    wander = rng.normal(0, _log_uniform(rng, 0.05, 0.5) * np.sqrt(step_um), (number, steps))
    direction = (heading[:, None] + np.cumsum(bend * step_um + wander, axis=1)).astype(np.float32)
    along_y, along_x = np.sin(direction), np.cos(direction)
    # run both ways from the starting point, so that its neighbourhood is not special
    middle = steps // 2
    y_um, x_um = np.cumsum(along_y, axis=1) * step_um, np.cumsum(along_x, axis=1) * step_um
    y_um += start_um[:, :1].astype(np.float32) - y_um[:, middle, None]
    x_um += start_um[:, 1:].astype(np.float32) - x_um[:, middle, None]

    brightness = rng.uniform(0.5, 1.0, (number, 1)) * _patchy(rng, number, steps, rng.uniform(0.0, 0.35))
    image = np.zeros(field.shape, np.float32)
    for thread in range(bundle):
        apart_um = thread * rng.uniform(0.06, 0.25, (number, 1)) * (1 + 0.5 * np.sin(np.arange(steps) * step_um / 1.5))
        image += field.count(rng, y_um + along_x * apart_um, x_um - along_y * apart_um, brightness)
    return image


def _patchy(rng, number, steps, strength):
    """Uneven labelling along a thread: patches of about 50 nm, mean near 1."""
    patches = rng.normal(1.0, strength, (number, steps // 4 + 1))
    return np.repeat(np.maximum(patches, 0.0), 4, axis=1)[:, :steps]


def vesicles(rng: np.random.Generator, field: Field) -> np.ndarray:
    """Hollow spheres 100 to 600 nm wide, from equatorial rings to whole shells, strewn or in clusters."""
    number = max(12, round(_log_uniform(rng, 0.12, 4.0) * field.area_um2))
    labels = 160
    place_um = rng.uniform(0, 1, (number, 2)) * field.size_um
    if rng.random() < 0.35:
        hubs_um = rng.uniform(0, 1, (max(2, number // 12), 2)) * field.size_um
        place_um = hubs_um[rng.integers(0, len(hubs_um), number)] + rng.normal(0, rng.uniform(0.4, 1.5), (number, 2))
    smallest, largest = np.sort(_log_uniform(rng, 0.05, 0.3, 2))
    radius_um = rng.uniform(smallest, largest, (number, 1))
    depth = rng.uniform(0.0, 1.0)  # how much of the sphere is in focus: 0 a ring, 1 the whole shell
    latitude = rng.uniform(-depth, depth, (number, labels))
    longitude = rng.uniform(0, 2 * np.pi, (number, labels))
    ring_um = radius_um * np.sqrt(1.0 - latitude**2)
    squeeze, tilt = rng.uniform(0.75, 1.0, (number, 1)), rng.uniform(0, np.pi, (number, 1))
    u_um, v_um = ring_um * np.cos(longitude), squeeze * ring_um * np.sin(longitude)
    y_um = place_um[:, :1] + u_um * np.sin(tilt) + v_um * np.cos(tilt)
    x_um = place_um[:, 1:] + u_um * np.cos(tilt) - v_um * np.sin(tilt)
    brightness = radius_um / 0.15 * np.exp(rng.normal(0, rng.uniform(0.1, 0.5), (number, 1)))
    return field.count(rng, y_um, x_um, brightness)


def membranes(rng: np.random.Generator, field: Field) -> np.ndarray:
    """Thin closed outlines, wrinkled: organelles of a micrometre up to whole cells, some doubled."""
    largest_um = 0.5 * float(field.size_um.max())
    low_um, high_um = np.sort(_log_uniform(rng, 0.4, max(largest_um, 0.8), 2))
    typical_um = np.sqrt(low_um * high_um)
    coverage = _log_uniform(rng, 0.25, 2.5)  # length of membrane per area, um/um2
    number = int(np.clip(coverage * field.area_um2 / (2 * np.pi * typical_um), 3, 400))
    radius_um = _log_uniform(rng, low_um, high_um, number)
    place_um = rng.uniform(0, 1, (number, 2)) * field.size_um
    image = np.zeros(field.shape, np.float32)
    doubled = rng.random() < 0.25
    wrinkled = _log_uniform(rng, 0.05, 0.5)
    for centre_um, mean_um in zip(place_um, radius_um, strict=True):
        labels = int(2 * np.pi * mean_um / 0.01)
        around = np.linspace(0, 2 * np.pi, labels, endpoint=False)
        orders = np.arange(2, 2 + min(24, max(3, int(4 * mean_um))))
        swing = wrinkled * rng.normal(0, 1, orders.size) / orders**1.2
        wave = np.cos(orders[:, None] * around + rng.uniform(0, 2 * np.pi, (orders.size, 1)))
        outline_um = mean_um * np.maximum(1.0 + swing @ wave, 0.15)
        squeeze, tilt = rng.uniform(0.5, 1.0), rng.uniform(0, np.pi)
        brightness = rng.uniform(0.4, 1.0) * np.repeat(rng.uniform(0.6, 1.0, labels // 8 + 1), 8)[:labels]
        for inwards_um in (0.0, rng.uniform(0.08, 0.3)) if doubled else (0.0,):
            u_um = (outline_um - inwards_um) * np.cos(around)
            v_um = (outline_um - inwards_um) * np.sin(around) * squeeze
            y_um = centre_um[0] + u_um * np.sin(tilt) + v_um * np.cos(tilt)
            x_um = centre_um[1] + u_um * np.cos(tilt) - v_um * np.sin(tilt)
            image += field.count(rng, y_um, x_um, brightness)
    return image


def puncta(rng: np.random.Generator, field: Field) -> np.ndarray:
    """Small spots strewn at random, sparse to packed, as of chromatin, receptors or synapses: no shape to guess."""
    crowding = cytosol(rng, field) ** rng.uniform(0.0, 3.0)
    per_um2 = _log_uniform(rng, 3.0, 150.0) * crowding / crowding.mean()
    number = rng.poisson(per_um2 * field.pixel_size_um**2)
    row, column = np.nonzero(number)
    brightness = number[row, column] * np.exp(rng.normal(0, rng.uniform(0.1, 0.8), row.size))
    spread_um = rng.uniform(0.0, 0.03)  # beyond the scatter of single labels
    labels = 6
    y_um, x_um = (
        (place[:, None] + 0.5) * field.pixel_size_um + rng.normal(0, spread_um, (row.size, labels))
        for place in (row, column)
    )
    return field.count(rng, y_um, x_um, brightness[:, None])


def cytosol(rng: np.random.Generator, field: Field) -> np.ndarray:
    """Diffuse, uneven label all over the field, mean 1."""
    rows, columns = field.shape
    waves = min(rows, columns) // 8
    f = np.hypot(np.fft.fftfreq(2 * waves, 1 / (2 * waves))[:, None], np.arange(waves)[None, :])
    amplitude = 1.0 / (1.0 + f) ** rng.uniform(1.2, 2.0)
    low = amplitude * np.exp(2j * np.pi * rng.random(f.shape))
    spectrum = np.zeros((rows, columns // 2 + 1), np.complex64)
    spectrum[:waves, :waves], spectrum[-waves:, :waves] = low[:waves], low[waves:]
    texture = fft.irfft2(spectrum, s=field.shape)
    texture -= texture.mean()
    texture = np.exp(rng.uniform(0.2, 0.8) * texture / texture.std())
    return (texture / texture.mean()).astype(np.float32)


def _brightness(image: np.ndarray, field: Field) -> float:
    """How bright the structures of a phantom look in widefield: its bright blocks of about a quarter of a um."""
    block = max(1, round(0.25 / field.pixel_size_um))
    rows, columns = (n // block for n in image.shape)
    blocks = image[: rows * block, : columns * block].reshape(rows, block, columns, block).mean(axis=(1, 3))
    return float(np.percentile(blocks, 98)) or float(blocks.max())


def mixture(rng: np.random.Generator, field: Field) -> np.ndarray:
    """Two structures in one field, of unlike brightness."""
    pair = rng.choice(sorted(STRUCTURES), 2, replace=False)
    images = [STRUCTURES[name](rng, field) for name in pair]
    return sum(image * (rng.uniform(0.3, 1.0) / (_brightness(image, field) or 1.0)) for image in images)


STRUCTURES = {"filaments": filaments, "vesicles": vesicles, "membranes": membranes, "puncta": puncta}
KINDS = {**STRUCTURES, "mixture": mixture}
SHARES = {
    "filaments": 0.3,
    "vesicles": 0.1,
    "membranes": 0.1,
    "puncta": 0.25,
    "mixture": 0.25,
}  # shares of randomly drawn phantoms
CYTOSOL_SHARE = 0.3


def draw_kind(rng: np.random.Generator) -> str:
    return str(rng.choice(list(SHARES), p=list(SHARES.values())))


def draw(rng: np.random.Generator, field: Field, kind: str) -> np.ndarray:
    """A new phantom of one of the `KINDS`, at times in a labelled cytosol."""
    checks.one_of("phantom", kind, tuple(KINDS))
    image = KINDS[kind](rng, field)
    if rng.random() < CYTOSOL_SHARE:
        image += np.float32(rng.uniform(0.05, 0.5) * _brightness(image, field)) * cytosol(rng, field)
    return image
