"""What `srredsim.evaluation.evaluate` measured, as tables for the terminal and for Markdown."""

from __future__ import annotations

import csv
from io import StringIO
from itertools import groupby

from srredsim.evaluation.grids import with_head
from srredsim.zoo.gate import GAINS, brought_db

NAMES = {"frc_per_um": "FRC 0.5 (1/um)"}
TEST = "test"
WITH_STRIPES, CONTROL = "white", "even_light"  # conditions of the same fields, with and without stripes
DIGITS = {"psnr": 2, "frc_per_um": 2}


def text(result: dict, metrics=("psnr", "ssim", "ncc", "nrmse", "frc_per_um")) -> str:
    """A Markdown table: a row for each pattern, light level and method, ``mean ± spread`` for each metric.

    Scores of other images than those to test with say so in a column of their own, and so do conditions. Where one of
    these is the `CONTROL`, what the stripes bring stands below, see `by_stripes`.
    """
    measured = result["groups"][0]["methods"][result["model"]]
    metrics = [name for name in metrics if name in measured]
    beside = [] if result.get("split", TEST) == TEST else [result["split"]]
    condition = ["condition"] if any("condition" in group for group in result["groups"]) else []
    header = [*(["split"] if beside else []), "pattern", *condition, "photons", "images", "method"]
    header += [NAMES.get(name, name) for name in metrics]
    rows = []
    for group in result["groups"]:
        for method, scores in group["methods"].items():
            cells = [
                f"{scores[name]['mean']:.{DIGITS.get(name, 4)}f} ± {scores[name]['std']:.{DIGITS.get(name, 4)}f}"
                for name in metrics
            ]
            conditions = [group.get(name, "-") for name in condition]
            rows.append([*beside, group["pattern"], *conditions, _light(group), str(group["images"]), method, *cells])
    return "\n\n".join(filter(None, (with_head(header, rows), by_stripes(result), by_control(result))))


def by_stripes(result: dict) -> str:
    """A Markdown table of how many dB of PSNR each method gains over the widefield image, with stripes and without.

    The gain under even light is no gain by the stripes: their share is the difference. Empty if there is no control.
    """
    gains: dict[tuple, dict[str, dict[str, float]]] = {}
    for group in result["groups"]:
        if group.get("condition") in (WITH_STRIPES, CONTROL):
            both = gains.setdefault((group["pattern"], _light(group)), {})
            both[group["condition"]] = _gains(group["methods"])
    rows = [
        [*place, method, *(f"{db:.2f}" for db in (lit[method], even[method], lit[method] - even[method]))]
        for place, both in gains.items()
        for lit, even in ([both.get(WITH_STRIPES), both.get(CONTROL)],)
        if lit and even
        for method in lit
        if method in even
    ]
    header = ["pattern", "photons", "method", "gain in dB with stripes", "without", "by the stripes"]
    return with_head(header, rows) if rows else ""


def by_control(result: dict) -> str:
    """The same of the model alone, on the fields of the control; empty if it was not measured."""
    rows = []
    for row in result.get("control", ()):
        gained, without = (row[name] for name in GAINS.values())
        place = [row["pattern"], f"{row['photons']:g}", str(row["images"]), result["model"]]
        rows.append([*place, *(f"{db:.2f}" for db in (gained, without, brought_db(row)))])
    header = ["pattern", "photons", "fields", "method", "gain in dB with stripes", "without", "by the stripes"]
    return with_head(header, rows) if rows else ""


def _gains(methods: dict) -> dict[str, float]:
    """PSNR of each method over that of the better widefield image."""
    psnr = {method: scores["psnr"]["mean"] for method, scores in methods.items()}
    widefield = max(value for method, value in psnr.items() if method.startswith("widefield"))
    return {method: value - widefield for method, value in psnr.items() if not method.startswith("widefield")}


def of_each(rows: list[dict]) -> str:
    """The scores of every image by every method as CSV; a cell is empty where a row has no such fact or score."""
    text = StringIO()
    names = dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(text, list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def definitions(result: dict) -> str:
    return "\n".join(f"{name}: {meaning}" for name, meaning in result["definitions"].items())


def level(photons: float | list[float] | None) -> str:
    """One light level, a range of them, or none that is known."""
    if photons is None:
        return "-"
    return "-".join(f"{p:g}" for p in (photons if isinstance(photons, list) else [photons]))


def _light(group: dict) -> str:
    """How much light a group had: photons, or the number of captures that were averaged."""
    return f"avg{group['noise_level']}" if "noise_level" in group else level(group["photons"])


def summary(results: list[dict]) -> str:
    """A Markdown table for each pattern and condition: a row for each method, ``PSNR (NCC, detail)`` at each level.

    Detail is the inverse of the mean frequency up to which the images agree with the truth.

    Results of several models on the same images make one table: what they have in common is a row once.
    """
    groups: dict = {}
    for result in results:
        for group in result["groups"]:
            methods = groups.setdefault((_fields(group), level(group["photons"])), {})
            methods |= {name: scores for name, scores in group["methods"].items() if name not in methods}
    tables = []
    for pattern, grouped in groupby(sorted(groups, key=lambda key: key[0], reverse=True), key=lambda key: key[0]):
        keys = list(grouped)
        header = [pattern, *(f"{photons} photons" for _, photons in keys)]
        names = dict.fromkeys(name for key in keys for name in groups[key])
        rows = [[name, *(_cell(groups[key][name]) for key in keys)] for name in sorted(names, key=_place)]
        tables.append(with_head(header, rows))
    return "\n\n".join(tables)


def in_one_line(result: dict) -> str:
    """``PSNR in dB (of the best baseline): 27.3 (21.0) 3x5 at 20 photons, 30.1 (21.4) 3x5 at 100 photons``

    Also of the results of a benchmark: ``34.9 (34.7) avg1, 42.9 (42.8) avg16``, ``36.1 (35.2) x4 CELL0``.
    """
    measured: dict[str, dict[str, float]] = {}  # what the images are -> method -> dB
    for group in result.get("groups", ()):
        measured[_images(group)] = {method: scores["psnr"]["mean"] for method, scores in group["methods"].items()}
    for cell in result.get("cells", {}).values():
        if "noise_level" in cell:
            measured.setdefault(f"avg{cell['noise_level']}", {})[cell["chain"]] = cell["psnr_fitted"]["mean"]
        else:
            measured.setdefault(f"x{cell['scale']} {cell['cell']}", {})[cell["method"]] = cell["full_psnr"]["mean"]
    scores = []
    for images, psnr in measured.items():
        model = psnr.pop(result["model"])
        scores.append(f"{model:.1f} ({max(psnr.values()):.1f}) {images}")
    return f"PSNR in dB (of the best baseline): {', '.join(scores)}"


def _images(group: dict) -> str:
    """What a group consists of, as far as it is the same in all its images: ``3x5 at 20 photons``."""
    if "noise_level" in group:
        return f"{group['pattern']} {_light(group)}"
    return (
        f"{_fields(group)} at {_light(group)} photons" if isinstance(group["photons"], int | float) else _fields(group)
    )


def _fields(group: dict) -> str:
    """Which stacks: ``3x5``, or ``3x5 hazy``."""
    return " ".join(filter(None, (group["pattern"], group.get("condition"))))


def _place(method: str) -> int:
    """Networks first, then what they are compared with."""
    return 2 if method.startswith("widefield") else 1 if method in ("Wiener", "Richardson-Lucy") else 0


def _cell(scores: dict) -> str:
    detail = f", {1000 / scores['frc_per_um']['mean']:.0f} nm" if "frc_per_um" in scores else ""
    return f"{scores['psnr']['mean']:.1f} dB ({scores['ncc']['mean']:.3f}{detail})"
