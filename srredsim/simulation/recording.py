"""From expected light to what is in the file: the camera, and what programs do to its frames before they are stored."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from srredsim.optics.sampling import SCALE, bin_pixels
from srredsim.simulation import artefacts
from srredsim.simulation.camera import SATURATION_ADU
from srredsim.simulation.imperfections import Flaws
from srredsim.simulation.sensors import sensor
from srredsim.simulation.sim import Settings

COLOURS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "white": lambda frames, strength: frames,
    "zoomed": lambda frames, strength: artefacts.zoomed(frames, SCALE),
    "zoomed_and_binned": lambda frames, strength: artefacts.zoomed_and_binned(frames, SCALE),
    "smoothed": artefacts.smoothed,
    "median": lambda frames, strength: artefacts.median_filtered(frames),
    "denoised": lambda frames, strength: artefacts.denoised(frames),
    "eight_bit": lambda frames, strength: frames,
}
LAST: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {  # what is done after all else
    "eight_bit": lambda frames, strength: artefacts.eight_bit(frames, round(strength)),
    "noise_free": lambda frames, strength: frames * (SATURATION_ADU / frames.max()),  # rounding is no noise to speak of
}


def record(
    expected_e: np.ndarray, rng: np.random.Generator, settings: Settings, flaws: Flaws
) -> tuple[np.ndarray, float]:
    """Stored frames of expected ones, and counts of them per count of the camera.

    Parameters
    ----------
    expected_e : (angles, phases, y, x) ndarray
        Photo-electrons. Where frames are resampled and kept, a pixel of the camera counts the mean of two by two.

    Returns
    -------
    (angles, phases, y, x) ndarray of uint16, float
    """
    if flaws.colour == "zoomed":
        expected_e = bin_pixels(expected_e, SCALE)
    camera = {name: getattr(settings, name) for name in ("gain_adu", "offset_adu", "read_noise_e")}
    if flaws.colour == "noise_free":
        recorded = camera["gain_adu"] * expected_e + camera["offset_adu"]
    else:
        chip = sensor(rng, expected_e.shape[-2:], flaws.camera, flaws.hot_share, **camera)
        recorded = COLOURS[flaws.colour](chip.expose(expected_e, rng).astype(np.float32), flaws.strength)
    frames = np.maximum(recorded - np.float32(flaws.subtracted_adu), 0)
    frames = _stretched(frames, flaws.stretched_percent)
    if flaws.colour in LAST:
        frames = LAST[flaws.colour](frames, flaws.strength)
    frames = np.clip(np.rint(frames), 0, SATURATION_ADU).astype(np.uint16)
    changed = bool(flaws.stretched_percent) or flaws.colour in LAST
    return frames, slope(frames, recorded) if changed else 1.0


def slope(after: np.ndarray, before: np.ndarray) -> float:
    """Counts after per count before: least squares in each angle, and the mean of all."""
    each = [np.cov(new.ravel(), old.ravel()) for new, old in zip(after, before, strict=True)]
    return float(np.mean([both[0, 1] / both[1, 1] for both in each]))


def _stretched(frames: np.ndarray, percent: tuple[tuple[float, float], ...]) -> np.ndarray:
    """Each angle by itself: from one percentile to another over all of the range."""
    if not percent:
        return frames
    ends = [np.percentile(angle, both) for angle, both in zip(frames, percent, strict=True)]
    low, high = (np.array(end, np.float32)[:, None, None, None] for end in zip(*ends, strict=True))
    return np.clip((frames - low) / np.maximum(high - low, 1e-6), 0, 1) * SATURATION_ADU
