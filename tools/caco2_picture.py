"""Draw docs/sr-caco-2.png:  python tools/caco2_picture.py [--scale 4] [--method confocal_sr] [--field 0]

One simulated test field, a row for each marker: the coarse scan, what is made of it by bicubic interpolation and by a
model, and the mean of nine fine scans; the region with the most detail, in the grey levels of that mean.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from srredsim.evaluation.sr_caco_2.cells import BICUBIC, Benchmark, Cell, Images
from srredsim.evaluation.sr_caco_2.pictures import magnified, most_detail
from srredsim.picture import PERCENTILES
from srredsim.quality import eight_bit

MARKERS = {"CELL0": "midbodies", "CELL1": "membranes or tubulin", "CELL2": "nuclei"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=4, help="pixels of HR per pixel of LR")
    parser.add_argument("--method", default="confocal_sr", help="model, or bicubic for none")
    parser.add_argument("--field", type=int, default=0, help="number of the test field")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs" / "sr-caco-2.png")
    chosen = parser.parse_args()
    benchmark = Benchmark("caco2_simulated", "test", None, limit=chosen.field + 1)
    cells = [Cell(chosen.method, chosen.scale, marker) for marker in MARKERS]
    planned, lacking = benchmark.plan([chosen.method], scales=[chosen.scale])
    if planned != cells:
        parser.error(next(iter(lacking.values())))
    benchmark.prepare(cells)
    draw({cell: benchmark.images(cell, chosen.field) for cell in cells}, chosen.out)


def draw(shown: dict[Cell, Images], path: Path) -> None:
    from matplotlib.figure import Figure

    columns = 4 if next(iter(shown)).method != BICUBIC else 3
    figure = Figure(figsize=(2.6 * columns, 2.75 * len(shown)), layout="constrained")
    for (cell, images), axes in zip(shown.items(), figure.subplots(len(shown), columns), strict=True):
        low, high = np.percentile(images.high, PERCENTILES)
        place = most_detail(images)
        for (title, image), panel in zip(_titled(cell, images), axes, strict=True):
            panel.imshow(magnified(image, place, images.low), cmap="gray", vmin=low, vmax=high, interpolation="nearest")
            panel.set_title(title, fontsize=9)
            panel.set_axis_off()
    figure.savefig(path, dpi=75)


def _titled(cell: Cell, images: Images) -> list[tuple[str, np.ndarray]]:
    made = {BICUBIC: images.bicubic} | ({} if cell.method == BICUBIC else {Path(cell.method).name: images.image})
    scored = [
        (f"{name}, {eight_bit.roi_scores(images.high, image, cell.scale)['psnr']:.1f} dB", image)
        for name, image in made.items()
    ]
    return [(f"{MARKERS[cell.cell]}, one scan", images.low), *scored, ("mean of nine", images.high)]


if __name__ == "__main__":
    main()
