"""What the SR-CACO-2 benchmark measured, as tables: a table for each scale, rows are methods, columns markers."""

from __future__ import annotations

from functools import partial

import numpy as np

from srredsim.data.caco2.layout import layout
from srredsim.evaluation import grids
from srredsim.evaluation.grids import Grid
from srredsim.evaluation.sr_caco_2.cells import PARTS, Cell
from srredsim.evaluation.sr_caco_2.published import METHODS, SCORES, published

MEAN = "mean"
TITLES = {
    "roi": "In regions of interest (Table 4)",
    "full": "Whole images (Table 5)",
    "clean_roi": "In regions of interest, tiles 9 and 10 only",
    "clean_full": "Whole images, tiles 9 and 10 only",
    "roi_nonempty": "In regions of interest, without images and thresholds that have none",
}
IN_PAPER = ("roi", "full")


def markdown(result: dict) -> str:
    """The tables in regions of interest and of the whole images: ``PSNR/NRMSE/SSIM (those of the paper)``."""
    return "\n\n".join(_part(result, part) for part in IN_PAPER)


def report(result: dict, lacking: dict[str, str]) -> str:
    """Everything as Markdown: all tables, what was not computed, seconds an image, the definitions."""
    clean = max((cell["clean_images"] for cell in result["cells"].values()), default=0)
    preface = (
        f"Data: {result['data']}; {result['images']} images a cell, {clean} of them on the tiles 9 and 10."
        " PSNR in dB/NRMSE/SSIM, in brackets the paper's own on SR-CACO-2."
    )
    parts = {TITLES[part]: text for part in TITLES if (text := _part(result, part, titled=False))}
    parts["Seconds an image"] = _table(result, lambda cell: f"{cell['seconds'] / cell['images']:.3g}")
    return grids.report("SR-CACO-2 benchmark", preface, parts, lacking, result["definitions"])


def as_csv(result: dict) -> str:
    """A row for each cell: means, spreads, and what the paper has."""
    scores = [f"{part}_{name}" for part in PARTS for name in SCORES]
    paper = {f"paper_{part}_{name}": partial(_figure, part, name) for part in IN_PAPER for name in SCORES}
    return grids.as_csv(result, ("method", "scale", "cell", "clean_images"), scores, paper)


def _figure(part: str, name: str, cell: dict) -> float | None:
    figures = published(cell["method"], cell["scale"], cell["cell"], part == "roi")
    return figures[name] if figures else None


def _part(result: dict, part: str, titled: bool = True) -> str:
    def words(cell: dict) -> str:
        means = [cell[f"{part}_{name}"]["mean"] for name in SCORES]
        if None in means:
            return grids.NOTHING
        figures = published(cell["method"], cell["scale"], cell["cell"], part == "roi") if part in IN_PAPER else None
        return _triple(means) + (f" ({_triple(figures.values())})" if figures else "")

    text = _table(result, words, lambda cells: _mean_words(cells, part))
    return f"{TITLES[part]}\n\n{text}" if titled and text else text


def _table(result: dict, words, of_mean=None) -> str:
    """One table a scale."""
    measured = result["cells"]
    methods = dict.fromkeys([*METHODS, *(cell["method"] for cell in measured.values())])
    columns = [*layout().cells, *([MEAN] if of_mean else [])]
    tables = []
    for scale in layout().scales:
        rows = [(method, [Cell(method, scale, cell) for cell in columns]) for method in methods]
        tables.append(Grid(f"x{scale}", columns, rows))

    def in_words(cell: Cell) -> str:
        if cell.cell == MEAN:
            parts = [measured.get(Cell(cell.method, cell.scale, one).key) for one in layout().cells]
            return of_mean(parts) if all(parts) else grids.NOTHING
        return words(measured[cell.key]) if cell.key in measured else grids.NOTHING

    return grids.markdown(tables, in_words)


def _mean_words(cells: list[dict], part: str) -> str:
    """The mean of the three markers, as the paper has it."""
    values = [[cell[f"{part}_{name}"]["mean"] for cell in cells] for name in SCORES]
    return grids.NOTHING if any(None in its for its in values) else _triple(map(np.mean, values))


def _triple(values) -> str:
    psnr, nrmse, ssim = values
    return f"{psnr:.2f}/{nrmse:.4f}/{ssim:.4f}"
