r"""Generalised Wiener reconstruction: every band back to where it belongs, each frequency weighted by what is known.

With :math:`D_{db} = c_{db} S(f - b k_d) H(f)` plus noise of power :math:`N_d`, and an object of power
:math:`\Phi(f)`, the estimate of least squared error is

.. math::

    \hat S(f) = \frac{\sum_{db} c_{db}^* H(f + b k_d) D_{db}(f + b k_d) / N_d}
                     {\sum_{db} |c_{db}|^2 H^2(f + b k_d) / N_d + 1 / \Phi(f)}

Bands weigh as the square of their contrast, and what is too dim to tell fades out. The sums are made in real space, on
the grid of the result, where a shift by a fraction of a frequency step is a wave to multiply with.

References
----------
.. [1] M. G. L. Gustafsson et al., Biophys. J. 94, 4957 (2008).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from srredsim import arrays
from srredsim.arrays import Array, added, namespace, on_host, put, within
from srredsim.optics import bands as optics_bands
from srredsim.optics.borders import carrier_of, continued, extended, margins
from srredsim.optics.otf import apodisation
from srredsim.optics.sampling import SCALE, output_positions_um
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.attenuation import Kept, kept, kept_of_order, takes_away
from srredsim.stripes.bands import Bands
from srredsim.stripes.haze import Haze
from srredsim.stripes.parameters import Order, Parameters
from srredsim.stripes.preprocess import Prepared
from srredsim.threads import in_threads

RINGS = 24  # up to the cut-off, of the radial power spectrum
FITTED = (0.1, 0.8)  # fractions of the cut-off: rings that the power law is fitted to
APODISATION = 0.85  # power, as of the truth of simulated stacks
SLOPES = (1.0, 6.0)  # that objects have
DEFAULT_SLOPE = 3.0  # slope of a power spectrum that is all noise
BLOCK = 2**17  # pixels of the doubled grid that are worked on at once: they stay in the cache of a core
LEAST = 0.005  # w at the cut-off: what rounding, interpolation and errors of the model do, where there is no noise


@dataclass(frozen=True)
class Regularisation:
    r"""``1 / Phi(f)``, in units of the inverse noise power of a band: :math:`w^2(f) = N / \Phi(f)`."""

    wiener: float  # w at the cut-off
    slope: float  # that of the object's power, Phi ~ f^-slope; 0 where w was given
    chosen: str

    def squared(self, relative_frequency: Array) -> Array:
        """w^2 at multiples of the cut-off; below the first ring as at it."""
        xp = namespace(relative_frequency)
        if not self.slope:
            return xp.full_like(relative_frequency, self.wiener**2)
        return self.wiener**2 * xp.maximum(relative_frequency, FITTED[0]) ** self.slope


def reconstruct(
    prepared: Prepared,
    parameters: Parameters,
    transfer: Transfer,
    wiener: float | None = None,
    attenuation: float | Haze = 0.0,
) -> tuple[Array, Regularisation]:
    """Super-resolved image (2y, 2x) float32 in the units of the raw frames above background; negatives are kept.

    Where every angle has failed it is the deconvolved widefield image. It is an array of the same library as the
    frames.

    Parameters
    ----------
    transfer : Transfer
        Of the optics; the lens is that of the parameters.
    wiener : float, optional
        Left out: from the noise, beyond the cut-off, and the power of the object inside, along a fitted power law.
    attenuation : float or Haze
        How much of the lowest frequencies of band 0, where out-of-focus light is, is left to the other bands: 0 to 1;
        or what light out of focus was measured. See `srredsim.reconstruction.attenuation`.
    """
    canvas = Canvas(prepared.frames.shape[2:], parameters.lens(transfer), namespace(prepared.frames))
    regularisation, _, _ = gathered(canvas, prepared, parameters, wiener, attenuation)
    gain = canvas.gain(regularisation, canvas.transfer.cutoff_per_um + parameters.k_max_per_um)
    return canvas.filtered(canvas.spectrum(), gain), regularisation


def regularised(wiener: float | None, widefield: Bands, noise: float, angles: int) -> Regularisation:
    """What is given, or else what the frames ask for; ``noise`` is the power of one angle's band."""
    if wiener is not None:
        return Regularisation(float(wiener), 0.0, "given")
    return regularisation_of(widefield, noise, noise / angles)


def gathered(
    canvas: Canvas,
    prepared: Prepared,
    parameters: Parameters,
    wiener: float | None = None,
    attenuation: float | Haze = 0.0,
) -> tuple[Regularisation, Bands, float]:
    """All bands of the frames put on a canvas, and what they ask for.

    At the end band 0 as the mean of all groups, and the power of the noise of one. What is told of them, power and
    noise, is computed with NumPy.
    """
    transfer, noise, xp, carried = canvas.transfer, [], canvas.xp, takes_away(attenuation)
    zero = xp.zeros(canvas.padded, dtype=xp.complex64)
    for number, (frames, group) in enumerate(zip(prepared.frames, parameters.groups, strict=True)):
        band_zero, *bands = optics_bands.separate_waves(frames, group.waves_rad)
        spectrum = arrays.fft2(extended(band_zero))
        zero += spectrum
        noise.append(Bands(on_host(spectrum)[None], transfer).noise)
        canvas.saw_zero(spectrum, number)
        for place, (order, band) in enumerate(zip(group.orders, bands, strict=True)):
            if order.amplitude != 0:
                around = arrays.fft2(continued(band, canvas.carrier(order)) if carried else extended(band))
                of_band = attenuation, order, group.orders, on_host(around), noise[-1], transfer
                canvas.shares[number, place] = kept_of_order(*of_band)
                canvas.add(around, number, order, canvas.shares[number, place])
    count, power = len(noise), float(np.mean(noise))
    mean = on_host(zero) / count
    widefield = Bands(mean[None], transfer)
    regularisation = regularised(wiener, widefield, power, count)
    share = kept(attenuation, mean, power / count, transfer, parameters, regularisation)
    canvas.add_zeros(zero, count, share)
    return regularisation, widefield, power


class Canvas:
    """The two sums of the estimate, on the doubled grid of the frames and the margin around them.

    They are arrays of the library ``xp``, as the spectra that are added.
    """

    def __init__(self, shape: tuple[int, int], transfer: Transfer, xp: Any = np):
        self.shape, self.transfer, self.xp = shape, transfer, xp
        self.sides = [margins(n) for n in shape]
        self.padded = tuple(n + sum(side) for n, side in zip(shape, self.sides, strict=True))
        self.grid = SCALE * self.padded[0], SCALE * self.padded[1]
        raw_f = [np.fft.fftfreq(n, transfer.pixel_size_um) for n in self.padded]
        # H, and the way from the centres of raw pixels to those of output pixels
        quarter = [np.exp(-0.5j * np.pi * f * transfer.pixel_size_um).astype(np.complex64) for f in raw_f]
        self.otf = transfer(raw_f[0], raw_f[1], xp)
        self.filter = self.otf * xp.asarray(quarter[0])[:, None] * xp.asarray(quarter[1])
        self.raw_f = raw_f
        self.fy = np.fft.fftfreq(self.grid[0], transfer.pixel_size_um / SCALE)
        self.fx = np.fft.rfftfreq(self.grid[1], transfer.pixel_size_um / SCALE)
        self.y_um, self.x_um = (
            output_positions_um(n, transfer.pixel_size_um, first_raw_pixel=side[0])
            for n, side in zip(self.grid, self.sides, strict=True)
        )
        self.upper = xp.zeros(self.grid, dtype=xp.float32)  # but for the bands 0
        self.lower = xp.zeros((self.grid[0], len(self.fx)), dtype=xp.float32)
        self._zeros = xp.zeros((self.padded[0], 0), dtype=xp.complex64)  # half plane of all bands 0
        self.share: Kept | None = None  # what of them counts
        self.shares: dict[tuple[int, int], Kept | None] = {}  # of other bands, by group of frames and place in it

    def add(self, spectrum: Array, angle: int, order: Order, share: Kept | None = None) -> None:
        """Bands +b and -b of an angle, from +b: one is the complex conjugate of the other, in the image.

        The spectrum is used up; ``share`` is what each frequency counts, left out: all of it.
        """

        def add(rows: slice, home: Array) -> None:
            self.upper = added(self.upper, rows, home.real)

        self.home(self.shared(spectrum, share), order, add)
        self.weigh(order, share)

    def shared(self, spectrum: Array, share: Kept | None) -> Array:
        """What of a spectrum of frames counts; it is used up."""
        if share is not None:
            fy, fx = (f / self.transfer.cutoff_per_um for f in self.raw_f)
            spectrum *= share(fy, fx, self.xp)
        return spectrum

    def carrier(self, order: Order) -> list[np.ndarray]:
        """What takes the stripes of an order away, see `srredsim.optics.borders.continued`."""
        return carrier_of(self.shape, order.k_per_um, self.transfer.pixel_size_um)

    def saw_zero(self, spectrum: Array, angle: int) -> None:
        """Told of band 0 of every angle, for a canvas that keeps them apart."""

    def add_zeros(self, total: Array, angles: int, share: Kept | None = None) -> None:
        """Bands 0 of so many angles, whose sum is ``total``, and what each frequency counts; left out: all of it."""
        self._zeros, self.share = self.zero(total, share), share
        self._weigh((0.0, 0.0), angles, share)

    def home(self, spectrum: Array, order: Order, take: Callable[[slice, Array], None]) -> None:
        """Image of twice band +b over its contrast, through its own matched filter, moved back to where it belongs.

        ``take(rows, part)`` is given some of its rows after the other, in any order: the whole is never there.
        """
        along_y, along_x = (
            np.exp(-2j * np.pi * k * at_um) for k, at_um in zip(order.k_per_um, (self.y_um, self.x_um), strict=True)
        )
        along_y *= 2 * np.conj(order.amplitude) * SCALE**2
        tall = arrays.ifft(_inserted(spectrum * self.filter, self.grid[0], 0), axis=0)
        tall *= self.xp.asarray(along_y.astype(np.complex64))[:, None]
        across = self.xp.asarray(along_x.astype(np.complex64))

        def some(rows: slice) -> None:
            part = arrays.ifft(_inserted(tall[rows], self.grid[1], 1), axis=1, workers=None)
            part *= across
            take(rows, part)

        in_threads(some, self._rows())

    def zero(self, spectrum: Array, share: Kept | None) -> Array:
        """Half plane, of the raw grid, of a band 0 through its own matched filter, as the doubled grid has it."""
        columns = (self.padded[1] + 1) // 2
        weighted, cutoff = spectrum[:, :columns] * self.filter[:, :columns], self.transfer.cutoff_per_um
        weighted *= np.float32(SCALE**2)
        if share is not None:
            weighted *= share(self.raw_f[0] / cutoff, self.raw_f[1][:columns] / cutoff, self.xp)
        return weighted

    def spectrum(self) -> Array:
        """The sum over all bands, on the half plane of the doubled grid that a real transform keeps."""
        return self.with_zero(arrays.rfft2(self.upper), self._zeros)

    def with_zero(self, spectrum: Array, zero: Array) -> Array:
        """A spectrum, which is used up, with a band 0 added to it."""
        top, columns = (self.padded[0] + 1) // 2, zero.shape[1]
        spectrum = added(spectrum, np.s_[:top, :columns], zero[:top])
        return added(spectrum, np.s_[top - self.padded[0] :, :columns], zero[top:])

    def weigh(self, order: Order, share: Kept | None = None) -> None:
        for sign in (1, -1):
            self._weigh((sign * order.k_per_um[0], sign * order.k_per_um[1]), abs(order.amplitude) ** 2, share)

    def _weigh(self, k_per_um, weight: float, share: Kept | None = None) -> None:
        """Add ``weight H^2(f + k)``, or a share of it, where it is not 0."""
        reach = self.transfer.cutoff_per_um
        rows, across = (within(f + k, reach, self.xp) for f, k in zip((self.fy, self.fx), k_per_um, strict=True))
        if self.fy[rows].size and self.fx[across].size:
            fy, fx = self.fy[rows] + k_per_um[0], self.fx[across] + k_per_um[1]
            part = self.transfer(fy, fx, self.xp)
            part *= part
            part *= np.float32(weight)
            if share is not None:
                part *= share(fy / reach, fx / reach, self.xp)
            self.lower = added(self.lower, (rows, across), part)

    def gain(self, regularisation: Regularisation, cutoff_per_um: float) -> Array:
        """What a sum is multiplied with at each frequency: the apodisation over the other sum and w^2."""
        xp, reach = self.xp, np.float32(cutoff_per_um / self.transfer.cutoff_per_um)
        table = np.linspace(0.0, 1.0, 2049)
        shape = xp.asarray(np.append(apodisation(table, 1.0, APODISATION), 0.0).astype(np.float32))
        down, across = xp.asarray(self.fy**2)[:, None], xp.asarray(self.fx**2)
        gain = xp.empty_like(self.lower)

        def some(rows: slice) -> None:
            nonlocal gain
            relative = xp.sqrt((down[rows] + across).astype(xp.float32))
            relative /= np.float32(self.transfer.cutoff_per_um)
            whole = self.lower[rows] + regularisation.squared(relative)
            relative *= 2048 / reach
            relative += np.float32(0.5)
            gain = put(gain, rows, shape[arrays.lowered(relative, 2049).astype(xp.int32)] / whole)

        in_threads(some, self._rows())
        return gain

    def filtered(self, spectrum: Array, gain: Array) -> Array:
        """Image of a spectrum, which is used up, through a filter; cropped to the frames."""
        spectrum *= gain
        image = arrays.irfft2(spectrum, self.grid)
        (top, _), (left, _) = self.sides
        y, x = self.shape
        inside = image[SCALE * top : SCALE * (top + y), SCALE * left : SCALE * (left + x)]
        return self.xp.asarray(inside, dtype=self.xp.float32, copy=True)

    def _rows(self) -> Iterator[slice]:
        """A few rows of the doubled grid after the other."""
        return arrays.parts(self.grid[0], max(1, BLOCK // self.grid[1]), self.xp)


def _inserted(spectrum: Array, length: int, axis: int) -> Array:
    """The spectrum of the same image on a finer grid along one axis."""
    xp = namespace(spectrum)
    wide = xp.zeros((length, spectrum.shape[1]) if axis == 0 else (spectrum.shape[0], length), dtype=xp.complex64)
    low = (spectrum.shape[axis] + 1) // 2
    high = spectrum.shape[axis] - low
    if axis == 0:
        return put(put(wide, np.s_[:low], spectrum[:low]), np.s_[length - high :], spectrum[low:])
    return put(put(wide, np.s_[:, :low], spectrum[:, :low]), np.s_[:, length - high :], spectrum[:, low:])


def regularisation_of(widefield: Bands, noise: float, noise_of_widefield: float) -> Regularisation:
    """From the power of the widefield image in rings: what the noise leaves of it, over H^2, follows a power law.

    Parameters
    ----------
    widefield : Bands
        Band 0, mean of all angles.
    noise, noise_of_widefield : float
        Power of the noise of one band, and of the widefield image.
    """
    fy, fx = widefield.frequencies_per_um
    relative = np.hypot(fy[:, None], fx) / widefield.transfer.cutoff_per_um
    ring = np.minimum(relative * RINGS, RINGS).astype(int).ravel()
    count = np.maximum(np.bincount(ring, minlength=RINGS + 1), 1)[:RINGS]
    power = np.bincount(ring, np.abs(widefield.spectra[0]).ravel() ** 2, RINGS + 1)[:RINGS] / count
    passed = np.bincount(ring, widefield.transfer(fy, fx).ravel().astype(float) ** 2, RINGS + 1)[:RINGS] / count
    middle = (np.arange(RINGS) + 0.5) / RINGS
    clear = (middle > FITTED[0]) & (middle < FITTED[1]) & (power > 2 * noise_of_widefield)
    signal = np.maximum(power - noise_of_widefield, 1e-30) / np.maximum(passed, 1e-12)
    if np.count_nonzero(clear) >= 4:
        fit = np.polyfit(np.log(middle[clear]), np.log(signal[clear]), 1)
        slope, level = float(np.clip(-fit[0], *SLOPES)), 0.0
        level = float(np.mean(np.log(signal[clear]) + slope * np.log(middle[clear])))
    else:  # hardly anything but noise
        first = int(np.argmax(middle > FITTED[0]))
        slope = DEFAULT_SLOPE
        level = float(np.log(max(signal[first], 1e-3 * noise)) + slope * np.log(middle[first]))
    wiener = max(float(np.sqrt(noise / np.exp(level))), LEAST)
    return Regularisation(wiener, slope, "noise beyond the cut-off over a power law fitted to the object")
