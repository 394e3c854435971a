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

from dataclasses import dataclass

import numpy as np
from scipy import fft

from srredsim.optics import bands as optics_bands
from srredsim.optics.borders import WORKERS, extended, margins
from srredsim.optics.illumination import carrier
from srredsim.optics.otf import apodisation
from srredsim.optics.sampling import SCALE, output_positions_um
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.attenuation import Kept, kept
from srredsim.stripes.bands import Bands, widened
from srredsim.stripes.haze import Haze
from srredsim.stripes.parameters import Order, Parameters
from srredsim.stripes.preprocess import Prepared

RINGS = 24  # up to the cut-off, of the radial power spectrum
FITTED = (0.1, 0.8)  # fractions of the cut-off: rings that the power law is fitted to
APODISATION = 0.85  # power, as of the truth of simulated stacks
SLOPES = (1.0, 6.0)  # that objects have
DEFAULT_SLOPE = 3.0  # slope of a power spectrum that is all noise
LEAST = 0.005  # w at the cut-off: what rounding, interpolation and errors of the model do, where there is no noise


@dataclass(frozen=True)
class Regularisation:
    r"""``1 / Phi(f)``, in units of the inverse noise power of a band: :math:`w^2(f) = N / \Phi(f)`."""

    wiener: float  # w at the cut-off
    slope: float  # that of the object's power, Phi ~ f^-slope; 0 where w was given
    chosen: str

    def squared(self, relative_frequency: np.ndarray) -> np.ndarray:
        """w^2 at multiples of the cut-off; below the first ring as at it."""
        if not self.slope:
            return np.full_like(relative_frequency, self.wiener**2)
        return self.wiener**2 * np.maximum(relative_frequency, FITTED[0]) ** self.slope


def reconstruct(
    prepared: Prepared,
    parameters: Parameters,
    transfer: Transfer,
    wiener: float | None = None,
    attenuation: float | Haze = 0.0,
) -> tuple[np.ndarray, Regularisation]:
    """Super-resolved image (2y, 2x) float32 in the units of the raw frames above background; negatives are kept.

    Where every angle has failed it is the deconvolved widefield image.

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
    canvas = Canvas(prepared.frames.shape[2:], parameters.lens(transfer))
    regularisation = regularised(wiener, *gathered(canvas, prepared, parameters, attenuation), len(prepared.frames))
    return canvas.image(regularisation, canvas.transfer.cutoff_per_um + parameters.k_max_per_um), regularisation


def regularised(wiener: float | None, widefield: Bands, noise: float, angles: int) -> Regularisation:
    """What is given, or else what the frames ask for; ``noise`` is the power of one angle's band."""
    if wiener is not None:
        return Regularisation(float(wiener), 0.0, "given")
    return regularisation_of(widefield, noise, noise / angles)


def gathered(
    canvas: Canvas, prepared: Prepared, parameters: Parameters, attenuation: float | Haze = 0.0
) -> tuple[Bands, float]:
    """All bands of the frames put on a canvas; band 0 as the mean of all groups, and the power of the noise of one."""
    transfer, spectra = canvas.transfer, []
    zero = np.zeros(canvas.padded, np.complex64)
    for number, (frames, group) in enumerate(zip(prepared.frames, parameters.groups, strict=True)):
        band_zero, *bands = optics_bands.separate_waves(frames, group.waves_rad)
        spectra.append(fft.fft2(extended(band_zero), workers=WORKERS))
        zero += spectra[-1]
        for order, band in zip(group.orders, bands, strict=True):
            if order.amplitude != 0:
                canvas.add(fft.fft2(extended(band), workers=WORKERS), number, order)
    count = len(spectra)
    noise = float(np.mean([Bands(each[None], transfer).noise for each in spectra]))
    canvas.add_zeros(spectra, zero, kept(attenuation, zero / count, noise / count, transfer))
    return Bands(zero[None] / count, transfer), noise


class Canvas:
    """The two sums of the estimate, on the doubled grid of the frames and the margin around them."""

    def __init__(self, shape: tuple[int, int], transfer: Transfer):
        self.shape, self.transfer = shape, transfer
        self.sides = [margins(n) for n in shape]
        self.padded = tuple(n + sum(side) for n, side in zip(shape, self.sides, strict=True))
        self.grid = SCALE * self.padded[0], SCALE * self.padded[1]
        raw_f = [np.fft.fftfreq(n, transfer.pixel_size_um) for n in self.padded]
        # H, and the way from the centres of raw pixels to those of output pixels
        quarter = [np.exp(-0.5j * np.pi * f * transfer.pixel_size_um).astype(np.complex64) for f in raw_f]
        self.otf = transfer(*raw_f)
        self.filter = self.otf * quarter[0][:, None] * quarter[1]
        self.raw_f = raw_f
        self.fy = np.fft.fftfreq(self.grid[0], transfer.pixel_size_um / SCALE)
        self.fx = np.fft.rfftfreq(self.grid[1], transfer.pixel_size_um / SCALE)
        self.y_um, self.x_um = (
            output_positions_um(n, transfer.pixel_size_um, first_raw_pixel=side[0])
            for n, side in zip(self.grid, self.sides, strict=True)
        )
        self.upper = np.zeros(self.grid, np.float32)
        self.lower = np.zeros((self.grid[0], len(self.fx)), np.float32)

    def add(self, spectrum: np.ndarray, angle: int, order: Order) -> None:
        """Bands +b and -b of an angle: one is the complex conjugate of the other, in the image."""
        home, turn = self.home(spectrum, order), 2 * np.conj(order.amplitude)
        self.upper += np.float32(turn.real) * home.real
        self.upper -= np.float32(turn.imag) * home.imag
        self.weigh(order)

    def add_zeros(self, spectra: list[np.ndarray], total: np.ndarray, share: Kept | None = None) -> None:
        """Bands 0 of all angles, whose sum is ``total``, and what each frequency counts; left out: all of it."""
        self.upper += self.zero(total, share)
        passed = len(spectra) * self.transfer(self.fy, self.fx) ** 2
        if share is not None:
            passed *= share(self.fy / self.transfer.cutoff_per_um, self.fx / self.transfer.cutoff_per_um)
        self.lower += passed

    def home(self, spectrum: np.ndarray, order: Order) -> np.ndarray:
        """Complex image of band +b, through its own matched filter, moved back to where it belongs."""
        moved = self._on_grid(spectrum * self.filter)
        moved *= carrier(self.y_um, self.x_um, np.negative(order.k_per_um))
        return moved

    def zero(self, spectrum: np.ndarray, share: Kept | None) -> np.ndarray:
        """Image of a band 0, through its own matched filter."""
        weighted, cutoff = spectrum * self.filter, self.transfer.cutoff_per_um
        if share is not None:
            weighted *= share(self.raw_f[0] / cutoff, self.raw_f[1] / cutoff)
        return self._on_grid(weighted).real

    def weigh(self, order: Order) -> None:
        for sign in (1, -1):
            self._weigh((sign * order.k_per_um[0], sign * order.k_per_um[1]), abs(order.amplitude) ** 2)

    def _on_grid(self, spectrum: np.ndarray) -> np.ndarray:
        return fft.ifft2(widened(spectrum.astype(np.complex64, copy=False), self.grid), workers=WORKERS) * SCALE**2

    def _weigh(self, k_per_um, weight: float) -> None:
        """Add ``weight H^2(f + k)`` where it is not 0."""
        reach = self.transfer.cutoff_per_um
        rows = np.flatnonzero(np.abs(self.fy + k_per_um[0]) < reach)
        columns = np.flatnonzero(np.abs(self.fx + k_per_um[1]) < reach)
        if len(rows) and len(columns):
            across = slice(columns[0], columns[-1] + 1)
            part = self.transfer(self.fy[rows] + k_per_um[0], self.fx[across] + k_per_um[1])
            self.lower[rows, across] += np.float32(weight) * part * part

    def image(self, regularisation: Regularisation, cutoff_per_um: float) -> np.ndarray:
        """The sums divided, apodised to a cut-off and cropped to the frames."""
        return self.filtered(self.upper, self.gain(regularisation, cutoff_per_um))

    def gain(self, regularisation: Regularisation, cutoff_per_um: float) -> np.ndarray:
        """What a sum is multiplied with at each frequency: the apodisation over the other sum and w^2."""
        relative = np.sqrt(self.fy[:, None] ** 2 + self.fx**2, dtype=np.float32) / np.float32(
            self.transfer.cutoff_per_um
        )
        reach = np.float32(cutoff_per_um / self.transfer.cutoff_per_um)
        table = np.linspace(0.0, 1.0, 2049)
        shape = np.append(apodisation(table, 1.0, APODISATION), 0.0).astype(np.float32)
        apodised = shape[np.minimum(relative * (2048 / reach) + 0.5, 2049).astype(np.int32)]
        return apodised / (self.lower + regularisation.squared(relative))

    def filtered(self, upper: np.ndarray, gain: np.ndarray) -> np.ndarray:
        """An image on the grid through a filter, cropped to the frames."""
        image = fft.irfft2(fft.rfft2(upper, workers=WORKERS) * gain, s=self.grid, workers=WORKERS)
        (top, _), (left, _) = self.sides
        y, x = self.shape
        return np.ascontiguousarray(
            image[SCALE * top : SCALE * (top + y), SCALE * left : SCALE * (left + x)], np.float32
        )


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
