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

import numpy as np
from scipy import fft

from srredsim.cached import cached_property
from srredsim.errors import InputError
from srredsim.stripes.bands import LOWEST, Bands, image, in_blocks, shifted, spectrum_at, transformed

UNEXPLAINED = 0.1  # epsilon
INNER = 16  # raw pixels over which the inner field is dark at the border, and as many in which it brightens
TINY = np.float32(1e-30)
FIRST_CONTRAST = 0.2  # |c| that the weights begin with


@dataclass(frozen=True)
class Overlap:
    """The frequencies that band 0 and one other band have in common, moved home as if the stripes had a certain k.

    Values are one a frequency; ``x`` and ``y`` have a row for each band 0, +1, -1, ... at f and at f + b k, or one row
    only: that of band 0 and that of band b.
    """

    order: int  # number of the band
    pixels: tuple[int, int]  # size of the bands
    inside: np.ndarray  # where these frequencies lie in the rectangle around them
    x: np.ndarray
    y: np.ndarray
    h: np.ndarray  # H(f)
    h_other: np.ndarray  # H(f + b k)
    further: np.ndarray | None  # |f + b k| - |f|, as a share of the cut-off; with every band
    power: np.ndarray  # power of the object in band 0
    noise: float
    covariance: np.ndarray | None  # that of the noise of all bands, in units of `noise`

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
            contrast = min(max(abs(self._sums(weights)[0]), 0.01), 1.0)
        return self._weights(contrast)

    def _weights(self, contrast: float) -> np.ndarray:
        noise = self.noise * (self.h**2 + (contrast * self.h_other) ** 2)
        unexplained = (UNEXPLAINED * contrast * self.h_other) ** 2 * self.power
        return self.trust / (noise + unexplained + TINY)

    @cached_property
    def _summed(self) -> tuple[np.ndarray, ...]:
        """What weights sum up: Y X* in two parts, the power of X, and what noise contributes to it."""
        common = self.x[0].conj()
        common *= self.seen
        both, other = self.h * self.h_other, self.h_other**2
        whole = other * (self.x[0].real ** 2 + self.x[0].imag ** 2)
        return tuple(each.astype(float) for each in (both * common.real, both * common.imag, whole, other))

    def _sums(self, weights: np.ndarray) -> tuple[complex, float]:
        """c, and the power of X that it was divided by.

        What noise contributes to this power is taken off, so that dim stripes do not look dimmer than they are.
        """
        double = weights.astype(float)
        real, imag, whole, other = (float(np.einsum("f,f->", double, each)) for each in self._summed)
        total = max(whole - self.noise * other, 0.02 * whole)
        return complex(real, imag) / total, total

    @property
    def amplitude(self) -> complex:
        """``m / 2 exp(i phi)`` of the order."""
        return self._sums(self.weights)[0]

    def contrast(self) -> tuple[complex, float]:
        """The amplitude, and the standard deviation of each of its two parts, which takes longer."""
        c, total = self._sums(self.weights)
        return c, float(np.sqrt(self.scatter / 2)) / total

    def left(self) -> tuple[float, float]:
        """Weighed sum of |Y - c X|^2 over what noise and the lens leave of it, and of how many frequencies.

        Both are 0 where nothing of the object is in X.
        """
        if not np.any(self.trust * self._summed[2]):
            return 0.0, 0.0
        c, _ = self._sums(self.weights)
        rest = self.seen * self.h - np.complex64(c) * self.x[0] * self.h_other
        square = rest.real**2 + rest.imag**2
        return float(np.sum(self.weights * square, dtype=float)), float(np.sum(self.trust, dtype=float))

    @cached_property
    def products(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Y times X*, of the whole field and of the inner one: small images for lags close to none, and their extent.

        Where bands fade, at the border, they have been filtered differently, which moves the peak outwards a little.
        """
        rows, columns = self.inside.shape
        x, y = np.zeros((2, fft.next_fast_len(rows), fft.next_fast_len(columns)), np.complex64)
        root = np.sqrt(self.weights)
        x[:rows, :columns][self.inside] = self.x[0] * (root * self.h_other)
        y[:rows, :columns][self.inside] = self.seen * (root * self.h)
        product = image(y) * image(x).conj()
        product *= np.float32(x.size)
        whole = in_blocks(product)
        borders = [_dark_border(n, pixels) for n, pixels in zip(x.shape, self.pixels, strict=True)]
        product *= borders[0][:, None] * borders[1]
        return whole, in_blocks(product)

    def at(self, lags_y: np.ndarray, lags_x: np.ndarray, inner: bool = True) -> np.ndarray:
        """|transform|^2 of a product at lags close to none."""
        product, extent = self.products[inner]
        return np.abs(transformed(product, lags_y * extent[0], lags_x * extent[1])) ** 2

    def explained(self, lags_y: np.ndarray, lags_x: np.ndarray, inner: bool = False) -> np.ndarray:
        """How much less of Y is left, in the sum of `left`, by X at lags close to none than by nothing."""
        return self.at(lags_y, lags_x, inner) / (self._sums(self.weights)[1] + float(TINY))

    @property
    def explained_by_chance(self) -> float:
        """Mean of `explained` where the bands have nothing in common."""
        return self.scatter / (self._sums(self.weights)[1] + float(TINY))

    @cached_property
    def scatter(self) -> float:
        """Mean |transform|^2 of the product at lags around, where the bands have nothing in common."""
        offsets = np.array([-9.5, -7.5, -5.5, -3.5, 3.5, 5.5, 7.5, 9.5])
        return float(np.median(self.at(offsets, offsets))) / np.log(2)


def overlap(bands: Bands, order: int, k_per_um, every: bool = False, lowest: float = LOWEST) -> Overlap:
    """Compare band `order` with band 0 as if it had the vector `k_per_um`.

    With ``every``, all other bands are there too: what they leave in these two when phases are wrong can be told.
    ``lowest``, a fraction of the cut-off, is where band 0 begins: below the usual it has light from out of focus, which
    spoils contrasts; but nothing says as well where stripes lie as what is evenly bright.

    Raises
    ------
    InputError
        If the two bands have no frequencies in common.
    """
    k = np.asarray(k_per_um)
    cutoff, transfer, shape = bands.transfer.cutoff_per_um, bands.transfer, bands.spectra.shape[1:]
    at = [_within(n, step, cutoff, along) for n, step, along in zip(shape, bands.step_per_um, k, strict=True)]
    fy, fx = (index * step for index, step in zip(at, bands.step_per_um, strict=True))
    here, there = (np.square((fy + y) / cutoff)[:, None] + np.square((fx + x) / cutoff) for y, x in ((0.0, 0.0), k))
    inside = (np.maximum(here, there) < 1.0) & (here >= lowest**2) & (there >= LOWEST**2)
    if not inside.any():
        raise InputError(
            f"stripes of {np.hypot(*k) / cutoff:.3g} f_c, the cut-off of the lens, are too fine: the bands have no"
            " frequencies in common; check `k`, `na` and `wavelength_em_um`"
        )
    grid, mirrored = np.ix_(*at), np.ix_(*(-index for index in at))
    x, y, further = [bands.spectra[0][grid][inside]], [], None
    if every:
        further = (np.sqrt(there[inside]) - np.sqrt(here[inside])).astype(np.float32)
        lag = -k / bands.step_per_um
        for number in range(bands.orders + 1):
            y.append(spectrum_at(shifted(bands.images[number], lag), *at)[inside])
            if number:
                x += [bands.spectra[number][grid][inside], bands.spectra[number][mirrored][inside].conj()]
                y.append(spectrum_at(shifted(bands.images[number].conj(), lag), *at)[inside])
    else:
        y.append(bands.moved(order, k_per_um)[grid][inside])
    return Overlap(
        order,
        shape,
        inside,
        np.stack(x),
        np.stack(y),
        transfer(fy, fx)[inside],
        transfer(fy + k[0], fx + k[1])[inside],
        further,
        bands.power[grid][inside],
        bands.noise,
        bands.covariance,
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
