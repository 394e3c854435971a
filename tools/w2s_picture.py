"""Draw docs/w2s.png:  python tools/w2s_picture.py [--field 4] [--level 1]

One simulated test field: noisy, denoised by BM3D and by w2s_dncnn, super-resolved from the noisy image and
from the average of 400 captures, and the SIM image; below, the region with the most detail. All panels have the grey
scale of the SIM image: gain and offset of each are fitted to it, as for the scores.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from srredsim.data import catalogue
from srredsim.data.w2s.layout import layout
from srredsim.denoising.methods import denoise
from srredsim.evaluation.scores import fit_intensity
from srredsim.optics.sampling import SCALE
from srredsim.picture import most_detailed
from srredsim.reconstruction.upscale import bicubic_upscale
from srredsim.zoo.chain import Chain


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--field", type=int, default=4, help="number of the test field")
    parser.add_argument("--level", type=int, default=1, help="captures that are averaged")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs" / "w2s.png")
    chosen = parser.parse_args()
    field = catalogue.open_fields("w2s_simulated", "test")[chosen.field]
    draw(panels(field, chosen.level), field.sim(), chosen.out)


def panels(field, level: int) -> dict[str, np.ndarray]:
    """Title -> image of twice the pixels of a capture."""
    noisy = field.average(level)
    denoiser, joint = Chain("w2s_dncnn"), Chain("widefield_sr")
    return {
        "one capture" if level == 1 else f"average of {level}": bicubic_upscale(noisy),
        "VST + BM3D": bicubic_upscale(denoise(noisy, "vst_bm3d")),
        "w2s_dncnn": bicubic_upscale(denoiser(noisy)),
        "widefield_sr": joint(noisy),
        f"widefield_sr of the average of {layout().reference}": joint(field.average(layout().reference)),
        "SIM image": field.sim(),
    }


def draw(images: dict[str, np.ndarray], truth: np.ndarray, path: Path) -> None:
    from matplotlib.figure import Figure

    low, high = np.percentile(truth, [1, 99.8])
    row, column, side = (SCALE * n for n in most_detailed(truth, tuple(n // SCALE for n in truth.shape)))
    figure = Figure(figsize=(3 * len(images), 6.4), layout="constrained")
    axes = figure.subplots(2, len(images))
    for (title, image), (whole, detail) in zip(images.items(), axes.T, strict=True):
        fitted = fit_intensity(image, truth.astype(np.float64))
        for panel, part in ((whole, fitted), (detail, fitted[row : row + side, column : column + side])):
            panel.imshow(part, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
            panel.set_axis_off()
        whole.set_title(title, fontsize=11)
        whole.add_patch(_frame(column, row, side))
    figure.savefig(path, dpi=60)


def _frame(left: float, top: float, side: float):
    from matplotlib.patches import Rectangle

    return Rectangle((left, top), side, side, fill=False, edgecolor="gold", linewidth=1)


if __name__ == "__main__":
    main()
