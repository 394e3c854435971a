"""What the SR-CACO-2 benchmark measured, as tables: a table for each scale, rows are methods, columns markers."""

from __future__ import annotations

from functools import partial

import numpy as np

from srredsim.data.caco2.layout import layout
from srredsim.evaluation import grids
from srredsim.evaluation.grids import Grid
from srredsim.evaluation.sr_caco_2.cells import OWN, OWN_MODELS, PARTS, UNTRAINED, Cell
from srredsim.evaluation.sr_caco_2.published import METHODS, SCORES, published

MEAN, RUNS = "mean", "runs"  # an untrained network, which has no score that means anything
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


def preface(result: dict) -> str:
    """What the figures of the tables are."""
    clean = max((cell["clean_images"] for cell in result["cells"].values()), default=0)
    words = (
        f"Data: {result['data']}; {result['images']} images a cell, {clean} of them on the tiles 9 and 10."
        " PSNR in dB/NRMSE/SSIM, in brackets the paper's own on SR-CACO-2."
    )
    if any(cell["weights"] == UNTRAINED for cell in result["cells"].values()):
        words += " Rows that are said to be untrained show that a network runs, nothing else."
    return words


def report(result: dict, lacking: dict[str, str]) -> str:
    """Everything as Markdown: all tables, what was not computed, seconds an image, the definitions."""
    parts = {TITLES[part]: text for part in TITLES if (text := _part(result, part, titled=False))}
    parts["Seconds an image"] = _table(result, _seconds)
    return grids.report("SR-CACO-2 benchmark", preface(result), parts, lacking, result["definitions"])


def by_marker(result: dict) -> str:
    """Markdown tables of the methods in a result, for each scale in regions of interest and whole: ``PSNR (SSIM)``."""
    cells, markers = list(result["cells"].values()), layout().cells
    parts = []
    for scale in sorted({cell["scale"] for cell in cells}):
        for part, where in (("roi", "regions of interest"), ("full", "whole images")):
            rows = []
            for method in dict.fromkeys(cell["method"] for cell in cells if cell["scale"] == scale):
                row = [result["cells"][Cell(method, scale, marker).key] for marker in markers]
                rows.append([method, *(_decibels([cell], part) for cell in row), _decibels(row, part)])
            parts.append(grids.with_head([f"x{scale}, {where}", *markers, MEAN], rows))
    return "\n\n".join(parts)


def summary(results: list[dict]) -> str:
    """A Markdown table of several results on the same images: PSNR in regions of interest and of whole images, mean of
    the markers. Our own models of several scales are one row.
    """
    found: dict[str, dict[int, str]] = {}
    for result in results:
        for method, scale in dict.fromkeys((cell["method"], cell["scale"]) for cell in result["cells"].values()):
            row = [result["cells"][Cell(method, scale, marker).key] for marker in layout().cells]
            name = OWN if method in OWN_MODELS.values() else method
            means = (np.mean([cell[f"{part}_psnr"]["mean"] for cell in row]) for part in IN_PAPER)
            found.setdefault(name, {})[scale] = " / ".join(f"{mean:.2f} dB" for mean in means)
    rows = [[name, *(of.get(scale, grids.NOTHING) for scale in layout().scales)] for name, of in found.items()]
    return grids.with_head(["method", *(f"x{scale}" for scale in layout().scales)], rows)


def _decibels(cells: list[dict], part: str) -> str:
    psnr, ssim = (np.mean([cell[f"{part}_{name}"]["mean"] for cell in cells]) for name in ("psnr", "ssim"))
    return f"{psnr:.2f} dB ({ssim:.3f})"


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
        own = RUNS if cell["weights"] == UNTRAINED else _triple(means)
        return own + (f" ({_triple(figures.values())})" if figures else "")

    text = _table(result, words, lambda cells: _mean_words(cells, part))
    return f"{TITLES[part]}\n\n{text}" if titled and text else text


def _table(result: dict, words, of_mean=None) -> str:
    """One table a scale."""
    measured = result["cells"]
    methods = dict.fromkeys([*METHODS, *(cell["method"] for cell in measured.values())])
    columns = [*layout().cells, *([MEAN] if of_mean else [])]
    tables = []
    for scale in layout().scales:
        rows = [(_row(result, method, scale), [Cell(method, scale, cell) for cell in columns]) for method in methods]
        tables.append(Grid(f"x{scale}", columns, rows))

    def in_words(cell: Cell) -> str:
        if cell.cell == MEAN:
            parts = [measured.get(Cell(cell.method, cell.scale, one).key) for one in layout().cells]
            return of_mean(parts) if all(parts) else grids.NOTHING
        return words(measured[cell.key]) if cell.key in measured else grids.NOTHING

    return grids.markdown(tables, in_words)


def _seconds(cell: dict) -> str:
    """The median over the images; older results have their sum alone."""
    return f"{cell.get('seconds_an_image', cell['seconds'] / cell['images']):.3g}"


def _row(result: dict, method: str, scale: int) -> str:
    """Name of a method, with a word on weights that were never trained."""
    its = (cell for cell in result["cells"].values() if (cell["method"], cell["scale"]) == (method, scale))
    return f"{method} ({UNTRAINED})" if any(cell["weights"] == UNTRAINED for cell in its) else method


def _mean_words(cells: list[dict], part: str) -> str:
    """The mean of the three markers, as the paper has it."""
    values = [[cell[f"{part}_{name}"]["mean"] for cell in cells] for name in SCORES]
    nothing = any(None in its for its in values) or any(cell["weights"] == UNTRAINED for cell in cells)
    return grids.NOTHING if nothing else _triple(map(np.mean, values))


def _triple(values) -> str:
    psnr, nrmse, ssim = values
    return f"{psnr:.2f}/{nrmse:.4f}/{ssim:.4f}"
