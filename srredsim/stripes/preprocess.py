"""Raw frames made ready: background off, and all equally bright."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srredsim.errors import InputError, not_finite

SMALLEST_SIDE_PX = 4  # pixels of a side
BACKGROUND_PERCENT = 1.0  # percentile of the mean frame of an angle


@dataclass(frozen=True)
class Prepared:
    """Frames (angles, phases, y, x) float32, background 0, equally bright; and what was done to them."""

    frames: np.ndarray
    backgrounds: tuple[float, ...]  # one an angle, subtracted
    intensities: tuple[tuple[float, ...], ...]  # one a frame, mean 1, divided by


def prepare(raw: np.ndarray) -> Prepared:
    """Subtract a background from each angle, then divide each frame by its share of the light.

    The mean of a frame hardly depends on the phase of the pattern, so that frames of unequal mean were lit unequally
    or have bleached. Each angle has a background of its own: angles may have been stored with different offsets.

    Raises
    ------
    InputError
        If a value is not finite or a frame is no brighter than the background.
    """
    y, x = np.shape(raw)[-2:]
    if min(y, x) < SMALLEST_SIDE_PX:
        least = f"{SMALLEST_SIDE_PX} x {SMALLEST_SIDE_PX}"
        raise InputError(f"the frames are {y} x {x} pixels: no stripes fit in them; {least} is the least")
    frames = np.array(raw, np.float32)
    means = frames.mean(axis=1, dtype=np.float32)
    if not np.all(np.isfinite(means)):
        bad = frames.size - int(np.count_nonzero(np.isfinite(frames)))
        raise InputError(not_finite(bad))
    backgrounds = np.percentile(means, BACKGROUND_PERCENT, axis=(1, 2)).astype(np.float32)
    frames -= backgrounds[:, None, None, None]
    light = frames.mean(axis=(2, 3), dtype=np.float64)
    if not np.all(light > 0):
        raise InputError(
            "a frame is constant, darker than the background of its angle or of another field: there is nothing to"
            " reconstruct"
        )
    intensities = light / light.mean()
    frames /= intensities[:, :, None, None].astype(np.float32)
    return Prepared(frames, tuple(backgrounds.tolist()), tuple(tuple(row) for row in intensities.tolist()))
