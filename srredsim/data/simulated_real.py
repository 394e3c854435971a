"""Pairs of simulated stacks that are as real microscopes give them, kept as those of `srredsim.data.simulated` are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from srredsim.data.simulated import Levels, Series, at, calibrated_sources, simulator_sources
from srredsim.simulation import calibrated, real, sim
from srredsim.simulation.imperfections import Imperfections


@dataclass(frozen=True)
class RealSeries(Series):
    """A series of stacks of which these shares have this or that imperfection."""

    imperfections: Imperfections = field(default_factory=Imperfections)

    def sample(self, index: int) -> sim.Sample:
        if self.microscope:
            return calibrated.simulate_stack(self.microscope, self.seed, **self._of_microscope(index))
        return real.simulate_stack(self.seed, self.imperfections, index=index, **self._asked())

    def settings(self, index: int) -> sim.Settings:
        if self.microscope:
            return calibrated.drawn(self.microscope, self.seed, **self._of_microscope(index))
        return real.drawn(self.seed, self.imperfections, index=index, **self._asked())[0]

    def sources(self) -> list[Path]:
        package = Path(sim.__file__).parents[1]
        others = {*package.glob("simulation/*.py"), package / "optics" / "defocus.py"}
        if self.microscope is None:
            others -= set(calibrated_sources())
        return sorted({*simulator_sources(), *others})

    def _of_microscope(self, index: int) -> dict:
        return {"index": index, "wanted": self.imperfections, "size": self.size, "photons": self.photons}

    def _asked(self) -> dict:
        return {"angles": self.angles, "phases": self.phases, "size": self.size, "photons": self.photons}


class Conditions(Levels):
    """The same fields under several conditions, each at several light levels."""

    beside = ("Richardson-Lucy",)

    def __init__(self, series: RealSeries, conditions: Mapping[str, Imperfections], photons: Iterable[float]):
        levels = list(photons)
        super().__init__(
            ({"condition": name, "photons": float(p)}, at(replace(series, imperfections=has), p))
            for name, has in conditions.items()
            for p in levels
        )
