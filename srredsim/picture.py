"""Widefield and result side by side: the same field, a scale bar, and the most detailed region magnified."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

DPI = 110
PANEL_PIXELS = 512
PANEL_INCHES, MARGIN_INCHES, HEADING_INCHES = PANEL_PIXELS / DPI, 0.1, 0.3
SEARCHED_PIXELS = 1024  # longest side of the image in which the most detailed region is looked for
PERCENTILES = (1.0, 99.8)  # what is black and what is white
INSET_FRACTION, INSET_PIXELS = 1 / 5, (48, 128)  # of the shorter side; at least and at most, in raw pixels


def side_by_side(
    path: str | Path,
    widefield: np.ndarray,
    image: np.ndarray,
    *,
    names: tuple[str, str] = ("widefield", "result"),
    title: str = "",
    pixel_size_um: float | None = None,
) -> None:
    """Write a PNG of a widefield image (y, x) beside its super-resolved image (scale * y, scale * x).

    Each panel has its own contrast, by percentiles. ``pixel_size_um`` is that of the widefield image; without it the
    scale bars are in raw pixels.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    y, x = widefield.shape
    row, column, side = most_detailed(image, widefield.shape)
    panel_heights = (PANEL_INCHES * min(2.0, y / x), PANEL_INCHES)
    width = 2 * PANEL_INCHES + 3 * MARGIN_INCHES
    height = 2 * HEADING_INCHES + sum(panel_heights) + 2 * MARGIN_INCHES
    figure = Figure((width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    heading = {"ha": "center", "va": "center", "fontsize": 9, "color": "0.4", "parse_math": False}
    figure.text(0.5, 1 - HEADING_INCHES / 2 / height, title, **heading)
    tops = (2 * HEADING_INCHES, 2 * HEADING_INCHES + panel_heights[0] + MARGIN_INCHES)
    for i, (name, plane) in enumerate(zip(names, (widefield, image), strict=True)):
        left = MARGIN_INCHES + i * (PANEL_INCHES + MARGIN_INCHES)
        overview, magnified = (
            figure.add_axes(
                (left / width, 1 - (top + panel_height) / height, PANEL_INCHES / width, panel_height / height)
            )
            for top, panel_height in zip(tops, panel_heights, strict=True)
        )
        overview.set_title(name, fontsize=11, pad=4, parse_math=False)
        _show(overview, reduced(plane, PANEL_PIXELS), (0, x, y, 0), pixel_size_um)
        overview.add_patch(_rectangle(column, row, side, side, fill=False, edgecolor="gold", linewidth=1.0))
        scale = plane.shape[0] // y
        region = plane[row * scale : (row + side) * scale, column * scale : (column + side) * scale]
        _show(magnified, region, (column, column + side, row + side, row), pixel_size_um, interpolation="bicubic")
        for spine in magnified.spines.values():
            spine.set_color("gold")
    _write_png(path, figure)


def most_detailed(image: np.ndarray, shape: tuple[int, int]) -> tuple[int, int, int]:
    """Square of the field with the strongest fine structure: (first row, first column, side) in raw pixels.

    ``shape`` is (y, x) of the raw frames. Structure is the mean square of what a small blur takes away from the root of
    the image: many lines count for more than one bright spot.
    """
    from scipy.ndimage import gaussian_filter, uniform_filter

    side = int(np.clip(min(shape) * INSET_FRACTION, *INSET_PIXELS))
    side = min(side, *shape)
    small = reduced(image, SEARCHED_PIXELS)
    low, high = np.percentile(small, PERCENTILES)
    small = np.sqrt(np.clip(small, low, high) - low)
    fine = (small - gaussian_filter(small, 2.0)) ** 2
    pixel = shape[0] / small.shape[0]  # raw pixels
    box = max(1, round(side / pixel))
    strength = uniform_filter(fine, box, mode="constant")[box // 2 :, box // 2 :]
    strength = strength[: small.shape[0] - box + 1, : small.shape[1] - box + 1]
    row, column = np.unravel_index(np.argmax(strength), strength.shape)
    return min(round(row * pixel), shape[0] - side), min(round(column * pixel), shape[1] - side), side


def reduced(plane: np.ndarray, longest_side: int) -> np.ndarray:
    """Mean over blocks, so that no side is longer; float32. A rest of less than a block is left out."""
    step = math.ceil(max(plane.shape) / longest_side)
    y, x = (max(1, side // step) for side in plane.shape)
    total = np.zeros((y, x), np.float32)
    for row in range(step):
        for column in range(step):
            total += plane[row : row + y * step : step, column : column + x * step : step]
    return total / step**2


def scale_bar(field: float) -> float:
    """The round length (1, 2 or 5 times a power of ten) that is nearest to a fifth of the field."""
    wanted = field / 5
    power = 10.0 ** math.floor(math.log10(wanted))
    return min((factor * power for factor in (1, 2, 5, 10)), key=lambda length: abs(math.log(length / wanted)))


def _show(axes, plane, extent, pixel_size_um, interpolation="auto") -> None:
    """A grey image on the raw pixel grid ``extent`` = (left, right, bottom, top), with its scale bar."""
    low, high = np.percentile(plane, PERCENTILES)
    axes.imshow(plane, cmap="gray", vmin=low, vmax=high, extent=extent, interpolation=interpolation)
    axes.set_xticks([])
    axes.set_yticks([])
    left, right, bottom, _ = extent
    length = scale_bar((right - left) * (pixel_size_um or 1.0))
    unit = "px" if pixel_size_um is None else "µm"
    pixels = length / (pixel_size_um or 1.0)
    edge, thickness = 0.04 * (right - left), 0.012 * (right - left)
    begin, level = right - edge - pixels, bottom - edge
    axes.add_patch(_rectangle(begin, level - thickness, pixels, thickness, facecolor="white", edgecolor="black"))
    label = axes.text(begin + pixels / 2, level - 1.5 * thickness, f"{length:g} {unit}", color="white", fontsize=9)
    label.set(ha="center", va="bottom", bbox={"facecolor": "black", "alpha": 0.5, "pad": 1.5, "linewidth": 0})


def _write_png(path, figure) -> None:
    """Without transparency and with light compression: half the time of ``figure.savefig``."""
    from PIL import Image

    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    Image.fromarray(pixels).save(path, format="PNG", compress_level=1, dpi=(DPI, DPI))


def _rectangle(x, y, width, height, **style):
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, **{"linewidth": 0.5} | style)
