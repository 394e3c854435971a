"""The released layout written from simulated fields: patches and ``folds.zip``, as ``prepare sr-caco-2`` wants them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from srredsim import io
from srredsim.data.caco2 import folds
from srredsim.data.caco2.folder import write
from srredsim.data.caco2.layout import fold, layout
from srredsim.data.caco2.series import Series
from srredsim.data.caco2.simulated import scans

PATCHES, FOLDS = "caco2", "folds.zip"


def simulate_archive(
    out: str | Path, count: int = 3, *, seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> list[Path]:
    """Write the folder ``caco2`` and ``folds.zip`` with ``count`` fields of each split.

    Field n of a seed and split is the same however many are written.
    """
    out, sides = Path(out), layout().size
    splits = layout().largest().values()
    total, done = count * len(splits), 0
    io.refuse_existing(out / FOLDS)
    pairs: dict[str, list[str]] = {fold(*kind, sides): [] for kind in folds.kinds(layout())}
    for number, split in enumerate(splits):
        series = Series(len(splits) * seed + number, count, sides, tuple(layout().splits[split]))
        for index in range(count):
            of_scale = dict(zip((1, *layout().scales), scans(series.seed, index, sides, layout().scales), strict=True))
            for place, cell in enumerate(layout().cells):
                high = series.name(index, 1, cell)
                write(out / PATCHES / high, of_scale[1][place])
                for scale in layout().scales:
                    low = series.name(index, scale, cell)
                    write(out / PATCHES / low, of_scale[scale][place])
                    pairs[fold(layout().folds[split], scale, cell, sides)].append(f"{low},{high}\n")
            done += 1
            if progress:
                progress(done, total)
    with io.atomic(out / FOLDS) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in pairs.items():
            archive.writestr(f"{folds.LISTS}/{name}/{folds.LIST}", "".join(lines))
    return [out / PATCHES, out / FOLDS]
