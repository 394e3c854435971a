"""The report as a picture: widefield, angles laid over one another, light, the spectrum of each angle, verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from srredsim.acquisition import RawStack
from srredsim.inspection.checks import middle
from srredsim.inspection.report import inspect
from srredsim.inspection.verdicts import BAD, DOUBTFUL, GOOD
from srredsim.optics.nominal import frequency, length
from srredsim.sheet import Place, Sheet

DPI = 100
PANEL = 2.9  # inches
GAP, HEADING, LINE = 0.12, 0.28, 0.19  # inches
NUMBERS = 0.55, 0.45  # inches: what those beside and below the light take
MOST_ANGLES = 5  # shown
SPECTRUM_PIXELS = 256  # shown of a spectrum, along its longer side, at most
OVERLAY_PIXELS = 96
COLOURS = {GOOD: "#1a7f37", DOUBTFUL: "#b35900", BAD: "#c00000", None: "0.45"}
ORDER_COLOURS = ("#ff9f1c", "#2ec4ff")  # first, second


def picture(stack: RawStack, path: str | Path | BinaryIO, report: dict[str, Any] | None = None) -> None:
    """Write a PNG of the middle z-plane of the first time and channel.

    The overlay shows the phase average of each angle in a colour of its own; where nothing moved it is grey. In the
    spectra, whose scale is logarithmic, a circle marks the cut-off and small ones the stripes that were found.

    Parameters
    ----------
    report : dict, optional
        Of `inspect`, which is asked if it is left out.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    report = report or inspect(stack)
    channel = report["channels"][0]
    raw = stack.raw(channel["time"], 0, channel["z"]).astype(np.float32)
    raw = np.where(np.isfinite(raw), raw, 0)
    shown = min(stack.pattern.angles, MOST_ANGLES)
    columns = max(shown, 3)
    width = columns * (PANEL + GAP) + GAP
    height = 2 * (PANEL + HEADING + GAP) + LINE * (len(channel["checks"]) + 1) + 2 * GAP
    figure = Figure((width, height), dpi=DPI)
    FigureCanvasAgg(figure)

    sheet = Sheet(figure)

    def panel(row: int, column: int) -> Place:
        return GAP + column * (PANEL + GAP), height - (row + 1) * (PANEL + HEADING + GAP), PANEL, PANEL

    _widefield(sheet, panel(0, 0), raw.mean(axis=(0, 1)))
    _overlay(sheet, panel(0, 1), raw.mean(axis=1))
    left, bottom, _, up = panel(0, 2)
    across = (columns - 2) * (PANEL + GAP) - GAP - NUMBERS[0]
    place = ((left + NUMBERS[0]) / width, (bottom + NUMBERS[1]) / height, across / width, (up - NUMBERS[1]) / height)
    _light(figure.add_axes(place), report["frame_means"][0])
    for angle in range(shown):
        _spectrum(sheet, panel(1, angle), raw, angle, stack.optics.pixel_size_um, channel)
    for number, check in enumerate(channel["checks"]):
        y = (LINE * (len(channel["checks"]) - number) - LINE / 2 + GAP) / height
        style = {"fontsize": 8, "va": "center", "parse_math": False}
        figure.text(GAP / width, y, check["name"], **style)
        figure.text(1.65 / width, y, check["verdict"] or "-", color=COLOURS[check["verdict"]], weight="bold", **style)
        figure.text(2.35 / width, y, _short(check["number"], columns), **style)
    figure.savefig(path, format="png", pil_kwargs={"compress_level": 1})


def mean_spectrum(frames: np.ndarray) -> np.ndarray:
    """log10 of the mean amplitude of the spectra of frames (n, y, x), frequency 0 in the middle; no borders show."""
    y, x = frames.shape[1:]
    window = np.outer(np.hanning(y + 2)[1:-1], np.hanning(x + 2)[1:-1]).astype(np.float32)
    amplitude = np.zeros((y, x))
    for frame in frames:
        amplitude += np.abs(np.fft.fft2((frame - frame.mean()) * window)) / len(frames)
    return np.log10(np.fft.fftshift(amplitude) + np.finfo(np.float32).tiny)


def overlay(averages: np.ndarray) -> np.ndarray:
    """Images (n, y, x), scaled to equal mean, in n colours whose sum is white: (y, x, 3) in 0 to 1."""
    from matplotlib.colors import hsv_to_rgb

    low = np.percentile(averages, 0.5, axis=(1, 2), keepdims=True)
    light = averages - low
    light = light / np.maximum(light.mean(axis=(1, 2), keepdims=True), 1e-30)
    hues = (np.arange(len(averages)) / len(averages) + 0.5) % 1  # cyan first
    colours = hsv_to_rgb(np.stack([hues, np.ones_like(hues), np.ones_like(hues)], axis=1))
    colours = colours / np.maximum(colours.sum(axis=0), 1e-30) if len(averages) > 1 else np.ones((1, 3))
    image = np.tensordot(light, colours, axes=(0, 0))
    return np.clip(image / max(float(np.percentile(image, 99.8)), 1e-30), 0, 1)


def _widefield(sheet: Sheet, panel: Place, image: np.ndarray) -> None:
    from matplotlib.colors import Normalize

    low, high = np.percentile(image, (0.5, 99.8))
    place = _fitted(panel, image.shape)
    sheet.image(place, image, "gray", Normalize(low, max(high, low + 1e-9)), interpolation="antialiased")
    _titled(sheet, place, "widefield (mean of all frames)")


def _overlay(sheet: Sheet, panel: Place, averages: np.ndarray) -> None:
    """The very middle, magnified: a movement of a pixel has to be seen."""
    part = middle(averages, OVERLAY_PIXELS)
    place = _fitted(panel, part.shape[1:])
    sheet.image(place, overlay(part), interpolation="antialiased")
    _titled(sheet, place, f"angles overlaid, middle {part.shape[1]} x {part.shape[2]}: grey if alike")


def _fitted(panel: Place, shape: tuple[int, ...]) -> Place:
    """The largest place for an image (y, x), in the middle of a panel."""
    left, bottom, width, height = panel
    pixel = min(height / shape[0], width / shape[1])
    y, x = pixel * shape[0], pixel * shape[1]
    return left + (width - x) / 2, bottom + (height - y) / 2, x, y


def _titled(sheet: Sheet, place: Place, title: str) -> None:
    left, bottom, width, height = place
    sheet.words(left + width / 2, bottom + height + 0.06, title, fontsize=9, va="bottom", parse_math=False)


def _light(axes: Any, means: list[list[float | None]]) -> None:
    """Mean of each frame, a line an angle."""
    start = 1
    for angle, row in enumerate(means):
        values = [np.nan if mean is None else mean for mean in row]
        axes.plot(range(start, start + len(row)), values, "o-", markersize=3, linewidth=1, label=f"angle {angle + 1}")
        start += len(row)
    finite = [mean for row in means for mean in row if mean is not None]
    if finite:
        room = max(0.05 * abs(max(finite)), 0.15 * (max(finite) - min(finite)), 1e-6)
        axes.set_ylim(min(finite) - room, max(finite) + room)
    axes.set_title("mean of each frame", fontsize=9)
    axes.set_xlabel("frame", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(
        fontsize=7, ncols=min(len(means), 5), loc="lower left", frameon=False, columnspacing=0.8, handlelength=1
    )


def _spectrum(
    sheet: Sheet, panel: Place, raw: np.ndarray, angle: int, pixel_size_um: float | None, channel: dict[str, Any]
) -> None:
    from matplotlib.colors import Normalize

    angles = len(raw)
    spectrum = _reduced(mean_spectrum(middle(raw[angle])))
    low, high = np.percentile(spectrum, (20, 99.95))
    nyquist = 0.5 / (pixel_size_um or 1.0)
    sheet.image(panel, spectrum, "magma", Normalize(low, max(high, low + 1e-9)))
    title = f"angle {angle + 1}"
    if reach := frequency(channel, "cutoff"):
        sheet.lines([_ring(panel, nyquist, (0.0, 0.0), reach)], "white", 0.7, within=panel, alpha=0.8)
    if channel["stripes"] and not channel["order_checked"]:
        at_once = len(channel["stripes"]) // angles
        every = channel["stripes"][angle * at_once : (angle + 1) * at_once]
        title = title if at_once == 1 else "hexagonal pattern"
        title += ": " + ", ".join(dict.fromkeys(found["status"] for found in every))
        for found in every:
            if found["status"] != "failed":
                _orders(sheet, panel, nyquist, found["orders"])
        spacings = [length(each["orders"][-1], "line_spacing") for each in every if each["status"] != "failed"]
        title += "".join(f", {spacing}" for spacing in spacings[:1])
    _titled(sheet, panel, title)


def _orders(sheet: Sheet, panel: Place, nyquist: float, orders: list[dict[str, Any]]) -> None:
    """Rings on the orders of an angle."""
    for order, colour in zip(orders, ORDER_COLOURS, strict=False):
        ky, kx = frequency(order, "k")
        rings = [_ring(panel, nyquist, (sign * ky, sign * kx), nyquist / 14) for sign in (1, -1)]
        style = "-" if order["status"] == "measured" else ":"
        sheet.lines(rings, colour, 1.2, within=panel, linestyles=style)


def _ring(panel: Place, nyquist: float, k: tuple[float, float], radius: float) -> np.ndarray:
    """(points, 2) in inches: a circle about (ky, kx), rows downwards, in a panel from -nyquist to nyquist."""
    left, bottom, width, height = panel
    turn = np.linspace(0, 2 * np.pi, 181)
    x, y = k[1] + radius * np.cos(turn), k[0] + radius * np.sin(turn)
    return np.stack(
        [left + (x + nyquist) / (2 * nyquist) * width, bottom + (nyquist - y) / (2 * nyquist) * height], axis=1
    )


def _reduced(spectrum: np.ndarray) -> np.ndarray:
    """The highest of each block, so that a peak of one pixel still shows."""
    step = -(-max(spectrum.shape) // SPECTRUM_PIXELS)
    y, x = (n // step * step for n in spectrum.shape)
    if step == 1 or not (y and x):
        return spectrum
    return spectrum[:y, :x].reshape(y // step, step, x // step, step).max(axis=(1, 3))


def _short(words: str, columns: int) -> str:
    room = 34 * columns
    return words if len(words) <= room else words[: room - 1] + "…"
