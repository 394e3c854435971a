"""An image, how well it explains the raw frames, and where it does not: one picture."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from srredsim.consistency.compare import Consistency
from srredsim.picture import bar_length, most_detailed, reduced

DPI = 100
PANEL, COLOURS, GAP, HEADING, WORDS = 4.2, 0.75, 0.12, 0.85, 0.75  # inches
TALLEST = 2.0  # times the width
LONGEST = 1024  # pixels of a panel that are drawn, at most
PERCENTILES = (1.0, 99.8)  # what is black and what is white in the image
UNSUPPORTED, MISSING = "#ff40d0", "#20d040"  # as the ends of the colours of the score
MOST = 8.0  # times the noise: the end of the colours of the residual
STRONG = 15.0  # standard deviations: the end of the colours
SHADE = {"facecolor": "black", "alpha": 0.5, "edgecolor": "none", "pad": 1.5}  # behind the words in a picture
LEGEND = (
    "Residual: what is left of the raw frames when this image has explained what it can, over the noise of the camera."
    " 1 (white): explained to within noise.\n"
    "Score: light that the image lacks (green) or has too much (pink), in standard deviations of the noise."
    " Outlined: beyond 5 and more than 5 % of bright structures;\n"
    "pink: the frames do not support what the image shows; green: the frames have what the image does not show."
    " Not seen: slowly varying light, overall brightness. Grey: not judged."
)


def picture(
    path: str | Path | BinaryIO,
    image: np.ndarray,
    found: Consistency,
    *,
    name: str = "image",
    title: str = "",
    pixel_size_um: float | None = None,
) -> None:
    """Write a PNG: image, residual and score, above; below, the same where the image is the least supported.

    Parameters
    ----------
    image : (2y, 2x) ndarray
    pixel_size_um : float, optional
        Of the image; without it the scale bars are in pixels.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    row, column, side = closest_look(image, found)
    look = (slice(row, row + side), slice(column, column + side))
    tall = PANEL * min(image.shape[0] / image.shape[1], TALLEST)
    width, height = 3 * PANEL + 2 * COLOURS + 2 * GAP, HEADING + tall + GAP + PANEL + WORDS
    figure = Figure((width, height), dpi=DPI)
    FigureCanvasAgg(figure)

    def axes(left: float, bottom: float, across: float, up: float):
        return figure.add_axes((left / width, bottom / height, across / width, up / height))

    lefts = GAP / 2, GAP + PANEL, GAP + 2 * PANEL + COLOURS
    contrast = np.percentile(image[::2, ::2], PERCENTILES)
    for bottom, up, part in ((WORDS + PANEL + GAP, tall, (slice(None), slice(None))), (WORDS, PANEL, look)):
        panels = [axes(left, bottom, PANEL, up) for left in lefts]
        bars = [axes(left + PANEL + GAP / 2, bottom + 0.1 * up, 0.13, 0.8 * up) for left in lefts[1:]]
        _draw(panels, bars, image, found, part, contrast, pixel_size_um)
        if bottom > WORDS:
            for panel, heading in zip(panels, (name, "residual", "score"), strict=True):
                panel.set_title(heading, fontsize=12)
                panel.add_patch(_square(column, row, side))
    figure.suptitle("\n".join(filter(None, (title, words(found)))), fontsize=11, y=1 - 0.1 / height, va="top")
    figure.text(0.5, 0.1 / height, LEGEND, fontsize=8.5, color="0.3", ha="center", va="bottom")
    figure.savefig(path, format="png")


def words(found: Consistency) -> str:
    """What came of it, in one line."""
    if found.summary is None:
        return "not judged"
    unsupported, missing, grainy = (
        100 * found.fraction(mask) for mask in (found.unsupported, found.missing, found.grainy)
    )
    grain = f" ({grainy:.2g} % are noise that is shown as structure)" if grainy else ""
    return (
        f"residual {found.summary:.2f} (1: explained to within noise);"
        f" not supported: {unsupported:.2g} % of the field{grain}, missing: {missing:.2g} %"
    )


def closest_look(image: np.ndarray, found: Consistency) -> tuple[int, int, int]:
    """Square with most of what is flagged, or with most detail if nothing is: (first row, first column, side)."""
    from scipy.ndimage import gaussian_filter

    flagged = (found.unsupported | found.missing).astype(np.float32)
    if not flagged.any():
        return most_detailed(image, image.shape)
    side = int(np.clip(min(image.shape) / 4, 64, 256))
    side = min(side, *image.shape)
    density = gaussian_filter(flagged * np.abs(np.nan_to_num(found.score)), side / 4, mode="constant")
    centre = np.unravel_index(np.argmax(density), density.shape)
    row, column = (int(np.clip(c - side // 2, 0, n - side)) for c, n in zip(centre, image.shape, strict=True))
    return row, column, side


def _draw(panels, bars, image, found, part, contrast, pixel_size_um) -> None:
    """One row: image, residual and score of a part of the field."""
    from matplotlib.colors import LogNorm, Normalize

    y, x = image[part].shape
    top, left = (side.start or 0 for side in part)
    extent = (left, left + x, top + y, top)
    shown = (
        (image, "gray", Normalize(*contrast)),
        (found.residual, "RdBu_r", LogNorm(1 / MOST, MOST)),
        (found.score, "PiYG", Normalize(-STRONG, STRONG)),
    )
    drawn = []
    for panel, (values, colours, norm) in zip(panels, shown, strict=True):
        panel.set_facecolor("0.75")
        small = reduced(np.asarray(values[part], np.float32), LONGEST)
        drawn.append(
            panel.imshow(small, cmap=colours, norm=norm, extent=extent, interpolation="nearest", aspect="auto")
        )
        panel.set_xticks([])
        panel.set_yticks([])
    for bar, image_of_values in zip(bars, drawn[1:], strict=True):
        panels[0].figure.colorbar(image_of_values, cax=bar)
    bars[0].set_yticks([1 / MOST, 0.5, 1, 2, MOST], labels=[f"{1 / MOST:.2g}", "0.5", "1", "2", f"{MOST:g}"])
    bars[0].minorticks_off()
    for mask, colour in ((found.unsupported, UNSUPPORTED), (found.missing, MISSING)):
        covered = reduced(mask[part].astype(np.float32), LONGEST)
        if covered.any() and min(covered.shape) > 1:
            panels[0].contour(
                np.linspace(extent[0], extent[1], covered.shape[1]),
                np.linspace(extent[3], extent[2], covered.shape[0]),
                covered,
                [0.01 if max(mask[part].shape) > LONGEST else 0.5],
                colors=colour,
                linewidths=1.0,
            )
    _scale_bar(panels[0], extent, pixel_size_um)


def _square(column: int, row: int, side: int):
    from matplotlib.patches import Rectangle

    return Rectangle((column, row), side, side, fill=False, edgecolor="gold", linewidth=1.2)


def _scale_bar(axis, extent: tuple[int, int, int, int], pixel_size_um: float | None) -> None:
    from matplotlib.patches import Rectangle

    left, right, bottom, top = extent
    width, height = right - left, bottom - top
    length = bar_length(width * (pixel_size_um or 1.0))
    pixels = length / (pixel_size_um or 1.0)
    x, y = right - 0.04 * width - pixels, bottom - 0.04 * height
    axis.add_patch(Rectangle((x, y - 0.012 * height), pixels, 0.012 * height, color="white"))
    words = f"{length:g} {'px' if pixel_size_um is None else 'µm'}"
    axis.text(x + pixels / 2, y - 0.03 * height, words, color="white", ha="center", va="bottom", fontsize=9, bbox=SHADE)
