"""The report as a picture: widefield, angles laid over one another, light, the spectrum of each angle, verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from srredsim.acquisition import RawStack
from srredsim.inspection.checks import middle, middle_position
from srredsim.inspection.report import inspect
from srredsim.inspection.verdicts import BAD, DOUBTFUL, GOOD
from srredsim.optics.nominal import frequency, length

DPI = 100
PANEL = 2.9  # inches
GAP, HEADING, LINE = 0.12, 0.28, 0.19  # inches
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
    raw = stack.raw(*middle_position(stack, 0)).astype(np.float32)
    raw = np.where(np.isfinite(raw), raw, 0)
    shown = min(stack.pattern.angles, MOST_ANGLES)
    columns = max(shown, 3)
    width = columns * (PANEL + GAP) + GAP
    height = 2 * (PANEL + HEADING + GAP) + LINE * (len(channel["checks"]) + 1) + 2 * GAP
    figure = Figure((width, height), dpi=DPI)
    FigureCanvasAgg(figure)

    def panel(row: int, column: int, across: int = 1, inset: tuple[float, float] = (0.0, 0.0)) -> Any:
        """Axes in a place of the grid; `inset` (left, bottom) leaves room for its numbers."""
        left = GAP + column * (PANEL + GAP) + inset[0]
        bottom = height - (row + 1) * (PANEL + HEADING + GAP) + inset[1]
        wide = across * (PANEL + GAP) - GAP - inset[0]
        return figure.add_axes((left / width, bottom / height, wide / width, (PANEL - inset[1]) / height))

    _widefield(panel(0, 0), raw.mean(axis=(0, 1)))
    _overlay(panel(0, 1), raw.mean(axis=1))
    _light(panel(0, 2, columns - 2, (0.55, 0.45)), report["frame_means"][0])
    for angle in range(shown):
        _spectrum(panel(1, angle), raw[angle], angle, stack.optics.pixel_size_um, channel)
    for number, check in enumerate(channel["checks"]):
        y = (LINE * (len(channel["checks"]) - number) - LINE / 2 + GAP) / height
        style = {"fontsize": 8, "va": "center", "parse_math": False}
        figure.text(GAP / width, y, check["name"], **style)
        figure.text(1.65 / width, y, check["verdict"] or "-", color=COLOURS[check["verdict"]], weight="bold", **style)
        figure.text(2.35 / width, y, _short(check["number"], columns), **style)
    figure.savefig(path, format="png")


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


def _widefield(axes: Any, image: np.ndarray) -> None:
    low, high = np.percentile(image, (0.5, 99.8))
    axes.imshow(image, cmap="gray", vmin=low, vmax=max(high, low + 1e-9), interpolation="antialiased")
    _titled(axes, "widefield (mean of all frames)")


def _overlay(axes: Any, averages: np.ndarray) -> None:
    """The very middle, magnified: a movement of a pixel has to be seen."""
    part = middle(averages, OVERLAY_PIXELS)
    axes.imshow(overlay(part), interpolation="antialiased")
    _titled(axes, f"angles overlaid, middle {part.shape[1]} x {part.shape[2]}: grey if alike")


def _titled(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=9, parse_math=False)
    axes.set_axis_off()


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


def _spectrum(axes: Any, frames: np.ndarray, angle: int, pixel_size_um: float | None, channel: dict[str, Any]) -> None:
    spectrum = _reduced(mean_spectrum(middle(frames)))
    low, high = np.percentile(spectrum, (20, 99.95))
    nyquist = 0.5 / (pixel_size_um or 1.0)
    axes.imshow(
        spectrum,
        cmap="magma",
        vmin=low,
        vmax=max(high, low + 1e-9),
        extent=(-nyquist, nyquist, nyquist, -nyquist),
        interpolation="nearest",
    )
    title = f"angle {angle + 1}"
    if reach := frequency(channel, "cutoff"):
        turn = np.linspace(0, 2 * np.pi, 181)
        axes.plot(reach * np.cos(turn), reach * np.sin(turn), color="white", linewidth=0.7, alpha=0.8)
    if channel["stripes"] and not channel["order_checked"]:
        found = channel["stripes"][angle]
        title += f": {found['status']}"
        if found["status"] != "failed":
            for order, colour in zip(found["orders"], ORDER_COLOURS, strict=False):
                ky, kx = frequency(order, "k")
                style = "-" if order["status"] == "measured" else ":"
                for sign in (1, -1):
                    axes.add_patch(_ring(sign * kx, sign * ky, nyquist / 14, colour, style))
            title += f", {length(found['orders'][-1], 'line_spacing')}"
    axes.set_xlim(-nyquist, nyquist)
    axes.set_ylim(nyquist, -nyquist)
    _titled(axes, title)


def _ring(x: float, y: float, radius: float, colour: str, style: str) -> Any:
    from matplotlib.patches import Circle

    return Circle((x, y), radius, fill=False, edgecolor=colour, linewidth=1.2, linestyle=style)


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
