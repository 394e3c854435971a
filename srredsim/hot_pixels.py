"""Hot pixels: the same in every frame of a raw stack, and narrower than anything that came through a lens.

A point of light covers its neighbours, too: where pixels sample the image, each of the four has half of its light or
more. A pixel of the camera that leaks shines alone, in all frames, and stripes do not touch it. In the spectrum it is
everywhere, where it passes for stripes or for noise.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from srredsim import cosmic_rays
from srredsim.acquisition import Position, RawStack, Through
from srredsim.hot_columns import BadLines, bad_lines

ALONE = 3.0  # times the light of the neighbours that a hot pixel has more than they; a point of light has 1 at most
FAR = 8.0  # standard deviations, as neighbours differ in the mean of the frames
BRIGHT_PERCENT, SHARE = 99.0, 0.25  # least share of the light of bright places that it has more than its neighbours
DARK_PERCENT = 1.0
FEWEST_FRAMES = 3  # frames
SAMPLE = 1 << 12  # pixels by which noise and light of the mean frame are judged: to a hundredth
NOWHERE = np.empty((0, 2), int)
AROUND = [(dy, dx) for dy, dx in product((-1, 0, 1), repeat=2) if (dy, dx) != (0, 0)]


def hot_pixels(raw: np.ndarray) -> np.ndarray:
    """Places (n, 2) of the hot pixels of one raw stack (angles, phases, y, x), as y and x; two may touch.

    In every frame a hot pixel is brighter than its neighbours but for one. In the mean of the frames it is that by far
    more than the noise and by a share of what is bright in the field, and has several times the light of their median.
    """
    frames = raw.reshape(-1, *raw.shape[-2:])
    if len(frames) < FEWEST_FRAMES or min(frames.shape[1:]) < 3:
        return NOWHERE
    with np.errstate(over="ignore", invalid="ignore"):
        mean = frames.mean(axis=0, dtype=np.float32)
    if not np.isfinite(mean.sum(dtype=np.float64)):  # others have words for that
        return NOWHERE
    stride = max(1, mean.size // SAMPLE) | 1  # odd: not the same columns of each row
    dark, bright = np.percentile(mean.ravel()[::stride], [DARK_PERCENT, BRIGHT_PERCENT])
    sampled = np.stack(np.unravel_index(np.arange(0, mean.size, stride), mean.shape), axis=1)
    usual = 1.4826 * float(np.median(np.abs(mean[tuple(sampled.T)] - _around(mean, sampled))))
    beside = _second_beside(mean)
    places = np.argwhere(mean - beside > max(FAR * usual, SHARE * (bright - dark)))
    if not len(places):
        return NOWHERE
    value, around = mean[tuple(places.T)], _around(mean, places)
    at_border = np.any((places == 0) | (places == np.array(mean.shape) - 1), axis=1)
    around = np.where(at_border, beside[tuple(places.T)], around)  # beyond it there may be a point of light
    alone = value - around > ALONE * np.maximum(around - dark, 0)
    return np.array([place for place in places[alone] if _in_every_frame(frames, *place)], int).reshape(-1, 2)


def repaired(raw: np.ndarray, places: np.ndarray) -> np.ndarray:
    """A copy with the median of its neighbours, in each frame, in the place of each hot pixel."""
    frames = raw.copy()
    hot = {(int(y), int(x)) for y, x in places}
    for y, x in hot:
        near = [each for each in _neighbours(y, x, raw.shape[-2:]) if each not in hot]
        if near:
            rows, columns = zip(*near, strict=True)
            value = np.median(raw[..., list(rows), list(columns)], axis=-1)
            frames[..., y, x] = np.rint(value) if raw.dtype.kind in "ui" else value
    return frames


class Repaired(Through):
    """``array[t, c, z]`` as of a raw stack, without hot columns, hot pixels and what a ray has struck.

    What was found is kept.
    """

    def __init__(self, array: Any):
        self.array = array
        self.found: dict[Position, np.ndarray] = {}
        self.struck: dict[Position, str] = {}  # what to say of rays
        self.lines: BadLines | None = None  # columns and rows, of the first raw stack that has any

    @property
    def numbers(self) -> np.ndarray | None:
        """Those of the frames in the file, where each is one."""
        return getattr(self.array, "numbers", None)

    def __getitem__(self, position: Position) -> np.ndarray:
        raw = np.asarray(self.array[position])
        if lines := bad_lines(raw):
            raw = lines.without(raw)
            self.lines = self.lines or lines
        self.found[position] = NOWHERE
        raw = self._without_hot(position, raw)  # a ray no brighter than a hot pixel is seen without it alone
        if struck := cosmic_rays.struck(raw):
            raw = self._without_hot(position, cosmic_rays.without(raw, struck))  # a ray may have hidden one
            self.struck[position] = cosmic_rays.words(raw.shape[1], struck)
        return raw

    def _without_hot(self, position: Position, raw: np.ndarray) -> np.ndarray:
        """The same without its hot pixels, which are kept with those of this raw stack that were found before."""
        places = hot_pixels(raw)
        self.found[position] = np.unique(np.concatenate([self.found[position], places]), axis=0)
        return repaired(raw, places) if len(places) else raw

    def places(self, channel: int | None = None) -> list[tuple[int, int]]:
        """(y, x) of all that were found so far, in one channel or in all."""
        found = [places for (_, c, _), places in self.found.items() if channel in (None, c)]
        return sorted({(int(y), int(x)) for places in found for y, x in places})


def places_at(array: Any, position: Position) -> list[tuple[int, int]]:
    """(y, x) of the hot pixels that were found in one raw stack of an array that was read."""
    found = array.found.get(position, ()) if isinstance(array, Repaired) else ()
    return [(int(y), int(x)) for y, x in found]


def struck_at(array: Any, position: Position) -> str:
    """What to say of rays in one raw stack of an array that was read; empty if there were none."""
    return array.struck.get(position, "") if isinstance(array, Repaired) else ""


def without_hot_pixels(stack: RawStack) -> RawStack:
    """The same stack, whose hot pixels are repaired when its frames are read, and what a ray has struck."""
    if stack.pattern.frames < FEWEST_FRAMES or isinstance(stack.array, Repaired):
        return stack
    return replace(stack, array=Repaired(stack.array))


def repaired_as(before: Any, recorded: Any) -> Any:
    """Another array as recorded, whose hot pixels are repaired if those of the one before are."""
    return Repaired(recorded) if isinstance(before, Repaired) else recorded


def with_array(stack: RawStack, recorded: Any) -> RawStack:
    """The stack with another array as recorded, whose hot pixels are repaired if they were before."""
    return replace(stack, array=repaired_as(stack.array, recorded))


def as_recorded(array: Any) -> Any:
    """The array of a stack with its hot pixels, if any."""
    return array.array if isinstance(array, Repaired) else array


def remarks(array: Any) -> list[str]:
    """What to say of the faults and rays that were found so far in the array of a stack; nothing, if none were."""
    if not isinstance(array, Repaired):
        return []
    return [*lines_in(array), *told(array.places()), *cosmic_rays.told(array.struck)]


def lines_in(array: Any) -> list[str]:
    """What to say of the columns and rows that were found so far in an array, or in one that it was made of."""
    while array is not None and not isinstance(array, Repaired):
        array = getattr(array, "array", None)
    return [f"warning: {array.lines.words}"] if array is not None and array.lines else []


def told(places: list[tuple[int, int]]) -> list[str]:
    """What to say of hot pixels at these places (y, x), sorted; nothing, if there are none."""
    if not places:
        return []
    several = len(places) > 1
    was = "each was" if several else "it was"
    return [
        f"{counted(places)}: the same in every frame, and narrower than the lens can make; {was} given the"
        " median of the pixels around it (`keep_hot_pixels` leaves them as they are)"
    ]


def counted(places: list[tuple[int, int]]) -> str:
    """``2 hot pixels (y, x: 3, 9; 7, 40)``"""
    shown = "; ".join(f"{y}, {x}" for y, x in places[:5]) + (" ..." if len(places) > 5 else "")
    return f"{len(places)} hot pixel{'s' * (len(places) > 1)} (y, x: {shown})"


def _second_beside(mean: np.ndarray) -> np.ndarray:
    """The second brightest of the four pixels beside each: all but one, which may be hot, too, are no brighter.

    A pixel at the border is beside itself, so that there this is the brightest of the others; in a corner, itself.
    """
    padded = np.pad(mean, 1, mode="edge")
    up, down, left, right = padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
    second = np.maximum(np.minimum(up, down), np.minimum(left, right))
    return np.maximum(second, np.minimum(np.maximum(up, down), np.maximum(left, right)))


def _around(mean: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The median of the eight pixels around each of some places."""
    padded = np.pad(mean, 1, mode="edge")
    y, x = places.T + 1
    return np.median([padded[y + dy, x + dx] for dy, dx in AROUND], axis=0)


def _in_every_frame(frames: np.ndarray, y: int, x: int) -> bool:
    """Whether the pixel is brighter than all its neighbours but for one, which may be hot, too."""
    rows, columns = zip(*_neighbours(y, x, frames.shape[1:]), strict=True)
    brighter = frames[:, list(rows), list(columns)] < frames[:, y, x][:, None]
    return bool(np.all(np.count_nonzero(brighter, axis=1) >= len(rows) - 1))


def _neighbours(y: int, x: int, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    near = ((y + dy, x + dx) for dy, dx in AROUND)
    return [(j, i) for j, i in near if 0 <= j < shape[0] and 0 <= i < shape[1]]
