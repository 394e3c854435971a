"""What a network that works on Wiener images is given: the image, the widefield image, and how noisy the frames are.

All three are on the output grid and in the units of `srredsim.normalise`. The noise is measured beyond the cut-off of
the lens, where there is nothing else: the network need not guess what is grain and what is structure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srredsim.normalise import LOW_PERCENT, Scaling
from srredsim.optics.borders import FADE, faded_spectrum, fading
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.upscale import fourier_upscale
from srredsim.stripes.bands import Bands

CHANNELS = ("wiener", "widefield", "noise")
NOISE_UNIT = 0.1  # share of the normalised brightness: noise of 0.1 fills its channel with 1


@dataclass(frozen=True)
class Channels:
    """Channels (2y, 2x, 3) of which any part may be asked for, ``[rows, columns]``: all of them are never there."""

    wiener: np.ndarray  # (2y, 2x), in the units of the frames
    widefield: np.ndarray  # (2y, 2x), normalised
    noise: float
    gain: float

    @property
    def shape(self) -> tuple[int, int, int]:
        return *self.wiener.shape, len(CHANNELS)

    def __getitem__(self, region: tuple[slice, slice]) -> np.ndarray:
        seen = self.wiener[region]
        result = np.empty((*seen.shape, len(CHANNELS)), np.float32)
        result[..., 0] = seen / np.float32(self.gain)
        result[..., 1] = self.widefield[region]
        result[..., 2] = self.noise
        return result


def channels(wiener: np.ndarray, widefield: np.ndarray, scaling: Scaling, transfer: Transfer) -> np.ndarray:
    """(2y, 2x, 3) float32 from a Wiener image (2y, 2x) and the mean (y, x) of the raw frames that it was made of."""
    return parted(wiener, widefield, scaling, transfer)[:, :]


def parted(wiener: np.ndarray, widefield: np.ndarray, scaling: Scaling, transfer: Transfer) -> Channels:
    """The same, of which parts are made when they are asked for."""
    noise = noise_of(widefield, transfer) / (scaling.gain * NOISE_UNIT)
    return Channels(wiener, fourier_upscale(scaling.apply(widefield)), noise, scaling.gain)


def noise_of(widefield: np.ndarray, transfer: Transfer) -> float:
    """Standard deviation of the noise of a pixel, the mean over the field, whatever the offset of the camera.

    What the border fades from the offset to 0 would be structure beyond the cut-off.
    """
    power = Bands(faded_spectrum(widefield - np.float32(np.percentile(widefield, LOW_PERCENT)))[None], transfer).noise
    window = [np.sum(fading(n, FADE) ** 2, dtype=np.float64) for n in widefield.shape]
    return float(np.sqrt(power / (window[0] * window[1])))
