"""Noise and blur as pictures: bars of a, and the middle row of the mean kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from srredsim.analysis.kernel import GAUSSIAN_VARIANCE, central_row, cubic

DPI = 110
REACH = 10  # low-resolution pixels shown on each side
LONGEST = 28  # letters of a label that are shown


def noise(report: dict, path: str | Path) -> None:
    """PNG with a bar for each folder, or each image if they lie in one: a after scaling to [0, 1], logarithmic.

    A negative a, which has no logarithm, has no bar; its value is written instead.
    """
    bars = [(name, group["a_scaled"]) for name, group in report["groups"].items()]
    of = "mean over the images of a folder"
    if len(bars) == 1:
        bars = [(_label(image), image["a_scaled"]) for image in report["images"]]
        of = "of each image"
    figure, axes = _axes(width=max(4.0, 1.2 + 0.6 * len(bars)))
    names, values = [name for name, _ in bars], np.array([value for _, value in bars])
    axes.bar(range(len(names)), np.where(values > 0, values, np.nan), color="#2b6cb0")
    axes.set_yscale("log")
    axes.tick_params(axis="y", which="both", labelsize=7)
    low, high = axes.get_ylim()
    low /= 2
    for place, value in enumerate(values):
        axes.text(place, value if value > 0 else low, f"{value:.2g}", ha="center", va="bottom", fontsize=7)
    axes.set_ylim(low, 2 * high)
    axes.set_xticks(range(len(names)), [_short(name) for name in names], rotation=30, ha="right", fontsize=7)
    axes.set_ylabel(f"a, {of}", fontsize=8)
    figure.savefig(path, format="png")


def kernel(report: dict, path: str | Path) -> None:
    """PNG with the middle row of the mean kernel, that of a Gaussian of variance 2, and the cubic kernel; all sum 1."""
    figure, axes = _axes(width=5.0)
    offsets, row = central_row(report["mean"], report["scale"])
    gaussian = np.exp(-(offsets**2) / (2 * GAUSSIAN_VARIANCE))
    curves = {
        f"mean of {len(report['pairs'])}": (row, "#c05621"),
        f"Gaussian, variance {GAUSSIAN_VARIANCE:g}": (gaussian / gaussian.sum(), "#2b6cb0"),
        "cubic": (cubic(offsets) / cubic(offsets).sum(), "#718096"),
    }
    for name, (curve, colour) in curves.items():
        axes.plot(offsets, curve, color=colour, label=name, linewidth=1.5)
    axes.set_xlim(-REACH, REACH)
    axes.set_xlabel("low-resolution pixels", fontsize=8)
    axes.set_ylabel("middle row of the kernel", fontsize=8)
    axes.legend(fontsize=7, frameon=False)
    figure.savefig(path, format="png")


def _axes(width: float) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((min(width, 40.0), 3.6), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.tick_params(labelsize=7)
    return figure, axes


def _label(image: dict) -> str:
    plane = f" {image['plane']}" if "plane" in image else ""
    return f"{Path(image['input']).name}{plane}"


def _short(name: str) -> str:
    """The last two parts of a path, or the end of them, which tells more than the beginning."""
    name = "/".join(Path(name).parts[-2:])
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"
