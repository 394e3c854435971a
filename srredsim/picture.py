"""Widefield and result side by side: the same field, scale bars, and the most detailed region magnified.

The panels are painted into one array of grey levels; matplotlib writes the words on it, and the PNG has a palette. With
axes and colours the picture would take several times as long, which is felt after every stack.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

PANEL, MARGIN, HEADING = 512, 11, 33  # pixels of the picture
TALLEST = 2 * PANEL
DPI = 110
PERCENTILES = (1.0, 99.8)  # what is black and what is white, in each panel
INSET_FRACTION, INSET_PIXELS = 1 / 5, (48, 128)  # of the shorter side; at least and at most, in raw pixels
GOLD = 1  # the level that the palette shows in gold; grey levels go from 2 to 255

Text = tuple[float, float, str, dict]  # x, y from the top, words, style


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
    y, x = widefield.shape
    scale = image.shape[0] // y
    zoom = min(PANEL / x, TALLEST / y)
    overview_size = max(1, round(y * zoom)), max(1, round(x * zoom))
    row, column, side = most_detailed(image, widefield.shape)
    tops = 2 * HEADING, 2 * HEADING + overview_size[0] + MARGIN
    canvas = np.full((tops[1] + PANEL + MARGIN, 2 * PANEL + 3 * MARGIN), 255, np.uint8)
    texts: list[Text] = [(canvas.shape[1] / 2, HEADING / 2, title, {"fontsize": 9, "color": "0.4"})]
    for i, (name, plane, factor) in enumerate(zip(names, (widefield, image), (1, scale), strict=True)):
        left = MARGIN + i * (PANEL + MARGIN)
        texts.append((left + PANEL / 2, 1.5 * HEADING, name, {"fontsize": 11}))
        inset = plane[row * factor : (row + side) * factor, column * factor : (column + side) * factor]
        indent = (PANEL - overview_size[1]) // 2
        overview = canvas[tops[0] :, left + indent :][: overview_size[0], : overview_size[1]]
        magnified = canvas[tops[1] :, left:][:PANEL, :PANEL]
        overview[:] = _grey(plane, overview_size)
        magnified[:] = _grey(inset, (PANEL, PANEL))
        for panel, top, begin, field in (
            (overview, tops[0], left + indent, x),
            (magnified, tops[1], left, side),
        ):
            texts += [(begin + h, top + v, *words) for h, v, *words in _scale_bar(panel, field, pixel_size_um)]
        _outline(overview, row * zoom, column * zoom, side * zoom)
        _outline(magnified, 0, 0, PANEL)
    _write_png(path, canvas, texts)


def most_detailed(image: np.ndarray, shape: tuple[int, int]) -> tuple[int, int, int]:
    """Square of the field with the strongest fine structure: (first row, first column, side) in raw pixels.

    ``shape`` is (y, x) of the raw frames. Structure is the mean square of what a small blur takes away from the root of
    the image: many lines count for more than one bright spot.
    """
    from scipy.ndimage import gaussian_filter, uniform_filter

    side = int(np.clip(min(shape) * INSET_FRACTION, *INSET_PIXELS))
    side = min(side, *shape)
    small = reduced(image, PANEL)
    low, high = np.percentile(small[::2, ::2], PERCENTILES)
    small = np.sqrt(np.clip(small, low, high) - low)
    fine = (small - gaussian_filter(small, 1.5)) ** 2
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


def bar_length(field: float) -> float:
    """The round length (1, 2 or 5 times a power of ten) that is nearest to a fifth of the field."""
    wanted = field / 5
    power = 10.0 ** math.floor(math.log10(wanted))
    return min((factor * power for factor in (1, 2, 5, 10)), key=lambda length: abs(math.log(length / wanted)))


def _grey(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The same field in so many pixels, bicubic, as grey levels: its percentiles are black and white."""
    from PIL import Image

    small = reduced(plane, 2 * max(size)) if max(plane.shape) > 4 * max(size) else np.asarray(plane, np.float32)
    resized = np.asarray(Image.fromarray(small).resize(size[::-1], Image.Resampling.BICUBIC))
    low, high = np.percentile(resized[::2, ::2], PERCENTILES)
    return np.uint8(GOLD + 1 + (254 - GOLD) * np.clip((resized - low) / max(high - low, 1e-30), 0, 1))


def _outline(panel: np.ndarray, top: float, left: float, side: float) -> None:
    """A golden square, one pixel wide."""
    first_row, first_column = round(top), round(left)
    last_row = min(round(top + side), panel.shape[0]) - 1
    last_column = min(round(left + side), panel.shape[1]) - 1
    panel[first_row : last_row + 1, [first_column, last_column]] = GOLD
    panel[[first_row, last_row], first_column : last_column + 1] = GOLD


def _scale_bar(panel: np.ndarray, field: float, pixel_size_um: float | None) -> list[Text]:
    """Paint a bar into the lower right corner of a panel ``field`` raw pixels wide; returns what to write above it."""
    edge, thickness, label = 20, 6, 18
    height, width = panel.shape
    if min(height, width) < 3 * (edge + label):
        return []  # a strip too thin for it; the magnified panel has one
    length = bar_length(field * (pixel_size_um or 1.0))
    pixels = round(length / (pixel_size_um or 1.0) * width / field)
    right, bottom = width - edge, height - edge
    shade = panel[bottom - thickness - label : bottom + 6, right - pixels - 6 : right + 6]
    shade[:] = np.maximum(shade // 2, GOLD + 1)
    panel[bottom - thickness : bottom, right - pixels : right] = 255
    words = f"{length:g} {'px' if pixel_size_um is None else 'µm'}"
    return [(right - pixels / 2, bottom - thickness - label / 2, words, {"fontsize": 9, "color": "white"})]


def _write_png(path: str | Path, canvas: np.ndarray, texts: list[Text]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.transforms import IdentityTransform
    from PIL import Image

    height, width = canvas.shape
    figure = Figure((width / DPI, height / DPI), dpi=DPI)
    renderer = FigureCanvasAgg(figure).get_renderer()
    pixels = np.asarray(renderer.buffer_rgba())  # what the renderer paints on
    pixels[..., :3], pixels[..., 3] = canvas[..., None], 255
    for x, y, words, style in texts:
        place = {"ha": "center", "va": "center", "transform": IdentityTransform(), "parse_math": False}
        figure.text(x, height - y, words, **place, **style).draw(renderer)
    levels = Image.fromarray(np.ascontiguousarray(pixels[..., 0])).convert("P")
    palette = np.repeat(np.arange(256), 3).reshape(256, 3)
    palette[GOLD] = 255, 200, 0
    levels.putpalette(palette.astype(np.uint8).tobytes())
    levels.save(path, format="PNG", compress_level=1, dpi=(DPI, DPI))
