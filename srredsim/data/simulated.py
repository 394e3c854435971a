"""Simulated pairs: made once from a seed, on all cores, and kept on disk, so that a training never waits for them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from srredsim import io
from srredsim.acquisition import OPTICS, frames_from_raw
from srredsim.data.pairs import Pair, Pairs, check_squares
from srredsim.data.stored import Progress, Samples, StoredSeries, digest_of
from srredsim.normalise import scaling_of
from srredsim.optics.sampling import SCALE
from srredsim.resources import cache_folder
from srredsim.simulation import calibrated, sim
from srredsim.simulation.calibration import DRIFTING, Calibration

FOREIGN = ("bands.py", "defocus.py")  # files of the optics that are no part of the simulator
SIMULATOR = ("sim.py", "hexagonal.py", "phantoms.py", "camera.py")  # files of the simulation that are
SHARED = ("checks.py", "schema.py")  # sources elsewhere that the simulator imports


@dataclass(frozen=True)
class Series:
    """A series of simulated stacks: sample ``index`` is the same whenever and wherever it is made."""

    seed: int
    count: int
    angles: int = 3
    phases: int = 5
    size: int = 128  # raw pixels
    photons: tuple[float, float] = (20.0, 5000.0)  # expected peak of the widefield image, drawn log-uniformly
    microscope: Calibration | None = None  # the one that all are of; None: each is of another

    def __post_init__(self):
        if self.microscope:
            self.microscope.check_pattern(self.angles, self.phases)

    @property
    def augmentation(self) -> str:
        """What leaves the stripes those of the microscope, see `srredsim.data.augment`."""
        if self.microscope is None:
            return "any_turn"
        return "keep_geometry" if self.microscope.global_phases == DRIFTING else "none"

    def sample(self, index: int) -> sim.Sample:
        asked: dict[str, Any] = {"size": self.size, "photons": self.photons}
        if self.microscope:
            return calibrated.simulate_stack(self.microscope, self.seed, index=index, **asked)
        return sim.simulate_stack(self.seed, index=index, angles=self.angles, phases=self.phases, **asked)

    def settings(self, index: int) -> sim.Settings:
        """Settings of a sample, without making it: drawn as `sim.simulate_stack` draws them."""
        if self.microscope:
            return calibrated.drawn(self.microscope, self.seed, index=index, size=self.size, photons=self.photons)
        _, settings_rng, _ = np.random.default_rng([self.seed, index]).spawn(3)
        return sim.draw(settings_rng, self.angles, self.phases, size=self.size, photons=self.photons)

    def sources(self) -> list[Path]:
        """The files that a sample depends on."""
        return sorted({*simulator_sources(), *(calibrated_sources() if self.microscope else ())})


class SimulatedPairs(StoredSeries, Pairs):
    """The pairs of a series, read from the cache on disk; `generate` fills it."""

    making = "simulating {} stacks once"

    def __init__(self, series: Series):
        self.series, self.augmentation = series, series.augmentation
        self.folder = cache_folder() / "simulated" / digest_of(_described(series), series.sources())
        side = series.size
        self.samples = Samples(
            self.folder,
            series.count,
            frames_u16=(np.uint16, (side, side, series.angles * series.phases)),
            truth_f32=(np.float32, (SCALE * side, SCALE * side)),
        )
        if not (about := self.folder / "series.json").exists():
            with io.atomic(about, overwrite=True) as temporary:
                temporary.write_text(_described(series), encoding="utf-8")

    def __len__(self) -> int:
        return self.series.count

    @property
    def pattern(self) -> tuple[int, int]:
        return self.series.angles, self.series.phases

    @property
    def scale(self) -> int:
        return SCALE

    def check(self, scale: int, side: int = 1) -> None:
        """As `Pairs.check`; no sample is made for it."""
        check_squares(self.series.size, SCALE, scale, side, "the simulated stacks")

    def __getitem__(self, index: int) -> Pair:
        index = int(index)
        frames, truth = self.stored(index)
        settings = self.series.settings(index)
        optics = {name: getattr(settings, name) for name in OPTICS}
        facts = {"index": index, "photons": list(self.series.photons), "optics": optics}
        return Pair(frames, truth, scaling_of(frames), facts)

    def make(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        sample = self.series.sample(index)
        return frames_from_raw(sample.raw), sample.truth

    def reconstructed(self, pattern: tuple[int, int], kind: str = "wiener") -> Pairs:
        """As `Pairs.reconstructed`, kept on disk, too."""
        from srredsim.data.reconstructed import SERIES  # whose series this is

        return SERIES[kind](self.series)

    def lit(self, pattern: tuple[int, int], slots: int) -> Pairs:
        """As `Pairs.lit`, kept on disk, too."""
        from srredsim.data.lit import LitSeries  # whose series this is

        return LitSeries(self, slots)


class Levels(Pairs):
    """Series of equal length, one after the other, each with facts of its own: a test set."""

    def __init__(self, levels: Iterable[tuple[dict, Series]]):
        facts, series = zip(*levels, strict=True)
        self._facts, self._levels = facts, [SimulatedPairs(one) for one in series]

    def __len__(self) -> int:
        return sum(len(level) for level in self._levels)

    def __getitem__(self, index: int) -> Pair:
        level, index = divmod(index, len(self._levels[0]))
        pair = self._levels[level][index]
        pair.facts.update(self._facts[level])
        return pair

    @property
    def pattern(self) -> tuple[int, int]:
        return self._levels[0].pattern

    def identity(self) -> str:
        told = [[facts, level.identity()] for facts, level in zip(self._facts, self._levels, strict=True)]
        return digest_of(json.dumps(told, sort_keys=True))

    def first(self, count: int) -> list[int]:
        per_level = len(self._levels[0])
        return [n * per_level + i for n in range(len(self._levels)) for i in range(min(count, per_level))]

    def check(self, scale: int, side: int = 1) -> None:
        self._levels[0].check(scale, side)

    def missing(self, indices: Iterable[int]) -> list[int]:
        per_level, wanted = len(self._levels[0]), list(indices)
        return [n * per_level + i for n, level in enumerate(self._levels) for i in level.missing(self._of(n, wanted))]

    def task(self, missing: int) -> str:
        return self._levels[0].task(missing)

    def generate(self, indices: Iterable[int], progress: Progress | None = None) -> int:
        wanted = list(indices)
        return sum(level.generate(self._of(n, wanted), progress) for n, level in enumerate(self._levels))

    def _of(self, number: int, indices: list[int]) -> list[int]:
        """The indices that are of one level, as that level counts them."""
        per_level = len(self._levels[0])
        return [i - number * per_level for i in indices if i // per_level == number]


class LightLevels(Levels):
    """The same fields at several light levels."""

    def __init__(self, series: Series, photons: Iterable[float]):
        super().__init__(({"photons": float(p)}, at(series, p)) for p in photons)


def at(series: Series, photons: float) -> Series:
    """The same fields at one light level."""
    return replace(series, photons=(float(photons), float(photons)))


def _described(series: Series) -> str:
    """What a series is made of; those of no one microscope are known without saying so."""
    content = asdict(series)
    if series.microscope is None:
        del content["microscope"]
    return json.dumps(content, sort_keys=True)


def calibrated_sources() -> list[Path]:
    """The files that a stack of one microscope depends on besides."""
    return sorted(Path(sim.__file__).parent.glob("calib*.py"))


def simulator_sources() -> list[Path]:
    """The files that a stack of `srredsim.simulation.sim` depends on."""
    package = Path(sim.__file__).parents[1]
    optics = [path for path in package.glob("optics/*.py") if path.name not in FOREIGN]
    own = [package / "simulation" / name for name in SIMULATOR]
    return sorted([*own, *optics, *(package / name for name in SHARED)])
