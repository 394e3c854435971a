"""Draw docs/sim-frames.png, docs/sim-spectra.png and docs/artefacts.png:  python tools/sim_pictures.py

All show one simulated field. The first two are for "SIM in ten minutes": what the stripes do to the frames, and what of
the object is in the widefield and the SIM image. The third is the field reconstructed from frames with one thing wrong
at a time.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np

import srredsim
from srredsim.optics.otf import cutoff_per_um
from srredsim.picture import most_detailed

DOCS = Path(__file__).parents[1] / "docs"
OPTICS = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.08}
FIELD = {"seed": 5, "size": 128, "phases": 3, "phantom": "filaments", "haze": 0.0, **OPTICS}
BRIGHT, DIM = (2000.0, 2000.0), (20.0, 20.0)  # photons
COLOURS = 48  # greys of a picture: they are small then
PERCENTILES = (1, 99.8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=DOCS, help="folder of the pictures")
    out = parser.parse_args().out
    stack, truth = srredsim.simulate(photons=BRIGHT, **FIELD)
    image = srredsim.reconstruct(stack)
    frames(stack, truth, out / "sim-frames.png")
    spectra(stack, image, truth, out / "sim-spectra.png")
    artefacts(stack, truth, out / "artefacts.png")


def frames(stack, truth, path: Path) -> None:
    """A part of the object, of the three frames of one angle, and of their mean."""
    raw = stack.raw()
    top, left, side = (n // 2 for n in most_detailed(truth.array, raw.shape[2:]))  # in raw pixels
    part = np.s_[top : top + side, left : left + side]
    finer = np.s_[2 * top : 2 * (top + side), 2 * left : 2 * (left + side)]
    shown = {"the object, as fine as SIM can show it": truth[finer]}
    shown |= {f"frame with phase {n + 1}": frame[part] for n, frame in enumerate(raw[0])}
    shown["mean of all: widefield"] = raw.mean((0, 1))[part]
    figure = _figure(3 * len(shown), 3.3)
    for (title, plane), panel in zip(shown.items(), figure.subplots(1, len(shown)), strict=True):
        _show(panel, plane, title)
    _save(figure, path)


def spectra(stack, image, truth, path: Path) -> None:
    """Power spectra of widefield image, SIM image and truth, with the cut-off of the lens and what stripes add."""
    cutoff = cutoff_per_um(OPTICS["na"], OPTICS["wavelength_em_um"])
    waves = [order["k_per_um"] for angle in _angles(image) for order in angle["orders"]]
    shown = {
        "widefield image": (stack.raw().mean((0, 1)), stack.optics.pixel_size_um),
        "SIM image": (image.array, image.pixel_size_um),
        "the object": (truth.array, truth.pixel_size_um),
    }
    figure = _figure(11, 4)
    for (title, (plane, pixel_um)), panel in zip(shown.items(), figure.subplots(1, len(shown)), strict=True):
        window = np.outer(np.hanning(plane.shape[0]), np.hanning(plane.shape[1]))
        power = np.log10(np.abs(np.fft.fftshift(np.fft.fft2((plane - plane.mean()) * window))) + 1)
        edge = 0.5 / pixel_um
        panel.imshow(power, cmap="gray", vmin=np.percentile(power, 5), extent=(-edge, edge, edge, -edge))
        _circle(panel, (0, 0), cutoff, "#ffb000")
        if title == "SIM image":
            for ky, kx in waves:
                for sign in (1, -1):
                    _circle(panel, (sign * kx, sign * ky), cutoff, "#40a0ff")
        panel.set(title=title, xlim=(-11, 11), ylim=(11, -11), xlabel="cycles/um", facecolor="black")
    _save(figure, path)


def artefacts(stack, truth, path: Path) -> None:
    """The field and its part with the most detail, from frames with one thing wrong at a time."""
    made = {"good frames": srredsim.reconstruct(stack)}
    made |= {name: srredsim.reconstruct(spoiled(stack)) for name, spoiled in SPOILED.items()}
    made["truth"] = truth
    row, column, side = most_detailed(truth.array, stack.raw().shape[2:])
    figure = _figure(2.2 * len(made), 4.7)
    for (title, image), (whole, detail) in zip(made.items(), figure.subplots(2, len(made)).T, strict=True):
        plane = np.asarray(image)
        _show(whole, plane, title)
        _show(detail, plane[row : row + side, column : column + side], "", of=plane)
    _save(figure, path)


def _dim(stack):
    return srredsim.simulate(photons=DIM, **FIELD).stack


def _faint(stack):
    return srredsim.simulate(photons=(200.0, 200.0), modulation_depths=((0.08,),) * 3, **FIELD).stack


def _in_wrong_order(stack):
    return _with(stack, lambda raw: np.swapaxes(raw, 0, 1))


def _moved(stack):
    def moved(raw: np.ndarray) -> np.ndarray:
        raw = raw.copy()
        raw[1], raw[2] = np.roll(raw[1], 2, axis=-1), np.roll(raw[2], -2, axis=-2)
        return raw

    return _with(stack, moved)


def _saturated(stack):
    return _with(stack, lambda raw: np.minimum(raw, np.percentile(raw, 97)))


SPOILED = {
    "20 photons": _dim,
    "faint stripes": _faint,
    "angles and phases exchanged": _in_wrong_order,
    "angles 2 pixels apart": _moved,
    "saturated": _saturated,
}


def _with(stack, change: Callable[[np.ndarray], np.ndarray]):
    """The same stack with other frames."""
    return srredsim.read(change(np.asarray(stack.raw())), **OPTICS)


def _angles(image) -> list[dict]:
    return image.found["channels"][0]["angles"]


def _figure(width: float, height: float):
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _show(panel, plane: np.ndarray, title: str, of: np.ndarray | None = None) -> None:
    low, high = np.percentile(plane if of is None else of, PERCENTILES)
    panel.imshow(plane, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
    panel.set_title(title, fontsize=10)
    panel.set_axis_off()


def _circle(panel, middle: tuple[float, float], radius: float, colour: str) -> None:
    from matplotlib.patches import Circle

    panel.add_patch(Circle(middle, radius, fill=False, edgecolor=colour, linewidth=1))


def _save(figure, path: Path) -> None:
    from PIL import Image

    drawn = BytesIO()
    figure.savefig(drawn, dpi=75)
    Image.open(drawn).convert("RGB").quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main()
