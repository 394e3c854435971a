"""Results of a benchmark as tables of cells: for the terminal, as Markdown, as CSV, with published figures beside."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

NOTHING = "-"  # in a cell that was not computed


@dataclass(frozen=True)
class Grid:
    """A table: each row has a name, and a cell for every column."""

    title: str
    columns: list[str]
    rows: list[tuple[str, list[Any]]]
    head: str = "method"  # title of the column of names


def markdown(grids: Sequence[Grid], words: Callable[[Any], str]) -> str:
    """Every table that has a measured cell, with the rows that have one; ``words(cell)`` is what stands in it."""
    parts = []
    for grid in grids:
        body = [[name, *map(words, cells)] for name, cells in grid.rows]
        body = [line for line in body if any(word != NOTHING for word in line[1:])]
        if body:
            parts.append(f"{grid.title}\n\n{with_head([grid.head, *grid.columns], body)}")
    return "\n\n".join(parts)


def report(title: str, preface: str, parts: Mapping[str, str], lacking: Mapping[str, str], definitions: Mapping) -> str:
    """Everything as Markdown: tables under their headings (none for ``""``), what was not computed, the definitions."""
    text = [f"# {title}\n\n{preface}"]
    text += [f"## {heading}\n\n{tables}" if heading else tables for heading, tables in parts.items()]
    if reasons := sorted(set(lacking.values())):
        text.append("## Not computed\n\n" + "\n".join(f"- {reason}" for reason in reasons))
    text.append("## Definitions\n\n" + "\n".join(f"- {name}: {meaning}" for name, meaning in definitions.items()))
    return "\n\n".join(text) + "\n"


def as_csv(
    result: Mapping[str, Any],
    facts: Sequence[str],
    scores: Sequence[str],
    published: Mapping[str, Callable[[Mapping], Any]],
) -> str:
    """A row for each cell: its facts, means and spreads of its scores, the published figures, the seconds it took.

    ``published`` has a function for each further column, from a cell of the results to the figure, or None.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = [f"{name}_{kind}" for name in scores for kind in ("mean", "std")]
    writer.writerow([*facts, "images", *columns, *published, "seconds"])
    for cell in result["cells"].values():
        values = [cell[name][kind] for name in scores for kind in ("mean", "std")]
        figures = ["" if (figure := of(cell)) is None else figure for of in published.values()]
        writer.writerow([*(cell[name] for name in facts), cell["images"], *values, *figures, cell["seconds"]])
    return text.getvalue()


def with_head(head: list[str], body: list[list[str]]) -> str:
    """A Markdown table, its columns aligned."""
    rows = [head, ["---"] * len(head), *body]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = (" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(f"| {line} |" for line in lines)
