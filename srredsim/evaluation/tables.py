"""Results as tables, for the terminal and for Markdown."""

from __future__ import annotations


def text(result: dict, metrics=("psnr", "ssim", "ncc", "nrmse")) -> str:
    """A Markdown table: a row for each light level and method, ``mean +- spread`` for each metric."""
    header = ["photons", "images", "method", *metrics]
    rows = [header, ["---"] * len(header)]
    for group in result["groups"]:
        for method, scores in group["methods"].items():
            cells = [
                f"{scores[name]['mean']:.{_digits(name)}f} ± {scores[name]['std']:.{_digits(name)}f}"
                for name in metrics
            ]
            rows.append([_level(group["photons"]), str(group["images"]), method, *cells])
    return _aligned(rows)


def definitions(result: dict) -> str:
    return "\n".join(f"{name}: {meaning}" for name, meaning in result["definitions"].items())


def _level(photons: float | list[float] | None) -> str:
    """One light level, a range of them, or none that is known."""
    if photons is None:
        return "-"
    return "-".join(f"{p:g}" for p in (photons if isinstance(photons, list) else [photons]))


def _digits(metric: str) -> int:
    return 2 if metric == "psnr" else 4


def summary(result: dict) -> str:
    """A Markdown table: a row for each method, ``PSNR (NCC)`` at each light level."""
    groups = result["groups"]
    header = ["method", *(f"{_level(group['photons'])} photons" for group in groups)]
    rows = [header, ["---"] * len(header)]
    for method in groups[0]["methods"]:
        scores = [group["methods"][method] for group in groups]
        rows.append([method, *(f"{s['psnr']['mean']:.1f} dB ({s['ncc']['mean']:.3f})" for s in scores)])
    return _aligned(rows)


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = (" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(f"| {line} |" for line in lines)
