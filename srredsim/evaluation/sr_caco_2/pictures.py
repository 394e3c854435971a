"""Pictures of the first patches of every cell: LR, bicubic, method, HR, error; below, the place of most detail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from srredsim import io
from srredsim.data.caco2.layout import GREY_LEVELS
from srredsim.errors import InputError
from srredsim.evaluation.sr_caco_2.cells import BICUBIC, Benchmark, Cell, Images
from srredsim.picture import PERCENTILES, most_detailed
from srredsim.quality import eight_bit

FOLDER = "pictures"
SHARE = 99.5  # percent of the pixels whose error of bicubic interpolation is within the colours
LEAST_SPAN = 2.0  # grey levels that the colours span at least, each way
WIDTH, HEIGHT = 2.6, 6.0  # of a panel, and of both rows with their titles, in inches
DPI = 100


def draw(benchmark: Benchmark, cells: Iterable[Cell], count: int, out: Path) -> list[Path]:
    """``pictures/METHOD_xSCALE_CELL_N.png`` of the first ``count`` patches of each cell, made anew.

    Grey levels are those of HR in all panels; the colours of the error are the same for all methods on a patch.
    """
    paths = []
    for cell in cells:
        for index in range(min(count, benchmark.count(cell))):
            try:
                images = benchmark.images(cell, index)
            except InputError:
                break  # the cell failed, and its failure has been said
            method = Path(cell.method).name
            paths.append(out / FOLDER / f"{method}_x{cell.scale}_{cell.cell}_{index}.png")
            with io.atomic(paths[-1], overwrite=True) as temporary:
                _figure(images, cell).savefig(temporary, format="png", dpi=DPI)
    return paths


def _figure(images: Images, cell: Cell):
    from matplotlib.figure import Figure

    shown = _shown(images, cell)
    low, high = np.percentile(images.high, PERCENTILES)
    limit = max(float(np.percentile(np.abs(images.bicubic - images.high), SHARE)) * GREY_LEVELS, LEAST_SPAN)
    figure = Figure(figsize=(WIDTH * (len(shown) + 1), HEIGHT), layout="constrained")
    figure.suptitle(f"{images.name}, x{cell.scale}", fontsize=9, color="0.4")
    axes = figure.subplots(2, len(shown) + 1)
    place = most_detail(images)
    for (title, image), (whole, detail) in zip(shown, axes[:, :-1].T, strict=True):
        for panel, part in ((whole, image), (detail, magnified(image, place, images.low))):
            panel.imshow(part, cmap="gray", vmin=low, vmax=max(high, low + 1 / GREY_LEVELS), interpolation="nearest")
        whole.set_title(title, fontsize=9)
    error = GREY_LEVELS * (images.image - images.high)
    for panel, part in zip(axes[:, -1], (error, magnified(error, place, images.low)), strict=True):
        colours = panel.imshow(part, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    axes[0, -1].set_title(f"{Path(cell.method).name} - HR", fontsize=9)
    bar = figure.colorbar(colours, ax=axes[1, -1], orientation="horizontal", shrink=0.8)
    bar.set_label("grey levels", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    for panel in axes.flat:
        panel.set_axis_off()
    return figure


def _shown(images: Images, cell: Cell) -> list[tuple[str, np.ndarray]]:
    """Grey panels with their titles: what is scored with its PSNR in the region of interest."""

    def scored(name: str, image: np.ndarray) -> str:
        psnr = eight_bit.roi_scores(images.high, image, cell.scale)["psnr"]
        return name if np.isnan(psnr) else f"{name}, ROI {psnr:.2f} dB"

    method = [] if cell.method == BICUBIC else [(scored(Path(cell.method).name, images.image), images.image)]
    interpolated = (scored(BICUBIC, images.bicubic), images.bicubic)
    return [("LR, one scan", images.low), interpolated, *method, ("HR, mean of nine", images.high)]


def most_detail(images: Images) -> list[int]:
    """Row, column and side of a square, in pixels of LR: where HR has the strongest fine structure."""
    lit = np.maximum(images.high, eight_bit.THRESHOLDS[-1] / GREY_LEVELS)  # noise in the dark is no detail
    return [n * images.low.shape[0] // lit.shape[0] for n in most_detailed(lit, lit.shape)]


def magnified(image: np.ndarray, place: Sequence[int], low: np.ndarray) -> np.ndarray:
    """The square at ``place`` (row, column, side in pixels of ``low``) of an image of the same field."""
    row, column, side = (n * (image.shape[0] // low.shape[0]) for n in place)
    return image[row : row + side, column : column + side]
