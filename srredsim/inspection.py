"""What a raw file is: how it was understood, what its frames hold, what is not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from srredsim.acquisition import RawStack

FULL_SCALES = tuple(2**bits - 1 for bits in (8, 10, 12, 14, 16))  # where cameras saturate
OPTICS = {
    "na": ("numerical aperture", ""),
    "wavelength_em_um": ("emission wavelength", " um"),
    "pixel_size_um": ("pixel size", " um"),
    "z_step_um": ("z step", " um"),
    "frame_interval_s": ("frame interval", " s"),
}
DPI = 100


def inspect(stack: RawStack) -> dict[str, Any]:
    """Read every frame once, one raw stack at a time.

    Returns
    -------
    dict
        Ready for JSON. ``frame_means`` is [channel][angle][phase], over all times and z-planes; a pixel counts as
        saturated if it has the highest value of a camera of 8 to 16 bits and no pixel has a higher one; values that
        are not finite are counted and left out of everything else.
    """
    channels, angles, phases = stack.sizes["C"], stack.pattern.angles, stack.pattern.phases
    sums = np.zeros((channels, angles, phases))
    counts = np.zeros((channels, angles, phases), int)
    low, high, at_high = np.inf, -np.inf, 0
    for t, c, z in stack.positions():
        raw = stack.raw(t, c, z)
        finite = np.isfinite(raw)
        sums[c] += np.sum(raw, axis=(2, 3), dtype=np.float64, where=finite)
        counts[c] += np.count_nonzero(finite, axis=(2, 3))
        values = raw[finite]
        if not values.size:
            continue
        low, top = min(low, values.min()), values.max()
        if top >= high:
            at_high = np.count_nonzero(values == top) + (at_high if top == high else 0)
            high = top
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return {
        "source": None if stack.source is None else str(stack.source),
        "notes": list(stack.notes),
        "sizes": stack.sizes,
        "dtype": str(stack.array.dtype),
        "channel_names": None if stack.channel_names is None else list(stack.channel_names),
        "optics": {name: getattr(stack.optics, name) for name in OPTICS},
        "lowest": _number(low),
        "highest": _number(high),
        "non_finite_pixels": int(np.prod(stack.array.shape, dtype=np.int64)) - int(counts.sum()),
        "saturated_pixels": int(at_high) if high in FULL_SCALES else 0,
        "constant": bool(low == high),
        "frame_means": [[[_number(mean) for mean in row] for row in channel] for channel in means],
        "angle_means": [[_number(mean) for mean in channel.mean(axis=1)] for channel in means],
        "frame_mean_variation_percent": [_variation_percent(channel) for channel in means],
    }


def _number(value: float) -> int | float | None:
    """As JSON has it: no NaN, no infinity, whole numbers as such."""
    value = float(value)
    if not np.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def _variation_percent(means: np.ndarray) -> float | None:
    """100 (highest - lowest) / highest mean of the frames that make one image."""
    return _number(100 * (means.max() - means.min()) / means.max()) if means.max() > 0 else None


def lines(report: dict[str, Any]) -> list[str]:
    """The report for a terminal."""
    sizes = report["sizes"]
    text = [f"{sizes['A']} angles x {sizes['P']} phases of {sizes['Y']} x {sizes['X']} pixels, {report['dtype']}"]
    outer = [(sizes[axis], name) for axis, name in (("T", "times"), ("C", "channels"), ("Z", "z-planes"))]
    text.append(", ".join(f"{n} {name}" for n, name in outer if n > 1) or "one raw stack")
    if report["channel_names"]:
        text.append(f"channels {', '.join(report['channel_names'])}")
    text += report["notes"]
    known = {name: value for name, value in report["optics"].items() if value is not None}
    text += [f"{OPTICS[name][0]} {value:g}{OPTICS[name][1]}" for name, value in known.items()]
    unknown = [OPTICS[name][0] for name in report["optics"] if name not in known]
    if unknown:
        text.append(f"not known: {', '.join(unknown)}")
    text.append(_range_in_words(report))
    for c, means in enumerate(report["frame_means"]):
        channel = f"channel {c + 1}, " if len(report["frame_means"]) > 1 else ""
        for a, row in enumerate(means):
            values = " ".join("-" if mean is None else f"{mean:.1f}" for mean in row)
            text.append(f"{channel}angle {a + 1}: mean of each frame {values}")
    return text


def _range_in_words(report: dict[str, Any]) -> str:
    if report["lowest"] is None:
        return "no pixel is finite"
    text = f"values from {report['lowest']:g} to {report['highest']:g}"
    if report["constant"]:
        text += ", the image is constant: there is nothing to reconstruct"
    if report["saturated_pixels"]:
        text += f", {report['saturated_pixels']} pixels saturated"
    if report["non_finite_pixels"]:
        text += f", {report['non_finite_pixels']} pixels NaN or infinite"
    return text


def picture(stack: RawStack, path: str | Path) -> None:
    """Write a PNG of the middle z-plane of the first time and channel.

    Widefield and its power spectrum, then the first frame of each angle and its power spectrum: the pattern shows in
    the frames, its frequency as spots that the widefield has not.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    raw = stack.raw(0, 0, stack.sizes["Z"] // 2).astype(np.float32)
    raw = np.where(np.isfinite(raw), raw, 0)
    images = {"widefield": raw.mean(axis=(0, 1))}
    images |= {f"angle {a + 1}, phase 1": raw[a, 0] for a in range(stack.pattern.angles)}
    height, width = raw.shape[2:]
    panel_inches = (2.6, 2.6 * min(2.0, max(0.5, height / width)))
    figure = Figure((panel_inches[0] * len(images), 2 * (panel_inches[1] + 0.3)), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, len(images), squeeze=False)
    for column, (name, image) in enumerate(images.items()):
        _show(axes[0, column], name, image, (0.5, 99.8))
        _show(axes[1, column], "log power spectrum", log_power_spectrum(image), (5, 99.9))
    figure.savefig(path, format="png")


def log_power_spectrum(image: np.ndarray) -> np.ndarray:
    """log10 of the power spectrum, frequency 0 in the middle; the edges faded to the mean, so that they do not show."""
    y, x = image.shape
    window = np.outer(np.hanning(y + 2)[1:-1], np.hanning(x + 2)[1:-1])
    power = np.abs(np.fft.fftshift(np.fft.fft2((image - image.mean()) * window))) ** 2
    return np.log10(power + np.finfo(np.float32).tiny)


def _show(axes: Any, title: str, image: np.ndarray, percentiles: tuple[float, float]) -> None:
    low, high = np.percentile(image, percentiles)
    axes.imshow(image, cmap="gray", vmin=low, vmax=max(high, low + 1e-9), interpolation="nearest")
    axes.set_title(title, fontsize=9)
    axes.set_axis_off()
