"""Fields like those of W2S, made on the fly from a seed; noise levels and scale are those of W2S."""

from __future__ import annotations

from dataclasses import dataclass

from srredsim import schema
from srredsim.data.description import Description
from srredsim.data.fields import Fields
from srredsim.data.pairs import Pairs
from srredsim.data.readers import Wanted, _levels
from srredsim.data.w2s.series import FieldSeries, SimulatedFields
from srredsim.errors import InputError
from srredsim.normalise import Scaling


@dataclass(frozen=True)
class Split:
    """A series of fields."""

    seed: int
    count: int
    size: int  # pixels of a capture


@dataclass(frozen=True)
class Settings:
    splits: dict
    photons: tuple  # least and most expected peak of a single capture, drawn log-uniformly
    zscore: dict  # mean and standard deviation of the training images: widefield, sim

    def __post_init__(self):
        for name, split in self.splits.items():
            schema.build(Split, split, prefix=f"splits.{name}.")
        if set(self.zscore) != {"widefield", "sim"} or any(len(pair) != 2 for pair in self.zscore.values()):
            raise InputError(f"zscore should be widefield: [mean, std] and sim: [mean, std]; got {self.zscore}")

    @property
    def constants(self) -> tuple[Scaling, Scaling]:
        """Those of the widefield images and of the SIM images."""
        return Scaling(*self.zscore["widefield"]), Scaling(*self.zscore["sim"])


def images(data: Description, split: str, wanted: Wanted) -> Pairs:
    return _levels.pairs(data.name, fields(data, split, wanted), wanted)


def fields(data: Description, split: str, wanted: Wanted) -> Fields:
    chosen, own = schema.build(Split, data.settings.splits[split]), data.settings
    low, high = map(float, own.photons)
    series = FieldSeries(chosen.seed, wanted.count or chosen.count, chosen.size, (low, high))
    return SimulatedFields(series, *own.constants)
