"""The widefield image on the output grid: what a microscope without patterns would show, the baseline of everything."""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

from srredsim.optics.sampling import SCALE


def widefield_of(frames: np.ndarray) -> np.ndarray:
    """Mean of frames (y, x, frames): (y, x), float32."""
    return np.mean(frames, axis=-1, dtype=np.float32)


def fourier_upscale(image: np.ndarray, scale: int = SCALE) -> np.ndarray:
    """(y, x) -> (scale*y, scale*x) by sinc interpolation, centre-aligned: no frequency is added or damped.

    The image is mirrored at its borders, so that no edge is wrapped round to the opposite side.
    """
    y, x = image.shape
    mirrored = np.pad(image.astype(np.float32), ((0, y), (0, x)), mode="symmetric")
    spectrum = fft.fft2(mirrored)
    rows, columns = (scale * n for n in spectrum.shape)
    padded = np.zeros((rows, columns), np.complex64)
    fy, fx = (np.fft.fftfreq(n, 1.0 / n).astype(int) for n in spectrum.shape)
    padded[np.ix_(fy, fx)] = spectrum * _inside(fy, y)[:, None] * _inside(fx, x)
    # output pixel j lies at raw position (j + 0.5) / scale - 0.5
    shift = 0.5 / scale - 0.5
    padded *= np.exp(2j * np.pi * shift * np.fft.fftfreq(rows, 1.0 / rows) / (2 * y)).astype(np.complex64)[:, None]
    padded *= np.exp(2j * np.pi * shift * np.fft.fftfreq(columns, 1.0 / columns) / (2 * x)).astype(np.complex64)
    return fft.ifft2(padded).real[: scale * y, : scale * x] * np.float32(scale**2)


def bicubic_upscale(image: np.ndarray, scale: int = SCALE) -> np.ndarray:
    """(y, x) -> (scale*y, scale*x) by cubic splines, centre-aligned, mirrored at the borders."""
    return ndimage.zoom(image.astype(np.float32), scale, order=3, mode="reflect", grid_mode=True)


def _inside(frequencies: np.ndarray, nyquist: int) -> np.ndarray:
    """1 below the Nyquist frequency, 0 at it: its sign is unknown."""
    return (np.abs(frequencies) < nyquist).astype(np.float32)
