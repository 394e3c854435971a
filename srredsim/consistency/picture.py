"""An image, how well it explains the raw frames, and where it does not: one picture."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from srredsim.acquisition import percent
from srredsim.consistency.maps import NOISE_ALONE, Consistency
from srredsim.picture import bar_length, most_detailed, reduced
from srredsim.sheet import Place, Sheet

DPI = 100
PANEL, COLOURS, GAP, HEADING, WORDS = 4.2, 0.75, 0.12, 0.85, 0.75  # inches
TALLEST = 2.0  # times the width
LONGEST = 1024  # pixels of a panel that are drawn, at most
PERCENTILES = (1.0, 99.8)  # what is black and what is white in the image
UNSUPPORTED, MISSING = "#ff40d0", "#20d040"  # as the ends of the colours of the score
MOST = 8.0  # times the noise: the end of the colours of the residual
STRONG = 15.0  # standard deviations: the end of the colours
RATIOS, DEVIATIONS = (1 / MOST, 0.5, 1, 2, MOST), (-15, -10, -5, 0, 5, 10, 15)  # told beside the colours
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
    lefts = GAP / 2, GAP + PANEL, GAP + 2 * PANEL + COLOURS
    contrast = np.percentile(image[::2, ::2], PERCENTILES)
    above, whole = WORDS + PANEL + GAP, (slice(None), slice(None))
    for bottom, up, part in ((above, tall, whole), (WORDS, PANEL, look)):
        _draw(Sheet(figure), [(left, bottom, PANEL, up) for left in lefts], image, found, part, contrast, pixel_size_um)
    sheet = Sheet(figure)
    for left, heading in zip(lefts, (name, "residual", "score"), strict=True):
        panel = (left, above, PANEL, tall)
        sheet.outline(_within(panel, image.shape, column, row, side, side), "gold", 1.2)
        sheet.words(left + PANEL / 2, above + tall + 0.08, heading, fontsize=12, va="bottom")
    title = "\n".join(filter(None, (title, words(found))))
    sheet.words(width / 2, height - 0.1, title, fontsize=11, va="top")
    sheet.words(width / 2, 0.1, LEGEND, fontsize=8.5, color="0.3", va="bottom")
    figure.savefig(path, format="png", pil_kwargs={"compress_level": 1})


def words(found: Consistency) -> str:
    """What came of it, in one line."""
    if found.summary is None:
        return "not judged"
    unsupported, missing, grainy = (
        percent(found.fraction(mask)) for mask in (found.unsupported, found.missing, found.grainy)
    )
    left = ""
    if found.unexplained is not None and found.summary > NOISE_ALONE:
        left = f", {percent(max(found.unexplained, 0.0))} % of the structure is left"
    grain = f" ({grainy} % are noise that is shown as structure)" if found.grainy.any() else ""
    return (
        f"residual {found.summary:.2f} (1: explained to within noise{left});"
        f" not supported: {unsupported} % of the field{grain}, missing: {missing} %"
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


def _within(panel: Place, shape: tuple[int, int], column: float, row: float, across: float, down: float) -> Place:
    """Where pixels of a field (y, x), rows from the top, are in its panel."""
    left, bottom, width, height = panel
    y, x = height / shape[0], width / shape[1]
    return left + column * x, bottom + height - (row + down) * y, across * x, down * y


def _draw(sheet: Sheet, panels: list[Place], image, found, part, contrast, pixel_size_um) -> None:
    """One row: image, residual and score of a part of the field."""
    from matplotlib.colors import LogNorm, Normalize

    shown = (
        (image, "gray", Normalize(*contrast), None),
        (found.residual, "RdBu_r", LogNorm(1 / MOST, MOST), RATIOS),
        (found.score, "PiYG", Normalize(-STRONG, STRONG), DEVIATIONS),
    )
    for panel, (values, colours, norm, marks) in zip(panels, shown, strict=True):
        sheet.filled(panel, "0.75")
        sheet.image(panel, reduced(np.asarray(values[part], np.float32), LONGEST), colours, norm)
        if marks:
            _colours(sheet, panel, colours, norm, marks)
    for mask, colour in ((found.unsupported, UNSUPPORTED), (found.missing, MISSING)):
        sheet.lines(_borders(mask[part], panels[0]), colour)
    for panel in panels:
        sheet.outline(panel, "black", 0.8)
    _scale_bar(sheet, panels[0], image[part].shape[1], pixel_size_um)


def _colours(sheet: Sheet, panel: Place, colours: str, norm, marks: tuple[float, ...]) -> None:
    """What the colours of a panel mean, on its right."""
    left, bottom, width, height = panel
    bar = left + width + GAP / 2, bottom + 0.1 * height, 0.13, 0.8 * height
    sheet.image(bar, norm.inverse(np.linspace(1, 0, 256))[:, None], colours, norm)
    sheet.outline(bar, "black", 0.8)
    right, ticks = bar[0] + bar[2], [bar[1] + bar[3] * float(norm(mark)) for mark in marks]
    sheet.lines([np.array([(right, y), (right + 0.05, y)]) for y in ticks], "black", 0.8)
    for mark, y in zip(marks, ticks, strict=True):
        sheet.words(right + 0.1, y, f"{mark:.2g}".replace("-", "\N{MINUS SIGN}"), fontsize=10, ha="left", va="center")


def _borders(mask: np.ndarray, panel: Place) -> list[np.ndarray]:
    """Lines around what is flagged, in inches; none where nothing is."""
    from contourpy import contour_generator  # with which matplotlib finds them, too

    covered = reduced(mask.astype(np.float32), LONGEST)
    if not covered.any() or min(covered.shape) < 2:
        return []
    left, bottom, width, height = panel
    x = np.linspace(left, left + width, covered.shape[1])
    y = np.linspace(bottom + height, bottom, covered.shape[0])
    lines = contour_generator(x, y, covered).lines(0.01 if max(mask.shape) > LONGEST else 0.5)
    return [np.asarray(line) for line in lines]


def _scale_bar(sheet: Sheet, panel: Place, field: int, pixel_size_um: float | None) -> None:
    """At the lower right of a panel ``field`` pixels wide."""
    left, bottom, width, height = panel
    length = bar_length(field * (pixel_size_um or 1.0))
    across = length / (pixel_size_um or 1.0) * width / field
    x, y = left + 0.96 * width - across, bottom + 0.04 * height
    sheet.filled((x, y, across, 0.012 * height), "white")
    words = f"{length:g} {'px' if pixel_size_um is None else 'µm'}"
    sheet.words(x + across / 2, y + 0.03 * height, words, color="white", va="bottom", fontsize=9, bbox=SHADE)
