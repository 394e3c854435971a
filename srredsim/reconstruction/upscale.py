"""The widefield image on the output grid: what a microscope without patterns would show, the baseline of everything."""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

from srredsim.optics.borders import WORKERS
from srredsim.optics.sampling import SCALE


def widefield_of(frames: np.ndarray) -> np.ndarray:
    """Mean of frames (y, x, frames): (y, x), float32."""
    return np.mean(frames, axis=-1, dtype=np.float32)


def fourier_upscale(image: np.ndarray, scale: int = SCALE) -> np.ndarray:
    """(y, x) -> (scale*y, scale*x) by sinc interpolation, centre-aligned: no frequency is added or damped.

    The image goes on as its mirror image, so that no edge is wrapped round to the opposite side: it is a sum of
    cosines, each of which is as well known between the pixels.
    """
    shape = tuple(scale * n for n in image.shape)
    cosines = fft.dctn(image.astype(np.float32), norm="forward", workers=WORKERS, overwrite_x=True)
    return fft.idctn(cosines, s=shape, norm="forward", workers=WORKERS, overwrite_x=True)


def bicubic_upscale(image: np.ndarray, scale: int = SCALE) -> np.ndarray:
    """(y, x) -> (scale*y, scale*x) by cubic splines, centre-aligned, mirrored at the borders."""
    return ndimage.zoom(image.astype(np.float32), scale, order=3, mode="reflect", grid_mode=True)
