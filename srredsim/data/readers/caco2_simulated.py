"""Patches like those of SR-CACO-2, made on the fly from a seed; scales, cells and tiles are those of SR-CACO-2."""

from __future__ import annotations

from dataclasses import dataclass

from srredsim import schema
from srredsim.data.caco2.layout import layout
from srredsim.data.caco2.patches import CHOICES, Asked
from srredsim.data.caco2.series import Series, SimulatedPatches
from srredsim.data.description import Description
from srredsim.data.pairs import Pairs
from srredsim.data.readers import Wanted

__all__ = ["CHOICES", "Settings", "images"]


@dataclass(frozen=True)
class Split:
    """A series of fields on the tiles of a split of SR-CACO-2, and those of them that are asked for."""

    seed: int
    count: int
    size: int  # HR pixels
    fields: str  # split of SR-CACO-2 on whose tiles the fields are
    part: str | None = None  # split on whose tiles are those that are asked for; None: all

    def __post_init__(self):
        for name in filter(None, (self.fields, self.part)):
            schema.choice("split of sr_caco_2", name, layout().splits)


@dataclass(frozen=True)
class Settings:
    splits: dict

    def __post_init__(self):
        for name, split in self.splits.items():
            schema.build(Split, split, prefix=f"splits.{name}.")


def images(data: Description, split: str, wanted: Wanted) -> Pairs:
    chosen, splits = schema.build(Split, data.settings.splits[split]), layout().splits
    series = Series(chosen.seed, wanted.count or chosen.count, chosen.size, tuple(splits[chosen.fields]))
    return SimulatedPatches(series, Asked.of(wanted, layout(), data.name), splits[chosen.part or chosen.fields])
