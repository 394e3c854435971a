"""Score every model again, and put the numbers where they are shown:  python tools/scores.py [NAME...]

Evaluates the models (all, if none is named) on the test split of the simulated data, writes
``models/<name>/results.json``, and with it the tables in the models' cards, in docs/scores.md and, of one model, in the
README, between the lines ``<!-- scores -->`` and ``<!-- end of scores -->``. With ``--tables`` nothing is evaluated.
Models of widefield images are scored by the W2S benchmark, those of confocal images by that of SR-CACO-2; the folder
``--work`` keeps what BM3D and EPLL made for the next time.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from srredsim import inputs, resources
from srredsim.evaluation import tables
from srredsim.evaluation.evaluate import evaluate
from srredsim.evaluation.sr_caco_2 import cells as sr_caco_2
from srredsim.evaluation.sr_caco_2 import tables as sr_caco_2_tables
from srredsim.evaluation.w2s import cells as w2s
from srredsim.evaluation.w2s import tables as w2s_tables
from srredsim.zoo import models, recipe
from srredsim.zoo.gate import FIELDS

ROOT = Path(__file__).parents[1]
BLOCK = r"(<!-- {name} -->\n).*?(<!-- end of {name} -->)"
LEVELS = (1, 2, 4, 8, 16)
CHAINS = {  # what a model of widefield images is compared with, by its target
    "average": ("noisy", "pure_let", "vst_bm3d", "vst_epll", "{name}"),
    "sim": ("bicubic", "vst_bm3d+bicubic", "vst_epll+bicubic", "{name}"),
}
USUAL = "red_wiener"  # the model of raw stacks whose scores are in the README
CONFOCAL = ("bicubic", "vst_bm3d+bicubic")
SIMULATED = {"w2s_simulated": "widefield", "caco2_simulated": "confocal"}  # what images of a data set are
TABLES = {"frames": tables.text, "widefield": w2s_tables.by_level, "confocal": sr_caco_2_tables.by_marker}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=models.names())
    parser.add_argument("--tables", action="store_true", help="only write the tables of the results there are")
    parser.add_argument("--work", type=Path, default=Path("benchmarks_of_models"), help="folder of the benchmarks")
    chosen = parser.parse_args()
    score = {
        "frames": lambda name: evaluate(name, control=FIELDS),
        "widefield": lambda name: _of_widefield(name, chosen.work / "w2s"),
        "confocal": lambda name: _of_confocal(name, chosen.work / "sr_caco_2"),
    }
    for name in chosen.models:
        home = resources.entry("models", name)
        if not chosen.tables:
            print(f"{name} ...", flush=True)
            result = score[_kind(name)](name)
            result.pop("each", None)
            (home / "results.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        _fill(home / "card.md", "scores", TABLES[_kind(name)](_results(name)))
    found = {kind: [_results(name) for name in models.names() if _kind(name) == kind] for kind in TABLES}
    page = ROOT / "docs" / "scores.md"
    _fill(page, "scores", tables.summary(found["frames"]))
    _fill(ROOT / "README.md", "scores", tables.summary([_results(USUAL)]).partition("\n\n")[0])
    _fill(page, "scores of widefield images", "\n\n".join(map(w2s_tables.by_level, found["widefield"])))
    _fill(page, "scores of confocal images", sr_caco_2_tables.summary(found["confocal"]))


def _kind(name: str) -> str:
    """Images that a model is of: raw frames, widefield or confocal images."""
    data = recipe.load(name).data
    return "frames" if inputs.module(data.input).OF_STACKS else SIMULATED[data.name]


def _results(name: str) -> dict:
    return json.loads((resources.entry("models", name) / "results.json").read_text(encoding="utf-8"))


def _of_widefield(name: str, work: Path) -> dict:
    """What the W2S benchmark says of a model and of its baselines, on simulated fields."""
    bench = w2s.open_benchmark("w2s_simulated", "test", work)
    chains = [chain.format(name=name) for chain in CHAINS[recipe.load(name).data.target]]
    cells = [w2s.Cell(chain, level) for chain in chains for level in LEVELS]
    result = bench.run(cells)
    if result.pop("failures"):
        raise SystemExit(f"not all cells of {name} could be computed")
    result.pop("made_by")
    kept = {cell.key: result["cells"][cell.key] for cell in cells}
    return {"model": name, "split": "test"} | result | {"data": "w2s_simulated", "cells": kept}


def _of_confocal(name: str, work: Path) -> dict:
    """What the SR-CACO-2 benchmark says of a model and of its baselines, on simulated patches."""
    bench = sr_caco_2.open_benchmark("caco2_simulated", "test", work)
    cells = bench.plan((*CONFOCAL, name), [models.load(name).scale])[0]
    result = bench.run(cells)
    if result.pop("failures"):
        raise SystemExit(f"not all cells of {name} could be computed")
    kept = {cell.key: result["cells"][cell.key] for cell in cells}
    return {"model": name, "split": "test"} | result | {"data": "caco2_simulated", "cells": kept}


def _fill(path: Path, name: str, table: str) -> None:
    block = re.compile(BLOCK.format(name=name), re.DOTALL)
    text, count = block.subn(lambda found: f"{found[1]}{table}\n{found[2]}", path.read_text(encoding="utf-8"))
    if count != 1:
        raise SystemExit(f"{path} should have one place between <!-- {name} --> and <!-- end of {name} -->")
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
