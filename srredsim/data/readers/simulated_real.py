"""Raw stacks as real microscopes give them, made on the fly from a seed, of whatever pattern is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from srredsim import schema
from srredsim.data.description import Description
from srredsim.data.pairs import Pairs
from srredsim.data.readers import Wanted, simulated
from srredsim.data.simulated import SimulatedPairs
from srredsim.data.simulated_real import Conditions, RealSeries
from srredsim.errors import InputError
from srredsim.simulation.imperfections import Imperfections

ANY_PATTERN = True
CHOICES = {"imperfections": "dict", **simulated.CHOICES}  # the first: shares in place of those of the split


@dataclass(frozen=True)
class Split(simulated.Split):
    """As of simulated stacks; with light levels, under each of the conditions."""

    imperfections: dict = field(default_factory=dict)  # shares of the stacks, see `Imperfections`
    conditions: tuple[str, ...] = ()

    def __post_init__(self):
        super().__post_init__()
        imperfections(self.imperfections)
        if bool(self.conditions) != (self.light_levels is not None):
            raise InputError("a split has conditions if it has light_levels, and else none")


@dataclass(frozen=True)
class Settings:
    splits: dict
    conditions: dict  # name -> shares beside those of a split

    def __post_init__(self):
        for name, shares in self.conditions.items():
            imperfections(shares, f"conditions.{name}.")
        for name, split in self.splits.items():
            for condition in schema.build(Split, split, prefix=f"splits.{name}.").conditions:
                schema.choice(f"splits.{name}.conditions", condition, self.conditions)

    def split(self, name: str) -> Split:
        return schema.build(Split, self.splits[name])


def imperfections(shares: Any, prefix: str = "imperfections.") -> Imperfections:
    return schema.build(Imperfections, shares, "description", prefix)


def stacks(data: Description, split: str, pattern: tuple[int, int], wanted: Wanted) -> Pairs:
    chosen = data.settings.split(split)
    shares: Mapping[str, Any] = chosen.imperfections | (wanted.options.get("imperfections") or {})
    flaws = imperfections(dict(shares), "data.imperfections.")
    series = simulated.series_of(chosen, pattern, wanted, RealSeries, imperfections=flaws)
    if not chosen.light_levels:
        return SimulatedPairs(series)
    conditions = {name: imperfections(shares | data.settings.conditions[name]) for name in chosen.conditions}
    return Conditions(series, conditions, chosen.light_levels)
