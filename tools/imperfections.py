"""Pictures for data/simulated_real/card.md:  python tools/imperfections.py

A pair of tiles for every imperfection, without and with it: the same field under the same pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from srredsim.simulation import real, specimens
from srredsim.simulation.imperfections import Imperfections
from srredsim.simulation.phantoms import Field
from srredsim.simulation.sim import Sample

CARD = Path(__file__).parents[1] / "data" / "simulated_real"
FIELD = {"seed": 8, "index": 244, "size": 128, "photons": (150.0, 150.0), "phantom": "filaments"}
COLUMNS = 5


def frame(sample: Sample, without: Sample) -> np.ndarray:
    return _stretched(sample.raw[0, 0])


def last_frame(sample: Sample, without: Sample) -> np.ndarray:
    """As bright as it is beside the first."""
    low, high = np.percentile(sample.raw[0, 0], [0.5, 99.8])
    return np.clip((sample.raw[-1, -1] - low) / (high - low), 0, 1)


def corner(sample: Sample, without: Sample) -> np.ndarray:
    """A quarter of the side, where pixels are seen."""
    return _stretched(sample.raw[0, 0][40:72, 40:72])


def angles(sample: Sample, without: Sample) -> np.ndarray:
    """Mean of each angle in a colour: white where they agree."""
    return np.stack([_stretched(angle.mean(0)) for angle in sample.raw], axis=-1)[32:96, 32:96]


def change(sample: Sample, without: Sample) -> np.ndarray:
    """The first frame, and beside it what is changed; grey where nothing is."""
    if sample is without:
        return frame(sample, without)
    by = sample.raw[0, 0].astype(float) - without.raw[0, 0]
    return np.clip(0.5 + by / (4 * by.std()), 0, 1)


def spectrum(sample: Sample, without: Sample) -> np.ndarray:
    """Logarithm of the power, mean of all frames."""
    window = np.outer(np.hanning(128), np.hanning(128))
    light = sample.raw - sample.raw.mean((-2, -1), keepdims=True)
    power = np.mean(abs(np.fft.fftshift(np.fft.fft2(light * window), axes=(-2, -1))) ** 2, axis=(0, 1))
    return _stretched(np.log(power + 1e-3 * np.median(power)))


def dark(sample: Sample, without: Sample) -> np.ndarray:
    """The darkest part of the range."""
    low, high = np.percentile(sample.raw[0, 0], [0.01, 60])
    return np.clip((sample.raw[0, 0] - low) / (high - low), 0, 1)


VIEWS: dict[str, Callable[[Sample, Sample], np.ndarray]] = {
    "damped": spectrum,
    "aberrated": spectrum,
    "faint_stripes": corner,
    "even_light": corner,
    "uneven_light": change,
    "bent_stripes": change,
    "bleaching": last_frame,
    "drift": angles,
    "scmos": change,
    "em_gain": corner,
    "hot_pixels": change,
    "resampled": spectrum,
    "smoothed": spectrum,
    "denoised": corner,
    "eight_bit": corner,
    "noise_free": corner,
    "clipped": dark,
    "rescaled": last_frame,
}
WITHOUT_NOISE = "uneven_light", "bent_stripes"  # what noise would hide


def main() -> None:
    names = [field.name for field in fields(Imperfections)]
    rows = -(-len(names) // COLUMNS)
    figure, axes = plt.subplots(rows, 2 * COLUMNS, figsize=(2 * COLUMNS * 1.1, rows * 1.3), dpi=110)
    for place in axes.ravel():
        place.axis("off")
    for number, name in enumerate(names):
        row, column = divmod(number, COLUMNS)
        view, common = VIEWS.get(name, frame), {"noise_free": 1.0} if name in WITHOUT_NOISE else {}
        without, flawed = (
            real.simulate_stack(wanted=Imperfections(**common | shares), **FIELD) for shares in ({}, {name: 1.0})
        )
        for side, sample in enumerate((without, flawed)):
            place = axes[row, 2 * column + side]
            place.imshow(view(sample, without), cmap="gray", vmin=0, vmax=1)
            place.set_title(name if side else f"{view.__name__}:", fontsize=7, loc="left", pad=2)
    _save(figure, "imperfections.png")

    figure, axes = plt.subplots(2, len(specimens.KINDS), figsize=(len(specimens.KINDS) * 1.35, 2.9), dpi=110)
    for column, (name, draw) in enumerate(specimens.KINDS.items()):
        for row in range(2):
            image = draw(np.random.default_rng([row, column]), Field((200, 200), 0.04))
            axes[row, column].imshow(_stretched(image), cmap="gray")
            axes[row, column].axis("off")
        axes[0, column].set_title(name, fontsize=8, pad=2)
    _save(figure, "specimens.png")


def _stretched(image: np.ndarray) -> np.ndarray:
    low, high = np.percentile(image, [0.5, 99.8])
    return np.clip((image - low) / (high - low), 0, 1)


def _save(figure, name: str) -> None:
    figure.subplots_adjust(0.005, 0.005, 0.995, 0.95, wspace=0.04, hspace=0.16)
    figure.savefig(CARD / name)
    print(CARD / name)


if __name__ == "__main__":
    main()
