"""Where a model is worst:  python tools/failures.py --model red_frames --out models/red_frames

Two controls and a picture, for the card of a model:

- without stripes: the same fields under even illumination (modulation depth 0). What the model still gains over the
  widefield image is deconvolution and its knowledge of shapes; the rest comes from the stripes.
- failures.png: at each light level the test image with the largest error, as widefield, model and truth.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from srredsim.acquisition import frames_from_raw
from srredsim.data import catalogue
from srredsim.data.pairs import Pair
from srredsim.evaluation.methods import images
from srredsim.evaluation.scores import fit_intensity, score
from srredsim.normalise import scaling_of
from srredsim.simulation.sim import simulate_stack
from srredsim.zoo import models


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="red_frames")
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--count", type=int, default=16, help="fields for the control without stripes")
    chosen = parser.parse_args()
    model = models.load(chosen.model)
    without_stripes(model, chosen.count)
    picture(model, chosen.out / "failures.png")
    print(chosen.out / "failures.png")


def without_stripes(model, count: int, photons: float = 2000.0) -> None:
    """PSNR gain over the widefield image with and without the pattern, same fields, same light; Wiener's beside it."""
    angles, phases = model.recipe.data.each_pattern[0]
    beams = 3 if phases >= 5 else 2
    even = tuple((0.0,) * (beams - 1) for _ in range(angles))
    for name, fixed in {"stripes": {}, "even light": {"modulation_depths": even}}.items():
        gains = defaultdict(list)
        for index in range(count):
            settings = {"angles": angles, "phases": phases, "photons": (photons, photons)}
            sample = simulate_stack(3, index=index, **settings, **fixed)
            frames = frames_from_raw(sample.raw)
            optics = {name: getattr(sample.settings, name) for name in ("na", "wavelength_em_um", "pixel_size_um")}
            pair = Pair(frames, sample.truth, scaling_of(frames), {"optics": optics})
            found = images(model, pair, f"{angles}x{phases}")
            scores = {method: score(sample.truth, image)["psnr"] for method, image in found.items()}
            for method in (model.name, "Wiener"):
                gains[method].append(scores[method] - scores["widefield (Fourier)"])
        means = ", ".join(f"{method} {np.mean(gain):.2f} dB" for method, gain in gains.items())
        print(f"{name}: {means} above widefield ({count} fields, {photons:g} photons)")


def picture(model, path: Path) -> None:
    from matplotlib.figure import Figure

    pattern = model.recipe.data.each_pattern[0]
    pairs = catalogue.open_split("simulated", "test", *pattern).pairs
    pairs.generate(range(len(pairs)))
    worst: dict[float, tuple] = {}
    for index in range(len(pairs)):
        pair = pairs[index]
        found = images(model, pair, "x".join(map(str, pattern)))
        error = score(pair.truth, found[model.name])["nrmse"]
        level = pair.facts["photons"]
        if level not in worst or error > worst[level][0]:
            worst[level] = (error, found, pair.truth)
    figure = Figure(figsize=(9, 3 * len(worst)), layout="constrained")
    for row, (level, (error, found, truth)) in zip(figure.subplots(len(worst), 3), sorted(worst.items()), strict=True):
        panels = {"widefield": found["widefield (Fourier)"], model.name: found[model.name], "truth": truth}
        high = np.percentile(truth, 99.8)
        for axes, (name, image) in zip(row, panels.items(), strict=True):
            axes.imshow(fit_intensity(image, truth), cmap="gray", vmin=0, vmax=high)
            axes.set_title(f"{name}, {level:g} photons" + (f", NRMSE {error:.3f}" if name == model.name else ""))
            axes.set_axis_off()
    figure.savefig(path, dpi=70)


if __name__ == "__main__":
    main()
