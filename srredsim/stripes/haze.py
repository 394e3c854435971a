r"""Light from out of focus, measured where two bands show the same coarse structures of the object.

Band 0 shows all light, :math:`D_0 = S H + Z`, with haze Z that a lens passes at low frequencies only. Band b, moved
home, shows what stripes have lit, :math:`D_b = c_b S H_b`: light in focus. So the share of the power of band 0 that is
not in focus,

.. math:: h(f) = 1 - \frac{\sum \mathrm{Re}(D_b D_0^*) H H_b / c_b}{\sum (|D_0|^2 - N) H_b^2},

over rings of the spectrum and all angles and orders, is 0 in a thin sample, and in a thick one it falls towards high
frequencies: :math:`h e^{-v^2 / 2 s^2}`, with v in units of the cut-off, is fitted to it. The contrasts :math:`c_b` are
those for which h is 0 between a quarter and seven tenths of the cut-off. Constant light, which background may be, is
left out of both bands.

What is told is as much as is sure: nothing where the fit could be chance, or the error that a slightly wrong transfer
function makes (`MODEL_ERROR`), and less than was found where it nearly could be. Where the finest stripes are those of
two beams, band 1 shows coarse structures at the end of the transfer function, next to noise: little is sure then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import fft

from srredsim.optics.borders import WIDE_FADE, WORKERS, fading
from srredsim.optics.transfer import Transfer
from srredsim.stripes.bands import Bands, wave
from srredsim.stripes.measure import bands_of
from srredsim.stripes.overlap import TINY
from srredsim.stripes.parameters import Order, Parameters

RINGS = 28  # up to `HIGHEST`
REFERENCE, HIGHEST = 0.25, 0.7  # fractions of the cut-off: between them contrasts are measured
FEWEST_OF_A_RING = 12  # frequencies that a ring is measured from
BEYOND, LEAST = (
    1.03,
    200,
)  # times the cut-off, nothing but noise, and frequencies there: what noise bands have in common
FAINTEST, FULL = 0.01, 1.5  # contrasts c of a band that has anything to say: none is above 1 but by its noise
MODEL_ERROR = 0.03  # standard deviation of h that a transfer function a few percent wrong leaves
SURE = 3.5  # standard deviations: of 48 thin simulated stacks none was beyond 3.3
WIDTHS = np.geomspace(0.04, 0.45, 20)  # s


@dataclass(frozen=True)
class Haze:
    """Share of the power of band 0 that is not in focus: ``share * exp(-v^2 / 2 width^2)``, v in units of the cut-off.

    ``z`` is how sure that is, in standard deviations: below `SURE` the share is 0.
    """

    share: float = 0.0
    width: float = 0.0
    z: float = 0.0

    def at(self, relative_frequency: np.ndarray) -> np.ndarray:
        if not self.share:
            return np.zeros_like(relative_frequency)
        return self.share * np.exp(-(relative_frequency**2) / (2 * self.width**2))


NONE = Haze()


def haze_of(frames: np.ndarray, parameters: Parameters, transfer: Transfer) -> Haze:
    """What all angles tell together; none where no stripes were found.

    Parameters
    ----------
    frames : (angles, phases, y, x) ndarray
        Background off, equally bright.
    """
    lens = parameters.lens(transfer)
    sums = np.zeros((4, RINGS))
    for number, bands in bands_of(parameters, frames, lens):
        orders = [order for order in parameters.angles[number].orders if order.amplitude != 0]
        if orders:
            for part in _of_orders(bands, orders, _Constant(frames.shape[2:], bands.spectra.shape[1:])):
                sums += part
    common, power, variance, count = sums
    told = (power > 0) & (count >= FEWEST_OF_A_RING)
    if not told.any():
        return Haze()
    middle = (np.arange(RINGS) + 0.5) * HIGHEST / RINGS
    variance = 2 * variance[told] / power[told] ** 2  # f and -f say the same
    return _fitted(middle[told], 1 - common[told] / power[told], 1 / (variance + MODEL_ERROR**2))


def _fitted(middle: np.ndarray, shares: np.ndarray, weights: np.ndarray) -> Haze:
    """The best share and width; how much better than none they are says how sure they are."""
    shapes = np.exp(-(middle**2) / (2 * WIDTHS[:, None] ** 2))
    found = np.clip((shapes * weights) @ shares / ((shapes**2) @ weights), 0.0, 1.0)
    gained = shares**2 @ weights - ((shares - found[:, None] * shapes) ** 2) @ weights
    best = int(np.argmax(gained))
    z = float(np.sqrt(max(gained[best], 0.0)))
    if z <= SURE:
        return Haze(z=z)
    return Haze(float(found[best]) * (1 - SURE / z), float(WIDTHS[best]), z)


def _of_orders(bands: Bands, orders: list[Order], constant: _Constant) -> Iterator[np.ndarray]:
    """For each order, in rings: what the two bands have in common, power of band 0, variance of the first, count."""
    (fy, fx), lens, pixels = bands.frequencies_per_um, bands.transfer, bands.spectra.shape[1:]
    relative = np.hypot(fy[:, None], fx) / lens.cutoff_per_um
    inside = np.flatnonzero(relative < HIGHEST)
    v, h = relative.ravel()[inside], lens(fy, fx).ravel()[inside]
    ring = (v * (RINGS / HIGHEST)).astype(int)
    zero = constant.removed(bands.spectra[0]).ravel()[inside]
    power = np.abs(zero) ** 2
    for order in orders:
        ky, kx = order.k_per_um
        moved = bands.images[order.order] * wave(pixels, -np.array(order.k_per_um) / bands.step_per_um)
        other = constant.removed(fft.fft2(moved, workers=WORKERS))
        turn = np.exp(-1j * order.phase_rad)
        beyond = np.minimum(relative, np.hypot(fy[:, None] + ky, fx + kx) / lens.cutoff_per_um) > BEYOND
        shared = np.mean((other * bands.spectra[0].conj() * turn).real[beyond]) if beyond.sum() >= LEAST else 0.0
        common = (other.ravel()[inside] * zero.conj() * turn).real - np.float32(shared)
        h_other = lens(fy + ky, fx + kx).ravel()[inside]
        both, alone = common * h * h_other, (power - np.float32(bands.noise)) * h_other**2
        reference = (v > REFERENCE) & (h_other > 0)
        lit, unlit = (float(np.sum(each[reference], dtype=float)) for each in (both, alone))
        contrast = lit / unlit if unlit > abs(lit) / FULL else FULL
        if FAINTEST < contrast < FULL:
            yield _in_rings(ring, contrast, (both, alone), (power * bands.noise, h, h_other))


def _in_rings(ring: np.ndarray, contrast: float, compared, noisy) -> np.ndarray:
    """Sums over rings, each frequency with the weight that the noise of the two bands leaves it."""
    (both, alone), (variance, h, h_other) = compared, noisy
    seen = h_other > 0
    weight = seen * h**2 / (h**2 + (contrast * h_other) ** 2 + TINY) * contrast
    values = weight * both, weight * contrast * alone, weight * contrast * variance * (h * h_other) ** 2 / 2, seen
    return np.stack([np.bincount(ring, each, RINGS) for each in values])


class _Constant:
    """Constant light as a spectrum shows it whose border fades."""

    def __init__(self, pixels: tuple[int, int], grid: tuple[int, int]):
        rows, columns = (fft.fft(fading(n, WIDE_FADE), length) for n, length in zip(pixels, grid, strict=True))
        self.spectrum = np.multiply.outer(rows, columns).astype(np.complex64)
        self.power = float(np.vdot(self.spectrum, self.spectrum).real)

    def removed(self, spectrum: np.ndarray) -> np.ndarray:
        """The spectrum without as much of it as fits best."""
        return spectrum - self.spectrum * np.complex64(np.vdot(self.spectrum, spectrum) / self.power)
