"""Some of the pairs of a data set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from srredsim.data.pairs import Over, Pair, Pairs
from srredsim.data.stored import Progress, digest_of


class Some(Over):
    """Those pairs of a data set that have these indices, counted anew."""

    def __init__(self, pairs: Pairs, indices: Sequence[int]):
        self.pairs, self._indices = pairs, list(indices)
        self.augmentation, self.beside, self.split = pairs.augmentation, pairs.beside, pairs.split
        self.pattern = pairs.pattern

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> Pair:
        return self.pairs[self._indices[index]]

    def identity(self) -> str:
        return digest_of(json.dumps([self.pairs.identity(), self._indices]))

    def missing(self, indices: Iterable[int]) -> list[int]:
        there = {own: index for index, own in enumerate(self._indices)}
        return [there[own] for own in self.pairs.missing(self._of(indices)) if own in there]

    def generate(self, indices: Iterable[int], progress: Progress | None = None) -> int:
        return self.pairs.generate(self._of(indices), progress)

    def _of(self, indices: Iterable[int]) -> list[int]:
        return [self._indices[index] for index in indices]
