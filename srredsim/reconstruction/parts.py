r"""The Wiener image in parts: what each band of each angle adds to it, moved home and phase-corrected.

With the sums of `srredsim.reconstruction.wiener`, the denominator of all bands being

.. math:: W(f) = \sum_{db} |c_{db}|^2 H^2(f + b k_d) + w^2(f),

band b of angle d is the complex image of spectrum

.. math:: P_{db}(f) = A(f) \, \frac{2 c_{db}^* H(f + b k_d) D_{db}(f + b k_d)}{W(f)}, \quad b > 0
          \quad (b = 0: \text{without the } 2),

apodised by A. The real parts of all of them sum up to the Wiener image; an imaginary part is how much more of the
object there is on one side of the band than on the other, 0 where the two sides are alike. So stripes have the same
meaning in every microscope, which they do not have in raw frames.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import fft

from srredsim.errors import InputError
from srredsim.optics.borders import WORKERS
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.attenuation import Kept
from srredsim.reconstruction.wiener import Canvas, gathered
from srredsim.stripes.haze import Haze
from srredsim.stripes.parameters import Order, Parameters
from srredsim.stripes.preprocess import Prepared

STORED = np.float16  # channels in the unit of an image: more digits than the noise leaves
MANY = 5  # phases of an angle, from which on there are channels of two orders


def orders_of(phases: int) -> int:
    """Orders that have channels, for so many phases."""
    return 2 if phases >= MANY else 1


def count(angles: int, phases: int) -> int:
    """Channels: as many as frames, for 3 and for 5 phases."""
    return angles * (2 * orders_of(phases) + 1)


def summed(angles: int, phases: int) -> list[int]:
    """Numbers of the channels whose sum is the Wiener image: band 0 and the real parts, of every angle."""
    a_angle = 2 * orders_of(phases) + 1
    return [a_angle * angle + place for angle in range(angles) for place in (0, *range(1, a_angle, 2))]


def parts(
    prepared: Prepared,
    parameters: Parameters,
    transfer: Transfer,
    wiener: float | None = None,
    attenuation: float | Haze = 0.0,
    unit: float = 1.0,
    dtype: npt.DTypeLike = np.float32,
) -> np.ndarray:
    """Channels (2y, 2x, `count`), in a ``unit``: of each angle band 0, then real and imaginary part of each order.

    The other arguments are those of `srredsim.reconstruction.wiener.reconstruct`. An order that was not found is 0.

    Raises
    ------
    InputError
        If the angles light the same frames.
    """
    if parameters.at_once > 1:
        raise InputError("a hexagonal pattern has no parts of single angles: take a model of Wiener images")
    canvas = _Parted(prepared.frames.shape[2:], parameters.lens(transfer))
    regularisation, _, _ = gathered(canvas, prepared, parameters, wiener, attenuation)
    gain = canvas.gain(regularisation, canvas.transfer.cutoff_per_um + parameters.k_max_per_um)
    angles, phases = prepared.frames.shape[:2]
    y, x = prepared.frames.shape[2:]
    a_angle = 2 * orders_of(phases) + 1
    channels = np.zeros((2 * y, 2 * x, count(angles, phases)), dtype)
    for angle, place, spectrum in canvas.spectra():
        if place < a_angle:
            channels[..., angle * a_angle + place] = canvas.filtered(spectrum, gain) / np.float32(unit)
    return channels


class _Parted(Canvas):
    """A canvas that keeps apart what the bands add: their spectra as they come, which need little memory."""

    def __init__(self, shape: tuple[int, int], transfer: Transfer):
        super().__init__(shape, transfer)
        self._orders: list[tuple[np.ndarray, int, Order]] = []
        self._each: dict[int, np.ndarray] = {}  # spectrum of band 0 of each angle

    def add(self, spectrum: np.ndarray, angle: int, order: Order, share: Kept | None = None) -> None:
        self._orders.append((self.shared(spectrum, share), angle, order))
        self.weigh(order, share)

    def saw_zero(self, spectrum: np.ndarray, angle: int) -> None:
        self._each[angle] = spectrum

    def spectra(self) -> Iterator[tuple[int, int, np.ndarray]]:
        """Angle, place in it, and half plane on the doubled grid, of one after the other; each may be used up."""
        for angle, spectrum in self._each.items():
            nothing = np.zeros(self.lower.shape, np.complex64)
            yield angle, 0, self.with_zero(nothing, self.zero(spectrum, self.share))
        while self._orders:
            spectrum, angle, order = self._orders.pop()
            for place, image in enumerate(self._home(spectrum, order), start=2 * order.order - 1):
                yield angle, place, fft.rfft2(image, workers=WORKERS)

    def _home(self, spectrum: np.ndarray, order: Order) -> np.ndarray:
        """Real and imaginary part of the image of a band that was moved home."""
        images = np.empty((2, *self.grid), np.float32)

        def take(rows: slice, home: np.ndarray) -> None:
            images[0, rows], images[1, rows] = home.real, home.imag

        self.home(spectrum, order, take)
        return images
