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

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy import fft

from srredsim.errors import InputError
from srredsim.optics.borders import WORKERS
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.attenuation import Kept
from srredsim.reconstruction.wiener import Canvas, gathered
from srredsim.stripes.haze import Haze
from srredsim.stripes.parameters import Order, Parameters
from srredsim.stripes.preprocess import Prepared

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
) -> np.ndarray:
    """Channels (2y, 2x, `count`) float32: of each angle band 0, then real and imaginary part of each order.

    Arguments are those of `srredsim.reconstruction.wiener.reconstruct`. An order that was not found is 0.

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
    channels = np.zeros((2 * y, 2 * x, count(angles, phases)), np.float32)
    for (angle, place), upper in canvas.uppers.items():
        if place < a_angle:
            channels[..., angle * a_angle + place] = canvas.filtered(upper(), gain)
    return channels


class _Parted(Canvas):
    """A canvas that keeps apart what the bands add, by the angle and the place in it: what makes their spectra."""

    def __init__(self, shape: tuple[int, int], transfer: Transfer):
        super().__init__(shape, transfer)
        self.uppers: dict[tuple[int, int], Callable[[], np.ndarray]] = {}
        self._each: dict[int, np.ndarray] = {}  # spectrum of band 0 of each angle

    def add(self, spectrum: np.ndarray, angle: int, order: Order) -> None:
        images = np.empty((2, *self.grid), np.float32)

        def take(rows: slice, home: np.ndarray) -> None:
            images[0, rows], images[1, rows] = home.real, home.imag

        self.home(spectrum, order, take)
        for place, image in enumerate(images, start=2 * order.order - 1):
            self.uppers[angle, place] = partial(fft.rfft2, image, workers=WORKERS)
        self.weigh(order)

    def saw_zero(self, spectrum: np.ndarray, angle: int) -> None:
        self._each[angle] = spectrum

    def add_zeros(self, total: np.ndarray, angles: int, share: Kept | None = None) -> None:
        for angle, spectrum in self._each.items():
            self.uppers[angle, 0] = partial(self._alone, self.zero(spectrum, share))
        super().add_zeros(total, angles, share)

    def _alone(self, zero: np.ndarray) -> np.ndarray:
        return self.with_zero(np.zeros(self.lower.shape, np.complex64), zero)
