"""What the choice of the default model rests on:  python tools/evidence.py RESULTS.json...

Writes ``models/<name>/evidence.json`` from what ``srredsim evaluate --model NAME --data simulated_real --split quick
--pattern 3x5`` found: for each condition and light level the PSNR gained over the Wiener image of the same fields.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from srredsim import resources
from srredsim.zoo.evidence import MEASURED

BASELINE = "Wiener"


def main() -> None:
    for path in map(Path, sys.argv[1:]):
        result = json.loads(path.read_text(encoding="utf-8"))
        name = result["model"]
        rows = [
            {
                "condition": group["condition"],
                "photons": group["photons"],
                "images": group["images"],
                "gain_db": round(_psnr(group, name) - _psnr(group, BASELINE), 3),
            }
            for group in result["groups"]
        ]
        patterns = sorted({group["pattern"] for group in result["groups"]})
        told = {"data": result["data"], "split": result["split"], "patterns": patterns, "baseline": BASELINE}
        text = json.dumps(told | {"rows": rows}, indent=1)
        (resources.entry("models", name) / MEASURED).write_text(text + "\n", encoding="utf-8")


def _psnr(group: dict, method: str) -> float:
    return float(group["methods"][method]["psnr"]["mean"])


if __name__ == "__main__":
    main()
