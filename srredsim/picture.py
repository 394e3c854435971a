"""Images of one field side by side, whatever their scale: scale bars, and the most detailed region magnified.

The panels are painted into one array of grey levels; matplotlib writes the words on it, and the PNG has a palette. With
axes and colours the picture would take several times as long, which is felt after every stack. Several channels are
laid over one another in the colours that Fiji gives them: the same array for each of red, green and blue.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

PANEL, MARGIN, HEADING = 512, 11, 33  # pixels of the picture
TALLEST = 2  # times the width of a panel
DPI = 110
PERCENTILES = (1.0, 99.8)  # what is black and what is white, in each panel
INSET_FRACTION, INSET_PIXELS = 1 / 5, (48, 128)  # share of the shorter side; least and most raw pixels
GOLD = 1  # the level that is shown in gold; grey levels go from 2 to 255
GOLDEN = (255, 200, 0)
COLOURS = {  # red, green and blue of each channel
    "red": (1, 0, 0),
    "green": (0, 1, 0),
    "blue": (0, 0, 1),
    "white": (1, 1, 1),
    "cyan": (0, 1, 1),
    "magenta": (1, 0, 1),
    "yellow": (1, 1, 0),
}

Text = tuple[float, float, str, dict]  # x, y from the top, words, style


def side_by_side(
    path: str | Path | BinaryIO,
    widefield: np.ndarray,
    image: np.ndarray,
    *,
    names: tuple[str, str] = ("widefield", "result"),
    title: str = "",
    pixel_size_um: float | None = None,
) -> None:
    """PNG of a widefield image (y, x) beside what was made of it (scale * y, scale * x), as `panels` has it."""
    shown = list(zip(names, (widefield, image), strict=True))
    panels(path, shown, title=title, pixel_size_um=pixel_size_um)


def panels(
    path: str | Path | BinaryIO,
    images: Sequence[tuple[str, np.ndarray]],
    *,
    title: str = "",
    pixel_size_um: float | None = None,
    side: int = PANEL,
) -> None:
    """PNG of images (y, x) or (channels, y, x) of the same field side by side, with their names.

    The first says what a raw pixel is, the last where the field is most detailed; the others may have more pixels or
    fewer. Each channel of each panel has its own contrast, by percentiles; of more channels than there are `COLOURS`,
    the first are shown.

    Parameters
    ----------
    pixel_size_um : float, optional
        That of the first image; without it the scale bars are in its pixels.
    side : int
        Pixels of the picture for the width of a panel.

    Raises
    ------
    ValueError
        If the images differ in their ratio of height and width: then they do not show the same field.
    """
    several = [(name, _channels(image)) for name, image in images]
    shape = several[0][1].shape[1:]
    scales = [_scale(channels.shape[1:], shape) for _, channels in several]
    y, x = shape
    zoom = min(side / x, TALLEST * side / y)
    overview_size = max(1, round(y * zoom)), max(1, round(x * zoom))
    row, column, inset_side = most_detailed(_as_one(several[-1][1]), shape)
    tops = 2 * HEADING, 2 * HEADING + overview_size[0] + MARGIN
    size = tops[1] + side + MARGIN, len(images) * (side + MARGIN) + MARGIN
    canvas = np.full((3 if max(len(channels) for _, channels in several) > 1 else 1, *size), 255, np.uint8)
    texts: list[Text] = [(canvas.shape[2] / 2, HEADING / 2, title, {"fontsize": 9, "color": "0.4"})]
    for i, ((name, channels), scale) in enumerate(zip(several, scales, strict=True)):
        left = MARGIN + i * (side + MARGIN)
        texts.append((left + side / 2, 1.5 * HEADING, name, {"fontsize": 11}))
        indent = (side - overview_size[1]) // 2
        overview = canvas[:, tops[0] :, left + indent :][:, : overview_size[0], : overview_size[1]]
        magnified = canvas[:, tops[1] :, left:][:, :side, :side]
        overview[:] = _painted(channels, overview_size)
        detail = channels[:, _scaled(row, inset_side, scale), _scaled(column, inset_side, scale)]
        magnified[:] = _painted(detail, (side, side))
        for panel, top, begin, field in (
            (overview, tops[0], left + indent, x),
            (magnified, tops[1], left, inset_side),
        ):
            bar = _scale_bar(panel, field, pixel_size_um)
            texts += [(begin + h, top + v, words, style) for h, v, words, style in bar]
        _outline(overview, row * zoom, column * zoom, inset_side * zoom)
        _outline(magnified, 0, 0, side)
    _write_png(path, canvas, texts)


def _channels(image: np.ndarray) -> np.ndarray:
    """(channels, y, x), as many as there are colours for."""
    return image[None] if image.ndim == 2 else image[: len(COLOURS)]


def _as_one(channels: np.ndarray) -> np.ndarray:
    """One image (y, x) that has the structures of all channels, alike in strength."""
    if len(channels) == 1:
        return channels[0]
    return np.mean([channel / max(float(np.std(channel[::4, ::4])), 1e-30) for channel in channels], axis=0)


def _painted(channels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Grey levels (1, y, x) of one channel; of several those of red, green and blue (3, y, x)."""
    levels = [_grey(channel, size) for channel in channels]
    if len(levels) == 1:
        return levels[0][None]
    light = np.zeros((3, *size), np.uint16)
    for level, colour in zip(levels, COLOURS.values(), strict=False):
        light[np.array(colour, bool)] += level - (GOLD + 1)
    return np.uint8(np.minimum(light, 254 - GOLD) + GOLD + 1)


def _scale(shape: tuple[int, int], raw: tuple[int, int]) -> float:
    """Pixels of an image per raw pixel."""
    down, across = (n / m for n, m in zip(shape, raw, strict=True))
    if abs(down / across - 1) * max(shape) > 2:
        raise ValueError(f"images of {raw[0]} x {raw[1]} and {shape[0]} x {shape[1]} pixels do not show the same field")
    return across


def _scaled(start: int, length: int, scale: float) -> slice:
    """So many raw pixels from a start on in an image of another scale: one pixel at least."""
    first = round(start * scale)
    return slice(first, max(round((start + length) * scale), first + 1))


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
    box = min(max(1, round(side / pixel)), *small.shape)  # of a narrow image, reduced, a rest is left out
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
    sampled = resized[::2, ::2]
    sampled = sampled[np.isfinite(sampled)]
    low, high = np.percentile(sampled, PERCENTILES) if sampled.size else (0.0, 1.0)
    grey = np.clip((resized - low) / max(high - low, 1e-30), 0, 1)
    return np.uint8(GOLD + 1 + (254 - GOLD) * np.nan_to_num(grey))


def _outline(panel: np.ndarray, top: float, left: float, side: float) -> None:
    """A golden square, one pixel wide."""
    first_row, first_column = round(top), round(left)
    last_row = min(round(top + side), panel.shape[1]) - 1
    last_column = min(round(left + side), panel.shape[2]) - 1
    panel[:, first_row : last_row + 1, [first_column, last_column]] = GOLD
    panel[:, [first_row, last_row], first_column : last_column + 1] = GOLD


def _scale_bar(panel: np.ndarray, field: float, pixel_size_um: float | None) -> list[Text]:
    """Paint a bar into the lower right corner of a panel ``field`` raw pixels wide; returns what to write above it."""
    edge, thickness, label = 20, 6, 18
    height, width = panel.shape[1:]
    if min(height, width) < 3 * (edge + label):
        return []  # a strip too thin for it; the magnified panel has one
    length = bar_length(field * (pixel_size_um or 1.0))
    pixels = round(length / (pixel_size_um or 1.0) * width / field)
    right, bottom = width - edge, height - edge
    shade = panel[:, bottom - thickness - label : bottom + 6, right - pixels - 6 : right + 6]
    shade[:] = np.maximum(shade // 2, GOLD + 1)
    panel[:, bottom - thickness : bottom, right - pixels : right] = 255
    words = f"{length:g} {'px' if pixel_size_um is None else 'µm'}"
    return [(right - pixels / 2, bottom - thickness - label / 2, words, {"fontsize": 9, "color": "white"})]


def _write_png(path: str | Path | BinaryIO, canvas: np.ndarray, texts: list[Text]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.transforms import IdentityTransform
    from PIL import Image

    height, width = canvas.shape[1:]
    figure = Figure((width / DPI, height / DPI), dpi=DPI)
    renderer = FigureCanvasAgg(figure).get_renderer()
    pixels = np.asarray(renderer.buffer_rgba())  # what the renderer paints on
    pixels[..., :3], pixels[..., 3] = np.moveaxis(canvas, 0, -1), 255
    for x, y, words, style in texts:
        place = {"ha": "center", "va": "center", "transform": IdentityTransform(), "parse_math": False}
        figure.text(x, height - y, words, **place, **style).draw(renderer)
    if len(canvas) == 1:
        drawn = Image.fromarray(np.ascontiguousarray(pixels[..., 0])).convert("P")
        palette = np.repeat(np.arange(256), 3).reshape(256, 3)
        palette[GOLD] = GOLDEN
        drawn.putpalette(palette.astype(np.uint8).tobytes())
    else:
        drawn = Image.fromarray(
            np.where(np.all(pixels[..., :3] == GOLD, axis=-1, keepdims=True), GOLDEN, pixels[..., :3]).astype(np.uint8)
        )
    drawn.save(path, format="PNG", compress_level=1, dpi=(DPI, DPI))


def in_colours(names: Sequence[str] | None, channels: int) -> str:
    """Which channel has which colour, for a title; nothing of a single one."""
    named = names or [f"channel {number}" for number in range(1, channels + 1)]
    pairs = zip(named, COLOURS, strict=False) if channels > 1 else ()
    return ", ".join(f"{name} {colour}" for name, colour in pairs)
