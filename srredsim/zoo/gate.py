"""Whether a model of raw stacks rests on the stripes: what its own results say of the control without them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from srredsim import documents

CONTROL = "stripes_control"  # the data set
GAINS = {"with_stripes": "gain_with_stripes_db", "without_stripes": "gain_without_stripes_db"}  # of each split
FIELDS = 16  # of the control, unless another number is asked for
LEAST_DB = 3.0  # that the stripes must bring
RESULTS = "results.json"
OWN_CONTROL = "control.json"  # of a run, that of its best epoch


def rows(folder: Path | None) -> list[dict[str, Any]]:
    """Control of a model, a row for each pattern, as `srredsim.evaluation.control` measured it; empty if it was not.

    Of a run that has no results, as its training measured it. Of a model that is in no folder nothing is known.
    """
    if folder is None:
        return []
    for name in (RESULTS, OWN_CONTROL):
        with suppress(OSError, ValueError):  # it has none
            found = documents.read_json(folder / name)
            found = found.get("control") if isinstance(found, dict) else found
            if isinstance(found, list) and (told := [row for row in found if _is_row(row)]):
                return told
    return []


def _is_row(row: Any) -> bool:
    names = ("photons", *GAINS.values())
    return isinstance(row, dict) and all(isinstance(row.get(name), int | float) for name in names)


def brought_db(row: dict[str, Any]) -> float:
    """What the stripes bring."""
    gained, without = (row[name] for name in GAINS.values())
    return gained - without


def passes(folder: Path | None) -> bool:
    """Whether stripes bring as much as they must, in all patterns that were measured."""
    return all(brought_db(row) >= LEAST_DB for row in rows(folder))


def doubts(name: str, folder: Path | None) -> list[str]:
    """What is to be said with every image of a model that hardly uses the stripes."""
    weak = [row for row in rows(folder) if brought_db(row) < LEAST_DB]
    if not weak:
        return []
    row = min(weak, key=brought_db)
    gained, without = (row[key] for key in GAINS.values())
    return [
        f"warning: {name} hardly uses the stripes: at {row['photons']:g} photons it gains {gained:.1f} dB over"
        f" widefield images with them and {without:.1f} dB without; detail finer than widefield is inferred from shapes"
    ]
