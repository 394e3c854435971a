"""How do the confocal models do on what they never saw?  python tools/confocal.py [--scales 4] [--photons 20 100 500]

Photographs of scikit-image, structures of the widefield test fields and dead leaves of another seed, scanned by the
simulator's confocal microscope at several light levels: one coarse scan as the input, the mean of nine fine ones as the
truth. Prints the mean PSNR of bicubic interpolation, of VST + BM3D before it, and of the model, without any fit; the
data range is that of each truth. ``--pictures FILE`` draws the first of each kind.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hard_inputs import PHOTOGRAPHS, denoised
from scipy import ndimage
from skimage import color, data

from srredsim.data import catalogue
from srredsim.data.caco2.leaves import recorded
from srredsim.data.caco2.simulated import MARGIN, SPOT_SIGMA
from srredsim.data.leaves import scene
from srredsim.evaluation.grids import with_head
from srredsim.evaluation.sr_caco_2.cells import OWN_MODELS
from srredsim.reconstruction.bicubic import enlarged_renormalised
from srredsim.zoo.chain import Chain

SIZE = 384  # HR pixels
GROUND, READ_NOISE = 0.02, 1.0  # light without structure as a share of the brightest; photons
SEED = 7100
COUNT = 6  # images of a kind


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scales", nargs="+", type=int, default=[4])
    parser.add_argument("--photons", nargs="+", type=float, default=[20, 100, 500])
    parser.add_argument("--pictures", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    for scale in chosen.scales:
        model = Chain(OWN_MODELS[scale])
        methods = {
            "bicubic": lambda low, scale=scale: enlarged_renormalised(low, scale),
            "vst_bm3d+bicubic": lambda low, scale=scale: enlarged_renormalised(denoised(low), scale),
            OWN_MODELS[scale]: lambda low, model=model: np.asarray(model(low), float).squeeze(),
        }
        print(f"x{scale}: {' / '.join(methods)}\n\n{table(methods, scale, chosen.photons)}\n", flush=True)
        if chosen.pictures:
            picture(methods, scale, chosen.photons[0], chosen.pictures.with_stem(f"{chosen.pictures.stem}_x{scale}"))


def table(methods: dict[str, Callable], scale: int, photons: list[float]) -> str:
    rows = []
    for kind, make in KINDS.items():
        row = [kind]
        for level in photons:
            found = [scores(methods, *scanned(make(number), scale, level, number)) for number in range(COUNT)]
            row.append(" / ".join(f"{mean:.2f}" for mean in np.mean(found, axis=0)))
        rows.append(row)
    return with_head(["scene", *(f"{level:g} photons" for level in photons)], rows)


def scores(methods: dict[str, Callable], low: np.ndarray, high: np.ndarray) -> list[float]:
    """PSNR in dB of each method."""
    return [20 * np.log10(np.ptp(high) / np.sqrt(np.mean((method(low) - high) ** 2))) for method in methods.values()]


def scanned(image: np.ndarray, scale: int, photons: float, number: int) -> tuple[np.ndarray, np.ndarray]:
    """LR and HR of an image (SIZE + 2 MARGIN pixels on a side) of brightest pixels about 1."""
    light = photons * (ndimage.gaussian_filter(image, SPOT_SIGMA) + GROUND)
    return recorded(np.random.default_rng([SEED, number]), light, scale, READ_NOISE)


def picture(methods: dict[str, Callable], scale: int, photons: float, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(KINDS), len(methods) + 1, figsize=(3 * len(methods) + 3, 3.2 * len(KINDS)))
    for (kind, make), row in zip(KINDS.items(), axes, strict=True):
        low, high = scanned(make(0), scale, photons, 0)
        made = {name: method(low) for name, method in methods.items()} | {"mean of nine fine scans": high}
        for place, (name, image) in zip(row, made.items(), strict=True):
            place.imshow(image, cmap="gray", vmin=np.percentile(high, 0.5), vmax=np.percentile(high, 99.7))
            place.set_title(f"{kind}, {photons:g} photons" if place is row[0] else name, fontsize=9)
            place.axis("off")
    figure.tight_layout()
    figure.savefig(path, dpi=70)


def _photograph(number: int) -> np.ndarray:
    image = np.asarray(getattr(data, PHOTOGRAPHS[number])(), float)
    image = color.rgb2gray(image) if image.ndim == 3 else image
    return _middle(image) / image.max()


def _widefield_field(number: int) -> np.ndarray:
    """Structures of a simulated field of the W2S test, from its SIM image."""
    fields = catalogue.open_fields("w2s_simulated", "test")
    fields.generate([number])
    sim = np.maximum(np.asarray(fields[number].sim(), float).squeeze(), 0)
    return _middle(sim) / np.percentile(sim, 99.9)


def _leaves(number: int) -> np.ndarray:
    return scene(np.random.default_rng([SEED, number]), SIZE + 2 * MARGIN)


def _middle(image: np.ndarray) -> np.ndarray:
    """The middle SIZE + 2 MARGIN pixels, mirrored where there are fewer."""
    side = SIZE + 2 * MARGIN
    y, x = (max(n - side, 0) // 2 for n in image.shape)
    image = image[y : y + side, x : x + side]
    return np.pad(image, [(0, side - n) for n in image.shape], mode="symmetric")


KINDS = {"photographs": _photograph, "widefield test fields": _widefield_field, "dead leaves": _leaves}

if __name__ == "__main__":
    main()
