"""Pairs of widefield images: a noisy average of few captures, and the average of many or the SIM image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from srredsim.data.pairs import Pair, match_widefield
from srredsim.data.w2s.field import REFERENCE, Field, Fields
from srredsim.errors import InputError
from srredsim.normalise import SCALINGS, Scaling

AS_IT_IS = Scaling(0.0, 1.0)


class WidefieldPairs:
    """Every field at every noise level: first all levels of one field, then of the next.

    Parameters
    ----------
    fields : Fields
    levels : sequence of int
        Captures that are averaged for the input.
    target : {"average", "sim"}
        The average of 400 captures, which denoises; or the SIM image of twice the pixels.
    normalise : {"image", "noise", "dataset"}
        By percentiles of each noisy image or by its noise, which any image can be (`srredsim.normalise`); or z-scores
        by the constants of the data set, as published. The SIM image then has constants of its own, otherwise the units
        of the widefield image.
    """

    def __init__(self, fields: Fields, levels: Sequence[int], target: str, normalise: str):
        if target == "average" and REFERENCE in levels:
            raise InputError(f"the average of {REFERENCE} captures is the truth; it cannot be the input, too")
        self.fields, self._levels, self._target, self._normalise = fields, tuple(levels), target, normalise

    def __len__(self) -> int:
        return len(self.fields) * len(self._levels)

    def __getitem__(self, index: int) -> Pair:
        index, level = divmod(int(index), len(self._levels))
        field, level = self.fields[index], self._levels[level]
        pair = self._in_zscores if self._normalise == "dataset" else self._in_counts
        return pair(field, level, {"name": field.name, "noise_level": level, **field.facts})

    def missing(self, indices: Iterable[int]) -> list[int]:
        """Of a simulated data set, the pairs that are not there yet: one for each field."""
        return [len(self._levels) * i for i in getattr(self.fields, "missing", lambda _: [])(self._of(indices))]

    def task(self, missing: int) -> str:
        return self.fields.task(missing)

    def generate(self, indices: Iterable[int], progress: Callable[[int, int], None] | None = None) -> int:
        return self.fields.generate(self._of(indices), progress) if hasattr(self.fields, "generate") else 0

    def _of(self, indices: Iterable[int]) -> list[int]:
        return sorted({int(i) // len(self._levels) for i in indices})

    def _in_counts(self, field: Field, level: int, facts: dict) -> Pair:
        noisy = field.average(level)[..., None]
        scaling = SCALINGS[self._normalise](noisy)
        if self._target == "average":
            return Pair(noisy, field.average(REFERENCE) - np.float32(scaling.offset), scaling, facts)
        sim = field.sim()
        if not self.fields.calibrated:
            sim = match_widefield(sim, field.average(REFERENCE)[..., None])
        return Pair(noisy, sim, scaling, facts)

    def _in_zscores(self, field: Field, level: int, facts: dict) -> Pair:
        fields = self.fields
        noisy = fields.widefield.apply(field.average(level))[..., None]
        if self._target == "average":
            return Pair(noisy, fields.widefield.apply(field.average(REFERENCE)), AS_IT_IS, facts)
        return Pair(noisy, fields.sim.apply(field.sim()), AS_IT_IS, facts)
