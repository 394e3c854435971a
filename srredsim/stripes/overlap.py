r"""Where two bands show the same frequencies of the object.

Band b of an angle is :math:`D_b(f) = c_b S(f - b k) H(f)` with :math:`c_b = \tfrac{m_b}{2} e^{i b \phi}`. Moved
home and multiplied by the transfer function of the other, both bands show the object alike,

.. math:: X(f) = D_0(f) H(f + b k) = S H H_b, \quad Y(f) = D_b(f + b k) H(f) = c_b S H H_b,

so that the product of their images is :math:`c_b e^{2 \pi i q r}` times a positive function if the stripes have the
vector :math:`b k + q`: nothing in it moves the peak of its Fourier transform away from q.

Each frequency has the weight that the difference :math:`Y - c_b X` and the signal deserve,

.. math:: w = \frac{R}{N (H^2 + |c_b|^2 H_b^2) + (\epsilon |c_b| H H_b)^2 \Phi}, \quad R = \frac{H^2 \Phi}{H^2 \Phi + N}

with the power N of the noise, that of the object, :math:`\Phi`, and a share :math:`\epsilon` of it that no transfer
function explains.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import fft, ndimage

from srredsim.errors import InputError
from srredsim.optics.transfer import Transfer
from srredsim.stripes.preprocess import WORKERS

LOWEST = 0.12  # of the cut-off: below, out-of-focus light and what phase errors leave of other bands
BLOCKS = 64  # along an axis, at least, that a product is summed in before it is compared at lags close to one
REACH = 1.6  # of the cut-off: lags of up to 1.2 are sampled without folding
SMOOTH = 15  # frequency steps over which the power of the object is averaged
UNEXPLAINED = 0.1  # epsilon
INNER = 16  # raw pixels over which the product of two bands is dark at its border, and as many in which it brightens
TINY = np.float32(1e-30)
FIRST_CONTRAST = 0.2  # |c| that the weights begin with
DAMPING_SPREAD = 0.25  # of the logarithm of the OTF's damping about the one assumed, standard deviation


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

    @cached_property
    def images(self) -> np.ndarray:
        """Complex images (orders + 1, y, x) of the bands."""
        return np.stack([image(spectrum) for spectrum in self.spectra])

    @cached_property
    def power(self) -> np.ndarray:
        """What the object contributes to the power of band 0, averaged over neighbouring frequencies."""
        smooth = ndimage.uniform_filter(np.abs(self.spectra[0]) ** 2, SMOOTH, mode="wrap")
        return np.maximum(smooth - np.float32(self.noise), 0.0)

    def fine_shape(self) -> tuple[int, int]:
        """A grid fine enough for the product of two bands."""
        ratio = max(1.0, REACH * 2 * self.transfer.pixel_size_um * self.transfer.cutoff_per_um)
        return tuple(fft.next_fast_len(int(np.ceil(ratio * n))) for n in self.spectra.shape[1:])

    def fine_image(self, spectrum: np.ndarray) -> np.ndarray:
        """Complex image of a spectrum, on the fine grid."""
        return fft.ifft2(widened(spectrum, self.fine_shape()), workers=WORKERS)

    def filter(self) -> np.ndarray:
        """H between the lowest frequencies and the cut-off, otherwise 0."""
        fy, fx = self.frequencies_per_um
        relative = np.hypot(fy[:, None], fx) / self.transfer.cutoff_per_um
        return self.transfer(fy, fx) * ((relative >= LOWEST) & (relative < 1.0))


def image(spectrum: np.ndarray) -> np.ndarray:
    """Complex image of a spectrum on its own grid."""
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


def in_blocks(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A small image that has the same Fourier transform at low frequencies, and its extent (y, x) in that of the image.

    What is left over at the end, where the image is dark, is not in it.
    """
    sides = [max(1, n // BLOCKS) for n in image.shape]
    rows, columns = (n // side for n, side in zip(image.shape, sides, strict=True))
    kept = image[: rows * sides[0], : columns * sides[1]]
    small = kept.reshape(rows, sides[0], columns, sides[1]).sum(axis=(1, 3))
    return small, np.divide(kept.shape, image.shape)


@dataclass(frozen=True)
class Overlap:
    """The frequencies that band 0 and one other band have in common, moved home as if the stripes had a certain k.

    Values are one a frequency; ``x`` and ``y`` have a row for each band 0, +1, -1, ... at f and at f + b k, or one row
    only: that of band 0 and that of band b.
    """

    order: int
    pixels: tuple[int, int]  # of the bands
    inside: np.ndarray  # where these frequencies lie in the rectangle around them
    x: np.ndarray
    y: np.ndarray
    h: np.ndarray  # H(f)
    h_other: np.ndarray  # H(f + b k)
    further: np.ndarray  # |f + b k| - |f|, as a share of the cut-off
    power: np.ndarray  # of the object in band 0
    noise: float

    @property
    def seen(self) -> np.ndarray:
        """Band b at f + b k."""
        return self.y[2 * self.order - 1 if len(self.y) > 1 else 0]

    @cached_property
    def trust(self) -> np.ndarray:
        """Share of the object in the power of band 0."""
        return self.power / (self.power + np.float32(self.noise) + TINY)

    @cached_property
    def weights(self) -> np.ndarray:
        contrast = FIRST_CONTRAST
        for _ in range(2):
            weights = self._weights(contrast)
            contrast = min(max(abs(self._sums(weights, 0.0)[0]), 0.01), 1.0)
        return self._weights(contrast)

    def _weights(self, contrast: float) -> np.ndarray:
        noise = self.noise * (self.h**2 + (contrast * self.h_other) ** 2)
        unexplained = (UNEXPLAINED * contrast * self.h_other) ** 2 * self.power
        return self.trust / (noise + unexplained + TINY)

    def _sums(self, weights: np.ndarray, log_damping: float) -> tuple[complex, float, complex, float]:
        """c, the power of X that it was divided by, and how X times `further` correlates with Y - c X and itself.

        What noise contributes to the power of X is taken off, so that dim stripes do not look dimmer than they are.
        """
        other = self.h_other * np.exp(np.float32(log_damping) * self.further)
        common = weights * self.h * other * self.seen * self.x[0].conj()
        whole = weights * other**2 * np.abs(self.x[0]) ** 2
        power = whole - weights * other**2 * np.float32(self.noise)
        total = max(float(np.sum(power, dtype=float)), 0.02 * float(np.sum(whole, dtype=float)))
        c = complex(np.sum(common, dtype=complex)) / total
        moment = complex(np.sum(common * self.further, dtype=complex)) - c * float(np.sum(power * self.further))
        return c, total, moment, float(np.sum(power * self.further**2))

    def damping(self, log_damping: float) -> tuple[float, float]:
        """By how much the logarithm of the damping is still off, times its information, and this information."""
        c, _, moment, spread = self._sums(self.weights, log_damping)
        return float((np.conj(c) * moment).real), abs(c) ** 2 * max(spread, 0.0)

    def contrast(self, log_damping: float = 0.0) -> tuple[complex, float]:
        """``m / 2 exp(i phi)`` of the order, and the standard deviation of each of its two parts."""
        c, total, _, _ = self._sums(self.weights, log_damping)
        return c, float(np.sqrt(self.scatter / 2)) / total

    @cached_property
    def product(self) -> tuple[np.ndarray, np.ndarray]:
        """Y times X*, a small image for lags close to none, and its extent.

        Its border is dark: where bands fade they have been filtered differently, which would move the peak outwards.
        """
        rows, columns = self.inside.shape
        x, y = np.zeros((2, fft.next_fast_len(rows), fft.next_fast_len(columns)), np.complex64)
        root = np.sqrt(self.weights)
        x[:rows, :columns][self.inside] = self.x[0] * (root * self.h_other)
        y[:rows, :columns][self.inside] = self.seen * (root * self.h)
        product = image(y) * image(x).conj()
        borders = [_dark_border(n, pixels) for n, pixels in zip(x.shape, self.pixels, strict=True)]
        product *= borders[0][:, None] * (borders[1] * np.float32(x.size))
        return in_blocks(product)

    def at(self, lags_y: np.ndarray, lags_x: np.ndarray) -> np.ndarray:
        """|transform|^2 of the product at lags close to none."""
        product, extent = self.product
        return np.abs(transformed(product, lags_y * extent[0], lags_x * extent[1])) ** 2

    @cached_property
    def scatter(self) -> float:
        """Mean |transform|^2 of the product at lags around, where the bands have nothing in common."""
        offsets = np.array([-9.5, -7.5, -5.5, -3.5, 3.5, 5.5, 7.5, 9.5])
        return float(np.median(self.at(offsets, offsets))) / np.log(2)


def overlap(bands: Bands, order: int, k0_per_um, every: bool = False) -> Overlap:
    """Compare band `order` with band 0 as if the stripes had the first-order vector `k0_per_um`.

    With ``every``, all other bands are there too: what they leave in these two when phases are wrong can be told.

    Raises
    ------
    InputError
        If the two bands have no frequencies in common.
    """
    k = order * np.asarray(k0_per_um)
    cutoff, transfer, shape = bands.transfer.cutoff_per_um, bands.transfer, bands.spectra.shape[1:]
    at = [_within(n, step, cutoff, along) for n, step, along in zip(shape, bands.step_per_um, k, strict=True)]
    fy, fx = (index * step for index, step in zip(at, bands.step_per_um, strict=True))
    here, there = (np.hypot(fy[:, None] + y, fx + x) / cutoff for y, x in ((0.0, 0.0), k))
    inside = (np.maximum(here, there) < 1.0) & (np.minimum(here, there) >= LOWEST)
    if not inside.any():
        raise InputError(
            f"stripes of {np.hypot(*k):.4g} cycles/um are too fine for a cut-off of {cutoff:.4g} cycles/um: the bands"
            " have no frequencies in common; check k, --na and --wavelength-em-um"
        )
    grid, mirrored = np.ix_(*at), np.ix_(*(-index for index in at))
    home = wave(shape, -k / bands.step_per_um)
    x, y = [bands.spectra[0][grid][inside]], []
    for number in range(bands.orders + 1) if every else [order]:
        moved = bands.images[number] * home
        y.append(fft.fft2(moved, workers=WORKERS)[grid][inside])
        if every and number:
            x += [bands.spectra[number][grid][inside], bands.spectra[number][mirrored][inside].conj()]
            y.append(fft.fft2(bands.images[number].conj() * home, workers=WORKERS)[grid][inside])
    return Overlap(
        order,
        shape,
        inside,
        np.stack(x),
        np.stack(y),
        transfer(fy, fx)[inside],
        transfer(fy + k[0], fx + k[1])[inside],
        (there - here)[inside].astype(np.float32),
        bands.power[grid][inside],
        bands.noise,
    )


def _within(pixels: int, step: float, cutoff: float, k: float) -> np.ndarray:
    """Indices of the frequencies f for which |f| and |f + k| can both lie below the cut-off."""
    low, high = np.array([max(-cutoff, -cutoff - k), min(cutoff, cutoff - k)]) / step
    most = (pixels - 1) // 2
    return np.arange(max(int(np.ceil(low)), -most), min(int(np.floor(high)), most) + 1)


def _dark_border(samples: int, pixels: int) -> np.ndarray:
    """A window for an image of so many samples that spans so many raw pixels."""
    border = min(INNER, pixels // 8)
    position = (np.arange(samples) + 0.5) * pixels / samples
    inwards = np.minimum(position, pixels - position) / border
    return np.sin(np.pi / 2 * np.clip(inwards - 1, 0, 1)).astype(np.float32) ** 2


def damping_of(overlaps: list[Overlap]) -> float:
    """Logarithm of the OTF's damping over the one assumed, from all angles and orders.

    The object drops out of the ratio of two bands, and what is left is the shape of the transfer function. Where
    frames say little, it stays with the one assumed.
    """
    found = 0.0
    for _ in range(3):
        towards, certain = np.sum([item.damping(found) for item in overlaps], axis=0)
        found = float(np.clip((towards + found * certain) / (certain + DAMPING_SPREAD**-2), -1.0, 1.0))
    return found
