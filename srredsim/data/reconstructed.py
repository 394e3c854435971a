"""Pairs whose input is the Wiener image of the frames: made once by `srredsim.reconstruction`, and kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

import numpy as np

from srredsim import resources
from srredsim.acquisition import Optics, frames_from_raw, raw_from_frames
from srredsim.data.pairs import Pair, Pairs, check_squares
from srredsim.data.simulated import Series, SimulatedPairs
from srredsim.data.stored import Progress, Samples, StoredSeries
from srredsim.errors import InputError
from srredsim.noise.spectrum import noise_spectrum
from srredsim.normalise import Scaling
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.channels import CHANNELS, channels
from srredsim.reconstruction.planes import of_optics
from srredsim.reconstruction.upscale import widefield_of
from srredsim.stripes.preprocess import prepare

NORMALISED = Scaling(0.0, 1.0)
OF_IMAGES = ("optics", "noise", "stripes", "reconstruction")  # the packages that a Wiener image depends on


def reconstructed(pair: Pair, angles: int, phases: int) -> Pair:
    """A pair of what `CHANNELS` names, (2y, 2x, 3), and the truth; both normalised.

    Raises
    ------
    InputError
        If the optics of the pair are not known.
    """
    return Pair(input_of(pair, angles, phases), pair.truth / np.float32(pair.scaling.gain), NORMALISED, pair.facts)


def input_of(pair: Pair, angles: int, phases: int) -> np.ndarray:
    """The stripes are found in the frames themselves, as they will be when the model is used."""
    optics = pair.facts.get("optics")
    if optics is None:
        raise InputError("a Wiener image needs NA, emission wavelength and pixel size, which these pairs do not tell")
    transfer, pair = transfer_of(Optics(**optics)), with_white_noise(pair, angles, phases)
    prepared = prepare(raw_from_frames(pair.frames, angles, phases))
    image, _, _ = of_optics(prepared, transfer)
    return channels(image, widefield_of(pair.frames), pair.scaling, transfer)


def with_white_noise(pair: Pair, angles: int, phases: int) -> Pair:
    """A pair whose frames are as all commands read them; the pair itself where its noise is white or cannot be told."""
    if "optics" not in pair.facts:
        return pair
    raw = raw_from_frames(pair.frames, angles, phases)
    spectrum = noise_spectrum(raw, transfer_of(Optics(**pair.facts["optics"])).cutoff_per_pixel)
    if spectrum is None or spectrum.white:
        return pair
    return replace(pair, frames=frames_from_raw(spectrum.whitened(raw)))


class Reconstructed(Pairs):
    """Any pairs, reconstructed when they are asked for; the latest are remembered."""

    def __init__(self, pairs: Pairs, angles: int, phases: int):
        self._pairs, self._angles, self._phases = pairs, angles, phases

    def __len__(self) -> int:
        return len(self._pairs)

    @lru_cache(maxsize=256)  # noqa: B019  one data set lives as long as the training
    def __getitem__(self, index: int) -> Pair:
        return reconstructed(self._pairs[index], self._angles, self._phases)

    def check(self, scale: int, side: int = 1) -> None:
        """As `Pairs.check`, of the pairs themselves; that one can be reconstructed, the first shows."""
        self._pairs.check(SCALE * scale, -(-side // SCALE))
        super().check(scale, side)

    def missing(self, indices: Iterable[int]) -> list[int]:
        return self._pairs.missing(indices)

    def task(self, missing: int) -> str:
        return self._pairs.task(missing)

    def generate(self, indices: Iterable[int], progress: Progress | None = None) -> int:
        return self._pairs.generate(indices, progress)


class ReconstructedSeries(StoredSeries, Pairs):
    """The pairs of a simulated series, reconstructed, read from the cache on disk; `generate` fills it."""

    making = "simulating and reconstructing {} stacks once"

    def __init__(self, series: Series):
        self.series, self.pairs = series, SimulatedPairs(series)
        self.folder = self.pairs.folder / f"wiener-{_fingerprint()}"
        side = SCALE * series.size
        self.samples = Samples(self.folder, series.count, input_f32=(np.float32, (side, side, len(CHANNELS))))

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Pair:
        index = int(index)
        (channels_of,) = self.stored(index)
        pair = self.pairs[index]
        return Pair(channels_of, pair.truth / np.float32(pair.scaling.gain), NORMALISED, pair.facts)

    def check(self, scale: int, side: int = 1) -> None:
        """As `Pairs.check`; no sample is made for it."""
        check_squares(SCALE * self.series.size, 1, scale, side, "the Wiener images of simulated stacks")

    def make(self, index: int) -> tuple[np.ndarray]:
        return (input_of(self.pairs[index], self.series.angles, self.series.phases),)


class Joined(Pairs):
    """Several data sets as one, in turn: the first pair of each, then the second of each."""

    def __init__(self, parts: list[Pairs]):
        self.parts = parts

    def __len__(self) -> int:
        return len(self.parts) * min(len(part) for part in self.parts)

    def __getitem__(self, index: int) -> Pair:
        index, part = divmod(int(index), len(self.parts))
        return self.parts[part][index]

    def check(self, scale: int, side: int = 1) -> None:
        for part in self.parts:
            part.check(scale, side)

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


def _fingerprint() -> str:
    """Digest of the reconstruction's own source: another reconstruction never reads this one's images."""
    digest = hashlib.sha256()
    for source in sorted(path for part in OF_IMAGES for path in (resources.PACKAGE / part).glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
