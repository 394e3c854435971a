"""Results as tables, for the terminal and for Markdown."""

from __future__ import annotations


def text(result: dict, metrics=("psnr", "ssim", "ncc", "nrmse")) -> str:
    """A Markdown table: a row for each light level and method, ``mean +- spread`` for each metric."""
    header = ["photons", "images", "method", *metrics]
    rows = [header, ["---"] * len(header)]
    for group in result["groups"]:
        level = group["photons"]
        for method, scores in group["methods"].items():
            cells = [
                f"{scores[name]['mean']:.{_digits(name)}f} ± {scores[name]['std']:.{_digits(name)}f}"
                for name in metrics
            ]
            rows.append([_level(level), str(group["images"]), method, *cells])
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    return "\n".join(
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in rows
    )


def definitions(result: dict) -> str:
    return "\n".join(f"{name}: {meaning}" for name, meaning in result["definitions"].items())


def _level(photons) -> str:
    return (
        f"{photons:g}"
        if isinstance(photons, int | float)
        else "-"
        if photons is None
        else "-".join(f"{p:g}" for p in photons)
    )


def _digits(metric: str) -> int:
    return 2 if metric == "psnr" else 4
