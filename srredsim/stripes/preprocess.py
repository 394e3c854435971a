"""Raw frames made ready: background off, and all equally bright."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from srredsim.errors import InputError, not_finite
from srredsim.noise.spectrum import NoiseSpectrum
from srredsim.optics.transfer import Transfer
from srredsim.stripes.background import Brightness, backgrounds_of

SMALLEST_SIDE_PX = 4  # pixels of a side


@dataclass(frozen=True)
class Prepared:
    """Frames (angles, phases, y, x) float32, background 0, equally bright; and what was done to them."""

    frames: np.ndarray
    backgrounds: tuple[float, ...]  # one an angle, subtracted
    intensities: tuple[tuple[float, ...], ...]  # one a frame, mean 1, divided by
    start: tuple[int, int] = (0, 0)  # pixel (y, x) of the raw frames, where they are a part of the field
    noise: NoiseSpectrum | None = None  # as it was stored, where it was made white


@dataclass(frozen=True)
class Levels:
    """What is done to frames (angles, phases, y, x), as of `Prepared`."""

    backgrounds: tuple[float, ...]
    intensities: tuple[tuple[float, ...], ...]

    def prepared(self, raw: np.ndarray) -> Prepared:
        """The frames, or a part of their field."""
        frames = np.array(raw, np.float32)
        frames -= np.array(self.backgrounds, np.float32)[:, None, None, None]
        frames /= np.array(self.intensities)[:, :, None, None].astype(np.float32)
        return Prepared(frames, self.backgrounds, self.intensities)


def prepare(raw: np.ndarray, side: int | None = None, noise: NoiseSpectrum | None = None) -> Prepared:
    """Subtract a background from each angle, then divide each frame by its share of the light.

    The mean of a frame hardly depends on the phase of the pattern, so that frames of unequal mean were lit unequally
    or have bleached. Each angle has a background of its own: angles may have been stored with different offsets. Of a
    field that is larger, only the middle is prepared, ``side`` pixels along y and x at most. ``noise`` is noted.

    Raises
    ------
    InputError
        If a value is not finite or a frame is no brighter than the background.
    """
    y, x = np.shape(raw)[-2:]
    if min(y, x) < SMALLEST_SIDE_PX:
        least = f"{SMALLEST_SIDE_PX} x {SMALLEST_SIDE_PX}"
        raise InputError(f"the frames are {y} x {x} pixels: no stripes fit in them; {least} is the least")
    levels = levels_of(raw)
    if side is None:
        return replace(levels.prepared(raw), noise=noise)
    start = max(0, (y - side) // 2), max(0, (x - side) // 2)
    part = raw[:, :, start[0] : start[0] + side, start[1] : start[1] + side]
    return replace(levels.prepared(part), start=start, noise=noise)


def levels_of(raw: np.ndarray) -> Levels:
    """Background of each angle, and share of the light of each frame; InputError as of `prepare`."""
    angles = []
    for angle in raw:
        frames = np.array(angle, np.float32)  # one angle at a time: all are much in a large field
        if not np.all(np.isfinite(frames)):
            raise InputError(not_finite(sum(int(np.sum(~np.isfinite(np.array(each, np.float32)))) for each in raw)))
        angles.append(Brightness.of(frames))
    backgrounds = backgrounds_of(angles)
    light = [each.means - background for each, background in zip(angles, backgrounds, strict=True)]
    if len(dark := np.argwhere(~(np.array(light) > 0))):
        (angle, phase), more = dark[0] + 1, f" (and {len(dark) - 1} more)" if len(dark) > 1 else ""
        raise InputError(
            f"the frame of angle {angle}, phase {phase}{more} is constant, darker than the background of its angle, or"
            " of another field: there is nothing to reconstruct"
        )
    intensities = np.array(light) / np.mean(light)
    return Levels(tuple(backgrounds), tuple(tuple(row) for row in intensities.tolist()))


def middle(prepared: Prepared, transfer: Transfer, side: int) -> tuple[Prepared, np.ndarray]:
    """The middle of a large field, at most so many raw pixels a side, and where (y, x) it begins, in um."""
    starts = [max(0, (n - side) // 2) for n in prepared.frames.shape[2:]]
    corner_um = np.add(prepared.start, starts) * transfer.pixel_size_um
    if not any(starts):
        return prepared, corner_um
    part = tuple(slice(start, start + side) for start in starts)
    frames = np.ascontiguousarray(prepared.frames[:, :, *part])
    return replace(prepared, frames=frames), corner_um
