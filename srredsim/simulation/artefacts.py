"""What programs and cameras do to raw frames before they are stored: their noise is not that of a camera any more.

Each function takes frames (..., y, x) and gives float32 frames back, one made of one, as it is done in practice; but
for `noise_free`, which nothing was done to, not even by a camera.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
from scipy import ndimage

from srredsim.optics.sampling import bin_pixels
from srredsim.simulation.sim import Sample, drawn

JPEG_QUALITY = 90  # percent


def noise_free(seed: int, *, index: int = 0, **asked) -> Sample:
    """The stack that `srredsim.simulation.sim.simulate_stack` makes of the same arguments, as expected: float32."""
    frames, truth, settings, _ = drawn(seed, index, asked)
    return Sample(frames * np.float32(settings.gain_adu) + np.float32(settings.offset_adu), truth, settings)


def zoomed(frames: np.ndarray, factor: int = 2) -> np.ndarray:
    """Resampled by cubic splines to `factor` times the pixels a side: pixels of that part of their size."""
    return _each(frames, lambda frame: ndimage.zoom(frame, factor, order=3, mode="reflect", grid_mode=True))


def zoomed_and_binned(frames: np.ndarray, factor: int = 2) -> np.ndarray:
    """Resampled as by `zoomed`, and squares of so many pixels a side averaged: pixels of the size that they had."""
    return bin_pixels(zoomed(frames, factor), factor)


def smoothed(frames: np.ndarray, sigma_pixels: float = 0.6) -> np.ndarray:
    """Blurred by a Gaussian of such a standard deviation."""
    return _each(frames, lambda frame: ndimage.gaussian_filter(frame, sigma_pixels))


def median_filtered(frames: np.ndarray, side: int = 3) -> np.ndarray:
    """The median of a square of so many pixels a side around each."""
    return _each(frames, lambda frame: ndimage.median_filter(frame, side))


def denoised(frames: np.ndarray, side: int = 5) -> np.ndarray:
    """What cameras and programs call denoising: a pixel keeps of its difference from those around what is not noise.

    A local Wiener filter: the variance in a square of so many pixels a side, less that of the noise, over all of it.
    The noise is taken to be the median of that variance over the frame.

    References
    ----------
    .. [1] J.-S. Lee, IEEE Trans. Pattern Anal. Mach. Intell. 2, 165 (1980).
    """

    def filtered(frame: np.ndarray) -> np.ndarray:
        mean = ndimage.uniform_filter(frame, side)
        variance = np.maximum(ndimage.uniform_filter(frame**2, side) - mean**2, 1e-6)
        kept = np.maximum(1 - np.median(variance) / variance, 0.0)
        return mean + kept * (frame - mean)

    return _each(frames, filtered)


def eight_bit(frames: np.ndarray, quality: int | None = JPEG_QUALITY) -> np.ndarray:
    """Stretched together to 256 grey levels, and compressed by JPEG of such a quality, with losses; None: without."""
    low, high = np.percentile(frames, [0.01, 99.99])
    grey = np.clip(np.rint((frames - low) / (high - low) * 255), 0, 255).astype(np.uint8)
    return _each(grey, lambda frame: frame if quality is None else _through_jpeg(frame, quality))


def _through_jpeg(frame: np.ndarray, quality: int) -> np.ndarray:
    from PIL import Image

    with BytesIO() as file:
        Image.fromarray(frame).save(file, format="JPEG", quality=quality)
        return np.asarray(Image.open(file))


def _each(frames: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Every frame changed by itself."""
    flat = frames.reshape(-1, *frames.shape[-2:])
    if flat.dtype != np.uint8:
        flat = flat.astype(np.float32)
    changed = np.stack([change(frame) for frame in flat]).astype(np.float32)
    return changed.reshape(*frames.shape[:-2], *changed.shape[1:])
