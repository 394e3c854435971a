"""Is a model of widefield images safe where it has nothing to go by?  python tools/hard_inputs.py [NAME...]

Scenes full of structure (`srredsim.simulation.scenes`, of a seed that no training has) and photographs of scikit-image,
each through three lenses, one of a shape that no training has, with white and coloured noise, at three light levels.
Prints the mean of each class after gain and offset were fitted, beside bicubic doubling with and without VST + BM3D,
and where a model is behind the latter.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from skimage import color, data

from srredsim.data import dense
from srredsim.denoising.methods.vst_bm3d import vst_bm3d
from srredsim.errors import InputError
from srredsim.evaluation.scores import fit_intensity, score
from srredsim.reconstruction.upscale import bicubic_upscale
from srredsim.simulation import scenes
from srredsim.zoo.chain import Chain

PHOTOGRAPHS = "camera", "moon", "coins", "brick", "astronaut", "grass"
LENSES = (
    dense.Lens("objective", 0.42, 0.6, 1.85),
    dense.Lens("smooth", 1.1, 2.0, 2.0),
    dense.Lens("smooth", 0.9, 1.15, 2.0),  # with a tail that none of those of a training has
)
NOISES = {"white": ("white",), "coloured": ("smoothed", "resampled")}
PHOTONS = 10, 100, 1000  # in the brightest pixels
SIZE = 128  # pixels
SEED = 7000
BASELINE = "vst_bm3d+bicubic"
METRICS = {"psnr": "{:.2f}", "ssim": "{:.3f}", "ncc": "{:.4f}"}
Images = tuple[np.ndarray, np.ndarray]  # noisy, and what it should be


@dataclass(frozen=True)
class Case:
    kind: str
    noise: str
    photons: int


PICTURED = (
    Case("nuclei", "white", 10),
    Case("texture", "white", 10),
    Case("mesh", "coloured", 100),
    Case("photographs", "coloured", 100),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["widefield_sr"])
    parser.add_argument("--picture", type=Path, metavar="FILE", help="what the methods make of some of them, as PNG")
    chosen = parser.parse_args()
    methods = baselines() | {name: Chain(name) for name in chosen.models}
    if chosen.picture:
        picture(methods, chosen.picture)
        return
    found = {name: scores(method) for name, method in methods.items()}
    for metric, shown in METRICS.items():
        print(table(found, metric, shown), "\n")
    for name in list(found)[2:]:
        print(f"{name} is behind {BASELINE} in: {', '.join(behind(found, name)) or 'nothing'}")


def baselines() -> dict[str, Callable]:
    return {"bicubic": bicubic_upscale, BASELINE: lambda noisy: bicubic_upscale(denoised(noisy))}


def denoised(noisy: np.ndarray) -> np.ndarray:
    """By VST + BM3D; as it is where no noise is measured, as of a resampled image."""
    try:
        return vst_bm3d(noisy)
    except InputError:
        return noisy


def scores(method: Callable) -> dict[Case, dict[str, float]]:
    """Mean of every metric by class of scene, colour of the noise and light level."""
    found: dict[Case, list] = {}
    for case, (noisy, truth) in images():
        found.setdefault(case, []).append(score(truth, np.asarray(method(noisy), float)))
    return {case: {m: float(np.mean([one[m] for one in each])) for m in METRICS} for case, each in found.items()}


def images() -> Iterator[tuple[Case, Images]]:
    """The images, the same every time."""
    for kind in (*scenes.KINDS, "photographs"):
        for number in range(len(PHOTOGRAPHS) if kind == "photographs" else len(LENSES)):
            light, sim = _expected(kind, number)
            for noise, colours in NOISES.items():
                for photons in PHOTONS:
                    rng = np.random.default_rng([SEED, number, photons])
                    noisy, _ = dense.record(rng, photons * (light + 0.05), colours[number % len(colours)])
                    yield Case(kind, noise, photons), (noisy, sim)


def picture(methods: dict[str, Callable], path: Path) -> None:
    """Middle of one image of each case of `PICTURED`: the methods, and what it should be."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = {case: pair for case, pair in reversed(list(images())) if case in PICTURED}  # the first of each
    figure, rows = pyplot.subplots(len(PICTURED), len(methods) + 1, figsize=(3 * len(methods) + 3, 3.2 * len(PICTURED)))
    for case, row in zip(PICTURED, rows, strict=True):
        noisy, truth = shown[case]
        part = slice(SIZE // 2, 3 * SIZE // 2), slice(SIZE // 2, 3 * SIZE // 2)
        low, high = np.percentile(truth[part], [0.5, 99.5])
        made = {name: fit_intensity(np.asarray(method(noisy)), truth) for name, method in methods.items()}
        for place, (name, image) in zip(row, (made | {"truth": truth}).items(), strict=True):
            place.imshow(image[part], cmap="gray", vmin=low, vmax=high)
            place.set_title(f"{case.kind}, {case.noise}, {case.photons}" if place is row[0] else name, fontsize=9)
            place.axis("off")
    figure.tight_layout()
    figure.savefig(path, dpi=60)


def table(found: dict[str, dict[Case, dict[str, float]]], metric: str, shown: str) -> str:
    """Markdown: a line for each class and colour of noise, for each light level the methods one after the other."""
    cases = next(iter(found.values()))
    head = [f"{metric}: scene, noise", *(f"{photons} photons" for photons in PHOTONS)]
    lines = [" | ".join(head), " | ".join(["---"] * len(head))]
    for kind, noise in dict.fromkeys((case.kind, case.noise) for case in cases):
        values = (
            " / ".join(shown.format(of[Case(kind, noise, photons)][metric]) for of in found.values())
            for photons in PHOTONS
        )
        lines.append(" | ".join([f"{kind}, {noise}", *values]))
    return "\n".join([" / ".join(found), "", *(f"| {line} |" for line in lines)])


def behind(found: dict[str, dict[Case, dict[str, float]]], name: str) -> list[str]:
    """Where the mean PSNR of a method is below that of the baseline."""
    return [
        f"{case.kind}, {case.noise}, {case.photons} photons ({of['psnr'] - found[BASELINE][case]['psnr']:.2f} dB)"
        for case, of in found[name].items()
        if of["psnr"] < found[BASELINE][case]["psnr"]
    ]


def _expected(kind: str, number: int) -> Images:
    lens = LENSES[number % len(LENSES)]
    if kind != "photographs":
        return dense.expected(np.random.default_rng([SEED, number]), SIZE, kind, lens)
    light, sim = dense.through(lens, _photograph(PHOTOGRAPHS[number]), SIZE)
    peak = np.percentile(light, dense.PEAK_PERCENT)
    return light / peak, sim / peak


def _photograph(name: str) -> np.ndarray:
    image = np.asarray(getattr(data, name)(), float)
    image = color.rgb2gray(image) if image.ndim == 3 else image
    side = 2 * (SIZE + 2 * dense.MARGIN)
    y, x = (max(n - side, 0) // 2 for n in image.shape)
    image = image[y : y + side, x : x + side]
    pad = [(0, side - n) for n in image.shape]
    return np.pad(image, pad, mode="symmetric") / image.max()


if __name__ == "__main__":
    main()
