"""Score every model again, and put the numbers where they are shown:  python benchmarks/scores.py [NAME...]

Evaluates the models (all, if none is named) on the test split of the simulated stacks, writes
``models/<name>/results.json``, and with it the tables in the models' cards and in the README, between the lines
``<!-- scores -->`` and ``<!-- end of scores -->``. With ``--tables`` nothing is evaluated.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from srredsim import models, resources
from srredsim.evaluation import tables
from srredsim.evaluation.benchmark import evaluate

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(<!-- scores -->\n).*?(<!-- end of scores -->)", re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=models.names())
    parser.add_argument("--tables", action="store_true", help="only write the tables of the results there are")
    chosen = parser.parse_args()
    for name in chosen.models:
        results = resources.entry("models", name) / "results.json"
        if not chosen.tables:
            print(f"{name} ...", flush=True)
            results.write_text(json.dumps(evaluate(name), indent=2) + "\n", encoding="utf-8")
        _fill(results.with_name("card.md"), tables.text(json.loads(results.read_text(encoding="utf-8"))))
    of_all = [json.loads((resources.entry("models", name) / "results.json").read_text()) for name in models.names()]
    _fill(ROOT / "README.md", tables.summary(of_all))
    print(tables.summary(of_all))


def _fill(path: Path, table: str) -> None:
    text, count = BLOCK.subn(lambda found: f"{found[1]}{table}\n{found[2]}", path.read_text(encoding="utf-8"))
    if count != 1:
        raise SystemExit(f"{path} should have one place for scores, between <!-- scores --> and <!-- end of scores -->")
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
