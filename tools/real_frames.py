"""`reconstruct` beside widefield on `simulated_real`:  python tools/real_frames.py --fields 4 --photons 40 200

For each condition and light level, of stacks of the test split: median NCC with the truth of the widefield image and of
each method; of the first method, in how many stacks it is below widefield by more than 0.01, and at least 0.05 above;
of the angles, how many have k within 0.5 %; and how far the automatic attenuation is behind the best fixed one, where
it is furthest.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.reconstruction.upscale import fourier_upscale
from srredsim.simulation import real
from srredsim.simulation.imperfections import Imperfections
from srredsim.workflows.reconstruct import KnownStripes, Method, reconstruct

ABOUT = Path(__file__).parents[1] / "data" / "simulated_real" / "dataset.yaml"
FIXED = (0.0, 0.9, 0.99, 0.999)
BORDER = 16  # output pixels that are left out
BELOW, ABOVE, EXACT = 0.01, 0.05, 0.005


def likeness(image: np.ndarray, truth: np.ndarray) -> float:
    inside = (slice(BORDER, -BORDER),) * 2
    return float(np.corrcoef(image[inside].ravel(), truth[inside].ravel())[0, 1])


def stack_of(sample: real.RealSample) -> RawStack:
    names = "pixel_size_um", "na", "wavelength_em_um"
    optics = Optics(**{name: getattr(sample.settings, name) for name in names})
    return RawStack(sample.raw[None, None, None], Pattern(*sample.raw.shape[:2]), optics)


def exact(channel, sample: real.RealSample) -> int:
    """Angles whose vector, of either sign, is right."""
    count = 0
    for angle, k in zip(channel.parameters.angles, sample.settings.k0_per_um, strict=True):
        off = min(np.hypot(*np.subtract(np.multiply(sign, angle.k0_per_um), k)) for sign in (1, -1))
        count += angle.status != "failed" and off < EXACT * np.hypot(*k)
    return count


def measured(sample: real.RealSample, methods: list[str], haze: bool) -> dict:
    """Scores of one stack; the stripes are found once."""
    stack = stack_of(sample)
    first = reconstruct(stack, method=Method(methods[0]))
    scores = {"widefield": likeness(fourier_upscale(sample.raw.mean(axis=(0, 1), dtype=np.float32)), sample.truth)}
    scores[methods[0]] = likeness(first.images[0, 0, 0], sample.truth)
    known = KnownStripes(parameters=first.report)
    for name in methods[1:]:
        scores[name] = likeness(reconstruct(stack, method=Method(name), known=known).images[0, 0, 0], sample.truth)
    found = {"scores": scores, "exact": exact(first.channels[0], sample), "angles": sample.raw.shape[0]}
    if haze:
        fixed = [Method("wiener", attenuation=each) for each in FIXED]
        images = [reconstruct(stack, method=each, known=known).images[0, 0, 0] for each in fixed]
        found["behind"] = max(likeness(image, sample.truth) for image in images) - scores[methods[0]]
    return found


def line(condition: str, photons: float, rows: list[dict], methods: list[str]) -> str:
    scores = {name: np.array([row["scores"][name] for row in rows]) for name in ("widefield", *methods)}
    gained = scores[methods[0]] - scores["widefield"]
    cells = [condition, f"{photons:g}", *(f"{np.median(each):.3f}" for each in scores.values())]
    cells += [f"{np.sum(gained < -BELOW)} of {len(rows)}", f"{np.sum(gained >= ABOVE)} of {len(rows)}"]
    cells += [f"{sum(row['exact'] for row in rows)} of {sum(row['angles'] for row in rows)}"]
    behind = [row["behind"] for row in rows if "behind" in row]
    cells += [f"{max(behind):+.3f}" if behind else "-"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fields", type=int, default=4)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--photons", type=float, nargs="+", default=[10, 40, 200, 1000])
    parser.add_argument("--methods", nargs="+", default=["wiener"])
    parser.add_argument("--conditions", nargs="+")
    asked = parser.parse_args()
    about = yaml.safe_load(ABOUT.read_text())
    test, conditions = about["splits"]["test"], about["conditions"]
    usual = Imperfections(**test["imperfections"])
    heads = [
        "condition",
        "photons",
        "widefield",
        *asked.methods,
        "below",
        "above",
        "k right",
        "behind fixed attenuation",
    ]
    print(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for condition in asked.conditions or [name for name in conditions if name != "even_light"]:
        wanted = replace(usual, **conditions[condition])
        for photons in asked.photons:
            how = {"size": asked.size, "photons": (photons, photons)}
            samples = (real.simulate_stack(test["seed"], wanted, index=index, **how) for index in range(asked.fields))
            rows = [measured(sample, asked.methods, condition in ("hazy", "white")) for sample in samples]
            print(line(condition, photons, rows, asked.methods), flush=True)


if __name__ == "__main__":
    main()
