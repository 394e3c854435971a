"""Simulated fields of W2S: made once from a seed, on all cores, and kept on disk."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np

from srredsim.data.simulated import simulator_sources
from srredsim.data.stored import Samples, StoredSeries, digest_of
from srredsim.data.w2s import simulated
from srredsim.data.w2s.layout import layout
from srredsim.normalise import Scaling
from srredsim.optics.sampling import SCALE
from srredsim.resources import cache_folder


@dataclass(frozen=True)
class FieldSeries:
    """A series of simulated fields: field ``index`` is the same whenever and wherever it is made."""

    seed: int
    count: int
    size: int  # pixels of a capture
    photons: tuple[float, float] | None = None  # light of a single capture, see `simulated.expected_field`


@dataclass(frozen=True)
class SimulatedField:
    """One field; the images are views of the files on disk."""

    name: str
    facts: dict
    averages: np.ndarray  # (levels, y, x)
    truth: np.ndarray

    def average(self, level: int) -> np.ndarray:
        return self.averages[layout().levels.index(level)]

    def sim(self) -> np.ndarray:
        return self.truth


class SimulatedFields(StoredSeries):
    """The fields of a series, read from the cache on disk; `generate` fills it. See
    `srredsim.data.fields.Fields`."""

    making = "simulating {} fields once"
    calibrated = True
    scale = SCALE

    def __init__(self, series: FieldSeries, widefield: Scaling | None = None, sim: Scaling | None = None):
        self.series, self.size = series, series.size
        self.levels, self.reference = layout().levels, layout().reference
        self.widefield, self.sim = widefield or layout().zscore, sim or layout().zscore
        self.made_by: str | None = _fingerprint(series)
        self.folder = cache_folder() / "w2s_simulated" / _fingerprint(series)
        side = series.size
        self.samples = Samples(
            self.folder,
            series.count,
            averages_f32=(np.float32, (len(self.levels), side, side)),
            sim_f32=(np.float32, (SCALE * side, SCALE * side)),
        )

    def __len__(self) -> int:
        return self.series.count

    def __getitem__(self, index: int) -> SimulatedField:
        index = int(index)
        averages, sim = self.stored(index)
        name = f"{index // 3 + 1:03d}_{index % 3}"
        return SimulatedField(name, {"index": index}, averages, sim)

    def make(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        series = self.series
        field = simulated.expected_field(series.seed, index, series.size, series.photons)
        images = simulated.averages(field, simulated.camera_rng(series.seed, index))
        return np.stack([images[level] for level in self.levels]), field.sim


def _fingerprint(series: FieldSeries) -> str:
    captures = {level: list(numbers) for level, numbers in layout().captures.items()}
    described = json.dumps([asdict(series), captures], sort_keys=True)
    return digest_of(described, [*simulator_sources(), simulated.__file__])
