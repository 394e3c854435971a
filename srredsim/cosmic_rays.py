"""Cosmic rays: pixels that shine in one frame of a raw stack alone, brighter than anything in the others.

Stripes make a place three times as bright as its mean at most, and it is nearly as bright in another frame of another
phase or angle. What is several times as bright as in every other frame was no light from the sample. It is in all
frequencies of the stripes' search, and hides those of its angle.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from srredsim.acquisition import Position

BRIGHTER = 1.5  # times the largest value of most frames, as a share of the light of each
ALONE = 3.0  # times the same pixel in every other frame
MOST, FEW = 1e-3, 9  # share of the pixels of a frame, or so many pixels: more are no ray
EDGE = 0.3  # share of the light of a pixel; a point of light leaves each of the four beside it half of it or more
SPARSE = 4  # of the pixels along an axis, one is asked how much light there is
FEWEST_FRAMES = 5  # frames


def struck(raw: np.ndarray) -> dict[int, np.ndarray]:
    """Places (n, 2), y and x, that a ray has made bright, by the number of the frame in (angles, phases, y, x)."""
    frames = raw.reshape(-1, *raw.shape[-2:])
    largest = frames.max(axis=(1, 2)).astype(float)
    dark = float(np.median(frames.min(axis=(1, 2))))
    light = frames[:, ::SPARSE, ::SPARSE].mean(axis=(1, 2), dtype=float) - dark
    if len(frames) < FEWEST_FRAMES or not np.all(np.isfinite(largest)) or not np.all(light > 0):
        return {}  # others have words for the last two
    usual = float(np.median((largest - dark) / light))
    found = {}
    for number in np.flatnonzero(largest - dark > BRIGHTER * usual * light):
        places = np.argwhere(frames[number] > dark + BRIGHTER * usual * light[number])
        if len(places) > max(MOST * frames[number].size, FEW):
            continue
        every = (frames[:, places[:, 0], places[:, 1]] - dark) / light[:, None]
        alone = every[number] > ALONE * np.maximum(np.delete(every, number, axis=0).max(axis=0), 0)
        if np.any(alone) and np.any(_sharp(frames, int(number), places[alone])):
            found[int(number)] = _with_neighbours(places[alone], frames.shape[1:])
    return found


def _sharp(frames: np.ndarray, number: int, places: np.ndarray) -> np.ndarray:
    """Whether beside each place a frame has far less light beyond the others than there: no lens makes such an edge."""
    padded = np.pad(frames, ((0, 0), (1, 1), (1, 1)), mode="edge")

    def beyond(dy: int, dx: int) -> np.ndarray:
        there = padded[:, places[:, 0] + 1 + dy, places[:, 1] + 1 + dx].astype(float)
        return there[number] - np.median(np.delete(there, number, axis=0), axis=0)

    least = np.min([beyond(dy, dx) for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1))], axis=0)
    return least < EDGE * beyond(0, 0)


def without(raw: np.ndarray, found: dict[int, np.ndarray]) -> np.ndarray:
    """A copy in which these places have the median of the other frames of their angle; of the others, if it has one."""
    result = raw.copy()
    for number, places in found.items():
        angle, phase = divmod(number, raw.shape[1])
        rows, columns = places.T
        alike, which = (raw[angle], phase) if raw.shape[1] > 1 else (raw[:, 0], angle)
        others = np.delete(alike[:, rows, columns], which, axis=0)
        value = np.median(others, axis=0)
        result[angle, phase, rows, columns] = np.rint(value) if raw.dtype.kind in "ui" else value
    return result


def words(phases: int, found: dict[int, np.ndarray]) -> str:
    """Where the first is, and how many frames more have one."""
    number, places = next(iter(found.items()))
    angle, phase = divmod(number, phases)
    more = f", and in {len(found) - 1} more" if len(found) > 1 else ""
    y, x = places[len(places) // 2]
    return f"frame {number + 1} (angle {angle + 1}, phase {phase + 1}) at y, x: {y}, {x}{more}"


def told(struck: Mapping[Position, str]) -> list[str]:
    """What to say of the raw stacks (t, c, z) that rays have struck; nothing, if there are none."""
    if not struck:
        return []
    place, first = min(struck.items())
    others = f" of (t, c, z) = {place}, and {len(struck) - 1} more raw stacks" if len(struck) > 1 else ""
    return [
        f"a cosmic ray, or what looks like one, in {first}{others}: what shines in one frame alone was given the light"
        " of the others of its angle (`keep_hot_pixels` leaves it as it is)"
    ]


def _with_neighbours(places: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The places and those beside them, to which a ray has spread."""
    hit = np.zeros(shape, bool)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            y, x = places[:, 0] + dy, places[:, 1] + dx
            inside = (y >= 0) & (x >= 0) & (y < shape[0]) & (x < shape[1])
            hit[y[inside], x[inside]] = True
    return np.argwhere(hit)
