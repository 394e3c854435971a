"""Pairs of 8-bit patches of one field, LR and HR, whatever they come from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat, zip_longest
from typing import Any

import numpy as np

from srredsim import schema
from srredsim.data.caco2.layout import EIGHT_BIT, GREY_LEVELS, Layout
from srredsim.data.caco2.reduced import reduced
from srredsim.data.caco2.sampler import Sampler
from srredsim.data.pairs import Pair, Pairs, check_crop, check_sizes
from srredsim.data.readers import Wanted
from srredsim.data.widefield import AS_IT_IS
from srredsim.errors import InputError
from srredsim.normalise import SCALINGS, Scaling

CHOICES = {"scale": "int", "cell": "str", "sampler": "str", "threshold": "float | str", "snap": "bool"}
CHOICES |= {"low": "str", "low_sigma": "float"}
LOWS = ("scanned", "reduced")  # where LR comes from: the microscope, or HR
TARGETS = ("average", "truth")  # HR, which is an average of nine scans


@dataclass(frozen=True)
class Asked:
    """Which pairs of the data set: what a recipe has to say of them."""

    scale: int
    cells: tuple[str, ...]
    sampler: Sampler
    normalise: str
    low: str = "scanned"
    low_sigma: float = 6.0  # grey levels: noise of what is reduced

    def __post_init__(self):
        schema.choice("data.low", self.low, LOWS)
        if not 0 <= self.low_sigma < float("inf"):
            raise InputError(f"data.low_sigma is a number of grey levels, 0 or more; got {self.low_sigma}")

    @classmethod
    def of(cls, wanted: Wanted, layout: Layout, name: str) -> Asked:
        """Checked; InputError names the key."""
        options = {key: value for key, value in wanted.options.items() if value is not None}
        if wanted.target not in TARGETS:
            raise InputError(f"no data.target {wanted.target!r} in {name}; leave it out: there is one, HR")
        if wanted.noise_level is not None:
            raise InputError(f"{name} has no noise levels; set data.noise_level=null")
        if "low_sigma" in options and options.get("low") != "reduced":
            raise InputError(
                "data.low_sigma is the noise of LR that is computed: set data.low=reduced, or leave it out"
            )
        return cls(
            layout.check_scale(options.get("scale"), name),
            layout.check_cells(options.get("cell"), name),
            Sampler(options.get("sampler", "uniform"), options.get("threshold", 4.0), options.get("snap", True)),
            wanted.normalise,
            options.get("low", "scanned"),
            options.get("low_sigma", 6.0),
        )


def in_turn(of_cells: Mapping[str, Sequence]) -> list[tuple[str, Any]]:
    """(cell, patch) of each cell in turn, so that the first so many, which validate a training, are of all cells."""
    rows = zip_longest(*(zip(repeat(cell), patches, strict=False) for cell, patches in of_cells.items()))
    return [one for row in rows for one in row if one is not None]


class Patches(Pairs):
    """Pairs as they are trained on and tested with.

    With ``normalise: dataset``, grey levels become 0 ... 1 in LR and HR alike, as published. ``image`` and ``noise`` go
    by each LR patch itself, as for any image; HR is then above its background.
    """

    def __init__(self, asked: Asked, size: int):
        self.asked, self._size = asked, size

    @abstractmethod
    def grey_levels(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """LR and HR of a pair, uint8."""

    @abstractmethod
    def facts(self, index: int) -> dict:
        """What is known of it: ``name`` of the HR patch, ``tile``, ``cell``; ``source``, its file, if it has one."""

    @property
    def scale(self) -> int:
        return self.asked.scale

    @property
    def zscores(self) -> Mapping[str, Scaling]:
        return {"zscore": EIGHT_BIT, "sim_zscore": EIGHT_BIT}

    def check(self, scale: int, side: int = 1) -> None:
        """As `Pairs.check`; no patch is looked at."""
        small, name = (self._size // self.scale,) * 2, "the patches"
        check_sizes(small, (self._size,) * 2, scale, name)
        check_crop(small, side, name)

    def __getitem__(self, index: int) -> Pair:
        return self._pair(int(index))[0]

    def crop(self, index: int, rng: np.random.Generator, side: int) -> Pair:
        """A square of ``side`` LR pixels where the sampler wants it."""
        pair, low = self._pair(int(index))
        check_crop(low.shape, side, pair.facts["name"])
        row, column = self.asked.sampler.corner(low, self.scale, self.scale * side, rng)
        y, x = row // self.scale, column // self.scale
        return Pair(
            pair.frames[y : y + side, x : x + side],
            pair.truth[row : row + self.scale * side, column : column + self.scale * side],
            pair.scaling,
            pair.facts,
        )

    def _pair(self, index: int) -> tuple[Pair, np.ndarray]:
        """The pair, and its LR in grey levels."""
        low, high = self.grey_levels(index)
        if self.asked.low == "reduced":
            low = reduced(high, self.scale, index, self.asked.low_sigma)
        facts = self.facts(index)
        if self.asked.normalise == "dataset":
            frames, truth = ((one / GREY_LEVELS).astype(np.float32) for one in (low, high))
            return Pair(frames[..., None], truth, AS_IT_IS, facts), low
        frames = low.astype(np.float32)[..., None]
        try:
            scaling = SCALINGS[self.asked.normalise](frames)
        except InputError as problem:
            raise InputError(f"{facts.get('source', facts['name'])}: {problem}") from None
        return Pair(frames, high.astype(np.float32) - np.float32(scaling.offset), scaling, facts), low
