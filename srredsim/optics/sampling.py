"""The two grids, raw and super-resolved, and the way from one to the other.

Output pixels are centre-aligned with the raw grid: raw pixel ``i`` covers the output pixels ``2i`` and ``2i + 1``, so
its centre lies at ``2i + 0.5`` in output pixels. Everything that changes the grid keeps to that.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

SCALE = 2  # output pixels per raw pixel


def frequencies_per_um(shape: tuple[int, int], pixel_size_um: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies (fy, fx) of a 2-D FFT in cycles/um, shaped to broadcast: (y, 1) and (1, x)."""
    fy, fx = (np.fft.fftfreq(n, pixel_size_um) for n in shape)
    return fy[:, None], fx[None, :]


def radial_frequency_per_um(shape: tuple[int, int], pixel_size_um: float) -> np.ndarray:
    """Length of the frequency vector at every point of a 2-D FFT, in cycles/um."""
    fy, fx = frequencies_per_um(shape, pixel_size_um)
    return np.hypot(fy, fx)


def output_positions_um(pixels: int, pixel_size_um: float, first_raw_pixel: int = 0) -> np.ndarray:
    """Where output pixels lie along one axis, in um from the centre of raw pixel ``first_raw_pixel``."""
    return ((np.arange(pixels) - 0.5) / SCALE - first_raw_pixel) * pixel_size_um


def pixel_transfer(cycles_per_pixel):
    r"""What a pixel leaves of a wave along one axis, about the centre of the pixel.

    .. math:: P(u) = \int_{-1/2}^{1/2} e^{2 \pi i u x} \, dx = \frac{\sin \pi u}{\pi u}

    A pixel is a square that counts all light that falls on it. Simulated frames (`recorded_spectrum`), the
    reconstruction and the comparison with the frames have this one and no other.

    Parameters
    ----------
    cycles_per_pixel : array_like
        Frequency u along the axis, in cycles per raw pixel.
    """
    return np.sinc(cycles_per_pixel)


def bin_pixels(image: np.ndarray, factor: int = SCALE) -> np.ndarray:
    """Mean of every ``factor`` x ``factor`` block of the last two axes."""
    *leading, y, x = image.shape
    return image.reshape(*leading, y // factor, factor, x // factor, factor).mean(axis=(-3, -1))


def recorded_spectrum(spectrum: np.ndarray) -> np.ndarray:
    """Spectrum (y, x) of what raw pixels count, from that (2y, 2x) of an image band-limited to the raw grid.

    Each pixel counts the mean of the image over its square: the spectrum times `pixel_transfer`, seen from the centre
    of the pixel, which lies between two output pixels. Exact, as the wave of each frequency is integrated and not
    sampled; keeping every second sample keeps the low frequencies, and the raw grid carries no others.
    """
    for axis in (0, 1):
        n = spectrum.shape[axis] // SCALE
        keep = np.fft.fftfreq(n, 1.0 / n).astype(int)
        cycles_per_pixel = keep / n
        to_centre = np.exp(1j * np.pi * cycles_per_pixel * (SCALE - 1) / SCALE)
        transfer = (pixel_transfer(cycles_per_pixel) * to_centre / SCALE).astype(np.complex64)
        spectrum = np.take(spectrum, keep, axis=axis) * (transfer[:, None] if axis == 0 else transfer)
    return spectrum


def halve_band_limited(image: np.ndarray) -> np.ndarray:
    """(2y, 2x) -> (y, x): drops the frequencies that the coarser grid cannot carry, and keeps the centres aligned.

    Unlike `bin_pixels` it neither damps what remains nor folds the rest back. The mean stays the same.
    """
    rows, columns = (n // 2 for n in image.shape)
    fy = np.fft.fftfreq(rows, 1.0 / rows).astype(int)
    fx = np.arange(columns // 2 + 1)
    half_pixel = np.exp(0.5j * np.pi * fy / rows)[:, None] * np.exp(0.5j * np.pi * fx / columns)
    half_pixel[2 * np.abs(fy) == rows] = 0.0
    half_pixel[:, 2 * fx == columns] = 0.0
    spectrum = fft.rfft2(image)[fy][:, fx] * (half_pixel / 4.0).astype(np.complex64)
    return fft.irfft2(spectrum, s=(rows, columns))
