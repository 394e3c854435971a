"""Raw stacks that are made on the fly from a seed, of whatever pattern is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from srredsim import schema
from srredsim.data.description import Description
from srredsim.data.pairs import Pairs
from srredsim.data.readers import Wanted
from srredsim.data.simulated import LightLevels, Series, SimulatedPairs
from srredsim.errors import InputError
from srredsim.simulation import calibration
from srredsim.simulation.calibration import Calibration

ANY_PATTERN = True
CHOICES = {"microscope": "dict | None"}  # what srredsim calibrate has written: all stacks are of this one


@dataclass(frozen=True)
class Split:
    """A series of stacks; their light is drawn from a range, or each field has several light levels."""

    seed: int
    count: int
    size: int  # raw pixels
    photons: tuple | None = None  # least and most expected peak photons per pixel and frame
    light_levels: tuple | None = None  # the same fields at each of these

    def __post_init__(self):
        if (self.photons is None) == (self.light_levels is None):
            raise InputError("a split has either photons: [least, most] or light_levels")


@dataclass(frozen=True)
class Settings:
    splits: dict

    def __post_init__(self):
        for name, split in self.splits.items():
            schema.build(Split, split, prefix=f"splits.{name}.")

    def split(self, name: str) -> Split:
        return schema.build(Split, self.splits[name])


def _of_microscope(wanted: Wanted, split: Split) -> tuple[Calibration | None, tuple | None]:
    """The one microscope that is asked for, and the light of the stacks: its own, where the split draws it."""
    if not (content := wanted.options.get("microscope")):
        return None, split.photons
    microscope = calibration.of(content, "data.microscope")
    return microscope, split.photons and microscope.photons


def series_of(chosen: Split, pattern: tuple[int, int], wanted: Wanted, kind: type[Series] = Series, **more: Any) -> Any:
    """A series of a kind: what the split and the recipe say of it, and ``more``."""
    microscope, light = _of_microscope(wanted, chosen)
    low, high = light or chosen.light_levels[:1] * 2
    return kind(
        seed=chosen.seed,
        count=wanted.count or chosen.count,
        angles=pattern[0],
        phases=pattern[1],
        size=chosen.size,
        photons=(float(low), float(high)),
        microscope=microscope,
        **more,
    )


def stacks(data: Description, split: str, pattern: tuple[int, int], wanted: Wanted) -> Pairs:
    chosen = data.settings.split(split)
    series = series_of(chosen, pattern, wanted)
    return LightLevels(series, chosen.light_levels) if chosen.light_levels else SimulatedPairs(series)
