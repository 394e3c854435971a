"""Tables of cells: what was measured is shown, with what was published beside."""

import csv
from io import StringIO

from srredsim.evaluation import grids
from srredsim.evaluation.grids import Grid

MEASURED = {"a2": 1.5, "b4": 2.0}
GRIDS = [
    Grid("First", ["x2", "x4"], [("a", ["a2", "a4"]), ("b", ["b2", "b4"]), ("c", ["c2", "c4"])]),
    Grid("Nothing", ["x2"], [("c", ["c2"])]),
    Grid("Last", ["x4"], [("b", ["b4"])], head="network"),
]


def words(cell):
    return f"{MEASURED[cell]} (7)" if cell in MEASURED else grids.NOTHING


def test_rows_and_tables_without_a_measured_cell_are_left_out():
    assert grids.markdown(GRIDS, words) == (
        "First\n\n"
        "| method | x2      | x4      |\n"
        "| ---    | ---     | ---     |\n"
        "| a      | 1.5 (7) | -       |\n"
        "| b      | -       | 2.0 (7) |\n\n"
        "Last\n\n"
        "| network | x4      |\n"
        "| ---     | ---     |\n"
        "| b       | 2.0 (7) |"
    )
    assert grids.markdown(GRIDS, lambda cell: grids.NOTHING) == ""


def test_a_report_says_once_what_was_not_computed():
    text = grids.report("T", "Of this.", {"": "one", "Else": "two"}, {"x": "no a", "y": "no a"}, {"psnr": "dB"})
    assert (
        text
        == "# T\n\nOf this.\n\none\n\n## Else\n\ntwo\n\n## Not computed\n\n- no a\n\n## Definitions\n\n- psnr: dB\n"
    )


def test_csv_has_facts_scores_published_figures_and_seconds():
    cell = {"method": "a, b", "scale": 2, "images": 3, "psnr": {"mean": 30.5, "std": 0.25}, "seconds": 1.5}
    paper = {"paper_psnr": lambda one: 31 if one["scale"] == 2 else None}
    text = grids.as_csv({"cells": {"1": cell, "2": cell | {"scale": 4}}}, ("method", "scale"), ("psnr",), paper)
    head, *rows = csv.reader(StringIO(text))
    assert head == ["method", "scale", "images", "psnr_mean", "psnr_std", "paper_psnr", "seconds"]
    assert rows == [["a, b", "2", "3", "30.5", "0.25", "31", "1.5"], ["a, b", "4", "3", "30.5", "0.25", "", "1.5"]]
