"""Exact tiling: every output pixel is computed with all the context that its network can see.

A network with 'same' padding pads at the border of what it is given. Tiles therefore overlap: each pixel that is kept
lies at least ``halo`` pixels (the network's receptive field) inside the window that was computed, except where the
image itself ends. Then the tiled result is the whole-image result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

Region = tuple[slice, slice]  # (y, x)


@dataclass(frozen=True)
class Tile:
    window: Region  # what the network is given, in the image
    kept: Region  # what is exact, in the window
    place: Region  # where that belongs, in the image


def tiles(shape: tuple[int, int], tile: int, halo: int, alignment: int = 1) -> list[Tile]:
    """Tiles whose places cover an image of a shape (y, x) without overlap.

    All windows have one size, at most ``tile + 2 * halo`` along each axis, and are spread evenly: no thin remainder,
    and a compiled network meets one shape only. For a network that works on every second pixel, an ``alignment`` of 2
    lets all windows begin at even pixels; windows then are up to 2 pixels larger, and the last may be smaller by 1.
    """
    return [
        Tile(*((y, x) for y, x in zip(rows, columns, strict=True)))
        for rows in spans(shape[0], tile, halo, alignment)
        for columns in spans(shape[1], tile, halo, alignment)
    ]


def spans(length: int, tile: int, halo: int, alignment: int = 1) -> list[tuple[slice, slice, slice]]:
    """Tiles along one axis, as (window, kept, place)."""
    if tile < 1 or halo < 0:
        raise ValueError(f"a tile has at least 1 pixel and its halo at least 0; got {tile} and {halo}")
    count = max(1, math.ceil((length - 2 * halo) / tile))
    if count == 1:
        return [(slice(0, length), slice(0, length), slice(0, length))]
    window = math.ceil((length + 2 * halo * (count - 1)) / count) + 2 * (alignment - 1)
    starts = [_rounded_up(i * (length - window) // (count - 1), alignment) for i in range(count)]
    middles = [(left + window + right) // 2 for left, right in pairwise(starts)]
    cuts = [0, *middles, length]
    return [
        (slice(start, min(start + window, length)), slice(begin - start, end - start), slice(begin, end))
        for start, (begin, end) in zip(starts, pairwise(cuts), strict=True)
    ]


def _rounded_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def magnified(region: Region, scale: int) -> Region:
    """The same region of an image with ``scale`` pixels for one."""
    rows, columns = (slice(part.start * scale, part.stop * scale) for part in region)
    return rows, columns
