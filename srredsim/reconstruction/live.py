r"""Images of a time series as fast as frames come: all is as it was found at the first time, but for the phases.

Vectors, phase steps and contrasts of the stripes, the lens, the haze and the noise are those of the first time. Nothing
of the denominator changes then, and a further time takes one transform a band, of the size of the frames, and one of
the image. A band moves home as it is transformed: as a wave of a fraction of a frequency step that its image is
multiplied with, and by whole steps as it is added up. Where band b and band 0 show the same frequencies of the object,

.. math:: S = \sum_f w(f) \, D_b(f + b k) D_0^*(f)

turns with the phase of the stripes, and the phase is that of the first time plus the angle from there.

It is an approximation. The transfer function is taken where the frequencies of a band are, not at the nearest ones
of the grid: at the first time the image differs from that of `srredsim.reconstruction.wiener` by a few 1e-4 of the
brightest pixel, 1e-3 where there is much light out of focus. Stripes whose direction or contrast drifts, or
light that fades into noise, need that one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from scipy import fft

from srredsim.optics import bands as optics_bands
from srredsim.optics.borders import continued, extended
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.attenuation import takes_away
from srredsim.reconstruction.wiener import Canvas, gathered
from srredsim.stripes.bands import LOWEST, Bands
from srredsim.stripes.haze import Haze
from srredsim.stripes.overlap import TINY, UNEXPLAINED
from srredsim.stripes.parameters import Order, Parameters
from srredsim.stripes.preprocess import Prepared


@dataclass(frozen=True)
class _Home:
    """How one band moves home: its frequencies there, in steps, and what each is multiplied with."""

    group: int  # of frames
    place: int  # among the waves of it
    order: Order
    carrier: tuple[np.ndarray, ...] | None  # along y and x, of the whole vector; None: a border is but mirrored
    waves: tuple[np.ndarray, ...]  # along y and x, of the part of it that is less than a step
    taken: tuple[np.ndarray, ...]  # frequencies of the transform
    at: tuple[np.ndarray, ...]  # where they belong
    passed: np.ndarray  # what the band is multiplied with there: H(f + b k), and the way to the output pixels
    common: tuple[slice, ...]  # of these: where band 0 shows the same
    weights: np.ndarray  # w, there


class Live:
    """Wiener images (2y, 2x) of a channel, time after time; several threads may ask for one each.

    Parameters
    ----------
    prepared : Prepared
        The first time.
    parameters, transfer, wiener, attenuation :
        As of `srredsim.reconstruction.wiener.reconstruct`.
    """

    def __init__(
        self,
        prepared: Prepared,
        parameters: Parameters,
        transfer: Transfer,
        wiener: float | None = None,
        attenuation: float | Haze = 0.0,
    ):
        self.parameters, self._carried = parameters, takes_away(attenuation)
        self._canvas = canvas = Canvas(prepared.frames.shape[2:], parameters.lens(transfer))
        self.regularisation, widefield, _ = gathered(canvas, prepared, parameters, wiener, attenuation)
        self._gain = canvas.gain(self.regularisation, canvas.transfer.cutoff_per_um + parameters.k_max_per_um)
        self._homes = [
            self._home(number, place, order, widefield)
            for number, group in enumerate(parameters.groups)
            for place, order in enumerate(group.orders)
            if order.amplitude != 0
        ]
        self._first = [found for _, found in self._bands(prepared)[1]]

    def __call__(self, prepared: Prepared) -> tuple[np.ndarray, Parameters]:
        """Image of the frames of one time, and the stripes with the phases that they have then."""
        spectrum, bands = self._bands(prepared)
        orders = [group.orders for group in self.parameters.groups]
        for home, (moved, found), first in zip(self._homes, bands, self._first, strict=True):
            phase_rad = (home.order.phase_rad + float(np.angle(found * np.conj(first)))) % (2 * np.pi)
            order = orders[home.group][home.place] = replace(home.order, phase_rad=phase_rad)
            moved *= home.passed
            moved *= np.complex64(np.conj(order.amplitude))
            _put(spectrum, home.at[0], home.at[1], moved)
        image = self._canvas.filtered(spectrum, self._gain)
        every = iter(order for group in orders for order in group)
        angles = (replace(a, orders=tuple(islice(every, len(a.orders)))) for a in self.parameters.angles)
        return image, replace(self.parameters, angles=tuple(angles))

    def _bands(self, prepared: Prepared) -> tuple[np.ndarray, list[tuple[np.ndarray, complex]]]:
        """Spectrum that holds the bands 0; and every other band where it belongs, with S."""
        canvas, others = self._canvas, []
        zeros = np.zeros(canvas.padded, np.complex64)
        for number, (frames, group) in enumerate(zip(prepared.frames, self.parameters.groups, strict=True)):
            band_zero, *bands = optics_bands.separate_waves(frames, group.waves_rad)
            zero = fft.fft2(extended(band_zero))
            zeros += zero
            others += [_moved(home, bands[home.place], zero) for home in self._homes if home.group == number]
        spectrum = np.zeros(self._gain.shape, np.complex64)
        return canvas.with_zero(spectrum, canvas.zero(zeros, canvas.share)), others

    def _home(self, group: int, place: int, order: Order, widefield: Bands) -> _Home:
        transfer, steps = self._canvas.transfer, widefield.step_per_um
        waves, taken, at, f = [], [], [], []
        for n, (before, _), k, step in zip(self._canvas.padded, self._canvas.sides, order.k_per_um, steps, strict=True):
            whole, reach, end = round(k / step), transfer.cutoff_per_um / step, (n - 1) // 2
            rest = k / step - whole
            # raw pixel 0, where phases are told, lies behind the margin
            waves.append(_wave((rest * (np.arange(n) - before) - whole * before) / n))
            low = max(int(np.ceil(-reach - rest)), -end, whole - SCALE * end)
            high = min(int(np.floor(reach - rest)), end, whole + SCALE * end)
            taken.append(np.arange(low, high + 1))
            at.append(taken[-1] - whole)
            f.append(at[-1] * step)
        of_frames = [each + k for each, k in zip(f, order.k_per_um, strict=True)]
        h_other = transfer(*of_frames)
        inside = [np.flatnonzero(np.abs(each) < transfer.cutoff_per_um) for each in f]
        common = tuple(slice(each[0], each[-1] + 1) if len(each) else slice(0) for each in inside)
        way = [_wave(each * transfer.pixel_size_um / 4) for each in f]  # to the centres of output pixels
        passed = h_other * (SCALE**2 * way[0])[:, None] * way[1]
        if share := self._canvas.shares.get((group, place)):
            passed *= share(*(each / transfer.cutoff_per_um for each in of_frames))
        shared = [each[part] for each, part in zip(f, common, strict=True)]
        weights = _weights(order, widefield, shared, h_other[common])
        carrier = tuple(self._canvas.carrier(order)) if self._carried else None
        return _Home(group, place, order, carrier, tuple(waves), tuple(taken), tuple(at), passed, common, weights)


def _wave(cycles: np.ndarray) -> np.ndarray:
    return np.exp(-2j * np.pi * cycles).astype(np.complex64)


def _weights(order: Order, widefield: Bands, f: list[np.ndarray], h_other: np.ndarray) -> np.ndarray:
    """w at the frequencies f, as `srredsim.stripes.overlap` has them, times the transfer functions of both bands."""
    transfer, noise, contrast = widefield.transfer, np.float32(widefield.noise), np.float32(abs(order.amplitude))
    h = transfer(*f)
    at = (np.rint(each / step).astype(int) for each, step in zip(f, widefield.step_per_um, strict=True))
    power = widefield.power[np.ix_(*at)]
    spread = noise * (h**2 + (contrast * h_other) ** 2) + (UNEXPLAINED * contrast * h * h_other) ** 2 * power
    lowest = LOWEST * transfer.cutoff_per_um
    shown = [np.hypot(f[0][:, None] + ky, f[1] + kx) >= lowest for ky, kx in ((0.0, 0.0), order.k_per_um)]
    return np.where(shown[0] & shown[1], h * h_other * power / (power + noise + TINY) / (spread + TINY), 0)


def _moved(home: _Home, band: np.ndarray, zero: np.ndarray) -> tuple[np.ndarray, complex]:
    """Band +b where it belongs, and S, from its image and the spectrum of band 0."""
    image = extended(band) if home.carrier is None else continued(band, home.carrier)
    image *= home.waves[0][:, None]
    image *= home.waves[1]
    moved = fft.fft2(image, overwrite_x=True)[np.ix_(*home.taken)]
    there = np.ix_(*(numbers[part] for numbers, part in zip(home.at, home.common, strict=True)))
    return moved, complex(np.vdot(zero[there], moved[home.common] * home.weights))


def _put(spectrum: np.ndarray, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
    """Add values, and their complex conjugates at the opposite frequencies, to the half plane of a real image."""
    first, last = np.searchsorted(columns, 0), np.searchsorted(columns, 0, "right")
    _add(spectrum, rows, columns[first:], values[:, first:])
    _add(spectrum, -rows[::-1], -columns[:last][::-1], values[::-1, :last][:, ::-1].conj())


def _add(spectrum: np.ndarray, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
    """Add values at frequencies that follow one another; rows of negative ones come last in the spectrum."""
    if not values.size:
        return
    across = slice(columns[0], columns[-1] + 1)
    negative = int(np.searchsorted(rows, 0))
    if negative:
        start = len(spectrum) + rows[0]
        spectrum[start : start + negative, across] += values[:negative]
    if negative < len(rows):
        spectrum[rows[negative] : rows[-1] + 1, across] += values[negative:]
