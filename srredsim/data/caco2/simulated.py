"""Fields like those of SR-CACO-2, made from a seed: cysts of cells in three markers, scanned at four resolutions.

A confocal microscope scans: at every pixel the laser stands for the same time, so that a coarser scan has fewer pixels
of the same light and noise, not sums of finer ones. A row of a coarse scan is one line through the field; only along
the line light is gathered all the way from pixel to pixel. HR is the mean of nine scans, each LR one scan of its own,
moved a little against HR as by drift and what registration leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

MARGIN = 16  # HR pixels beyond each side, so that what is blurred has no border
SPOT_SIGMA = 1.3  # HR pixels: what the pinhole leaves of a point
HAZE_SIGMA, HAZE_SHARE = 12.0, 0.12  # and what it lets through from out of focus
AVERAGED = 9  # scans of HR
DRIFT = 0.5  # HR pixels: largest shift of a scan against HR, each way
GAIN = {"midbodies": (0.8, 1.5)}  # grey levels per photon: what is dim is amplified more
OTHER_GAIN = (0.35, 0.7)
READ_NOISE = 0.6  # grey levels
BACKGROUND = (0.3, 1.5)  # grey levels
PEAKS = {"midbodies": (40.0, 110.0), "membranes": (90.0, 190.0), "tubules": (90.0, 190.0), "nuclei": (160.0, 260.0)}
CELL_RADIUS = (20.0, 32.0)  # HR pixels


@dataclass(frozen=True)
class Cells:
    """Where the cells of a field are: centres (n, 2), radius in HR pixels, and the field each pixel belongs to."""

    centres: np.ndarray
    radius: float
    nearest: np.ndarray  # (y, x) number of the cell
    inside: np.ndarray  # (y, x) 1 in a cell, 0 outside, soft at the border
    between: np.ndarray  # (y, x) how much farther the second nearest centre is than the nearest, in HR pixels


def scans(seed: int, index: int, size: int, scales: tuple[int, ...]) -> list[np.ndarray]:
    """Field ``index`` of a seed, (cells, size / scale, size / scale) uint8: HR, then LR at each of the scales.

    The cells, dim to bright, are midbodies, membranes or tubules, and nuclei. The same whoever asks.
    """
    shape_rng, *marker_rngs = np.random.default_rng([seed, index]).spawn(4)
    cells = _cells(shape_rng, size + 2 * MARGIN)
    second = ("membranes", "tubules")[int(shape_rng.integers(2))]
    images = [
        _scanned(rng, kind, MARKERS[kind](rng, cells), size, scales)
        for rng, kind in zip(marker_rngs, ("midbodies", second, "nuclei"), strict=True)
    ]
    return [np.stack(of_scale) for of_scale in zip(*images, strict=True)]


# The specimen, on the pixels of HR


def _cells(rng: np.random.Generator, side: int) -> Cells:
    """Cysts: round groups of cells, thrown anywhere, which do not overlap much."""
    radius = rng.uniform(*CELL_RADIUS)
    centres: list[np.ndarray] = []
    for _ in range(int(rng.integers(3, 9))):
        hub, reach = rng.uniform(0, side, 2), rng.uniform(1.2, 4.0) * radius
        for _ in range(int(12 * (reach / radius) ** 2)):
            place = hub + reach * np.sqrt(rng.random()) * np.array([np.sin(a := rng.uniform(0, 2 * np.pi)), np.cos(a)])
            if all(np.hypot(*(place - other)) > 1.35 * radius for other in centres):
                centres.append(place)
    places = np.array(centres)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    first = np.full((side, side), np.inf, np.float32)
    second, nearest = first.copy(), np.zeros((side, side), np.int32)
    for number, (row, column) in enumerate(places.astype(np.float32)):
        distance = np.hypot(y - row, x - column)
        closer = distance < first
        second = np.where(closer, first, np.minimum(second, distance))
        nearest[closer] = number
        first = np.where(closer, distance, first)
    inside = 1 / (1 + np.exp(np.clip((first - 1.15 * radius) / 1.5, -30, 30)))
    return Cells(places, float(radius), nearest, inside, np.minimum(second - first, 4 * radius))


def _nuclei(rng: np.random.Generator, cells: Cells) -> np.ndarray:
    """Ellipses of unlike brightness, mottled as chromatin is."""
    image = np.zeros(cells.inside.shape, np.float32)
    for centre in cells.centres:
        long, short = cells.radius * rng.uniform(0.5, 0.68), cells.radius * rng.uniform(0.38, 0.52)
        turn, bright = rng.uniform(0, np.pi), rng.uniform(0.45, 1.0)
        rows, columns = (_near(place, cells.radius, n) for place, n in zip(centre, image.shape, strict=True))
        y, x = np.arange(rows.start, rows.stop)[:, None] - centre[0], np.arange(columns.start, columns.stop) - centre[1]
        u, v = y * np.cos(turn) + x * np.sin(turn), x * np.cos(turn) - y * np.sin(turn)
        edge = (1 - np.hypot(u / long, v / short)) * short
        image[rows, columns] = np.maximum(image[rows, columns], bright / (1 + np.exp(np.clip(-edge / 0.8, -30, 30))))
    return image * (0.75 + 0.25 * _texture(rng, image.shape, 2.5))


def _membranes(rng: np.random.Generator, cells: Cells) -> np.ndarray:
    """Borders between neighbouring cells, in places stronger; cytosol."""
    width = rng.uniform(1.5, 2.5)
    border = np.exp(-((cells.between / width) ** 2)) * cells.inside
    return border * (0.7 + 0.3 * _texture(rng, border.shape, 6.0)) + 0.12 * cells.inside


def _tubules(rng: np.random.Generator, cells: Cells) -> np.ndarray:
    """Threads through the cells: crests of two wavy fields, each of another direction in every cell."""
    image = np.zeros(cells.inside.shape, np.float32)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    for _ in range(2):
        turn = rng.uniform(0, np.pi, len(cells.centres))[cells.nearest]
        waves = (y * np.sin(turn) + x * np.cos(turn)) / rng.uniform(2.5, 4.0) + 2.0 * _texture(rng, image.shape, 9.0)
        image += np.exp(-((np.sin(waves) / 0.35) ** 2)) * (0.6 + 0.4 * _texture(rng, image.shape, 5.0)).clip(0)
    return (image + 0.25) * cells.inside


def _midbodies(rng: np.random.Generator, cells: Cells) -> np.ndarray:
    """Short rods where two cells have divided, one bright spot each; a dim cytosol."""
    image = 0.12 * cells.inside
    for centre in cells.centres:
        if rng.random() > 0.35:
            continue
        turn = rng.uniform(0, 2 * np.pi)
        along = np.array([np.sin(turn), np.cos(turn)])
        place = centre + 0.68 * cells.radius * along
        across, half, bright = np.array([along[1], -along[0]]), rng.uniform(2.0, 5.0), rng.uniform(0.5, 1.0)
        rows, columns = (_near(one, 0.4 * cells.radius, n) for one, n in zip(place, image.shape, strict=True))
        y, x = np.arange(rows.start, rows.stop)[:, None] - place[0], np.arange(columns.start, columns.stop) - place[1]
        u, v = y * across[0] + x * across[1], y * along[0] + x * along[1]
        rod = np.exp(-((np.maximum(np.abs(u) - half, 0) / 1.3) ** 2) - (v / 1.4) ** 2)
        image[rows, columns] = np.maximum(image[rows, columns], bright * rod)
    return image


MARKERS = {"nuclei": _nuclei, "membranes": _membranes, "tubules": _tubules, "midbodies": _midbodies}


def _near(place: float, reach: float, size: int) -> slice:
    low, high = int(np.clip(place - reach - 2, 0, size)), int(np.clip(place + reach + 3, 0, size))
    return slice(low, max(low, high))


def _texture(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> np.ndarray:
    """Smooth noise of mean 0 and deviation 1, cut off at 2.5."""
    noise = ndimage.gaussian_filter(rng.standard_normal(shape, dtype=np.float32), sigma, mode="wrap")
    return np.clip(noise / noise.std(), -2.5, 2.5)


# The microscope


def _scanned(
    rng: np.random.Generator, kind: str, marker: np.ndarray, size: int, scales: tuple[int, ...]
) -> list[np.ndarray]:
    """HR and each LR of a marker, uint8."""
    focus = ndimage.gaussian_filter(marker.astype(np.float64), SPOT_SIGMA)
    light = (1 - HAZE_SHARE) * focus + HAZE_SHARE * ndimage.gaussian_filter(focus, HAZE_SIGMA)
    gain, level = rng.uniform(*GAIN.get(kind, OTHER_GAIN)), rng.uniform(*PEAKS[kind]) / max(float(light.max()), 0.05)
    light, background = level * light, rng.uniform(*BACKGROUND)
    images = [_exposed(rng, seen(light, size, 1), gain, background, AVERAGED)]
    for scale in scales:
        drifted = seen(light, size, scale, rng.uniform(-DRIFT, DRIFT, 2))
        images.append(_exposed(rng, drifted, gain, background))
    return images


def seen(light: np.ndarray, size: int, scale: int, shift=(0.0, 0.0)) -> np.ndarray:
    """What falls on the detector in a scan of every ``scale``-th line, (size / scale, size / scale).

    ``light`` has the margin; ``shift`` (y, x) in HR pixels: how far from its place the scan was made.
    """
    rows = _between(light, np.arange(size // scale) * scale + (scale - 1) / 2 + shift[0])
    along = _between(rows.T, np.arange(size) + shift[1])
    return along.reshape(size // scale, scale, -1).mean(axis=1).T


def _between(image: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Rows at places that count from the first inside the margin, each between the two HR rows next to it."""
    places = places + MARGIN
    first = np.floor(places).astype(int)
    share = (places - first)[:, None]
    return (1 - share) * image[first] + share * image[first + 1]


def _exposed(rng: np.random.Generator, light: np.ndarray, gain: float, background: float, scans: int = 1) -> np.ndarray:
    """Mean of scans in whole grey levels: shot noise of the photons, noise of the detector."""
    photons = rng.poisson(scans * np.maximum(light + background, 0) / gain) / scans
    grey = gain * photons + READ_NOISE / np.sqrt(scans) * rng.standard_normal(light.shape)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)
