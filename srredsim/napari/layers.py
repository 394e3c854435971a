"""Layers of napari, as (values, arguments, kind): frames, images, maps of agreement, spectra with the stripes on them.

See https://napari.org for what such a tuple may hold. None of it needs napari.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from srredsim import io
from srredsim.acquisition import RawStack
from srredsim.inspection.picture import mean_spectrum
from srredsim.napari.grid import Grid
from srredsim.optics.nominal import frequency
from srredsim.results import Image

Layer: TypeAlias = tuple[Any, dict[str, Any], str]

PERCENTILES = (0.5, 99.9)  # what is black and what is white
SPECTRUM_PERCENTILES = (20.0, 99.95)
COLOURS = ("green", "magenta", "cyan", "yellow", "red", "blue")  # of several channels
ORDER_COLOURS = ("#ff9f1c", "#2ec4ff")  # first, second
STRONG, SURE = 15.0, 5.0  # standard deviations: the end of the colours of the score, and where they begin
UNSUPPORTED, MISSING = (1.0, 0.25, 0.82), (0.13, 0.82, 0.25)  # colours of what is not supported, and of what is missing
STACK, IMAGE, CHANNEL = "srredsim stack", "srredsim image", "srredsim channel"  # in the metadata of a layer
READ = "srredsim read"  # there, too: how a stack was read from its file, arguments of `srredsim.read`


class Frames:
    """Frames of one channel with the axes of a `Grid`, read when they are asked for, by numbers and slices."""

    def __init__(self, stack: RawStack, channel: int, axes: str):
        self._stack, self._channel, self._axes = io.remembering(stack), channel, axes
        self.shape = tuple(stack.sizes[axis] for axis in axes)
        self.dtype, self.ndim = np.dtype(stack.array.dtype), len(axes)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        keys = key if isinstance(key, tuple) else (key,)
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            keys = (*keys[:at], *[slice(None)] * (self.ndim - len(keys) + 1), *keys[at + 1 :])
        asked = dict(zip(self._axes, (*keys, *[slice(None)] * (self.ndim - len(keys))), strict=True))
        times, slices = (np.arange(self._stack.sizes[axis])[asked.get(axis, 0)] for axis in "TZ")
        raw = np.stack(
            [
                np.stack([self._stack.raw(int(t), self._channel, int(z)) for z in np.atleast_1d(slices)])
                for t in np.atleast_1d(times)
            ]
        )
        outer = (0 if one.ndim == 0 else slice(None) for one in (times, slices))
        return raw[(*outer, *(asked.get(axis, 0) for axis in "APYX"))]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[...], dtype)


def of_stack(stack: RawStack, name: str | None = None, read: dict[str, Any] | None = None) -> list[Layer]:
    """A layer for each channel of a raw stack, or of plain images, that was ``read`` with these arguments."""
    grid, name = Grid.of(stack), name or (io.stem(stack.source) if stack.source else "stack")
    layers: list[Layer] = []
    for c in range(stack.sizes["C"]):
        told = {STACK: stack, CHANNEL: c, READ: read or {}, "notes": list(stack.notes)}
        arguments = _shown(name, stack.channel_names, c, stack.sizes["C"], stack.raw(0, c, stack.sizes["Z"] // 2))
        layers.append((Frames(stack, c, grid.axes), arguments | grid.of_frames() | {"metadata": told}, "image"))
    return layers


def of_image(image: Image, stack: RawStack) -> list[Layer]:
    """A layer for each channel of an image that was made of a stack."""
    grid, channels = Grid.of(stack), image.planes.shape[1]
    layers: list[Layer] = []
    for c in range(channels):
        planes = image.planes[:, c]
        told = {STACK: stack, IMAGE: image, CHANNEL: c, "notes": list(image.notes), "found": image.found}
        arguments = _shown(f"{_named(stack)} {image.name}", image.channel_names, c, channels, planes)
        arguments |= grid.of_image(planes.shape) | {"metadata": told}
        layers.append((grid.arranged(planes, "TZYX"), arguments, "image"))
    return layers


def of_maps(maps: Image, stack: RawStack) -> list[Layer]:
    """Maps of `srredsim.compare_with_frames`, to lie over an image: the residuals, hidden, and the scores.

    Of the scores only those beyond `SURE` are seen: pink, what the frames do not support; green, what the image lacks.
    """
    grid = Grid.of(stack)
    layers: list[Layer] = []
    for number, name in enumerate(maps.channel_names or ()):
        planes = maps.planes[:, number]
        arguments: dict[str, Any] = {"name": f"{_named(stack)} {name}", "metadata": {"found": maps.found}}
        if name.endswith("residual"):
            arguments |= {"colormap": "bwr", "contrast_limits": (0.0, 2.0), "visible": False, "opacity": 0.7}
        else:
            arguments |= {
                "colormap": {"name": "srredsim score", "colors": _colours()},
                "contrast_limits": (-STRONG, STRONG),
            }
        arguments |= {"blending": "translucent"} | grid.of_image(planes.shape)
        layers.append((grid.arranged(planes, "TZYX"), arguments, "image"))
    return layers


def of_stripes(stack: RawStack, angles: list[dict], pixel_size_um: float | None, channel: int = 0) -> list[Layer]:
    """Spectra of the angles of the first stack of a channel, beside the field, and rings on the stripes found in them.

    Parameters
    ----------
    stack : RawStack
        As it is shown.
    angles : list of dict
        Of the report of a channel, `srredsim.stripes.parameters.Parameters.report`.
    pixel_size_um : float, optional
        In which the report counts; None: it counts in cycles per pixel.
    """
    grid, raw = Grid.of(stack), stack.raw(0, channel, stack.sizes["Z"] // 2)
    spectra = np.stack([mean_spectrum(np.asarray(frames, np.float32)) for frames in raw]).astype(np.float32)
    low, high = np.percentile(spectra, SPECTRUM_PERCENTILES)
    arguments: dict[str, Any] = {"name": f"{_named(stack)} spectra", "colormap": "magma"}
    arguments |= {"contrast_limits": (float(low), float(max(high, low + 1e-6)))} | grid.of_spectra()
    rows = _rings(angles, raw.shape[-2:], pixel_size_um or 1.0)
    at_once = len(angles) // len(raw)  # they have one spectrum
    axes: dict[str, Callable[[dict[str, Any]], float]] = {
        "A": lambda row: (row["angle"] - 1) // at_once,
        "Y": lambda row: row["row"],
        "X": lambda row: row["column"],
    }
    places = [[axes[axis](row) if axis in axes else 0.0 for axis in grid.axes] for row in rows]
    features = {key: [row[key] for row in rows] for key in ("angle", "order", "status", "frequency", "contrast")}
    points: dict[str, Any] = {"name": f"{_named(stack)} stripes", "face_color": "transparent", "features": features}
    points |= {"border_color": [ORDER_COLOURS[(row["order"] - 1) % len(ORDER_COLOURS)] for row in rows]}
    points |= {"size": max(raw.shape[-2:]) / 14, "border_width": 0.15} | grid.of_spectra()
    found: list[Layer] = [(grid.arranged(spectra, "AYX"), arguments, "image")]
    return [*found, (np.array(places, float).reshape(-1, len(grid.axes)), points, "points")]


def _rings(angles: list[dict], size: tuple[int, ...], pixel_size_um: float) -> list[dict[str, Any]]:
    """Row and column of each order, on both sides of frequency 0, in a spectrum whose middle is that."""
    rows = []
    for number, angle in enumerate(angles, start=1):
        for order in angle["orders"] if angle["status"] != "failed" else []:
            ky, kx = frequency(order, "k")
            told = {"angle": number, "order": order["order"], "status": order["status"]}
            told |= {"frequency": float(np.hypot(ky, kx)), "contrast": order["modulation_depth"]}
            for sign in (1, -1):
                row, column = (n // 2 + sign * k * pixel_size_um * n for n, k in zip(size, (ky, kx), strict=True))
                rows.append(told | {"row": row, "column": column})
    return rows


def _shown(name: str, names: tuple[str, ...] | None, channel: int, channels: int, values: np.ndarray) -> dict[str, Any]:
    """Name, colour and contrast of a channel."""
    low, high = (float(one) for one in np.percentile(values[..., ::2, ::2], PERCENTILES))
    shown: dict[str, Any] = {"name": name, "contrast_limits": (low, max(high, low + 1e-6)), "colormap": "gray"}
    if channels > 1:
        label = names[channel] if names else f"channel {channel + 1}"
        shown |= {"name": f"{name} {label}", "colormap": COLOURS[channel % len(COLOURS)], "blending": "additive"}
    return shown


def _named(stack: RawStack) -> str:
    return io.stem(stack.source) if stack.source else "stack"


def _colours(steps: int = 61) -> np.ndarray:
    """Colours (n, 4) from -STRONG to STRONG, clear in between."""
    scores = np.linspace(-STRONG, STRONG, steps)
    colours = np.array([(*(UNSUPPORTED if score < 0 else MISSING), 0.9) for score in scores], np.float32)
    colours[np.abs(scores) < SURE, 3] = 0
    return colours
