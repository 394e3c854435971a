r"""Finding the stripes: which shift makes the bands of an angle show the same object.

The cross-correlation :math:`C_b(q) = \sum_f Y_b(f + q) X(f)^*` of a band with band 0, both weighted by the transfer
function, is compared with what it would be without anything in common,
:math:`V(q) = \sum_f |Y_b(f + q)|^2 |X(f)|^2`. Then :math:`z = |C| / \sqrt{V}` has a Rayleigh distribution,
:math:`P(z > t) = e^{-t^2}`, wherever there are no stripes, and the probability that the highest of a whole annulus is
chance is known. With two orders, the sum :math:`z_1^2(q) + z_2^2(2q)` is searched: both must point the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from srredsim.cached import cached_property
from srredsim.optics.borders import WORKERS
from srredsim.stripes.bands import LOWEST, Bands, in_blocks, transformed
from srredsim.stripes.overlap import Overlap, overlap
from srredsim.threads import in_threads

FALSE_ALARM = 5e-4  # the most that a measured angle may have
SAME_LENGTH = 0.03  # by which the angles of a microscope differ in |k|, and a given k from the stripes, at most
SAME_DIRECTION_RAD = np.deg2rad(3.0)  # the same of directions, about even spacing and about a given k
THREE_BEAMS = 0.62  # fraction of the cut-off: a first order below it belongs to a pattern with a second
ANNULUS = {2: (0.5, 1.2), 3: (0.25, THREE_BEAMS)}  # fractions of the cut-off, for each number of beams
WHOLE = (0.25, 1.2)
LIMIT, LIMIT_OF_NOISE = 30.0, 300.0  # times the mean power of a band, and as many times the noise-to-signal ratio of it
RINGS = 32  # up to the cut-off
CANDIDATES = 4  # peaks of the coarse grid that are looked at closely
USUAL, HIGH = 0.5, 0.95  # shares of the lags that z is held against chance at: stripes show at fewer
AROUND, CLOSE = 2.5, 0.25  # frequency steps: how far the bands themselves are asked beside a peak, and once more
BY_BORDER = 0.15  # frequency steps that fading borders move what is likely, at most; small fields the farthest
FINE = 0.36  # frequency steps between lags, of which none of the higher peaks that few lines make falls through
NARROW = 0.05  # frequency steps: half the width of a square that a peak is a parabola in
LARGE = 300  # pixels: from here on the coarse grid has one lag, not two, in each resolvable step


@dataclass(frozen=True)
class Peak:
    """``k0_per_um`` (ky, kx) and how much it stands out: ``z`` of each order, ``score`` the sum of their squares."""

    k0_per_um: tuple[float, float]
    z: tuple[float, ...]
    false_alarm: float

    @property
    def score(self) -> float:
        return float(np.sum(np.square(self.z)))


class Search:
    """z of every order of one angle on a grid of lags."""

    def __init__(self, bands: Bands):
        self.bands = bands
        self.fine = bands.fine_shape()
        self.padding = 1 if min(self.fine) >= LARGE else 2
        self.step_per_um = bands.step_per_um
        self.lags_per_um = tuple(
            np.fft.fftfreq(self.padding * n, 1.0 / (n * step))
            for n, step in zip(self.fine, self.step_per_um, strict=True)
        )
        (x, _), *others = in_threads(self._levelled, range(bands.orders + 1))

        def compared(other: tuple[np.ndarray, float]) -> tuple[np.ndarray, ...]:
            y, noise = other
            limit = max(LIMIT, LIMIT_OF_NOISE * noise / max(1.0 - noise, 1e-2))
            return self._compared(limited(x, limit), limited(y, limit))

        self._products, self._chance, self.z = zip(*in_threads(compared, others), strict=True)

    def _levelled(self, order: int) -> tuple[np.ndarray, float]:
        """Image of a band, levelled and weighted, on the fine grid; and the share of noise in its power.

        The weight is the root of the transfer function: dim frames want the function itself, but then what the bands
        have in common where stripes are as fine as the lens shows, half-way to its cut-off, counts for nothing.
        """
        bands, spectrum = self.bands, self.bands.spectra[order]
        level = levels(spectrum, bands) * np.sqrt(bands.filter())
        noise = bands.noise * np.sum(level**2, dtype=float)
        spectrum = spectrum * level
        return bands.fine_image(spectrum), float(min(noise / np.sum(np.abs(spectrum) ** 2, dtype=float), 1.0))

    def _compared(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The product of two images, and at every lag what chance makes of its transform, and z."""
        product = y * x.conj()
        size = [self.padding * n for n in self.fine]
        z = np.abs(fft.fft2(product, s=size, workers=WORKERS))
        powers = [fft.rfft2(np.abs(fft.fft2(each, workers=WORKERS)) ** 2, workers=WORKERS) for each in (y, x)]
        chance = fft.irfft2(powers[0] * powers[1].conj(), s=self.fine, workers=WORKERS) / product.size**2
        chance = np.sqrt(np.maximum(chance, 1e-6 * chance.max()))
        z /= chance if self.padding == 1 else np.repeat(np.repeat(chance, self.padding, 0), self.padding, 1)
        inside = self.within(*WHOLE)
        found, by_chance = np.quantile(z[inside], (USUAL, HIGH)), np.sqrt(-np.log1p([-USUAL, -HIGH]))
        excess = float(max(1.0, *(found / by_chance)))  # structure that is not everywhere alike
        return product, chance * excess, z / excess

    def within(self, low: float, high: float) -> np.ndarray:
        """Lags between two multiples of the cut-off."""
        return (self._square >= low**2) & (self._square <= high**2)

    @cached_property
    def _square(self) -> np.ndarray:
        """Squared length of the lags, in multiples of the cut-off."""
        y, x = (each / self.bands.transfer.cutoff_per_um for each in self.lags_per_um)
        return (y * y)[:, None] + x * x

    def near(self, k0_per_um, along: float, across_rad: float) -> np.ndarray:
        """Lags whose length is that of k but for a fraction `along`, and whose direction but for an angle."""
        ky, kx = self.lags_per_um[0][:, None], self.lags_per_um[1]
        length = np.hypot(*k0_per_um)
        turned = np.angle((kx + 1j * ky) * (k0_per_um[1] - 1j * k0_per_um[0]))
        return (np.abs(np.hypot(ky, kx) / length - 1) <= along) & (np.abs(turned) <= across_rad)

    @cached_property
    def score(self) -> np.ndarray:
        """Sum of z^2 of all orders at every first-order lag; the second order counts where it can be."""
        score = self.z[0] ** 2
        if self.bands.orders == 1:
            return score
        twice = [2 * np.fft.fftfreq(n, 1.0 / n).astype(int) % n for n in score.shape]
        # twice a lag of a coarse grid may lie a whole step beside the peak
        around = ndimage.maximum_filter(self.z[1], 3, mode="wrap") if self.padding == 1 else self.z[1]
        second = around[np.ix_(*twice)] ** 2
        return score + np.where(self.within(0.0, THREE_BEAMS), second, 0.0)

    def candidates(self, region: np.ndarray, most: int = CANDIDATES) -> list[Peak]:
        """The highest peaks of a region of lags, the highest first."""
        cells = np.count_nonzero(region) / self.padding**2
        score = np.where(region, self.score, -1.0)
        peaks = []
        for _ in range(most):
            i, j = np.unravel_index(np.argmax(score), score.shape)
            if score[i, j] < 0:
                break
            k0, z = self._at_best(self.lags_per_um[0][i], self.lags_per_um[1][j])
            chance = false_alarm_probability(float(np.sum(np.square(z))), cells, self._orders_at(k0))
            peaks.append(Peak(k0, z, chance))
            around = [np.arange(n - 2, n + 3) % size for n, size in zip((i, j), score.shape, strict=True)]
            score[np.ix_(*around)] = -1.0
        return sorted(peaks, key=lambda peak: -peak.score)

    def _orders_at(self, k0_per_um) -> int:
        three = np.hypot(*k0_per_um) <= THREE_BEAMS * self.bands.transfer.cutoff_per_um
        return self.bands.orders if three else 1

    def _at_best(self, ky: float, kx: float) -> tuple[tuple[float, float], tuple[float, ...]]:
        """Top of the peak near a lag, between the points of the grid."""
        lag = np.array([ky, kx]) / self.step_per_um
        orders = range(1, self._orders_at((ky, kx)) + 1)
        offsets = np.linspace(-0.5, 0.5, 5) / self.padding
        grids = [self._z_near(order, order * lag, order * offsets) for order in orders]
        i, j = np.unravel_index(np.argmax(sum(z**2 for z in grids)), (5, 5))
        lag = lag + np.array([offsets[i], offsets[j]])
        z = [float(grid[i, j]) for grid in grids] + [0.0] * (self.bands.orders - len(grids))
        return tuple((lag * self.step_per_um).tolist()), tuple(z)

    def _z_near(self, order: int, lag: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        product = self._products[order - 1]
        small, extent = in_blocks(product, -lag)
        common = np.abs(transformed(small, *np.multiply.outer(extent, offsets)))
        nearest = tuple(round(float(at)) % n for at, n in zip(lag, self.fine, strict=True))
        return common / self._chance[order - 1][nearest]


def levels(spectrum: np.ndarray, bands: Bands) -> np.ndarray:
    """One over the mean amplitude of the spectrum at frequencies of equal length.

    What the object itself has in common with its shifted self is chance, too, and strongest where its power is. In dim
    frames the power is that of the noise, the same everywhere.
    """
    fy, fx = bands.frequencies_per_um
    ring = np.minimum(np.hypot(fy[:, None], fx) / bands.transfer.cutoff_per_um * RINGS, RINGS).astype(int)
    power = np.bincount(ring.ravel(), np.abs(spectrum).ravel() ** 2) / np.maximum(np.bincount(ring.ravel()), 1)
    return (1 / np.sqrt(np.maximum(power, 1e-30))).astype(np.float32)[ring]


def limited(image: np.ndarray, limit: float) -> np.ndarray:
    """The image with its brightest places dimmed: those of more than `limit` times its mean power.

    A few bright spots go with stripes of any vector; but where spots are all there is, what lies between them is the
    error of the lens, and must not count as much as they do. Where noise is as strong as the stripes on a spot, nothing
    but the spots tells of them, and the limit must be higher still.
    """
    power = np.abs(image) ** 2
    return image / np.sqrt(1.0 + power / (limit * np.mean(power)))


def false_alarm_probability(score: float, cells: float, orders: int) -> float:
    """Chance that the highest peak of noise, in an area of so many resolvable lags, reaches a score.

    The expected number of peaks above a level is that of the Euler characteristic of a chi-square field with two
    degrees of freedom an order, whose spectral width is that of a field of sharp borders.

    References
    ----------
    .. [1] K. J. Worsley, Adv. Appl. Probab. 26, 13 (1994).
    """
    width = np.pi**2 / 3 * np.mean(np.arange(1, orders + 1) ** 2)  # width of the field, variance of its gradient
    u = 2.0 * score
    density = (u - 1) if orders == 1 else u / 2 * (u - 3)
    peaks = (cells * width / (2 * np.pi) * max(density, 0.0) + orders) * np.exp(-score)
    return float(min(1.0, peaks)) if score > 2.0 else 1.0


def refined(bands: Bands, k0_per_um, rounds: int = 2) -> tuple[float, float]:
    r"""First-order vector with which band 0 explains most of the bands of all orders: the most likely one.

    The :math:`\chi^2` of `rivals` is the least there. Looked for beside a peak of the search, whose z a few lines in
    the dark leave as high two frequency steps away, where bands differ by many times their noise. All of band 0 is
    compared: in fields bright all over, nothing says as well where stripes lie as its lowest frequencies.

    The inner field says it to a few millionths of a frequency step, were there no noise, unless too few lines are in
    it: then it says something else than the whole field, which is off a little by its borders.
    """
    k0 = np.asarray(k0_per_um)
    for half_width in (AROUND, CLOSE)[-rounds:]:
        compared = overlaps(bands, k0, lowest=0.0)
        offset = climb(compared, half_width)
        inner = climb(compared, BY_BORDER, offset, inner=True)
        if np.hypot(*inner) <= BY_BORDER:
            offset = offset + inner
        k0 = k0 + offset * bands.step_per_um
    return tuple(k0.tolist())


def overlaps(bands: Bands, k0_per_um, lowest: float = LOWEST) -> list[Overlap]:
    """Band 0 beside the band of every order, their products computed; ``lowest`` as of `overlap`."""

    def of(order: int) -> Overlap:
        found = overlap(bands, order, np.multiply(order, k0_per_um), lowest=lowest)
        _ = found.products
        return found

    return in_threads(of, range(1, bands.orders + 1))


def climb(
    overlaps: list[Overlap], half_width: float, start: np.ndarray | float = 0.0, inner: bool = False
) -> np.ndarray:
    """How far (y, x) from a first-order lag, in frequency steps, all orders explain most.

    The best of lags that are ever closer together; then the top of a parabola through the last of them: which of these
    is the best, rounding decides.
    """
    offset = np.zeros(2)
    while True:
        steps = np.linspace(-half_width, half_width, max(7, 2 * round(half_width / FINE) + 1))
        lags = [at + steps for at in offset + start]
        score = np.sum([item.explained(item.order * lags[0], item.order * lags[1], inner) for item in overlaps], axis=0)
        if half_width < NARROW:
            return offset + half_width * _top(score)
        i, j = np.unravel_index(np.argmax(score), score.shape)
        offset = offset + np.array([steps[i], steps[j]])
        half_width = 1.2 * (steps[1] - steps[0])


def _top(score: np.ndarray) -> np.ndarray:
    """Where (y, x) the parabola through values on a square from -1 to 1 is highest; in the middle if it is not."""
    y, x = (each.ravel() for each in np.meshgrid(*(np.linspace(-1, 1, n) for n in score.shape), indexing="ij"))
    columns = np.stack([y * y, x * y, x * x, y, x, np.ones_like(x)], axis=1)
    yy, xy, xx, *slope, _ = np.linalg.lstsq(columns, score.ravel().astype(float), rcond=None)[0]
    if yy >= 0 or 4 * yy * xx <= xy * xy:
        return np.zeros(2)
    return np.clip(np.linalg.solve([[2 * yy, xy], [xy, 2 * xx]], np.negative(slope)), -1, 1)
