"""Pairs of widefield images: a noisy average of few captures, and the average of many or the SIM image."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from srredsim.data.fields import Field, Fields
from srredsim.data.pairs import Pair, Pairs, check_squares, match_widefield
from srredsim.data.stored import Progress, digest_of
from srredsim.errors import InputError
from srredsim.normalise import SCALINGS, Scaling

AS_IT_IS = Scaling(0.0, 1.0)
TARGETS = ("average", "sim")


class WidefieldPairs(Pairs):
    """Every field at every noise level: first all levels of one field, then of the next.

    Parameters
    ----------
    fields : Fields
    levels : sequence of int
        Captures that are averaged for the input.
    target : {"average", "sim"}
        The average of all captures, which denoises; or the SIM image of more pixels.
    normalise : {"image", "noise", "dataset"}
        By percentiles of each noisy image or by its noise, which any image can be (`srredsim.normalise`); or z-scores
        by the constants of the data set, as published. The SIM image then has constants of its own, otherwise the units
        of the widefield image.
    """

    def __init__(self, fields: Fields, levels: Sequence[int], target: str, normalise: str):
        if target == "average" and fields.reference in levels:
            raise InputError(
                f"the average of {fields.reference} captures is the truth; it cannot be the input, too: set"
                " data.target=sim, or another data.noise_level"
            )
        self.fields, self._levels, self._target, self._normalise = fields, tuple(levels), target, normalise

    def __len__(self) -> int:
        return len(self.fields) * len(self._levels)

    def __getitem__(self, index: int) -> Pair:
        index, level = divmod(int(index), len(self._levels))
        field, level = self.fields[index], self._levels[level]
        pair = self._in_zscores if self._normalise == "dataset" else self._in_counts
        return pair(field, level, {"name": field.name, "noise_level": level, **field.facts})

    def identity(self) -> str:
        constants = str(self.fields.widefield), str(self.fields.sim)
        told = self.fields.identity(), *constants, self._levels, self._target, self._normalise
        return digest_of(json.dumps(told))

    def first(self, count: int) -> list[int]:
        return list(range(min(count, len(self.fields)) * len(self._levels)))

    @property
    def zscores(self) -> Mapping[str, Scaling]:
        return {"zscore": self.fields.widefield, "sim_zscore": self.fields.sim}

    @property
    def scale(self) -> int:
        return 1 if self._target == "average" else self.fields.scale

    def check(self, scale: int, side: int = 1) -> None:
        """As `Pairs.check`; no field is simulated for it."""
        if not self.missing([0]):
            super().check(scale, side)
            return
        simulated: Any = self.fields  # only these are ever missing
        check_squares(simulated.size, self.scale, scale, side, "the simulated fields")

    def missing(self, indices: Iterable[int]) -> list[int]:
        """The pairs of a simulated data set that are not there yet: one for each field."""
        return [len(self._levels) * i for i in self.fields.missing(self._of(indices))]

    def task(self, missing: int) -> str:
        return self.fields.task(missing)

    def generate(self, indices: Iterable[int], progress: Progress | None = None) -> int:
        return self.fields.generate(self._of(indices), progress)

    def _of(self, indices: Iterable[int]) -> list[int]:
        return sorted({int(i) // len(self._levels) for i in indices})

    def _in_counts(self, field: Field, level: int, facts: dict) -> Pair:
        noisy, reference = field.average(level)[..., None], self.fields.reference
        scaling = SCALINGS[self._normalise](noisy)
        if self._target == "average":
            return Pair(noisy, field.average(reference) - np.float32(scaling.offset), scaling, facts)
        sim = field.sim()
        if not self.fields.calibrated:
            sim = match_widefield(sim, field.average(reference)[..., None])
        return Pair(noisy, sim, scaling, facts)

    def _in_zscores(self, field: Field, level: int, facts: dict) -> Pair:
        fields = self.fields
        noisy = fields.widefield.apply(field.average(level))[..., None]
        if self._target == "average":
            return Pair(noisy, fields.widefield.apply(field.average(fields.reference)), AS_IT_IS, facts)
        return Pair(noisy, fields.sim.apply(field.sim()), AS_IT_IS, facts)
