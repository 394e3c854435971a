r"""What a network that knows how the frames came about is given: frames, the light on each, and the classical image.

Of a raw stack, in the units of `srredsim.normalise` above background, as channels on the raw grid; an image on the
output grid fills four of them, one for each output pixel of a raw pixel, row by row:

`NUMBERS`, reach
    The same everywhere: what `Lit` has.
``widefield``, ``haze``
    Mean of the frames, and what of it no image in focus explains.
``start``, 4 channels
    The classical image.
5 channels a frame
    The frame, then the light that fell on it, :math:`a [1 + \sum_b m_b \cos(2 \pi k_b r + \phi_b)]` of the estimated
    stripes. There are as many slots as wanted, the last of them empty: no light fell there.

A part of the channels is the same as the channels of a part, so that tiles need not be told where they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from srredsim.noise.line import NoiseLine
from srredsim.normalise import Scaling
from srredsim.optics.otf import otf
from srredsim.optics.sampling import SCALE, output_positions_um
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.wiener import Regularisation
from srredsim.stripes.parameters import Parameters
from srredsim.stripes.preprocess import Prepared

NUMBERS = ("cutoff_per_pixel", "damping", "noise_gain", "noise_dark", "wiener", "slope")
FIXED = len(NUMBERS) + 1 + 2 + SCALE**2  # channels before those of the frames
PER_FRAME = 1 + SCALE**2
LEAST_NOISE = 1e-3  # standard deviation, of the normalised brightness: what rounding and models of the lens leave


@dataclass(frozen=True)
class Lit:
    """One raw stack with what was estimated of its light, lens and noise; all lengths in raw pixels."""

    frames: np.ndarray  # (frames, y, x): normalised, background 0
    start: np.ndarray  # (2y, 2x)
    haze: np.ndarray  # (y, x)
    # (frames, orders, 4): ky and kx in cycles, real and imaginary part of a m exp(i phase) at raw pixel (0, 0)
    waves: np.ndarray
    intensities: np.ndarray  # (frames,): a
    numbers: np.ndarray  # of `NUMBERS`; the variance of a pixel is noise_gain * value + noise_dark

    def crop(self, y: int, x: int, height: int, width: int) -> Lit:
        """A part that begins at raw pixel (y, x)."""
        raw = (slice(y, y + height), slice(x, x + width))
        fine = tuple(slice(SCALE * part.start, SCALE * part.stop) for part in raw)
        moved = self.amplitudes * np.exp(2j * np.pi * (self.waves[..., :2] @ [y, x]))
        return replace(
            self.with_amplitudes(moved), frames=self.frames[:, *raw], start=self.start[fine], haze=self.haze[raw]
        )

    @property
    def amplitudes(self) -> np.ndarray:
        """(frames, orders) complex: contrast times intensity, and phase at raw pixel (0, 0)."""
        return self.waves[..., 2] + 1j * self.waves[..., 3]

    @property
    def reach_per_pixel(self) -> float:
        """Cut-off of the SIM image in cycles per raw pixel."""
        found = self.waves[np.abs(self.amplitudes) > 0]
        return float(self.numbers[0] + max(np.hypot(found[:, 0], found[:, 1]), default=0.0))

    def with_amplitudes(self, amplitudes: np.ndarray) -> Lit:
        parts = amplitudes.real[..., None], amplitudes.imag[..., None]
        return replace(self, waves=np.concatenate([self.waves[..., :2], *parts], axis=-1))

    def light(self) -> np.ndarray:
        """(frames, 2y, 2x) float32: what lit each of them."""
        grid = self.start.shape
        result = np.empty((len(self.frames), *grid), np.float32)
        for number, (waves, amplitudes) in enumerate(zip(self.waves, self.amplitudes, strict=True)):
            image = np.zeros(grid, np.complex64)
            for (ky, kx, *_), amplitude in zip(waves, amplitudes, strict=True):
                rows, columns = (
                    np.exp(2j * np.pi * k * output_positions_um(n, 1.0)) for k, n in zip((ky, kx), grid, strict=True)
                )
                image += (amplitude * rows).astype(np.complex64)[:, None] * columns.astype(np.complex64)
            result[number] = image.real + np.float32(self.intensities[number])
        return result

    def channels(self, slots: int | None = None) -> np.ndarray:
        """(y, x, FIXED + PER_FRAME * slots) float32; see the module. Left out: an even number of slots."""
        return packed(self, self.light(), slots)


def channels_for(frames: int) -> int:
    """Channels of so many frames, or of one more: there is an even number of slots."""
    return FIXED + PER_FRAME * (frames + frames % 2)


def slots_of(channels: int) -> int:
    """The way back."""
    return (channels - FIXED) // PER_FRAME


def widefield_of(channels: np.ndarray) -> np.ndarray:
    """Mean (y, x) of the frames, from channels."""
    return channels[..., len(NUMBERS) + 1]


def start_of(channels: np.ndarray) -> np.ndarray:
    """The classical image (2y, 2x), from channels."""
    four = channels[..., FIXED - SCALE**2 : FIXED]
    y, x, _ = four.shape
    return four.reshape(y, x, SCALE, SCALE).transpose(0, 2, 1, 3).reshape(SCALE * y, SCALE * x)


def lit(
    prepared: Prepared,
    parameters: Parameters,
    transfer: Transfer,
    image: tuple[np.ndarray, Regularisation, np.ndarray],
    noise: NoiseLine,
    scaling: Scaling,
) -> Lit:
    """What is known of one raw stack.

    Parameters
    ----------
    image : (2y, 2x) ndarray, Regularisation, (y, x) ndarray
        The classical image, how it was regularised, and the light out of focus beside it, in the units of ``prepared``.
    noise : NoiseLine
        Of the raw frames.
    scaling : Scaling
        Of the raw frames.
    """
    lens, gain = parameters.lens(transfer), np.float32(scaling.gain)
    intensities = np.asarray(prepared.intensities, np.float32)
    start, regularisation, haze = image
    dark = float(noise.variance(np.mean(prepared.backgrounds))) / scaling.gain**2
    numbers = [lens.cutoff_per_pixel, damping_of(lens), max(noise.gain_adu, 0.0) / scaling.gain]
    numbers += [max(dark, LEAST_NOISE**2), regularisation.wiener, regularisation.slope]
    y, x = prepared.frames.shape[2:]
    return Lit(
        frames=(prepared.frames * intensities[..., None, None] / gain).reshape(-1, y, x),
        start=start / gain,
        haze=haze / gain,
        waves=_waves(parameters, intensities, lens.pixel_size_um),
        intensities=intensities.ravel(),
        numbers=np.array(numbers, np.float32),
    )


def _waves(parameters: Parameters, intensities: np.ndarray, pixel_size_um: float) -> np.ndarray:
    """As of `Lit`; a contrast that is mostly noise fades out, as in the Wiener filter."""
    result = []
    for group, of_frames in zip(parameters.groups, intensities, strict=True):
        for waves_rad, intensity in zip(group.waves_rad, of_frames, strict=True):
            waves = []
            for order, wave_rad in zip(group.orders, waves_rad, strict=True):
                amplitude = 2 * intensity * order.amplitude * np.exp(1j * wave_rad)
                waves.append([*np.multiply(order.k_per_um, pixel_size_um), amplitude.real, amplitude.imag])
            result.append(waves)
    return np.array(result, np.float64)


def packed(one: Lit, light: np.ndarray, slots: int | None = None) -> np.ndarray:
    """The channels, of light that is there already; see `Lit.channels`."""
    count, y, x = one.frames.shape
    slots = slots or count + count % 2
    result = np.zeros((y, x, FIXED + PER_FRAME * slots), np.float32)
    first = len(NUMBERS)
    result[..., :first], result[..., first] = one.numbers, one.reach_per_pixel
    result[..., first + 1] = one.frames.mean(axis=0)
    result[..., first + 2] = one.haze
    result[..., first + 3 : FIXED] = _four(one.start)
    frames = result[..., FIXED:].reshape(y, x, slots, PER_FRAME)
    frames[..., :count, 0] = np.moveaxis(one.frames, 0, -1)
    frames[..., :count, 1:] = np.moveaxis(_four(light), 0, -2)
    return result


def _four(images: np.ndarray) -> np.ndarray:
    """(..., 2y, 2x) -> (..., y, x, 4)"""
    *leading, y, x = images.shape
    blocks = images.reshape(*leading, y // SCALE, SCALE, x // SCALE, SCALE)
    return np.moveaxis(blocks, -3, -2).reshape(*leading, y // SCALE, x // SCALE, SCALE**2)


def damping_of(lens: Transfer) -> float:
    """Damping of the OTF; of a measured or aberrated one that which comes nearest to it, where it passes most."""
    if lens.curve is None and not lens.spherical_waves:
        return lens.damping
    relative = np.linspace(0.05, 0.9, 18)
    passed = lens.lens(relative * lens.cutoff_per_um, np.zeros(1))[:, 0]
    ideal = otf(relative, 1.0, 1.0)
    weights = relative * ideal**2
    return float(np.exp(np.sum(weights * np.log(np.maximum(passed, 1e-3) / ideal)) / np.sum(weights * relative)))
