r"""Light from out of focus, measured where two bands show the same coarse structures of the object.

Band 0 shows all light, :math:`D_0 = S H + Z`, with haze Z that a lens passes at low frequencies only. Band b, moved
home, shows what stripes have lit, :math:`D_b = c_b S H_b`: light in focus. So the share h of the power of band 0 that
is not in focus is what lacks in

.. math:: \frac{\sum \mathrm{Re}(D_b D_0^*) H H_b / c_b}{\sum (|D_0|^2 - N) H_b^2} = 1 - h(f).

It is 0 in a thin sample, and in a thick one it falls towards high frequencies; with v in units of the cut-off,

.. math:: h = \frac{r}{1 + r}, \quad r = r_0 e^{-v^2 / 2 s^2} .

What else makes the ratio differ from 1 is fitted with it, in the same sums: a contrast of each order, and a lens that
is damped more or less than was thought, by which the ratio grows as :math:`e^{\delta (v_b - v)}`, :math:`v_b` being
where band b shows the frequency. So sums are over rings of v and, in each of them, over steps of :math:`v_b - v`:
damping tells the two sides of a ring apart, haze does not. Constant light, which background may be, is left out of both
bands.

Stripes of three beams also vary along the axis, and so their first order has light from out of focus of its own: in
:math:`D_b = c_b S H_b + E_b` it is as strong as what the band shares with band 0, or stronger. It is told by the power
of the band, and such an order counts little here (`OWN_ERROR`).

What is called sure is neither chance nor the error that contrasts a little wrong make (`MODEL_ERROR`). An image of
three beams, or of coarse stripes (`COARSE`), does not rest on that: its coarse structures can come from the other
orders nearly as well, and it is best made with the mean of all h, each as likely as the fit has it. Where all stripes
are the finest ones of two beams, band 1 shows coarse structures at the end of the transfer function, next to noise:
little is sure then, and only that counts.
Nor does an order tell anything where frames were not stored as the camera gave them and their noise has lost most of
its power at the frequency of the stripes (`WEAKENED`): a filter that is not linear, as a median, leaves stripes on
structures and takes them away where light is even, which looks like light out of focus. Pixels that are as bright as
can be cut off the stripes of bright structures: nothing is told then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import fft

from srredsim.noise.spectrum import NoiseSpectrum
from srredsim.optics.borders import WIDE_FADE, WORKERS, fading
from srredsim.optics.transfer import Transfer
from srredsim.stripes.bands import Bands, wave
from srredsim.stripes.measure import bands_of
from srredsim.stripes.overlap import TINY
from srredsim.stripes.parameters import Order, Parameters

RINGS = 28  # up to `HIGHEST`
SIDES, FURTHEST = 8, (-0.7, 1.2)  # steps of v_b - v, and between which values
REFERENCE, HIGHEST = 0.25, 0.7  # fractions of the cut-off: between them contrasts are first measured
FEWEST_OF_A_STEP = 4  # frequencies that a ratio is measured from
BEYOND, LEAST = 1.03, 200  # times the cut-off: mere noise; frequencies there, to tell what of it bands have in common
FAINTEST, FULL = 0.01, 1.5  # contrasts c of a band that has anything to say: none is above 1 but by its noise
MODEL_ERROR = 0.05  # standard deviation of a ratio that phases and contrasts a few percent wrong leaves
UNKNOWN = 0.5, 0.5  # those of the contrasts, relative, and of delta
WEAKENED = 0.3  # share of the power of the noise: frames that were resampled keep more of it up to the cut-off
LENS_ERROR = 0.01  # of the transfer function, of which little is left under stripes as fine as the lens shows
OWN_ERROR = 0.4  # of a ratio, where band b has as much light of its own as it shares with band 0
SURE = 3.0  # standard deviations: of 296 thin simulated stacks 7 were beyond, and lost at most .001 of correlation
COARSE = 0.65  # of the cut-off: stripes of which the band shows coarse structures as well
SURE_OF_TWO = 2.5  # of two orders, which show coarse structures so well that a mistake costs next to nothing
WIDTHS, WIDEST = np.geomspace(0.04, 0.4, 20), 0.26  # s: wider, it is an error of the lens
RATIOS = np.geomspace(1 / 32, 32, 11)  # r_0
NO_HAZE = 0.2  # how likely that is before anything was measured; every width and ratio as likely as the next
STEPS = 64  # of v up to the cut-off, between which the mean of all h is a line


@dataclass(frozen=True)
class Haze:
    """Share of the power of band 0 that is not in focus: r / (1 + r), ``r = r_0 exp(-v^2 / 2 width^2)``.

    v is in units of the cut-off, ``share`` that at v = 0. ``z`` is how sure that is, in standard deviations: below
    `SURE` the share is 0. ``likely``, where there are two orders or coarse stripes, is what an image is made with: the
    mean of all that h may be, from the middle to the cut-off in even steps of v.
    """

    share: float = 0.0
    width: float = 0.0
    z: float = 0.0
    likely: tuple[float, ...] = ()

    def at(self, relative_frequency: np.ndarray) -> np.ndarray:
        """What an image is made with."""
        if self.likely:
            return np.interp(relative_frequency, np.linspace(0.0, 1.0, len(self.likely)), self.likely)
        if not self.share:
            return np.zeros_like(relative_frequency)
        return _share(self.share / (1 - self.share), self.width, relative_frequency)

    def report(self) -> dict:
        """The same, ready for JSON; of ``likely`` the middle."""
        return {"share": self.share, "width": self.width, "z": self.z, "likely": float(self.at(np.float64(0.0)))}


NONE = Haze()


@dataclass(frozen=True)
class Ratios:
    """What one order of an angle tells: the ratio, with a contrast for which it is about 1, and where."""

    v: np.ndarray
    beyond: np.ndarray  # v_b - v
    ratio: np.ndarray
    variance: np.ndarray
    order: int
    coarse: bool  # whether its stripes are
    own: float  # power of the light out of focus that the band has alone, over that of what it shares with band 0


def haze_of(frames: np.ndarray, parameters: Parameters, transfer: Transfer, noise: NoiseSpectrum | None = None) -> Haze:
    """What all angles tell together; none where no stripes were found.

    Parameters
    ----------
    frames : (angles, phases, y, x) ndarray
        Background off, equally bright.
    noise : NoiseSpectrum, optional
        That which they had before it was made white.
    """
    if noise is not None and noise.clipped:
        return Haze()
    lens = parameters.lens(transfer)
    everything: list[Ratios] = []
    for number, bands in bands_of(parameters, frames, lens):
        orders = [order for order in parameters.angles[number].orders if order.amplitude != 0]
        orders = [order for order in orders if not _weakened(order, transfer, noise)]
        if orders:
            everything += _of_orders(bands, orders, _Constant(frames.shape[2:], bands.spectra.shape[1:]))
    return _fitted(everything) if everything else Haze()


def _weakened(order: Order, transfer: Transfer, noise: NoiseSpectrum | None) -> bool:
    frequency = np.hypot(*order.k_per_um) * transfer.pixel_size_um
    return noise is not None and bool(noise.at(frequency) < WEAKENED)


def _share(ratio: float, width: float, v: np.ndarray) -> np.ndarray:
    here = ratio * np.exp(-(v**2) / (2 * width**2))
    return here / (1 + here)


def _fitted(everything: list[Ratios]) -> Haze:
    """The best share and width; how much better than none they are says how sure they are."""
    v, beyond, ratio, variance = (
        np.concatenate([getattr(one, name) for one in everything]) for name in ("v", "beyond", "ratio", "variance")
    )
    weights = 1 / (variance + MODEL_ERROR**2)
    flat = np.repeat(np.eye(len(everything)), [len(one.v) for one in everything], axis=0)
    known = np.concatenate([flat, beyond[:, None]], axis=1)

    prior = 1 / np.square([*[UNKNOWN[0]] * len(everything), UNKNOWN[1]])

    def misfit(in_focus: np.ndarray) -> float:
        """What is left when contrasts and damping are the best for this haze."""
        parts, rest = known * in_focus[:, None], ratio - in_focus
        weighed = parts * weights[:, None]
        found = np.linalg.solve(weighed.T @ parts + np.diag(prior), weighed.T @ rest)
        return float(weights @ (rest - parts @ found) ** 2 + prior @ found**2)

    tried = [(misfit(1 - _share(r, s, v)), r, s) for s in WIDTHS for r in RATIOS]
    none, (least, r, s) = misfit(np.ones_like(v)), min(tried)
    z = float(np.sqrt(max(none - least, 0.0)))
    two, coarse = (any(told) for told in ((one.order > 1 for one in everything), (one.coarse for one in everything)))
    likely = _likely(none, [each for each in tried if each[2] <= WIDEST]) if two or coarse else ()
    if z <= (SURE_OF_TWO if two else SURE) or s > WIDEST:
        return Haze(z=z, likely=likely)
    return Haze(float(r / (1 + r)), float(s), z, likely)


def _likely(none: float, tried: list[tuple[float, float, float]]) -> tuple[float, ...]:
    """The mean of all h at even steps of v; what is left by no haze, and by each (left, ratio, width)."""
    left = np.array([none, *(each for each, _, _ in tried)])
    chance = np.exp((left.min() - left) / 2)
    chance[0] *= NO_HAZE / (1 - NO_HAZE) * len(tried)
    v = np.linspace(0.0, 1.0, STEPS + 1)
    mean = sum(one * _share(r, s, v) for one, (_, r, s) in zip(chance[1:], tried, strict=True)) / chance.sum()
    return tuple(mean.tolist())


def _of_orders(bands: Bands, orders: list[Order], constant: _Constant) -> Iterator[Ratios]:
    (fy, fx), lens, pixels = bands.frequencies_per_um, bands.transfer, bands.spectra.shape[1:]
    relative = np.hypot(fy[:, None], fx) / lens.cutoff_per_um
    inside = np.flatnonzero(relative < HIGHEST)
    v, h = relative.ravel()[inside], lens(fy, fx).ravel()[inside]
    zero = constant.removed(bands.spectra[0]).ravel()[inside]
    power = np.abs(zero) ** 2
    for order in orders:
        ky, kx = order.k_per_um
        moved = bands.images[order.order] * wave(pixels, -np.array(order.k_per_um) / bands.step_per_um)
        other = constant.removed(fft.fft2(moved, workers=WORKERS))
        turn = np.exp(-1j * order.phase_rad)
        v_other = np.hypot(fy[:, None] + ky, fx + kx) / lens.cutoff_per_um
        beyond = np.minimum(relative, v_other) > BEYOND
        shared = np.mean((other * bands.spectra[0].conj() * turn).real[beyond]) if beyond.sum() >= LEAST else 0.0
        common = (other.ravel()[inside] * zero.conj() * turn).real - np.float32(shared)
        h_other = lens(fy + ky, fx + kx).ravel()[inside]
        both, alone = common * h * h_other, (power - np.float32(bands.noise)) * h_other**2
        reference = (v > REFERENCE) & (h_other > 0)
        lit, unlit = (float(np.sum(each[reference], dtype=float)) for each in (both, alone))
        contrast = lit / unlit if unlit > abs(lit) / FULL else FULL
        if FAINTEST < contrast < FULL:
            noisy = power * bands.noise, h, h_other
            seen = (np.abs(other.ravel()[inside]) ** 2 - np.float32(bands.noise)) * h**2
            own = max(0.0, float(np.sum(seen[reference], dtype=float)) / (contrast**2 * unlit) - 1)
            coarse = bool(np.hypot(ky, kx) < COARSE * lens.cutoff_per_um)
            about = order.order, coarse, contrast, own
            yield _in_steps(about, v, v_other.ravel()[inside] - v, (both, alone), noisy)


def _in_steps(about: tuple[int, bool, float, float], v: np.ndarray, beyond: np.ndarray, compared, noisy) -> Ratios:
    """Ratios of sums over rings and steps, each frequency with the weight that the noise of the two bands leaves it."""
    (order, coarse, contrast, own), (both, alone), (variance, h, h_other) = about, compared, noisy
    low, high = FURTHEST
    step = np.clip((beyond - low) / (high - low) * SIDES, 0, SIDES - 1).astype(int)
    place, places = (v * (RINGS / HIGHEST)).astype(int) * SIDES + step, RINGS * SIDES
    seen = h_other > 0
    weight = seen * h**2 / (h**2 + (contrast * h_other) ** 2 + TINY) * contrast
    values = weight * both, weight * contrast * alone, weight * contrast * variance * (h * h_other) ** 2 / 2
    lit, power, variance = (np.bincount(place, each, places) for each in values)
    count, distance = np.bincount(place, seen, places), np.bincount(place, seen * beyond, places)
    passed = np.bincount(place, seen * h_other, places)
    told = (power > 0) & (count >= FEWEST_OF_A_STEP)
    middle = (np.arange(places) // SIDES + 0.5) * HIGHEST / RINGS
    lit, power, variance, count, distance, passed, middle = (
        each[told] for each in (lit, power, variance, count, distance, passed, middle)
    )
    noise = 2 * variance / power**2  # f and -f say the same
    known = noise + (LENS_ERROR * count / passed) ** 2 + (OWN_ERROR * own) ** 2
    return Ratios(middle, distance / count, lit / power, known, order, coarse, own)


class _Constant:
    """Constant light as a spectrum shows it whose border fades."""

    def __init__(self, pixels: tuple[int, int], grid: tuple[int, int]):
        rows, columns = (fft.fft(fading(n, WIDE_FADE), length) for n, length in zip(pixels, grid, strict=True))
        self.spectrum = np.multiply.outer(rows, columns).astype(np.complex64)
        self.power = float(np.vdot(self.spectrum, self.spectrum).real)

    def removed(self, spectrum: np.ndarray) -> np.ndarray:
        """The spectrum without as much of it as fits best."""
        return spectrum - self.spectrum * np.complex64(np.vdot(self.spectrum, spectrum) / self.power)
