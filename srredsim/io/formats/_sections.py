"""What a DeltaVision file says of each of its sections: stage, time, wavelengths; and what the stage tells of order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TIME, STAGE_Z, EXCITATION, EMISSION = 1, 4, 10, 11  # places in the floats of a section
SAME_Z = 0.25  # of a step: stages are not exact


@dataclass(frozen=True)
class Sections:
    """``floats`` (sections, n) of the extended header; no columns where there is none, or none that is known."""

    floats: np.ndarray

    @classmethod
    def of(cls, block: bytes, sections: int, integers: int, floats: int, endian: str) -> Sections:
        """What the bytes of an extended header say; sections that it has no room for are left out."""
        each = 4 * (integers + floats)
        if integers < 0 or floats <= EMISSION or len(block) < each:
            return cls(np.empty((0, 0), np.float32))
        there = min(sections, len(block) // each)
        values = np.frombuffer(block, f"{endian}f4", there * each // 4).reshape(there, -1)
        return cls(values[:, integers:].astype(np.float64))

    def column(self, place: int) -> np.ndarray:
        """Values of all sections; none, where the file has none, or one that is no number."""
        column = self.floats[:, place] if self.floats.size else np.empty(0)
        return column if np.isfinite(column).all() else np.empty(0)


def steps_of(stage_z: np.ndarray) -> tuple[str, tuple[int, ...]] | None:
    """Axes, the slowest first, that the stage shows along one row of sections; None if it shows nothing.

    The stage stands still while frames of a z-plane follow one another, and returns where another angle begins: AZP of
    a stack of which all z-planes are taken angle by angle; ZI where all frames of a z-plane follow one another.
    """
    steps = np.abs(np.diff(stage_z))
    if not steps.size or not np.any(steps > 0):
        return None
    moved = steps > SAME_Z * np.median(steps[steps > 0.5 * steps.max()])
    starts = np.flatnonzero(np.concatenate([[True], moved]))
    runs = np.diff([*starts, len(stage_z)])
    if runs[0] < 2 or np.any(runs != runs[0]):
        return None
    levels = stage_z[starts]
    planes = next((n for n in range(2, len(levels) + 1) if len(levels) % n == 0 and _repeats(levels, n)), 0)
    angles = len(levels) // planes if planes else 0
    if angles > 1:
        return "AZP", (angles, planes, int(runs[0]))
    return ("ZI", (planes, int(runs[0]))) if planes else None


def _repeats(levels: np.ndarray, planes: int) -> bool:
    """Whether levels are the same even steps in one direction, again and again."""
    each = levels.reshape(-1, planes)
    step = np.median(np.diff(each, axis=1))
    even = each[0, 0] + step * np.arange(planes)
    return bool(step != 0 and np.all(np.abs(each - even) < 0.5 * np.abs(step)))
