r"""How far one widefield image supports an image that was made of it.

The image is binned to the pixels of the input, and blurred ring by ring of the spectrum as fits the input best, which
measures the lens as far as the two tell it: with the spectra :math:`Z` of the input and :math:`U` of the binned image,

.. math:: T(f) = \max\left(0, \frac{\sum \mathrm{Re}\, Z U^*}{\sum |U|^2}\right), \quad
          R(f) = \langle |Z - T U|^2 \rangle

Noise alone leaves no more than its own power :math:`N`, which the corners of the spectrum show, where no light comes;
a network that follows the noise a little leaves less. What is drawn and is not there, and what is there and was not
drawn, leave more. Frequencies that light from out of focus is made of are not asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import fft

from srredsim.acquisition import Optics
from srredsim.noise.whiteness import CORNER, only_rounding, whiteness
from srredsim.optics.borders import WIDE_FADE, WORKERS, fading
from srredsim.optics.otf import cutoff_per_um
from srredsim.optics.sampling import bin_pixels

SIDE = 512  # pixels of the windows whose spectra are added up, at most
SMALLEST_WINDOW_PX = 3 * WIDE_FADE  # pixels: below, a window is nothing but borders
RING = 0.01  # cycles per pixel
LOWEST, HIGHEST = 0.06, 0.5  # cycles per pixel of the rings that are compared
ABOVE_NOISE = 2.0  # power of the input over that of its noise, in a ring that is compared
WHITE = 0.29  # logarithm of the whiteness, either way, up to which noise counts as that of a camera ...
BY_CHANCE = 63.0  # ... and over the pixels of a side, what a small image has by chance, 4.5 standard deviations
RESIDUAL, UNEXPLAINED = 2.5, 0.05  # both are passed by an image that disagrees; 1.2 and 0.02 by none of 600 sound ones


@dataclass(frozen=True)
class Agreement:
    """Agreement of an image with its input; None where that cannot be told."""

    whiteness: float | None  # that of the input's noise: 1 if each pixel has noise of its own, 0 if none is left of it
    white: bool = True  # within what chance makes of it
    residual: float | None = None  # power that the image leaves of the input, over that of the noise
    unexplained: float | None = None  # power of what is not noise in it, over that of the structure

    @property
    def disagrees(self) -> bool:
        return self.residual is not None and self.residual > RESIDUAL and self.unexplained > UNEXPLAINED

    def report(self) -> dict:
        """Ready for JSON."""
        return {"whiteness": self.whiteness, "residual": self.residual, "unexplained": self.unexplained}


def agreement(noisy: np.ndarray, image: np.ndarray, cutoff_per_pixel: float | None = None) -> Agreement:
    """Compare an image with what it was made of.

    Parameters
    ----------
    noisy : (y, x) ndarray
        The input, in any unit.
    image : (scale * y, scale * x) ndarray
        In any unit, above any background.
    cutoff_per_pixel : float, optional
        That of the lens in cycles per pixel of the input; left out: any that the pixels can carry.
    """
    noisy, image = np.asarray(noisy, np.float32), np.asarray(image, np.float32)
    if min(noisy.shape) < SMALLEST_WINDOW_PX or not (np.all(np.isfinite(noisy)) and np.ptp(noisy) > 0):
        return Agreement(None)
    scale = image.shape[0] // noisy.shape[0]
    rounded, noisy, image = only_rounding(noisy), _of_deviation_1(noisy), _of_deviation_1(image)
    colour = 0.0 if rounded else whiteness(noisy)
    limit = max(WHITE, BY_CHANCE / np.sqrt(noisy.size))
    found = Agreement(colour, bool(np.exp(-limit) < colour < np.exp(limit)))
    if not found.white:
        return found
    counts, seen, left = _rings(noisy, bin_pixels(image, scale) if scale > 1 else image)
    middles = (np.arange(len(counts)) + 0.5) * RING
    highest = min(cutoff_per_pixel or HIGHEST, HIGHEST)
    compared = (middles > LOWEST) & (middles < highest) & (seen > ABOVE_NOISE)
    if not np.any(compared):  # nothing but noise
        return found
    counts, seen, left = counts[compared], seen[compared], left[compared]
    structure = float(np.sum(counts * (seen - 1)))
    residual = float(np.sum(counts * left) / np.sum(counts))
    return Agreement(colour, True, residual, max(float(np.sum(counts * (left - 1))), 0.0) / structure)


def _of_deviation_1(image: np.ndarray) -> np.ndarray:
    """The same in units of its own, so that no square is too large or too small for a number."""
    spread = image.std(dtype=np.float64)
    return ((image - image.mean(dtype=np.float64)) / (spread or 1.0)).astype(np.float32)


def cutoff_of(optics: Optics, channel: int = 0) -> float | None:
    """Cut-off of the lens in a channel, in cycles per pixel; None if it is not known."""
    own = optics.of_channel(channel)
    wavelength_em_um = own.wavelength_em_um
    if own.na is None or own.pixel_size_um is None or not isinstance(wavelength_em_um, int | float):
        return None
    return cutoff_per_um(own.na, wavelength_em_um) * own.pixel_size_um


@dataclass(frozen=True)
class Agreements:
    """Those of all planes (t, c, z) of a file, in words.

    Parameters
    ----------
    name : str
        Model that made the images.
    knows_colour : bool
        It has learned on noise of any colour.
    """

    name: str
    knows_colour: bool = False
    found: dict[tuple[int, int, int], Agreement] = field(default_factory=dict)

    def add(self, position: tuple[int, int, int], found: Agreement) -> None:
        self.found[position] = found

    def report(self) -> list[dict]:
        """A row for each t, c and z, ready for JSON."""
        rows = sorted(self.found.items())
        return [dict(zip("tcz", position, strict=True)) | found.report() for position, found in rows]

    def notes(self) -> list[str]:
        """A line for what is wrong, of the plane where it is worst."""
        wrong = [each for each in self.found.values() if each.disagrees]
        coloured = [each for each in self.found.values() if not (each.white or self.knows_colour)]
        return [*([self._disagrees(wrong)] if wrong else []), *([self._coloured(coloured)] if coloured else [])]

    def _disagrees(self, wrong: list[Agreement]) -> str:
        worst = max(wrong, key=lambda each: each.unexplained or 0.0)
        return (
            f"warning: the image disagrees with its input{self._share(wrong)}: blurred and binned back, it misses"
            f" {100 * worst.unexplained:.0f} % of the input's structure, {worst.residual:.1f} times the power of the"
            " noise; its details are not to be trusted"
        )

    def _coloured(self, coloured: list[Agreement]) -> str:
        worst = max(coloured, key=lambda each: abs(np.log(max(each.whiteness, 1e-30))))
        return (
            f"warning: {self.name} was trained on images whose neighbouring pixels have noise of their own; here"
            f"{self._share(coloured)} the finest frequencies have {100 * worst.whiteness:.0f} % of the power of those"
            " below them, as of an image that was filtered, enlarged or compressed: noise may have become structure"
        )

    def _share(self, some: list[Agreement]) -> str:
        return f" ({len(some)} of {len(self.found)} planes)" if len(self.found) > 1 else ""


def _rings(noisy: np.ndarray, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number of frequencies, power of the input and power that is left of it, both over that of the noise, by ring."""
    sides = [min(SIDE, n) for n in noisy.shape]
    window = fading(sides[0], WIDE_FADE)[:, None] * fading(sides[1], WIDE_FADE)
    frequency = np.hypot(fft.fftfreq(sides[0])[:, None], fft.rfftfreq(sides[1]))
    ring, corner = np.floor(frequency / RING).astype(int).ravel(), frequency > CORNER
    sums, noise = np.zeros((3, ring.max() + 1)), 0.0
    for y in _starts(noisy.shape[0], sides[0]):
        for x in _starts(noisy.shape[1], sides[1]):
            place = slice(y, y + sides[0]), slice(x, x + sides[1])
            z, u = (fft.rfft2((each[place] - each[place].mean()) * window, workers=WORKERS) for each in (noisy, image))
            parts = (z * u.conj()).real, np.abs(u) ** 2, np.abs(z) ** 2
            sums += [np.bincount(ring, part.ravel()) for part in parts]
            noise += float(np.sum(np.abs(z[corner]) ** 2))
    counts = np.bincount(ring) * (len(_starts(noisy.shape[0], sides[0])) * len(_starts(noisy.shape[1], sides[1])))
    level = noise / (np.count_nonzero(corner) * counts.sum() / ring.size)
    both, power, seen = sums
    transfer = np.maximum(both / np.maximum(power, 1e-30), 0.0)
    left = seen - 2 * transfer * both + transfer**2 * power
    return counts, seen / counts / level, left / counts / level


def _starts(length: int, side: int) -> list[int]:
    """First pixels of windows that cover a length, evenly spread."""
    return np.linspace(0, length - side, -(-length // side)).astype(int).tolist()
