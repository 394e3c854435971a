"""The bands of frames under one pattern, separated from each other: what everything about stripes is measured in."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import fft, ndimage

from srredsim.cached import cached_property
from srredsim.optics import bands as optics_bands
from srredsim.optics.borders import WIDE_FADE, WORKERS, faded_spectrum
from srredsim.optics.transfer import Transfer

LOWEST = 0.12  # fraction of the cut-off: below, out-of-focus light and what phase errors leave of other bands
BLOCKS = 64  # along an axis, at least, that a product is summed in before it is compared at lags close to one
BEYOND, JUST_BEYOND, FAR_BEYOND = 1.03, 1.25, 1.4  # times the cut-off
FEWEST_FREQUENCIES = 32  # frequencies that noise is measured in
UNEVEN, CERTAIN = 0.3, 6.0  # share by which a mean is above that of white noise, and standard deviations to be sure
REACH = 1.6  # times the cut-off: lags of up to 1.2 are sampled without folding
SMOOTH = 15  # frequency steps over which the power of the object is averaged


@dataclass(frozen=True)
class Bands:
    """Spectra (orders + 1, y, x) of the bands 0, +1, ... of one angle; the border fades to nothing.

    Of all angles that light the frames at once, it is those of each, one angle after the other; `of_angle` has one.
    ``covariance`` (2 orders + 1, 2 orders + 1) is that of the noise of the bands 0, +1, -1, ... at one frequency, in
    units of `noise`: each has its own where the phases are even, else they have some in common. Left out: even.
    """

    spectra: np.ndarray
    transfer: Transfer
    covariance: np.ndarray | None = None

    @property
    def orders(self) -> int:
        return len(self.spectra) - 1

    def of_angle(self, number: int, angles: int) -> Bands:
        """Those of one of several angles: band 0, which all share, and its own."""
        if angles == 1:
            return self
        orders = self.orders // angles
        own = [0, *range(1 + number * orders, 1 + (number + 1) * orders)]
        both = [0, *range(1 + 2 * number * orders, 1 + 2 * (number + 1) * orders)]
        covariance = None if self.covariance is None else _in_units(self.covariance[np.ix_(both, both)])
        return Bands(self.spectra[own], self.transfer, covariance)

    @cached_property
    def frequencies_per_um(self) -> tuple[np.ndarray, np.ndarray]:
        return tuple(np.fft.fftfreq(n, self.transfer.pixel_size_um) for n in self.spectra.shape[1:])

    @cached_property
    def step_per_um(self) -> np.ndarray:
        """Frequency step (y, x) of the spectra."""
        return np.array([1.0 / (n * self.transfer.pixel_size_um) for n in self.spectra.shape[1:]])

    @cached_property
    def noise(self) -> float:
        """Mean power of the noise at one frequency of one band, from beyond the cut-off: nothing else is there.

        Where it is uneven far beyond, as of frames that were enlarged, from just beyond.
        """
        fy, fx = (f / self.transfer.cutoff_per_um for f in self.frequencies_per_um)
        square = (fy * fy)[:, None] + fx * fx
        beyond = square > BEYOND**2
        if np.count_nonzero(beyond) < FEWEST_FREQUENCIES:  # next to none is finer than the lens: take the finest
            beyond = square > 0.95**2 * (fy.min() ** 2 + fx.min() ** 2)
        far = square > FAR_BEYOND**2
        if np.count_nonzero(far) >= FEWEST_FREQUENCIES and self._uneven(far):
            near = beyond & (square < JUST_BEYOND**2)
            if np.count_nonzero(near) >= FEWEST_FREQUENCIES:
                return float(np.mean([np.mean(_power(band[near]), dtype=float) for band in self.spectra]))
        power = [np.median(_power(band[beyond]), overwrite_input=True) for band in self.spectra]
        return float(np.mean(power)) / np.log(2)  # median of an exponential distribution

    def _uneven(self, where: np.ndarray) -> bool:
        """Whether the power of band 0 is surely not the same on average at some frequencies: its mean is too high."""
        power = _power(self.spectra[0][where])
        usual = float(np.median(power)) / np.log(2)
        return float(power.mean(dtype=float)) > usual * (1 + UNEVEN + CERTAIN / np.sqrt(power.size))

    @cached_property
    def images(self) -> np.ndarray:
        """Complex images (orders + 1, y, x) of the bands."""
        return np.stack([image(spectrum) for spectrum in self.spectra])

    @cached_property
    def power(self) -> np.ndarray:
        """What the object contributes to the power of band 0, averaged over neighbouring frequencies."""
        smooth = ndimage.uniform_filter(_power(self.spectra[0]), SMOOTH, mode="wrap")
        smooth -= np.float32(self.noise)
        return np.maximum(smooth, 0.0, out=smooth)

    def moved(self, order: int, k_per_um) -> np.ndarray:
        """Spectrum of a band that has such a vector, moved home; that of the latest vector is remembered."""
        key = tuple(np.asarray(k_per_um, float).tolist())
        if order not in self._moved or self._moved[order][0] != key:
            lag = -np.asarray(k_per_um) / self.step_per_um
            self._moved[order] = key, fft.fft2(shifted(self.images[order], lag), workers=WORKERS, overwrite_x=True)
        return self._moved[order][1]

    @cached_property
    def _moved(self) -> dict[int, tuple[tuple, np.ndarray]]:
        return {}

    def forget(self) -> None:
        """Leave only the spectra: what was made of them takes as much memory again, and can be made again."""
        for name in ("images", "power", "_moved"):
            self.__dict__.pop(name, None)

    def through(self, lens: Transfer) -> Bands:
        """The same through a lens of the same cut-off; nothing that is known already is computed again."""
        other = replace(self, transfer=lens)
        other.__dict__.update({name: self.__dict__[name] for name in OF_THE_CUTOFF if name in self.__dict__})
        return other

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


OF_THE_CUTOFF = ("frequencies_per_um", "step_per_um", "noise", "images", "power", "_moved")  # and of no more of a lens


def _power(spectrum: np.ndarray) -> np.ndarray:
    power = spectrum.real * spectrum.real
    power += spectrum.imag * spectrum.imag
    return power


def separated(frames: np.ndarray, steps_rad, orders: int, transfer: Transfer, fade: int = WIDE_FADE) -> Bands:
    """Bands of the frames (phases, y, x) of one angle, as phases of such steps have mixed them; borders fade."""
    return separated_waves(frames, optics_bands.harmonics(steps_rad, orders), transfer, fade)


def separated_waves(frames: np.ndarray, waves_rad: np.ndarray, transfer: Transfer, fade: int = WIDE_FADE) -> Bands:
    """The same of waves with phases (phases, waves) of their own."""
    bands = optics_bands.separate_waves(frames, waves_rad)
    spectra = np.stack([faded_spectrum(band, fade) for band in bands])
    return Bands(spectra, transfer, _covariance(waves_rad))


def _covariance(waves_rad: np.ndarray) -> np.ndarray:
    """Covariance of the noise of all bands, in units of the mean of those in `Bands`; rounded: none if even."""
    rows = optics_bands.separated_waves(waves_rad)
    return _in_units(rows @ rows.conj().T)


def _in_units(covariance: np.ndarray) -> np.ndarray:
    kept = np.diag(covariance).real[[0, *range(1, len(covariance), 2)]]
    return np.round(covariance / kept.mean(), 12)


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


def shifted(image: np.ndarray, lag) -> np.ndarray:
    """The image times `wave`."""
    rows, columns = (np.exp(2j * np.pi * f * np.arange(n) / n) for f, n in zip(lag, image.shape, strict=True))
    result = image * columns.astype(np.complex64)
    result *= rows.astype(np.complex64)[:, None]
    return result


def spectrum_at(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Spectrum of an image, which is used up, at some of its frequencies."""
    tall = fft.fft(image, axis=1, workers=WORKERS, overwrite_x=True)[:, columns]
    return fft.fft(tall, axis=0, workers=WORKERS, overwrite_x=True)[rows]


def transformed(image: np.ndarray, lags_y: np.ndarray, lags_x: np.ndarray) -> np.ndarray:
    """Fourier transform (ny, nx) of an image at any lags, in cycles per extent of the image."""
    rows, columns = (
        np.exp(-2j * np.pi * np.outer(lags, np.arange(n) / n)).astype(np.complex64)
        for lags, n in zip((lags_y, lags_x), image.shape, strict=True)
    )
    return rows @ image @ columns.T


def in_blocks(image: np.ndarray, lag=(0.0, 0.0)) -> tuple[np.ndarray, np.ndarray]:
    """A small image with the Fourier transform, at low frequencies, of the image times `wave`, and its extent (y, x).

    The extent is a share of that of the image: what is left over at the end, less than a block, is not in it.
    """
    sides = tuple(max(1, n // BLOCKS) for n in image.shape)
    small = block_sums(image, sides, lag)
    return small, np.array([n // side * side / n for n, side in zip(image.shape, sides, strict=True)])


def block_sums(image: np.ndarray, sides: tuple[int, int], lag=(0.0, 0.0)) -> np.ndarray:
    """Sums over blocks of so many pixels (y, x) of the image times `wave` with this lag, which is never made whole."""
    counts = [n // side for n, side in zip(image.shape, sides, strict=True)]
    kept = image[: counts[0] * sides[0], : counts[1] * sides[1]]
    down, across = (
        np.exp(2j * np.pi * f * np.arange(length) / n).astype(np.complex64)
        for f, length, n in zip(lag, kept.shape, image.shape, strict=True)
    )
    down, blocks = down.reshape(counts[0], 1, sides[0]), kept.reshape(counts[0], sides[0], -1)
    if np.iscomplexobj(image):
        tall = np.matmul(down, blocks)[:, 0]
    else:
        real, imaginary = np.matmul(np.concatenate([down.real, down.imag], axis=1), blocks).swapaxes(0, 1)
        tall = real + 1j * imaginary
    return (tall * across).reshape(*counts, sides[1]).sum(axis=2)
