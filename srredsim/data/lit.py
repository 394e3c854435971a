"""Pairs whose input are raw frames with the light that fell on them, as far as the frames themselves tell it.

Stripes, lens and noise are estimated once, blindly as they will be when the model is used, and kept on disk. A training
sees them with errors of all sizes: `jittered`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from srredsim.acquisition import Optics, raw_from_frames
from srredsim.data.kept import Kept
from srredsim.data.pairs import Over, Pair, Pairs, check_crop, check_sizes
from srredsim.data.reconstructed import NORMALISED, fingerprint, made_white
from srredsim.data.simulated import Series, SimulatedPairs
from srredsim.data.stored import Progress, Samples, StoredSeries, digest_of
from srredsim.errors import InputError
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.for_networks import lit_of
from srredsim.reconstruction.lit import NUMBERS, Lit, packed

K_ERROR, PHASE_ERROR_RAD, CONTRAST_ERROR, DAMPING_ERROR = 1e-3, np.deg2rad(5.0), 0.15, 0.1  # standard deviations
DAMPING_RANGE = (0.15, 1.0)
MOST_ORDERS = 2  # that are looked for


def lit_pair(pair: Pair, angles: int, phases: int) -> Lit:
    """What is estimated of the frames of a pair.

    Raises
    ------
    InputError
        If the optics of the pair are not known.
    """
    optics = pair.facts.get("optics")
    if optics is None:
        raise InputError("stripes are found with NA, emission wavelength and pixel size, which these pairs do not tell")
    white, noise = made_white(pair, angles, phases)
    raw = raw_from_frames(white.frames, angles, phases)
    return lit_of(raw, transfer_of(Optics(**optics)), pair.scaling, noise)


def jittered(one: Lit, angles: int, rng: np.random.Generator) -> Lit:
    """The same frames with estimates that are a little wrong: stripes of each angle alike, and the lens."""
    frames, orders, _ = one.waves.shape
    shape = angles, 1, orders

    def for_frames(values: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values, (angles, frames // angles, orders)).reshape(frames, orders)

    k = for_frames(1 + K_ERROR * rng.standard_normal((angles, 1, 1)))
    contrast = for_frames(1 + CONTRAST_ERROR * rng.standard_normal(shape))
    phase_rad = for_frames(PHASE_ERROR_RAD * rng.standard_normal(shape))
    waves = one.waves * np.concatenate([k[..., None], k[..., None], np.ones((frames, orders, 2))], axis=-1)
    numbers = one.numbers.copy()
    damping = NUMBERS.index("damping")
    numbers[damping] = np.clip(numbers[damping] + DAMPING_ERROR * rng.standard_normal(), *DAMPING_RANGE)
    changed = replace(one, waves=waves, numbers=numbers)
    return changed.with_amplitudes(changed.amplitudes * np.maximum(contrast, 0) * np.exp(1j * phase_rad))


class LitPairs(Over):
    """Any pairs; what is estimated of each is kept. ``slots`` as of `srredsim.reconstruction.lit`."""

    augmentation = "none"  # crops are turned here, where the light turns with them

    def __init__(self, pairs: Pairs, pattern: tuple[int, int], slots: int):
        self.pairs, self.pattern, self._slots = pairs, pattern, slots
        self.estimated = Kept(lambda index: lit_pair(pairs[index], *pattern))

    @property
    def scale(self) -> int:
        return SCALE

    def __getitem__(self, index: int) -> Pair:
        return self._pair(index, self.estimated(int(index)).channels(self._slots), *self._truth(index))

    def crop(self, index: int, rng: np.random.Generator, side: int) -> Pair:
        """Any square, flipped and turned at random, with estimates that are a little wrong."""
        whole, (truth, facts) = self.estimated(int(index)), self._truth(index)
        check_crop(whole.haze.shape, side)
        y, x = (int(rng.integers(n - side + 1)) for n in whole.haze.shape)
        part = jittered(whole.crop(y, x, side, side), self.pattern[0], rng)
        truth = truth[SCALE * y : SCALE * (y + side), SCALE * x : SCALE * (x + side)]
        flip, turns = bool(rng.integers(2)), int(rng.integers(4))

        def turned(images: np.ndarray) -> np.ndarray:
            return np.rot90(images[..., ::-1, :] if flip else images, turns, axes=(-2, -1))

        light = turned(part.light())
        part = replace(part, frames=turned(part.frames), start=turned(part.start), haze=turned(part.haze))
        return self._pair(index, packed(part, light, self._slots), turned(truth), facts)

    def _truth(self, index: int) -> tuple[np.ndarray, dict]:
        pair = self.pairs[index]
        return pair.truth / np.float32(pair.scaling.gain), pair.facts

    def _pair(self, index: int, channels: np.ndarray, truth: np.ndarray, facts: dict) -> Pair:
        return Pair(channels, truth, NORMALISED, facts)

    def identity(self) -> str:
        """As `Pairs.identity`, whether estimates are on disk or not."""
        return digest_of(json.dumps([self.pairs.identity(), fingerprint(), self.pattern, self._slots]))


class Estimates(StoredSeries):
    """What is estimated of the stacks of a simulated series, on disk."""

    making = "simulating {} stacks, and finding their stripes, once"

    def __init__(self, series: Series):
        self.series, self.pairs = series, SimulatedPairs(series)
        self.folder = self.pairs.folder / f"lit-{fingerprint()}"
        frames, side = series.angles * series.phases, series.size
        self.samples = Samples(
            self.folder,
            series.count,
            frames_f32=(np.float32, (frames, side, side)),
            start_f32=(np.float32, (SCALE * side, SCALE * side)),
            haze_f32=(np.float32, (side, side)),
            waves_f64=(np.float64, (frames, MOST_ORDERS, 4)),
            intensities_f32=(np.float32, (frames,)),
            numbers_f32=(np.float32, (len(NUMBERS),)),
        )

    def make(self, index: int) -> tuple[np.ndarray, ...]:
        one = lit_pair(self.pairs[index], self.series.angles, self.series.phases)
        waves = np.pad(one.waves, [(0, 0), (0, MOST_ORDERS - one.waves.shape[1]), (0, 0)])
        return one.frames, one.start, one.haze, waves, one.intensities, one.numbers


class LitSeries(LitPairs):
    """The pairs of a simulated series; `generate` fills the cache on disk."""

    def __init__(self, pairs: SimulatedPairs, slots: int):
        super().__init__(pairs, pairs.pattern, slots)
        self._estimates = Estimates(pairs.series)

    def estimated(self, index: int) -> Lit:
        return Lit(*self._estimates.stored(int(index)))

    def check(self, scale: int, side: int = 1) -> None:
        """As `Pairs.check`; no sample is made for it."""
        size, name = (self._estimates.series.size,) * 2, "the simulated stacks"
        check_sizes(size, tuple(SCALE * n for n in size), scale, name)
        check_crop(size, side, name)

    def missing(self, indices: Iterable[int]) -> list[int]:
        return self._estimates.missing(indices)

    def task(self, missing: int) -> str:
        return self._estimates.task(missing)

    def generate(self, indices: Iterable[int], progress: Progress | None = None) -> int:
        return self._estimates.generate(indices, progress)
