"""Pairs whose input is the Wiener image of the frames, or its parts: made once, and kept on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from srredsim import resources
from srredsim.acquisition import Optics, frames_from_raw, raw_from_frames
from srredsim.data.kept import Kept
from srredsim.data.pairs import Over, Pair, Pairs, check_squares
from srredsim.data.simulated import Series, SimulatedPairs
from srredsim.data.stored import Progress, Samples, StoredSeries, digest_of
from srredsim.errors import InputError
from srredsim.noise.lines import lines_of
from srredsim.noise.spectrum import NoiseSpectrum, noise_spectrum
from srredsim.normalise import Scaling
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer, transfer_of
from srredsim.reconstruction.channels import CHANNELS, channels
from srredsim.reconstruction.for_networks import OfOptics, of_optics, only_sure
from srredsim.reconstruction.parts import STORED, count, parts
from srredsim.stripes.estimate import estimate
from srredsim.stripes.haze import haze_of
from srredsim.stripes.preprocess import Prepared, prepare

NORMALISED = Scaling(0.0, 1.0)
OF_IMAGES = ("optics", "noise", "stripes", "reconstruction")  # the packages that a Wiener image depends on


def reconstructed(pair: Pair, angles: int, phases: int, kind: str = "wiener") -> Pair:
    """A pair of one of the `INPUTS`, (2y, 2x, channels), and the truth; both normalised.

    Raises
    ------
    InputError
        If the optics of the pair are not known.
    """
    made = INPUTS[kind](pair, angles, phases)
    return Pair(made, pair.truth / np.float32(pair.scaling.gain), NORMALISED, pair.facts)


def input_of(pair: Pair, angles: int, phases: int) -> np.ndarray:
    """What `CHANNELS` names. Stripes are found in the frames themselves, as they will be when the model is used."""
    white, transfer, made = wiener_of(pair, angles, phases)
    return channels(made.image, made.widefield(white.frames), white.scaling, transfer)


def wiener_of(pair: Pair, angles: int, phases: int) -> tuple[Pair, Transfer, OfOptics]:
    """The pair with white noise, its optics, and the Wiener image."""
    transfer, white, prepared = _prepared(pair, angles, phases)
    return white, transfer, of_optics(prepared, transfer)


def bands_of(pair: Pair, angles: int, phases: int) -> np.ndarray:
    """The parts of the Wiener image, see `srredsim.reconstruction.parts`; stripes likewise found."""
    transfer, pair, prepared = _prepared(pair, angles, phases)
    found = estimate(prepared, transfer)
    haze = only_sure(haze_of(prepared.frames, found, transfer, prepared.noise))
    return parts(prepared, found, transfer, attenuation=haze, unit=pair.scaling.gain)


INPUTS = {"wiener": input_of, "bands": bands_of}


def _prepared(pair: Pair, angles: int, phases: int) -> tuple[Transfer, Pair, Prepared]:
    optics = pair.facts.get("optics")
    if optics is None:
        raise InputError("a Wiener image needs NA, emission wavelength and pixel size, which these pairs do not tell")
    white, noise = made_white(pair, angles, phases)
    return transfer_of(Optics(**optics)), white, prepare(raw_from_frames(white.frames, angles, phases), noise=noise)


def with_white_noise(pair: Pair, angles: int, phases: int) -> Pair:
    """A pair whose frames are as all commands read them; the pair itself where its noise is white or cannot be told."""
    return made_white(pair, angles, phases)[0]


def made_white(pair: Pair, angles: int, phases: int) -> tuple[Pair, NoiseSpectrum | None]:
    """The same, and the spectrum that its noise had; None where it cannot be told."""
    if "optics" not in pair.facts:
        return pair, None
    raw = raw_from_frames(pair.frames, angles, phases)
    cutoff_per_pixel = transfer_of(Optics(**pair.facts["optics"])).cutoff_per_pixel
    if lines := lines_of(raw, cutoff_per_pixel):
        raw = lines.without(raw)
        pair = replace(pair, frames=frames_from_raw(raw))
    spectrum = noise_spectrum(raw, cutoff_per_pixel)
    if spectrum is None or spectrum.white:
        return pair, spectrum
    return replace(pair, frames=frames_from_raw(spectrum.whitened(raw))), spectrum


class Reconstructed(Over):
    """Any pairs, reconstructed when they are asked for, once."""

    def __init__(self, pairs: Pairs, angles: int, phases: int, kind: str = "wiener"):
        self.pairs, self._how = pairs, (kind, angles, phases)
        self._kept = Kept(lambda index: reconstructed(pairs[index], angles, phases, kind))

    def __getitem__(self, index: int) -> Pair:
        return self._kept(index)

    def identity(self) -> str:
        return digest_of(json.dumps([self.pairs.identity(), fingerprint(), *self._how]))

    def check(self, scale: int, side: int = 1) -> None:
        """As `Pairs.check`, of the pairs themselves; that one can be reconstructed, the first shows."""
        self.pairs.check(SCALE * scale, -(-side // SCALE))
        Pairs.check(self, scale, side)

    @property
    def scale(self) -> int:
        return self.pairs.scale // SCALE


class ReconstructedSeries(StoredSeries, Pairs):
    """The pairs of a simulated series, reconstructed, read from the cache on disk; `generate` fills it."""

    making = "simulating and reconstructing {} stacks once"
    kind = "wiener"

    def __init__(self, series: Series):
        self.series, self.pairs = series, SimulatedPairs(series)
        self.folder = self.pairs.folder / f"{self.kind}-{fingerprint()}"
        self.samples = Samples(self.folder, series.count, **self._stored_as(SCALE * series.size))

    def _stored_as(self, side: int) -> dict[str, tuple[Any, tuple[int, ...]]]:
        return {"input_f32": (np.float32, (side, side, len(CHANNELS)))}

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Pair:
        index = int(index)
        (channels_of,) = self.stored(index)
        pair = self.pairs[index]
        return Pair(channels_of, pair.truth / np.float32(pair.scaling.gain), NORMALISED, pair.facts)

    def identity(self) -> str:
        return digest_of(f"{self.pairs.identity()}/{self.folder.name}")

    def check(self, scale: int, side: int = 1) -> None:
        """As `Pairs.check`; no sample is made for it."""
        check_squares(SCALE * self.series.size, 1, scale, side, "the Wiener images of simulated stacks")

    def make(self, index: int) -> tuple[np.ndarray]:
        return (INPUTS[self.kind](self.pairs[index], self.series.angles, self.series.phases),)


class BandsSeries(ReconstructedSeries):
    """The same in parts; with half the digits, which are more than the noise leaves."""

    kind = "bands"

    def _stored_as(self, side: int) -> dict[str, tuple[Any, tuple[int, ...]]]:
        return {"input_f16": (STORED, (side, side, count(self.series.angles, self.series.phases)))}


SERIES = {"wiener": ReconstructedSeries, "bands": BandsSeries}


class Joined(Pairs):
    """Several data sets as one, in turn: the first pair of each, then the second of each."""

    def __init__(self, parts: list[Pairs]):
        self.parts = parts

    def __len__(self) -> int:
        return len(self.parts) * min(len(part) for part in self.parts)

    def __getitem__(self, index: int) -> Pair:
        index, part = divmod(int(index), len(self.parts))
        return self.parts[part][index]

    @property
    def augmentation(self) -> str:
        return self.parts[0].augmentation

    def identity(self) -> str:
        return digest_of(", ".join(part.identity() for part in self.parts))

    def check(self, scale: int, side: int = 1) -> None:
        for part in self.parts:
            part.check(scale, side)

    def crop(self, index: int, rng: np.random.Generator, side: int) -> Pair:
        index, part = divmod(int(index), len(self.parts))
        return self.parts[part].crop(index, rng, side)

    def missing(self, indices: Iterable[int]) -> list[int]:
        return [
            i * len(self.parts) + n for n, part in enumerate(self.parts) for i in part.missing(self._of(n, indices))
        ]

    def task(self, missing: int) -> str:
        return self.parts[0].task(missing)

    def generate(self, indices: Iterable[int], progress: Progress | None = None) -> int:
        wanted = list(indices)
        total, made = len(self.missing(wanted)), 0
        for n, part in enumerate(self.parts):
            step = (lambda done, _, before=made: progress(before + done, total)) if progress else None
            made += part.generate(self._of(n, wanted), step)
        return made

    def _of(self, part: int, indices: Iterable[int]) -> list[int]:
        return [int(i) // len(self.parts) for i in indices if i % len(self.parts) == part]


def fingerprint() -> str:
    """Digest of the reconstruction's own source: another reconstruction never reads this one's images."""
    return digest_of("", resources.sources(*OF_IMAGES))
