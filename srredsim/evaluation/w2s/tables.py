"""What the W2S benchmark measured, as tables: rows are methods, columns noise levels; the paper's figure is beside."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from srredsim.data.w2s.layout import layout
from srredsim.evaluation import grids
from srredsim.evaluation.grids import Grid
from srredsim.evaluation.w2s.cells import BICUBIC, NOISY, SCORES, Cell, tables
from srredsim.evaluation.w2s.published import NETWORKS, published

TITLES = {
    "denoising": "Denoising, against the average of 400 captures (Table 1)",
    "super-resolution": "Denoising one capture, then super-resolution, against the SIM image (Table 2)",
    "joint": "Joint denoising and super-resolution, against the SIM image (Table 3)",
    "other": "Other chains",
}
NOISE_FREE = "noise-free"


def markdown(result: dict, *, fitted: bool = False) -> str:
    """All tables that have a measured cell; ``RMSE/SSIM (paper's RMSE/SSIM)``, or both after the fit."""
    return grids.markdown(_tables(result), lambda cell: _words(result, cell, fitted))


def preface(result: dict) -> str:
    """What the figures of the tables are."""
    return f"Data: {result['data']}; {result['images']} images a cell. RMSE/SSIM, in brackets the paper's own on W2S."


def report(result: dict, lacking: dict[str, str]) -> str:
    """Everything as Markdown: the tables, those after the fit, what was not computed, the definitions."""
    fitted = "After gain and offset were fitted to the truth"
    parts = {"": markdown(result), fitted: markdown(result, fitted=True)}
    return grids.report("W2S benchmark", preface(result), parts, lacking, result["definitions"])


def by_level(result: dict) -> str:
    """A Markdown table of the chains in a result: ``PSNR (SSIM)`` at each noise level, after the fit."""
    cells = list(result["cells"].values())
    levels = sorted({cell["noise_level"] for cell in cells})
    rows = []
    for chain in dict.fromkeys(cell["chain"] for cell in cells):
        row = [result["cells"].get(Cell(chain, level).key) for level in levels]
        rows.append([chain, *(_decibels(cell) if cell else grids.NOTHING for cell in row)])
    return grids.with_head(["method", *(f"avg{level}" for level in levels)], rows)


def as_csv(result: dict) -> str:
    """A row for each cell: means, spreads, and what the paper has."""
    paper = {f"paper_{name}": partial(_figure, place) for place, name in enumerate(("rmse", "ssim"))}
    return grids.as_csv(result, ("chain", "noise_level"), SCORES, paper)


def _figure(place: int, cell: dict) -> float | None:
    figures = published(cell["chain"], cell["noise_level"])
    return figures[place] if figures else None


def _tables(result: dict) -> list[Grid]:
    planned = tables(layout().levels, layout().reference)  # those of the paper
    denoising, joint = (
        _by_level(title, dict.fromkeys(cell.chain for cell in planned[title]), {cell.level for cell in planned[title]})
        for title in ("denoising", "joint")
    )
    firsts = dict.fromkeys(cell.links[0] for cell in planned["super-resolution"] if len(cell.links) > 1)
    networks = (BICUBIC, *NETWORKS)
    rows = [(first, [Cell(f"{first}+{network}", 1) for network in networks]) for first in firsts]
    rows += [(NOISY, [Cell(n, 1) for n in networks]), (NOISE_FREE, [Cell(n, layout().reference) for n in networks])]
    after_denoising = Grid(TITLES["super-resolution"], list(networks), rows)
    known = {cell.key for cells in planned.values() for cell in cells}
    others = [cell for key, cell in result["cells"].items() if key not in known]
    other = _by_level(
        "other", dict.fromkeys(cell["chain"] for cell in others), {cell["noise_level"] for cell in others}
    )
    return [denoising, after_denoising, joint, other]


def _by_level(title: str, chains: Iterable[str], levels: Iterable[int]) -> Grid:
    levels = sorted(levels)
    rows = [(chain, [Cell(chain, level) for level in levels]) for chain in chains]
    return Grid(TITLES[title], [f"avg{level}" for level in levels], rows)


def _decibels(cell: dict) -> str:
    return f"{cell['psnr_fitted']['mean']:.1f} dB ({cell['ssim_fitted']['mean']:.3f})"


def _words(result: dict, cell: Cell, fitted: bool) -> str:
    measured = result["cells"].get(cell.key)
    if measured is None:
        return grids.NOTHING
    end = "_fitted" if fitted else ""
    words = f"{measured['rmse' + end]['mean']:.3f}/{measured['ssim' + end]['mean']:.3f}"
    paper = None if fitted else published(cell.chain, cell.level)
    return words if paper is None else f"{words} ({paper[0]:.3f}/{paper[1]:.3f})"
