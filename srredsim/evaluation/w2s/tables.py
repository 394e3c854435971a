"""What the W2S benchmark measured, as tables: rows are methods, columns noise levels; the paper's figure is beside."""

from __future__ import annotations

import csv
from io import StringIO

from srredsim.data.w2s.field import REFERENCE
from srredsim.evaluation.tables import aligned
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
    parts = []
    for title, columns, rows in _tables(result):
        head = ["method", *columns]
        body = [[name, *(_words(result, cell, fitted) for cell in row)] for name, row in rows]
        if any(word != "-" for line in body for word in line[1:]):
            body = [line for line in body if any(word != "-" for word in line[1:])]
            parts.append(f"{TITLES[title]}\n\n{aligned([head, ['---'] * len(head), *body])}")
    return "\n\n".join(parts)


def report(result: dict, lacking: dict[str, str]) -> str:
    """Everything as Markdown: the tables, those after the fit, what was not computed, the definitions."""
    parts = [
        f"# W2S benchmark\n\nData: {result['data']}; {result['images']} images a cell. RMSE/SSIM, in brackets the"
        " paper's own on W2S.",
        markdown(result),
        "## After gain and offset were fitted to the truth",
        markdown(result, fitted=True),
    ]
    if reasons := sorted(set(lacking.values())):
        parts.append("## Not computed\n\n" + "\n".join(f"- {reason}" for reason in reasons))
    parts.append("## Definitions\n\n" + "\n".join(f"- {k}: {v}" for k, v in result["definitions"].items()))
    return "\n\n".join(parts) + "\n"


def by_level(result: dict) -> str:
    """A Markdown table of the chains in a result: ``PSNR (SSIM)`` at each noise level, after the fit."""
    cells = list(result["cells"].values())
    levels = sorted({cell["noise_level"] for cell in cells})
    rows = [["method", *(f"avg{level}" for level in levels)]]
    rows.append(["---"] * len(rows[0]))
    for chain in dict.fromkeys(cell["chain"] for cell in cells):
        row = [result["cells"].get(Cell(chain, level).key) for level in levels]
        rows.append([chain, *(_decibels(cell) if cell else "-" for cell in row)])
    return aligned(rows)


def as_csv(result: dict) -> str:
    """A row for each cell: means, spreads, and what the paper has."""
    text = StringIO()
    scores = [f"{name}_{kind}" for name in SCORES for kind in ("mean", "std")]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["chain", "noise_level", "images", *scores, "paper_rmse", "paper_ssim", "seconds"])
    for cell in result["cells"].values():
        values = [cell[name][kind] for name in SCORES for kind in ("mean", "std")]
        paper = published(cell["chain"], cell["noise_level"]) or ("", "")
        writer.writerow([cell["chain"], cell["noise_level"], cell["images"], *values, *paper, cell["seconds"]])
    return text.getvalue()


def _tables(result: dict) -> list[tuple[str, list[str], list[tuple[str, list[Cell]]]]]:
    """(title, columns, rows) of every table; a row is a name and its cells."""
    planned = tables()
    made = []
    for title in ("denoising", "joint"):
        chains, levels = ({getattr(cell, of): None for cell in planned[title]} for of in ("chain", "level"))
        rows = [(chain, [Cell(chain, level) for level in levels]) for chain in chains]
        made.append((title, [f"avg{level}" for level in levels], rows))
    firsts = {cell.links[0]: None for cell in planned["super-resolution"] if len(cell.links) > 1}
    networks = (BICUBIC, *NETWORKS)
    rows = [(first, [Cell(f"{first}+{network}", 1) for network in networks]) for first in firsts]
    rows += [(NOISY, [Cell(n, 1) for n in networks]), (NOISE_FREE, [Cell(n, REFERENCE) for n in networks])]
    made.insert(1, ("super-resolution", list(networks), rows))
    known = {cell.key for cells in planned.values() for cell in cells}
    others = [Cell(cell["chain"], cell["noise_level"]) for key, cell in result["cells"].items() if key not in known]
    levels = sorted({cell.level for cell in others})
    rows = [(chain, [Cell(chain, level) for level in levels]) for chain in dict.fromkeys(cell.chain for cell in others)]
    return [*made, ("other", [f"avg{level}" for level in levels], rows)]


def _decibels(cell: dict) -> str:
    return f"{cell['psnr_fitted']['mean']:.1f} dB ({cell['ssim_fitted']['mean']:.3f})"


def _words(result: dict, cell: Cell, fitted: bool) -> str:
    measured = result["cells"].get(cell.key)
    if measured is None:
        return "-"
    end = "_fitted" if fitted else ""
    words = f"{measured['rmse' + end]['mean']:.3f}/{measured['ssim' + end]['mean']:.3f}"
    paper = None if fitted else published(cell.chain, cell.level)
    return words if paper is None else f"{words} ({paper[0]:.3f}/{paper[1]:.3f})"
