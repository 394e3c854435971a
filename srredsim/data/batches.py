"""The batch of every training step, as a function of the seed and the step alone.

Nothing about the order of the data has to be saved or restored: a training that goes on at step 1000 asks for batch
1000.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from srredsim.data.augment import augment
from srredsim.data.pairs import Pairs
from srredsim.errors import InputError


@dataclass(frozen=True, eq=False)
class Batches:
    """Aligned random crops of shuffled pairs; batches are always full.

    Of every batch, which is ``batch`` large, this is part ``part`` of ``parts``: the same crops, a share of them.
    """

    pairs: Pairs
    crop: int
    batch: int
    seed: int
    augmentation: str
    angles: int
    phases: int
    gain_jitter: float = 0.0
    part: int = 0
    parts: int = 1

    def __post_init__(self):
        if not len(self.pairs):
            raise InputError("the data set is empty")

    def __getitem__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """(images, crop, crop, frames) and (images, scale*crop, scale*crop, 1), float32."""
        examples = [self._example(position) for position in self._positions(step)]
        frames, truths = zip(*examples, strict=True)
        return np.stack(frames), np.stack(truths)

    def share(self, part: int, parts: int) -> Batches:
        """The same with this part of every batch."""
        return replace(self, part=part, parts=parts)

    def indices(self, steps: range) -> set[int]:
        """Every pair that the steps will ask for."""
        return {self._index(position) for step in steps for position in self._positions(step)}

    def _positions(self, step: int) -> range:
        own = self.batch // self.parts
        start = step * self.batch + self.part * own
        return range(start, start + own)

    def _index(self, position: int) -> int:
        turn, place = divmod(position, len(self.pairs))
        return int(_shuffled(self.seed, turn, len(self.pairs))[place])

    def _example(self, position: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.seed, position])
        pair = self.pairs.crop(self._index(position), rng, self.crop)
        frames, truth = augment(pair, rng, self.augmentation, self.angles, self.phases).normalised()
        gain = np.float32((1 + self.gain_jitter) ** rng.uniform(-1, 1))
        return gain * frames, gain * truth


def validation_batches(pairs: Pairs, count: int, side: int, batch: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Centres of the first ``count`` pairs with weights, in batches of exactly ``batch``.

    What is missing in the last batch is filled with copies of weight zero: an empty replica would end the run.
    Pairs of another shape than their predecessors begin a new batch.
    """
    waiting: list[tuple[np.ndarray, np.ndarray]] = []
    for index in range(min(count, len(pairs))):
        example = pairs[index].centre(side).normalised()
        if waiting and waiting[-1][0].shape != example[0].shape:
            yield _filled(waiting, batch)
            waiting = []
        waiting.append(example)
        if len(waiting) == batch:
            yield _filled(waiting, batch)
            waiting = []
    if waiting:
        yield _filled(waiting, batch)


def _filled(examples: list, batch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    weights = np.zeros(batch, np.float32)
    weights[: len(examples)] = 1
    examples = examples + examples[-1:] * (batch - len(examples))
    frames, truths = zip(*examples, strict=True)
    return np.stack(frames), np.stack(truths), weights


@lru_cache(maxsize=4)
def _shuffled(seed: int, turn: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, turn, count]).permutation(count)
