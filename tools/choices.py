"""Put the scores of the shipped models into docs/choose.md, against what needs no training:  python tools/choices.py

The tables stand between the lines ``<!-- choice of ... -->`` and ``<!-- end of choice of ... -->``; their numbers are
those of ``models/<name>/results.json``, which ``tools/scores.py`` measures, and of ``evidence.json``, which
``tools/evidence.py`` takes from `srredsim evaluate`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from srredsim import resources
from srredsim.evaluation.grids import with_head
from srredsim.zoo import evidence
from srredsim.zoo.gate import GAINS, LEAST_DB, brought_db

PAGE = Path(__file__).parents[1] / "docs" / "choose.md"
OF_WIDEFIELD = {"w2s_dncnn": "denoised", "widefield_sr": "twice the pixels"}
OF_CONFOCAL = ("confocal_sr_x2", "confocal_sr", "confocal_sr_x8")


def tables() -> dict[str, str]:
    """Name of a place in the page -> Markdown table."""
    found = {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in _results()}
    of_stacks = [result for result in found.values() if "groups" in result]
    return {
        "choice of raw stacks": raw_stacks(of_stacks),
        "choice of imperfect stacks": imperfect_stacks([result["model"] for result in of_stacks]),
        "choice by the stripes": by_the_stripes(of_stacks),
        "choice of widefield images": widefield({name: found[name]["cells"] for name in OF_WIDEFIELD}),
        "choice of confocal images": confocal([found[name]["cells"] for name in OF_CONFOCAL], OF_CONFOCAL),
    }


def raw_stacks(results: list[dict]) -> str:
    """The best network at each pattern and light level, and the classical image that was scored together with it."""
    psnr: dict[tuple[str, float], list[tuple[float, str, float]]] = {}
    for result in results:
        for group in result["groups"]:
            own, classical = (group["methods"][name]["psnr"]["mean"] for name in (result["model"], "Wiener"))
            psnr.setdefault((group["pattern"], group["photons"]), []).append((own, result["model"], classical))
    rows = []
    for pattern, photons in sorted(psnr, key=lambda images: (-int(images[0][-1]), images[1])):
        own, name, classical = max(psnr[pattern, photons])
        rows.append([pattern, f"{photons:g}", f"{classical:.1f}", name, f"{own:.1f}", _gain(own, classical)])
    return with_head(["pattern", "photons", "Wiener", "best network", "its PSNR", "ahead by"], rows)


def imperfect_stacks(names: list[str]) -> str:
    """What each network gains over the classical image, by what is wrong with the stacks; mean of the light levels."""
    rows = {name: found for name in names if (found := evidence.rows(resources.entry("models", name)))}
    conditions = dict.fromkeys(row["condition"] for found in rows.values() for row in found)
    lines = [
        [condition.replace("_", " "), *(f"{_mean_gain(found, condition):.1f}" for found in rows.values())]
        for condition in conditions
    ]
    means = [evidence.gain_db(resources.entry("models", name)) for name in rows]
    lines.append(["mean of those with stripes", *(f"{mean:.1f}" for mean in means)])
    return with_head(["stacks", *rows], lines)


def _mean_gain(rows: list[dict], condition: str) -> float:
    return float(np.mean([row["gain_db"] for row in rows if row["condition"] == condition]))


def by_the_stripes(results: list[dict]) -> str:
    """What each network gains with stripes and without, and whether its detail is what they carry."""
    rows = []
    for result in results:
        for row in result["control"]:
            gained, without = (row[name] for name in GAINS.values())
            detail = "what the stripes carry" if brought_db(row) >= LEAST_DB else "inferred from shapes"
            rows.append([result["model"], row["pattern"], f"{gained:.1f}", f"{without:.1f}", detail])
    return with_head(["model", "pattern", "with stripes", "without", "its finest detail is"], rows)


def widefield(cells: dict[str, dict]) -> str:
    """The best method without training and the network, at each number of averaged captures."""
    rows = []
    for name, found in cells.items():
        for level in sorted({cell["noise_level"] for cell in found.values()}):
            at = {cell["chain"]: cell["psnr_fitted"]["mean"] for cell in found.values() if cell["noise_level"] == level}
            rows.append([OF_WIDEFIELD[name], str(level), *_best_and(name, at)])
    return with_head(["image", "captures", "without training", "its PSNR", "network", "its PSNR", "ahead by"], rows)


def confocal(cells: list[dict], names: tuple[str, ...]) -> str:
    """The same of confocal scans, the mean of the markers, at each scale."""
    rows = []
    for name, found in zip(names, cells, strict=True):
        psnr: dict[str, list[float]] = {}
        for cell in found.values():
            psnr.setdefault(cell["method"], []).append(cell["full_psnr"]["mean"])
        (scale,) = {cell["scale"] for cell in found.values()}
        rows.append([f"x{scale}", *_best_and(name, {method: float(np.mean(each)) for method, each in psnr.items()})])
    return with_head(["pixels", "without training", "its PSNR", "network", "its PSNR", "ahead by"], rows)


def _best_and(network: str, psnr: dict[str, float]) -> list[str]:
    own = psnr.pop(network)
    best = max(psnr, key=psnr.__getitem__)
    return [best, f"{psnr[best]:.1f}", network, f"{own:.1f}", _gain(own, psnr[best])]


def _gain(one: float, other: float) -> str:
    return f"{one - other:.1f} dB"


def _results() -> list[Path]:
    return sorted(resources.folder("models").glob("*/results.json"))


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, table in tables().items():
        block = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        text, count = block.subn(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text)
        if count != 1:
            raise SystemExit(f"{PAGE} should have one place between <!-- {name} --> and <!-- end of {name} -->")
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
