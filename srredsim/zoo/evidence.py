"""Which model is the default: what `srredsim evaluate` measured of each on stacks as microscopes give them.

A shipped model's folder has `MEASURED`, a row for each condition and light level (``tools/evidence.py`` writes it).
All were measured on the same fields, so their means may be compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Any

from srredsim import documents
from srredsim.zoo import portable

MEASURED = "evidence.json"
CONTROL = "even_light"  # a condition without stripes: what is gained there does not count
AS_GOOD_DB = 0.3  # a mean over so few fields does not tell less apart


def rows(folder: Path) -> list[dict[str, Any]]:
    """``condition``, ``photons``, ``images`` and ``gain_db`` over the Wiener image; empty if it was not measured."""
    path = folder / MEASURED
    return documents.read_json(path)["rows"] if path.is_file() else []


def gain_db(folder: Path) -> float | None:
    """PSNR gained over the Wiener image, mean over the conditions with stripes and all light levels."""
    measured = [row["gain_db"] for row in rows(folder) if row["condition"] != CONTROL]
    return fmean(measured) if measured else None


def best(folders: Iterable[Path]) -> Path | None:
    """The one that gains most; of those that gain as much, the first that runs without Keras; None if there is none."""
    gains = {folder: gain for folder in folders if (gain := gain_db(folder)) is not None}
    most = max(gains.values(), default=0.0)
    as_good = [folder for folder, gain in gains.items() if gain >= most - AS_GOOD_DB]
    light = [folder for folder in as_good if (folder / portable.NETWORK).is_file()]
    return next(iter(light or sorted(as_good, key=gains.__getitem__, reverse=True)), None)
