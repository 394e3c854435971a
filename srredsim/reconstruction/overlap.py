r"""Where two bands show the same frequencies of the object.

Band b of an angle is :math:`D_b(f) = c_b S(f - b k) H(f)` with :math:`c_b = \tfrac{m_b}{2} e^{i b \phi}`. Multiplied by
the transfer function of the other, both bands show the object alike,

.. math:: X(f) = D_0(f) H(f + b k) = S H H_b, \quad Y(f) = D_b(f + b k) H(f) = c_b S H H_b,

so that the product of the two images is :math:`c_b e^{2 \pi i b k r}` times a positive function: nothing in it moves
the peak of its Fourier transform away from :math:`b k`. Multiplying, instead of dividing by the transfer function,
gives each frequency the weight that its signal deserves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import fft

from srredsim.reconstruction.preprocess import WORKERS
from srredsim.reconstruction.transfer import Transfer

LOWEST = 0.12  # of the cut-off: below, out-of-focus light and what phase errors leave of other bands
BLOCK = 8  # raw pixels
REACH = 1.6  # of the cut-off: lags of up to 1.2 are sampled without folding


@dataclass(frozen=True)
class Bands:
    """Spectra (orders + 1, y, x) of the bands 0, +1, ... of one angle; the border fades to nothing."""

    spectra: np.ndarray
    transfer: Transfer

    @property
    def orders(self) -> int:
        return len(self.spectra) - 1

    @cached_property
    def frequencies_per_um(self) -> tuple[np.ndarray, np.ndarray]:
        return tuple(np.fft.fftfreq(n, self.transfer.pixel_size_um) for n in self.spectra.shape[1:])

    @cached_property
    def step_per_um(self) -> np.ndarray:
        """Frequency step (y, x) of the spectra."""
        return np.array([1.0 / (n * self.transfer.pixel_size_um) for n in self.spectra.shape[1:]])

    @cached_property
    def noise(self) -> float:
        """Mean power of the noise at one frequency of one band, from beyond the cut-off: nothing else is there."""
        fy, fx = self.frequencies_per_um
        beyond = np.hypot(fy[:, None], fx) > 1.03 * self.transfer.cutoff_per_um
        if np.count_nonzero(beyond) < 32:  # next to no pixel is finer than the lens: take the finest there are
            beyond = np.hypot(fy[:, None], fx) > 0.95 * np.hypot(fy.min(), fx.min())
        power = [np.median(np.abs(band[beyond]) ** 2) for band in self.spectra]
        return float(np.mean(power)) / np.log(2)  # median of an exponential distribution

    def fine_shape(self) -> tuple[int, int]:
        """A grid fine enough for the product of two bands."""
        ratio = max(1.0, REACH * 2 * self.transfer.pixel_size_um * self.transfer.cutoff_per_um)
        return tuple(fft.next_fast_len(int(np.ceil(ratio * n))) for n in self.spectra.shape[1:])

    def fine_image(self, spectrum: np.ndarray) -> np.ndarray:
        """Complex image of a spectrum, on the fine grid."""
        return fft.ifft2(widened(spectrum, self.fine_shape()), workers=WORKERS)

    @cached_property
    def _inside(self) -> np.ndarray:
        """1 between the lowest frequencies and the cut-off, otherwise 0."""
        fy, fx = self.frequencies_per_um
        relative = np.hypot(fy[:, None], fx) / self.transfer.cutoff_per_um
        return ((relative >= LOWEST) & (relative < 1.0)).astype(np.float32)

    def filter(self, shift_per_um=(0.0, 0.0)) -> np.ndarray:
        """H(f - shift) inside the cut-off, 0 near its own middle and near that of the unshifted one."""
        y, x = (f - shift for f, shift in zip(self.frequencies_per_um, shift_per_um, strict=True))
        weight = self.transfer(y, x) * self._inside
        low = LOWEST * self.transfer.cutoff_per_um
        rows, columns = np.flatnonzero(np.abs(y) < low), np.flatnonzero(np.abs(x) < low)
        weight[np.ix_(rows, columns)] *= np.hypot(y[rows, None], x[columns]) >= low
        return weight


def image(spectrum: np.ndarray) -> np.ndarray:
    """Complex image of a spectrum on its own grid.

    That is fine enough to compare two bands at one lag: their overlap, moved by the lag, stays below the cut-off.
    """
    return fft.ifft2(spectrum, workers=WORKERS)


def widened(spectrum: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The spectrum of the same image on a finer grid of the same extent; sample 0 stays where it is."""
    wide = np.zeros(shape, spectrum.dtype)
    y, x = spectrum.shape
    top, left = (y + 1) // 2, (x + 1) // 2
    wide[:top, :left] = spectrum[:top, :left]
    wide[:top, left - x :] = spectrum[:top, left:]
    wide[top - y :, :left] = spectrum[top:, :left]
    wide[top - y :, left - x :] = spectrum[top:, left:]
    return wide


def wave(shape: tuple[int, int], lag) -> np.ndarray:
    """``exp(2 pi i lag r)``, complex64; lag (y, x) in cycles per extent of the field."""
    rows, columns = (np.exp(2j * np.pi * f * np.arange(n) / n) for f, n in zip(lag, shape, strict=True))
    return rows.astype(np.complex64)[:, None] * columns.astype(np.complex64)


def transformed(image: np.ndarray, lags_y: np.ndarray, lags_x: np.ndarray) -> np.ndarray:
    """Fourier transform (ny, nx) of an image at any lags, in cycles per extent of the image."""
    rows, columns = (
        np.exp(-2j * np.pi * np.outer(lags, np.arange(n) / n)).astype(np.complex64)
        for lags, n in zip((lags_y, lags_x), image.shape, strict=True)
    )
    return rows @ image @ columns.T


@dataclass(frozen=True)
class Overlap:
    """The two images of one order, ready to be compared at lags near the one that they were made for."""

    product: np.ndarray  # Y times X*, on the fine grid
    power: float  # sum of |X|^2
    noise_power: float  # what noise contributes to it

    def scatter(self, lag: np.ndarray) -> float:
        """Mean |transform|^2 of the product at lags around, where the bands have nothing in common."""
        offsets = np.array([-9.5, -7.5, -5.5, -3.5, 3.5, 5.5, 7.5, 9.5])
        power = np.abs(transformed(self.product, lag[0] + offsets, lag[1] + offsets)) ** 2
        return float(np.median(power)) / np.log(2)

    def near(self, lag: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The product in blocks, a small image, for lags close to one: its wave is taken off.

        With it comes the extent (y, x) of the blocks in that of the product, as some lie beyond its end.
        """
        home = self.product * wave(self.product.shape, -lag)
        rows, columns = (-(-n // BLOCK) for n in home.shape)
        padded = np.zeros((rows * BLOCK, columns * BLOCK), np.complex64)
        padded[: home.shape[0], : home.shape[1]] = home
        return padded.reshape(rows, BLOCK, columns, BLOCK).sum(axis=(1, 3)), np.divide(padded.shape, home.shape)

    def contrast(self, lag: np.ndarray) -> tuple[complex, float]:
        """``m / 2 exp(i phi)`` of the order at a lag, and the standard deviation of each of its two parts.

        What noise contributes to the power of X is taken off, so that dim stripes do not look dimmer than they are.
        """
        power = max(self.power - self.noise_power, 0.02 * self.power)
        common = complex(transformed(self.product, lag[:1], lag[1:])[0, 0])
        return common / power, float(np.sqrt(self.scatter(lag) / 2) / power)


def overlap(bands: Bands, order: int, k0_per_um, noise: float) -> Overlap:
    """Compare band `order` with band 0 as if the stripes had the first-order vector `k0_per_um`."""
    shift = order * np.asarray(k0_per_um)
    for_x, for_y = bands.filter(-shift), bands.filter(shift)
    x = image(bands.spectra[0] * for_x)
    y = image(bands.spectra[order] * for_y)
    power = float(np.sum(np.abs(x) ** 2, dtype=np.float64))
    noise_power = noise * float(np.sum(for_x**2, dtype=np.float64)) / x.size
    return Overlap(y * x.conj(), power, noise_power)
