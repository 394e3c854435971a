"""What ``data/w2s/dataset.yaml`` says: which captures each noise level averages, which fields are in which split, ...

References
----------
.. [1] R. Zhou, M. El Helou, D. Sage, T. Laroche, A. Seitz, S. Suesstrunk, ECCV Workshops 2020 (arXiv 2003.05961).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations

from srredsim.errors import InputError
from srredsim.normalise import Scaling


@dataclass(frozen=True)
class Layout:
    """The keys of the description; numbers of fields, captures and channels are whole, first and last included."""

    channels: tuple
    size: int  # pixels of a side of a widefield image
    scale: int  # pixels of the SIM image per pixel of a widefield image
    montage: tuple  # rows and columns of tiles of the raw SIM frames
    noise_levels: dict  # captures that are averaged: first and last
    widefield: dict  # mean and standard deviation of all captures, published
    splits: dict  # first and last field
    published_training: tuple  # first and last field
    sim: dict | None = None  # mean and standard deviation of the SIM images

    def __post_init__(self):
        self._check_numbers()
        for key in ("noise_levels", "splits"):
            for name, ends in getattr(self, key).items():
                _range(f"{key}.{name}", ends)
        _range("published_training", self.published_training)
        for level, captures in self.captures.items():
            if level != len(captures):
                raise InputError(
                    f"noise_levels.{level} should be {level} captures, first and last; got {len(captures)}"
                )
        if self.captures[self.reference].start or self.shot < max(c.stop for c in self.captures.values()):
            raise InputError(f"noise_levels: the last one averages all captures, from 0; got {self.noise_levels}")
        zscore("widefield", self.widefield)
        zscore("sim", self.sim)
        _refuse_overlap(self.fields_of)

    def _check_numbers(self) -> None:
        """Keys whose values are whole numbers."""
        for key in ("size", "scale"):
            if getattr(self, key) < 1:
                raise InputError(f"{key} should be a whole number above 0; got {getattr(self, key)}")
        if not self.channels or not _whole(self.channels, 0):
            raise InputError(f"channels should be the number of each channel, as [0, 1, 2]; got {list(self.channels)}")
        if len(self.montage) != 2 or not _whole(self.montage, 1):
            raise InputError(f"montage should be rows and columns of tiles, as [3, 5]; got {list(self.montage)}")
        if not self.noise_levels or not _whole(self.noise_levels, 1):
            raise InputError(
                "noise_levels should be numbers of captures with the first and the last of them, as"
                f" {{1: [0, 0], 400: [0, 399]}}; got {self.noise_levels}"
            )
        if not self.splits:
            raise InputError("splits should be first and last field of each split, as {train: [1, 76]}; got {}")

    @cached_property
    def captures(self) -> dict[int, range]:
        """0-based numbers of the captures that each noise level averages."""
        return {int(level): _range(f"noise_levels.{level}", ends) for level, ends in self.noise_levels.items()}

    @property
    def levels(self) -> tuple[int, ...]:
        return tuple(self.captures)

    @property
    def reference(self) -> int:
        """The average that counts as free of noise."""
        return self.levels[-1]

    @property
    def noisy_levels(self) -> tuple[int, ...]:
        return self.levels[:-1]

    @property
    def shot(self) -> int:
        """Captures of a field and channel."""
        return len(self.captures[self.reference])

    @cached_property
    def fields_of(self) -> dict[str, range]:
        """Numbers of the fields of each split."""
        return {split: _range(f"splits.{split}", ends) for split, ends in self.splits.items()}

    @cached_property
    def fields(self) -> range:
        """Numbers of all fields."""
        ranges = self.fields_of.values()
        return range(min(one.start for one in ranges), max(one.stop for one in ranges))

    @property
    def training(self) -> range:
        """Numbers of the published training fields, of whose SIM images the common constants are."""
        return _range("published_training", self.published_training)

    @property
    def zscore(self) -> Scaling:
        """Mean and standard deviation of the counts of all captures, as published."""
        return zscore("widefield", self.widefield)

    @property
    def sim_zscore(self) -> Scaling:
        """The same of the SIM images; without any, what leaves them as they are."""
        return zscore("sim", self.sim) or Scaling(0.0, 1.0)


@cache
def layout() -> Layout:
    """The layout of W2S as the catalogue describes it."""
    from srredsim.data import description

    return description.of_entry("w2s").settings


def zscore(key: str, value: dict | None) -> Scaling | None:
    """``{mean: 154.5, std: 66.0}`` as offset and gain."""
    if value is None:
        return None
    try:
        scaling = Scaling(float(value["mean"]), float(value["std"]))
    except (KeyError, TypeError, ValueError):
        scaling = None
    if set(value) != {"mean", "std"} or not scaling or not 0 < scaling.gain < float("inf"):
        raise InputError(f"{key} should be {{mean: 154.5, std: 66.03}}, std above 0; got {value}")
    return scaling


def as_record(scaling: Scaling) -> dict[str, float]:
    """The same as it is written to files."""
    return {"mean": scaling.offset, "std": scaling.gain}


def _whole(values: Iterable, least: int) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) and value >= least for value in values)


def _refuse_overlap(splits: Mapping[str, range]) -> None:
    """InputError if a field is in two splits: what is tested with would be trained on."""
    for (one, first), (other, second) in combinations(splits.items(), 2):
        if max(first.start, second.start) < min(first.stop, second.stop):
            field = max(first.start, second.start)
            raise InputError(f"splits.{one} and splits.{other} both have the field {field}; a field is in one of them")


def _range(key: str, ends) -> range:
    try:
        first, last = map(int, ends)
    except (TypeError, ValueError):
        raise InputError(f"{key} should be the first and the last number, as [1, 76]; got {ends!r}") from None
    if not 0 <= first <= last:
        raise InputError(f"{key} should be the first and the last number; got {first} and {last}")
    return range(first, last + 1)
