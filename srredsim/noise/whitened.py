"""Raw stacks whose frames are made ready when they are read.

What columns and rows of the camera add is off, all angles lie at the same place, and noise is white.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from srredsim.acquisition import Position, RawStack, Through, percent, which
from srredsim.errors import InputError
from srredsim.hot_pixels import lines_in
from srredsim.noise.aligned import Places, places_of
from srredsim.noise.clipped import MANY, WORDS, clipped_pixels
from srredsim.noise.lines import Lines, lines_of
from srredsim.noise.spectrum import NoiseSpectrum, noise_spectrum
from srredsim.optics.transfer import Transfer, transfers_of

Spectra = Sequence[NoiseSpectrum | None]


class Whitened(Through):
    """``array[t, c, z]`` as of a raw stack, with white noise: the spectrum is that of the first frames of a channel.

    Frames whose noise is white already are given as they are, unless the camera has brighter columns or rows, or the
    sample has moved between the angles.
    """

    def __init__(self, array: Any, cutoffs_per_pixel: Sequence[float], spectra: Spectra = ()):
        self.array, self._cutoffs = array, cutoffs_per_pixel
        self._known: dict[int, NoiseSpectrum | None] = dict(enumerate(spectra))
        self._farthest: Places | None = None
        self._lines: Lines | None = None  # the first
        self._clipped: dict[Position, float] = {}  # share of the pixels, of raw stacks in which it is large

    def __getitem__(self, position: Position) -> np.ndarray:
        raw, channel = np.asarray(self.array[position]), position[1]
        if (share := clipped_pixels(raw) / raw.size) > MANY:
            self._clipped[position] = share
        if lines := lines_of(raw, self._cutoffs[channel]):
            raw = lines.without(raw)
            self._lines = self._lines or lines
        if places := places_of(raw, self._cutoffs[channel]):
            raw = places.aligned(raw)
            if self._farthest is None or places.farthest_pixels > self._farthest.farthest_pixels:
                self._farthest = places
        if channel not in self._known:
            self._known[channel] = noise_spectrum(raw, self._cutoffs[channel])
        spectrum = self._known[channel]
        return raw if spectrum is None else spectrum.whitened(raw)

    @property
    def spectra(self) -> Spectra:
        """Spectrum of the noise of each channel that was read, None where it cannot be told."""
        return [self._known.get(channel) for channel in range(len(self._cutoffs))]

    def remarks(self) -> list[str]:
        """What to say of camera and noise of the channels that were read so far, and of movement."""
        found = [spectrum.words for spectrum in self.spectra if spectrum and spectrum.words]
        found += [each.words for each in (self._lines, self._farthest) if each]
        found += self._saturated()
        return [*lines_in(self.array), *(f"warning: {words}" for words in dict.fromkeys(found))]

    def _saturated(self) -> list[str]:
        """What to say of the worst raw stack of a channel whose first is not saturated; of several, how many are."""
        said = {channel for channel, spectrum in self._known.items() if spectrum and spectrum.clipped}
        others = {place: share for place, share in self._clipped.items() if place[1] not in said}
        if not others:
            return []
        worst = max(others, key=lambda place: others[place])
        more = f" (the worst of {len(others)})" if len(others) > 1 else ""
        return [f"{which(self.shape[:3], worst)}{more}: {percent(others[worst])} % {WORDS}"]


def whitened(stack: RawStack, transfers: Sequence[Transfer] = (), spectra: Spectra = ()) -> RawStack:
    """The same stack with white noise, as it is read; one whose optics are not known stays as it is.

    Parameters
    ----------
    transfers : sequence of Transfer, optional
        Of its channels; left out: as its optics have them.
    spectra : sequence of NoiseSpectrum or None
        Those of its channels, where they were measured before.
    """
    with suppress(InputError):  # those who need the optics say what is wrong with them
        cutoffs = [transfer.cutoff_per_pixel for transfer in transfers or transfers_of(stack)]
        return replace(stack, array=Whitened(stack.array, cutoffs, spectra))
    return stack


def remarks(stack: RawStack) -> list[str]:
    """What to say of the noise of a stack, as far as it was read."""
    array = _of(stack)
    return array.remarks() if array else []


def spectra(stack: RawStack) -> Spectra:
    """Spectrum of the noise of each channel, None where it cannot be told or was not measured."""
    array = _of(stack)
    return array.spectra if array else ()


def spectrum_of(stack: RawStack, channel: int) -> NoiseSpectrum | None:
    """Spectrum of the noise of a channel, of which frames were read; None as of `spectra`."""
    found = spectra(stack)
    return found[channel] if found else None


def _of(stack: RawStack) -> Whitened | None:
    """The array of a stack that makes its noise white, which another may remember."""
    array = stack.array
    while array is not None and not isinstance(array, Whitened):
        array = getattr(array, "array", None)
    return array
