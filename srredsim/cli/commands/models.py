"""``srredsim models``"""

from __future__ import annotations

from srredsim.cli import arguments as shared
from srredsim.cli import terminal

GROUP = "models"
HELP = "list the models there are"
NONE = "there are no models"
UNTRAINED = "without weights, to be trained with srredsim train --model NAME or NAME/VARIANT:"


def add_arguments(parser: shared.Parser) -> None:
    pass


def run(arguments) -> dict:
    from srredsim.zoo import models

    rows = models.describe()
    trained = [row for row in rows if row["trained"]]
    untrained = [row for row in rows if not row["trained"]] + [
        row | {"name": f"{row['name']}/{variant}", "variants": []} for row in trained for variant in row["variants"]
    ]
    lists = {
        "": [_row(row) | {"results": _psnr(row["results"])} for row in trained],
        UNTRAINED: [_row(row) | {"variants": ", ".join(row["variants"]) or None} for row in untrained],
    }
    found = {title: table for title, table in lists.items() if table}
    terminal.say("\n\n".join(f"{title}\n{terminal.table(table)}".lstrip() for title, table in found.items()) or NONE)
    return {"models": rows}


def _row(row: dict) -> dict:
    return {name: row[name] for name in ("name", "network", "input")} | {"patterns": ", ".join(row["patterns"]) or None}


def _psnr(results: dict | None) -> str | None:
    """``PSNR in dB (of the best baseline): 27.3 (21.0) 3x5 at 20 photons, 30.1 (21.4) 3x5 at 100 photons``"""
    if results is None:
        return None
    if "cells" in results:
        return _psnr_at_levels(results)
    scores = []
    for group in results["groups"]:
        psnr = {method: score["psnr"]["mean"] for method, score in group["methods"].items()}
        model = psnr.pop(results["model"])
        level = f" at {group['photons']:g} photons" if isinstance(group["photons"], int | float) else ""
        scores.append(f"{model:.1f} ({max(psnr.values()):.1f}) {group['pattern']}{level}")
    return f"PSNR in dB (of the best baseline): {', '.join(scores)}"


def _psnr_at_levels(results: dict) -> str:
    """``PSNR in dB (of the best baseline): 34.9 (34.7) avg1, 42.9 (42.8) avg16``"""
    levels: dict[int, dict[str, float]] = {}
    for cell in results["cells"].values():
        levels.setdefault(cell["noise_level"], {})[cell["chain"]] = cell["psnr_fitted"]["mean"]
    scores = []
    for level, psnr in levels.items():
        model = psnr.pop(results["model"])
        scores.append(f"{model:.1f} ({max(psnr.values()):.1f}) avg{level}")
    return f"PSNR in dB (of the best baseline): {', '.join(scores)}"
